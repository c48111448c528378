import { PlumblineError } from '#base';

/** Why a container does not start. `code` is the reason Kubernetes shows: `ErrImagePull`, `CreateContainerConfigError` … */
export class StartError extends PlumblineError {
  /** Wait before the next try, in ms; absent: only a change of what it needs helps. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, retryAfterMs: number | undefined, cause?: unknown) {
    super(message, { code: reason, retryable: retryAfterMs !== undefined, cause });
    this.retryAfterMs = retryAfterMs;
  }
}
