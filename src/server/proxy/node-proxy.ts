import { ApiError, NODES, PODS } from '#api';
import { formatTime } from '#base';
import { sendText, sendValue } from '../http/answers.ts';
import type { Exchange } from '../http/exchange.ts';
import type { ProxyPath } from '../http/request-path.plan.ts';
import { notAllowed, unknownResource } from '../http/resource-call.ts';
import type { NodeFigures } from '../nodes/node-figures.plan.ts';
import type { NodeTunnel } from '../nodes/node-tunnel.ts';
import type { Api } from '../registry/api.ts';
import { rowOf } from '../registry/mirror.ts';

export interface NodeProxyDeps {
  readonly api: Pick<Api, 'get' | 'list' | 'row'>;
  readonly tunnel: Pick<NodeTunnel, 'isConnected' | 'readFigures'>;
}

export type NodeProxy = (exchange: Exchange, path: ProxyPath) => Promise<unknown>;

/**
 * What is read of a kubelet through its proxy, answered here: our agents listen on no port, and open none of their
 * machine's to anyone. `/healthz`, `/pods`, `/stats/summary`. Source: kubelet pkg/kubelet/server/server.go (v1.32).
 */
export function createNodeProxy({ api, tunnel }: NodeProxyDeps): NodeProxy {
  return async ({ request, reply, context, signal }, { name, proxyPath }) => {
    const [node = '', ...port] = name.split(':');
    if (port.length > 0) throw new ApiError('BadRequest', 'ports of a node are not reached through its proxy');
    await api.get({ context, row: rowOf(api, NODES), namespace: '', name: node });
    if (request.method !== 'GET' && request.method !== 'HEAD') throw notAllowed();
    const podsHere = async () =>
      (await api.list({ context, row: rowOf(api, PODS), namespace: '', fieldSelector: `spec.nodeName=${node}` })).items;
    if (!tunnel.isConnected(node)) {
      throw new ApiError('ServiceUnavailable', `node ${node} cannot be reached: its agent is not connected`);
    }
    switch (proxyPath.replace(/\/$/, '')) {
      case '/healthz':
        return sendText(reply, 200, 'ok');
      case '/pods':
        return sendValue(reply, 200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: await podsHere() });
      case '/stats/summary':
        return sendValue(reply, 200, summaryOf(node, await podsHere(), await tunnel.readFigures(node, signal)));
      default:
        throw unknownResource();
    }
  };
}

/** Source: apiserver request/requestinfo.go (v0.32). */
export function planProxyVerb(method: string | undefined): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    default:
      return (method ?? '').toLowerCase();
  }
}

type Named = { readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string } };

/** The part of a kubelet's summary that we have figures for. Source: kubelet/pkg/apis/stats/v1alpha1/types.go (v1.32). */
function summaryOf(nodeName: string, pods: readonly Named[], figures: NodeFigures): object {
  const time = formatTime(figures.atMs);
  const use = ({ cpuNanocores, memoryBytes }: NodeFigures['node']) => ({
    cpu: { time, usageNanoCores: cpuNanocores },
    memory: { time, workingSetBytes: memoryBytes },
  });
  return {
    node: { nodeName, ...use(figures.node) },
    pods: pods.flatMap(({ metadata: { name, namespace, uid } }) => {
      const containers = figures.containers.filter(({ pod }) => pod === uid);
      if (containers.length === 0) return [];
      return [
        {
          podRef: { name, namespace, uid },
          containers: containers.map((container) => ({ name: container.name, ...use(container) })),
        },
      ];
    }),
  };
}
