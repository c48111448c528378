import { ApiError, PODS, type Pod } from '#api';
import type { NamespacedName } from '#client';
import type { Api, RequestContext } from '../registry/api.ts';
import { planLogRequest } from './log-request.plan.ts';
import type { NodeTunnel } from './node-tunnel.ts';
import type { LogStreamOptions } from './node-tunnel.types.ts';

/** Opens a pod's log as a user: over HTTP, in process and in the UI alike. Refuses with `ApiError` before the first byte. */
export type OpenPodLog = (
  context: RequestContext,
  pod: NamespacedName,
  options: LogStreamOptions,
  signal?: AbortSignal,
) => Promise<AsyncIterable<Uint8Array>>;

export interface PodLogsDeps {
  readonly api: Pick<Api, 'get' | 'row'>;
  readonly tunnel: Pick<NodeTunnel, 'openLog'>;
}

/** Who may read the log is decided before. */
export function createPodLogs({ api, tunnel }: PodLogsDeps): OpenPodLog {
  return async (context, { namespace = '', name }, options, signal) => {
    const row = api.row(PODS.group, PODS.version, PODS.plural);
    if (row === undefined) throw new ApiError('NotFound', 'pods are not served');
    const pod = (await api.get({ context, row, namespace, name })) as Pod;
    const { node, container } = planLogRequest(pod, options);
    const target = { namespace, name, uid: pod.metadata.uid };
    return tunnel.openLog(node, target, { ...options, container }, signal);
  };
}
