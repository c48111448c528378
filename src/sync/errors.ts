import { PlumblineError } from '#base';

/** `SyncClosed`: asked while shutting down. `UnknownRepository`: a hint for a repository that nobody uses. `RunNotFound`: no such run, or its rendered set is gone. */
export type SyncErrorCode = 'SyncClosed' | 'UnknownRepository' | 'RunNotFound';

export class SyncError extends PlumblineError {
  constructor(code: SyncErrorCode, message: string) {
    super(message, { code });
  }
}
