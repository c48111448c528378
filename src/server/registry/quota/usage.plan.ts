/**
 * What one object uses of a quota. Pure.
 * Source: kubernetes pkg/quota/v1/evaluator/core and staging quota/v1/generic/evaluator.go (v1.32).
 */
import {
  type KubeObject,
  PERSISTENT_VOLUME_CLAIMS,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  type ResourceType,
  SERVICES,
  type Service,
} from '#api';
import { type Amounts, addTo, amountsOf, countOf, podAmountsWithOverhead } from './amounts.plan.ts';

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
/** Amounts of pods that have a name of their own; requests have two. */
const POD_NAMES: ReadonlySet<string> = new Set([
  'pods',
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
]);
/** Of these, every container has to say how much as soon as a quota counts it. */
export const EXPLICIT: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);
const SERVICE_NAMES: ReadonlySet<string> = new Set(['services', 'services.nodeports', 'services.loadbalancers']);
/** Core kinds that are counted under their plain name, too. */
const PLAIN: ReadonlySet<string> = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);
const CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
/** Of before `spec.storageClassName` was. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

type Named = Pick<ResourceType, 'group' | 'plural'>;

/** `count/deployments.apps`: how any kind is counted. */
export function countName({ group, plural }: Named): string {
  return group === '' ? `count/${plural}` : `count/${plural}.${group}`;
}

/** Whether a quota's resource is one that objects of this kind use. */
export function isUsedBy(type: Named, name: string): boolean {
  if (name === countName(type)) return true;
  if (type.group !== '') return false;
  if (PLAIN.has(type.plural) && name === type.plural) return true;
  switch (type.plural) {
    case PODS.plural:
      return POD_NAMES.has(name) || isHugePages(name) || isExtendedRequest(name);
    case SERVICES.plural:
      return SERVICE_NAMES.has(name);
    case PERSISTENT_VOLUME_CLAIMS.plural:
      return name === 'requests.storage' || name.includes(CLASS_SUFFIX);
    default:
      return false;
  }
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
}

function isExtendedRequest(name: string): boolean {
  return name.startsWith('requests.') && name.includes('/') && !name.includes('kubernetes.io/');
}

/** All that one object uses, under every name that a quota may have for it. */
export function usageOf(type: Named, object: KubeObject, nowMs: number): Amounts {
  const usage = new Map([[countName(type), countOf(1)]]);
  if (type.group !== '') return usage;
  if (PLAIN.has(type.plural)) usage.set(type.plural, countOf(1));
  if (type.plural === PODS.plural) addTo(usage, podUsage(object as Pod, nowMs));
  if (type.plural === SERVICES.plural) addTo(usage, serviceUsage(object as Service));
  if (type.plural === PERSISTENT_VOLUME_CLAIMS.plural) addTo(usage, claimUsage(object as PersistentVolumeClaim));
  return usage;
}

/** Nothing once it has ended, or should have. Source: evaluator/core/pods.go, PodUsageFunc and QuotaV1Pod. */
function podUsage({ spec, status, metadata }: Pod, nowMs: number): Amounts {
  const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  // The timestamp of a deletion is that of its end: the grace period is in it.
  const goneMs = metadata.deletionTimestamp === undefined ? undefined : Date.parse(metadata.deletionTimestamp);
  if (isOver || (goneMs !== undefined && nowMs > goneMs)) return new Map();
  const usage = new Map([['pods', countOf(1)]]);
  for (const [name, amount] of podAmountsWithOverhead(spec, 'requests')) {
    if (!name.includes('/')) usage.set(name, amount);
    usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of podAmountsWithOverhead(spec, 'limits'))
    if (COMPUTE.includes(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

function serviceUsage({ spec }: Service): Amounts {
  const { type, ports = [], allocateLoadBalancerNodePorts } = spec;
  if (type === 'NodePort') return new Map([['services.nodeports', countOf(ports.length)]]);
  if (type !== 'LoadBalancer') return new Map();
  const withPort = allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports;
  return new Map([
    ['services.nodeports', countOf(withPort.length)],
    ['services.loadbalancers', countOf(1)],
  ]);
}

function claimUsage({ spec, metadata }: PersistentVolumeClaim): Amounts {
  const storage = amountsOf(spec?.resources?.requests).get('storage') ?? countOf(0);
  const className = metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? '';
  const usage = new Map([['requests.storage', storage]]);
  if (className === '') return usage;
  usage.set(`${className}${CLASS_SUFFIX}requests.storage`, storage);
  usage.set(`${className}${CLASS_SUFFIX}persistentvolumeclaims`, countOf(1));
  return usage;
}
