import { ApiError, type EndpointSlice, type Pod, type Service } from '#api';

/** `[scheme:]name[:port]`, as it stands in a path. Source: apimachinery pkg/util/net/port_split.go (v0.32). */
export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** A number or the name of a port; '' when none is said. */
  readonly port: string;
}

/** Where a proxied request goes. */
export interface PodAddress {
  readonly pod: string;
  readonly port: number;
}

const SCHEMES: ReadonlySet<string> = new Set(['', 'http', 'https']);

export function planProxyName(kind: 'pod' | 'service', id: string): ProxyName {
  const parts = id.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !SCHEMES.has(scheme)) {
    throw new ApiError('BadRequest', `invalid ${kind} request ${JSON.stringify(id)}`);
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/** The port that was named, else the first that the pod declares, else 80. Source: registry/core/pod/strategy.go ResourceLocation (v1.32). */
export function planPodPort({ spec }: Pod, { port, scheme }: ProxyName): number {
  if (port === '') {
    const declared = spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
    return declared[0] ?? (scheme === 'https' ? 443 : 80);
  }
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65_535) return number;
  throw new ApiError('BadRequest', `${JSON.stringify(port)} is no port of a pod: a number is needed`);
}

/**
 * The ready pods behind a port of a Service, in the order of the slices. Throws `ServiceUnavailable` when there is none.
 * Source: registry/core/service/storage/storage.go ResourceLocation (v1.32).
 */
export function planServiceTargets(
  { metadata, spec }: Service,
  { port }: ProxyName,
  slices: readonly EndpointSlice[],
): readonly PodAddress[] {
  const portName = /^\d+$/.test(port) ? spec.ports?.find((each) => each.port === Number(port)) : { name: port };
  if (portName === undefined) {
    throw new ApiError('ServiceUnavailable', `no service port ${port} found for service "${metadata.name}"`);
  }
  const targets = slices.flatMap(({ endpoints = [], ports }) => {
    const found = (ports ?? []).find((each) => (each.name ?? '') === (portName.name ?? ''))?.port;
    if (found === undefined) return [];
    return endpoints.flatMap(({ conditions, targetRef }) => {
      // Ready is what nobody denies; addresses that are no pod's are not gone to.
      if (conditions?.ready === false || targetRef?.kind !== 'Pod' || targetRef.name === undefined) return [];
      return [{ pod: targetRef.name, port: found }];
    });
  });
  if (targets.length > 0) return targets;
  throw new ApiError('ServiceUnavailable', `no endpoints available for service "${metadata.name}"`);
}
