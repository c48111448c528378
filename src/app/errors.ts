import { PlumblineError } from '#base';

/** A start that cannot succeed as asked. `hint` tells the way out. */
export class StartError extends PlumblineError {
  readonly hint: string;

  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(message, { code, cause });
    this.hint = hint;
  }
}
