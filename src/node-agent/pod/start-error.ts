import { PlumblineError } from '#base';

/** The reasons Kubernetes shows for a container that waits. Each has a row in docs/errors.md. Source: kubelet images/types.go, kuberuntime_container.go (v1.32). */
export type StartErrorCode =
  | 'ContainerCreating'
  | 'CreateContainerConfigError'
  | 'CreateContainerError'
  | 'ErrImagePull'
  | 'ErrImageNeverPull'
  | 'InvalidImageName';

/** Why a container does not start. `code` is the reason Kubernetes shows. */
export class StartError extends PlumblineError {
  declare readonly code: StartErrorCode;
  /** Wait before the next try, in ms; absent: only a change of what it needs helps. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: StartErrorCode, message: string, retryAfterMs: number | undefined, cause?: unknown) {
    super(message, { code: reason, retryable: retryAfterMs !== undefined, cause });
    this.retryAfterMs = retryAfterMs;
  }
}
