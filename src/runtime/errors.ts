import { PlumblineError } from '#base';

/** What can go wrong with containers and images. Each has a row in docs/errors.md. */
export type RuntimeErrorCode =
  | 'ImageNotFound'
  | 'ImagePullDenied'
  | 'ImagePullFailed'
  | 'ImageInUse'
  | 'ContainerNotFound'
  | 'ContainerNameInUse'
  | 'ContainerStartFailed'
  | 'InvalidContainerConfig'
  | 'ExecTimeout'
  | 'EngineUnavailable'
  | 'EngineTooOld'
  | 'EngineRefused';

const RETRYABLE: ReadonlySet<RuntimeErrorCode> = new Set([
  'ImageNotFound',
  'ImagePullDenied',
  'ImagePullFailed',
  'ImageInUse',
  'ContainerStartFailed',
  'ExecTimeout',
  'EngineUnavailable',
  'EngineRefused',
]);

/** The container engine refused, failed or is gone. The message is the engine's own, in one line. */
export class RuntimeError extends PlumblineError {
  declare readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: RETRYABLE.has(code), cause });
  }
}

/** Whether `error` is a `RuntimeError` with one of these codes (any, when none is named). */
export function isRuntimeError(error: unknown, ...codes: readonly RuntimeErrorCode[]): error is RuntimeError {
  return error instanceof RuntimeError && (codes.length === 0 || codes.includes(error.code));
}
