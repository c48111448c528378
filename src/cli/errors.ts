import { PlumblineError } from '#base';

/** A command that cannot be carried out as typed. `hint` tells the way out; `exitCode` is for scripts. */
export class CliError extends PlumblineError {
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(
    message: string,
    { hint, exitCode = 1, cause }: { hint?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { code: 'CommandFailed', cause });
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
