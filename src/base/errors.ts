/** What every error of ours carries. Branch on `code`, never on `message`. */
export interface PlumblineErrorOptions {
  /** Stable machine name, in UpperCamelCase. Each has a row in docs/errors.md. */
  readonly code: string;
  /** Whether trying the same thing again later can succeed. The control loop backs off and retries only these. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** The one base class of errors that Plumbline throws on purpose. */
export class PlumblineError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(message: string, options: PlumblineErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.retryable = options.retryable ?? false;
  }
}

/** The code of an error of ours or of Node's (`ENOENT` …); undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** A one-line message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
