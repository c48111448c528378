import { ApiError, type Pod } from '#api';

/** What a log request asks for, with numbers checked and a container chosen. */
export interface LogRequest {
  readonly node: string;
  readonly container: string;
}

/** Decides whose log it is: the named container, or the only one. Source: registry/core/pod/strategy.go LogLocation (words only). */
export function planLogRequest(pod: Pod, container: string | undefined): LogRequest {
  const { name } = pod.metadata;
  const main = (pod.spec.containers ?? []).map((entry) => entry.name);
  const init = (pod.spec.initContainers ?? []).map((entry) => entry.name);
  const chosen = container ?? (main.length === 1 ? main[0] : undefined);
  if (chosen === undefined) {
    const also = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`;
    throw bad(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${also}`);
  }
  if (!main.includes(chosen) && !init.includes(chosen)) throw bad(`container ${chosen} is not valid for pod ${name}`);
  const node = pod.spec.nodeName;
  if (node === undefined || node === '') throw bad(`pod ${name} does not have a host assigned`);
  return { node, container: chosen };
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
