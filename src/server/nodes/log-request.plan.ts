import { ApiError, type ContainerStatus, type Pod } from '#api';
import type { LogStreamOptions } from './node-tunnel.types.ts';

/** What a log request asks for, with numbers checked and a container chosen. */
export interface LogRequest {
  readonly node: string;
  readonly container: string;
}

/**
 * Decides whose log it is: the named container, or the only one. Refuses what the pod's status tells already that there
 * is not. Source: registry/core/pod/strategy.go LogLocation, kubelet_pods.go validateContainerLogStatus (words only).
 */
export function planLogRequest(
  pod: Pod,
  { container, previous = false }: Pick<LogStreamOptions, 'container' | 'previous'>,
): LogRequest {
  const { name } = pod.metadata;
  const main = (pod.spec.containers ?? []).map((entry) => entry.name);
  const init = (pod.spec.initContainers ?? []).map((entry) => entry.name);
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((entry) => entry.name);
  const chosen = container ?? (main.length === 1 ? main[0] : undefined);
  if (chosen === undefined) {
    const also = [
      ...(init.length === 0 ? [] : [` or one of the init containers: [${init.join(' ')}]`]),
      ...(ephemeral.length === 0 ? [] : [` or one of the ephemeral containers: [${ephemeral.join(' ')}]`]),
    ];
    throw bad(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${also.join('')}`);
  }
  if (![...main, ...init, ...ephemeral].includes(chosen)) throw bad(`container ${chosen} is not valid for pod ${name}`);
  const node = pod.spec.nodeName;
  if (node === undefined || node === '') throw bad(`pod ${name} does not have a host assigned`);
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (entry) => entry.name === chosen,
  );
  if (status !== undefined) assertHasLog(name, status, previous);
  return { node, container: chosen };
}

/** What a reason to wait is called here; any other stands for itself. */
const WAITS: ReadonlyMap<string, string> = new Map([
  ['ErrImagePull', "image can't be pulled"],
  ['ImagePullBackOff', 'trying and failing to pull image'],
]);

function assertHasLog(pod: string, { name, state, lastState }: ContainerStatus, previous: boolean): void {
  if (lastState?.terminated !== undefined) return;
  // Ended for good at its first run; one that is to be started again waits.
  if (previous && state?.terminated !== undefined)
    throw bad(`previous terminated container "${name}" in pod "${pod}" not found`);
  const reason = state?.waiting?.reason;
  if (reason === undefined || previous) return;
  throw bad(`container "${name}" in pod "${pod}" is waiting to start: ${WAITS.get(reason) ?? reason}`);
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
