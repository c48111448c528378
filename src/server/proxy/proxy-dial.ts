import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import {
  ApiError,
  ENDPOINT_SLICES,
  type EndpointSlice,
  isApiError,
  PODS,
  type Pod,
  SERVICES,
  type Service,
} from '#api';
import { createLinkDuplex } from '#streams';
import type { NodeTunnel } from '../nodes/node-tunnel.ts';
import type { Api, RequestContext } from '../registry/api.ts';
import { rowOf } from '../registry/mirror.ts';
import { type ProxyName, planPodPort, planProxyName, planServiceTargets } from './proxy-target.plan.ts';

export interface ProxyDialDeps {
  readonly api: Pick<Api, 'get' | 'list' | 'row'>;
  readonly tunnel: Pick<NodeTunnel, 'openSession'>;
  /** In [0, 1): spreads requests over the pods of a Service. */
  readonly random: () => number;
}

export interface ProxyDialRequest {
  readonly context: RequestContext;
  readonly resource: 'pods' | 'services';
  readonly namespace: string;
  /** `[scheme:]name[:port]`. */
  readonly id: string;
  readonly signal: AbortSignal;
}

export interface PodConnection {
  readonly connection: Duplex;
  /** Its address, as a `Host` header: `10.244.1.5:80`. */
  readonly host: string;
}

/** A connection to a pod, or to one of the ready pods of a Service, by the pod's own node. The caller ends it. */
export type ProxyDial = (request: ProxyDialRequest) => Promise<PodConnection>;

export function createProxyDial({ api, tunnel, random }: ProxyDialDeps): ProxyDial {
  async function podNamed({ context, namespace }: ProxyDialRequest, name: string): Promise<Pod> {
    return (await api.get({ context, row: rowOf(api, PODS), namespace, name })) as Pod;
  }

  async function podAt(request: ProxyDialRequest, asked: ProxyName): Promise<{ pod: Pod; port: number }> {
    if (request.resource === 'pods') {
      const pod = await podNamed(request, asked.name);
      return { pod, port: planPodPort(pod, asked) };
    }
    const { context, namespace } = request;
    const service = (await api.get({
      context,
      row: rowOf(api, SERVICES),
      namespace,
      name: asked.name,
    })) as Service;
    const labelSelector = `kubernetes.io/service-name=${asked.name}`;
    const { items } = await api.list({ context, row: rowOf(api, ENDPOINT_SLICES), namespace, labelSelector });
    const targets = planServiceTargets(service, asked, items as readonly EndpointSlice[]);
    const target = targets[Math.floor(random() * targets.length)];
    if (target === undefined) throw noEndpoints(asked.name);
    try {
      return { pod: await podNamed(request, target.pod), port: target.port };
    } catch (error) {
      // It went while its address was still told.
      if (isApiError(error, 'NotFound')) throw noEndpoints(asked.name);
      throw error;
    }
  }

  return async (request) => {
    const asked = planProxyName(request.resource === 'pods' ? 'pod' : 'service', request.id);
    const { pod, port } = await podAt(request, asked);
    const { namespace = '', name, uid } = pod.metadata;
    const address = pod.status?.podIP ?? '';
    if (address === '' || !pod.spec.nodeName) throw new ApiError('BadRequest', 'address not allowed');
    const target = { type: 'forward', pod: { namespace, name, uid }, port, address } as const;
    const link = await tunnel.openSession(pod.spec.nodeName, target, request.signal).catch((error: unknown) => {
      throw unreachable(error);
    });
    const plain = createLinkDuplex(link);
    // As Kubernetes' proxy does: a pod's certificate is nobody's that anyone here could know.
    const connection = asked.scheme === 'https' ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain;
    return { connection, host: `${address.includes(':') ? `[${address}]` : address}:${port}` };
  };
}

function noEndpoints(service: string): ApiError {
  return new ApiError('ServiceUnavailable', `no endpoints available for service "${service}"`);
}

/** Source: apimachinery pkg/util/proxy/transport.go RoundTrip (v0.32), for what an agent says of a port. */
export function unreachable(error: unknown): unknown {
  if (isApiError(error) && error.reason !== 'BadRequest') return error;
  const why = error instanceof Error ? error.message : 'unknown';
  return new ApiError('ServiceUnavailable', `error trying to reach service: ${why}`, undefined, error);
}
