import { errorCode, errorMessage } from '#base';
import { RuntimeError, type RuntimeErrorCode } from '../errors.ts';

/** Longest message of the engine's that is kept, in characters. */
const MAX_MESSAGE = 1024;

/** What dockerode adds to an error that the engine answered with. */
interface EngineAnswer {
  readonly statusCode?: unknown;
  readonly json?: unknown;
}

/** The HTTP status the engine answered with; undefined when it did not answer. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { statusCode } = error as EngineAnswer;
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** The HTTP status behind a `RuntimeError` of ours. */
export function engineStatus(error: unknown): number | undefined {
  return error instanceof RuntimeError ? statusOf(error.cause) : undefined;
}

/** Turns whatever dockerode threw into a `RuntimeError`. */
export function toRuntimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const status = statusOf(error);
  const message = oneLine(engineWords(error));
  if (status === undefined) {
    const reason = errorCode(error);
    return new RuntimeError('EngineUnavailable', `the Docker engine does not answer: ${reason ?? message}`, error);
  }
  return new RuntimeError(codeOf(status, message), `${message}${mountWayOut(message)}`, error);
}

/** What a person can do where the kernel knows no such file system (ENODEV); '' for all other words. */
function mountWayOut(words: string): string {
  if (!/failed to mount local volume: .*: no such device$/i.test(words)) return '';
  return ' (the kernel of this node has no file system of the type in the options of the volume: load its module, for NFS modprobe nfs, or take another node)';
}

/** Turns what a pull ended with into an error: Docker says why only in words. */
export function pullError(
  { ref, registry, loggedIn }: { readonly ref: string; readonly registry: string; readonly loggedIn: boolean },
  error: unknown,
): RuntimeError {
  const failure = toRuntimeError(error);
  if (failure.code === 'EngineUnavailable') return failure;
  const words = failure.message;
  const code = pullCode(words);
  const wayOut =
    code !== 'ImagePullDenied'
      ? ''
      : loggedIn
        ? ` (${registry} does not take the login it was given)`
        : ` (there is no login for ${registry}: docker login ${registry} on the node, or imagePullSecrets in the pod)`;
  return new RuntimeError(code, `pulling ${ref}: ${words}${wayOut}`, error);
}

function pullCode(words: string): RuntimeErrorCode {
  // Docker Hub answers "access denied, repository does not exist or may require 'docker login'" for both.
  if (/denied|unauthorized|no basic auth|authentication required|forbidden/i.test(words)) return 'ImagePullDenied';
  if (/manifest unknown|not found|no such image|does not exist/i.test(words)) return 'ImageNotFound';
  return 'ImagePullFailed';
}

function codeOf(status: number, message: string): RuntimeErrorCode {
  if (status === 404) return /no such image/i.test(message) ? 'ImageNotFound' : 'ContainerNotFound';
  if (status === 409 && /already in use by container/i.test(message)) return 'ContainerNameInUse';
  if (status === 400) return 'InvalidContainerConfig';
  return 'EngineRefused';
}

function engineWords(error: unknown): string {
  const json = typeof error === 'object' && error !== null ? (error as EngineAnswer).json : undefined;
  if (typeof json === 'object' && json !== null && 'message' in json && typeof json.message === 'string') {
    return json.message;
  }
  return errorMessage(error).replace(/^\(HTTP code \d+\) [^-]* - /, '');
}

function oneLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_MESSAGE);
}
