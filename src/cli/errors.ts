import { PlumblineError } from '#base';

interface CliErrorOptions {
  readonly hint?: string;
  readonly exitCode?: number;
  readonly prefix?: string;
  readonly cause?: unknown;
}

/**
 * A command that cannot be carried out as typed. `hint` tells the way out; `exitCode` is for scripts; `prefix` stands
 * before the message where it is not `error:`.
 */
export class CliError extends PlumblineError {
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly prefix: string;

  constructor(message: string, { hint, exitCode = 1, prefix = 'error:', cause }: CliErrorOptions = {}) {
    super(message, { code: 'CommandFailed', cause });
    this.hint = hint;
    this.exitCode = exitCode;
    this.prefix = prefix;
  }
}
