import { type KubeObject, SERVICES, type Service, type ServicePort } from '#api';
import { equalJson } from '#base';
import type { ResourceRow } from '../api.ts';
import { formatLabels, NONE } from '../format.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, proxyOf, statusOf } from './shared.ts';
import { keepStatus, onUpdate, startStatus } from './strategy.ts';

function externalIp({ spec, status }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? NONE;
  const ingress = (status?.loadBalancer?.ingress ?? []).map((each) => each.ip ?? each.hostname ?? '');
  const all = [...(spec.type === 'LoadBalancer' ? ingress : []), ...(spec.externalIPs ?? [])];
  if (all.length > 0) return all.join(',');
  return spec.type === 'LoadBalancer' ? '<pending>' : NONE;
}

function formatPort({ port, nodePort, protocol }: ServicePort): string {
  return `${port}${nodePort === undefined || nodePort === 0 ? '' : `:${nodePort}`}/${protocol ?? 'TCP'}`;
}

/**
 * An update that leaves out what the server once allotted means "as before", as long as the type still has such a
 * thing. Source: kubernetes pkg/registry/core/service/storage, patchAllocatedValues (v1.32).
 */
function keepAllotted(object: KubeObject, old: KubeObject): KubeObject {
  const spec = (object as unknown as Service).spec;
  const before = (old as unknown as Service).spec;
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return object;
  const clusterIP = spec.clusterIP || before.clusterIP;
  const clusterIPs = spec.clusterIPs ?? (clusterIP === before.clusterIP ? before.clusterIPs : undefined);
  return {
    ...object,
    spec: {
      ...spec,
      ...(clusterIP === undefined ? {} : { clusterIP }),
      ...(clusterIPs === undefined ? {} : { clusterIPs }),
      ...(spec.ports === undefined ? {} : { ports: keepNodePorts(spec, before) }),
    },
  };
}

function keepNodePorts(spec: Service['spec'], before: Service['spec']): ServicePort[] {
  const ports = spec.ports ?? [];
  if (!hasNodePorts(spec) || !hasNodePorts(before)) return ports;
  const taken = new Set(ports.map((each) => each.nodePort));
  return ports.map((port) => {
    if (port.nodePort !== undefined && port.nodePort !== 0) return port;
    const same = before.ports?.find((each) => each.port === port.port && each.protocol === port.protocol);
    return same?.nodePort === undefined || taken.has(same.nodePort) ? port : { ...port, nodePort: same.nodePort };
  });
}

/** What only the old type had goes with it, unless the update changes it. Source: the same, dropTypeDependentFields (v1.32). */
function dropWithType(object: KubeObject, old: KubeObject): KubeObject {
  const spec = (object as unknown as Service).spec;
  const before = (old as unknown as Service).spec;
  const kept: Service['spec'] = { ...spec };
  for (const { has, fields } of TYPE_FIELDS) {
    if (!has(before) || has(spec)) continue;
    for (const field of fields) if (equalJson(spec[field], before[field])) delete kept[field];
  }
  if (hasNodePorts(before) && !hasNodePorts(spec) && spec.ports !== undefined) {
    const held = new Set(before.ports?.map((each) => each.nodePort));
    kept.ports = spec.ports.map(({ nodePort, ...port }) =>
      nodePort === undefined || held.has(nodePort) ? port : { ...port, nodePort },
    );
  }
  return { ...object, spec: kept };
}

type ServiceSpec = Service['spec'];

/** Fields that only some types of Service have. */
const TYPE_FIELDS: readonly { has(spec: ServiceSpec): boolean; readonly fields: readonly (keyof ServiceSpec)[] }[] = [
  {
    has: ({ type }) => type !== 'ExternalName',
    fields: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'],
  },
  { has: hasNodePorts, fields: ['externalTrafficPolicy', 'healthCheckNodePort'] },
  { has: ({ type }) => type === 'LoadBalancer', fields: ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] },
  { has: ({ type }) => type === 'ExternalName', fields: ['externalName'] },
];

/** Whether services of this type are reachable on a port of every node. */
export function hasNodePorts({ type }: Pick<Service['spec'], 'type'>): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

export const serviceRow: ResourceRow = {
  type: SERVICES,
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: { ...statusOf(SERVICES), ...proxyOf(SERVICES) },
  columns: [
    column<Service>('Type', 'string', ({ spec }) => spec.type ?? 'ClusterIP'),
    column<Service>('Cluster-IP', 'string', ({ spec }) => spec.clusterIP || NONE),
    column<Service>('External-IP', 'string', externalIp),
    column<Service>('Port(s)', 'string', ({ spec }) => (spec.ports ?? []).map(formatPort).join(',') || NONE),
    ageColumn,
    wide<Service>('Selector', 'string', ({ spec }) => formatLabels(spec.selector)),
  ],
  fieldSelectors: {
    'spec.clusterIP': (object) => (object as Service).spec.clusterIP ?? '',
    'spec.type': (object) => (object as Service).spec.type ?? '',
  },
  prepareForCreate: startStatus({ loadBalancer: {} }),
  prepareForUpdate: onUpdate(keepStatus, keepAllotted, dropWithType),
};
