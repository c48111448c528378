import { PlumblineError } from '#base';

/** `StreamProtocolBroken`: the other side sent what the protocol does not allow, or more than a limit. */
export class StreamError extends PlumblineError {
  constructor(message: string) {
    super(message, { code: 'StreamProtocolBroken' });
  }
}
