import { type Json, NODE_LOCAL_FINALIZER, type StoredObject } from '#api';
import { equalJson } from '#base';

export interface NodeWrite {
  /** Plural. */
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly how: 'create' | 'update' | 'json' | 'merge' | 'strategic' | 'apply';
  readonly body: Json;
  /** What is stored now; undefined when it is about to be made. */
  readonly live: StoredObject | undefined;
}

type Path = readonly string[];

/** What a node may never change, not even of itself: it decides which pods come to it, and what they may read. */
const GUARDED_METADATA: readonly Path[] = [
  ['metadata', 'labels'],
  ['metadata', 'ownerReferences'],
  ['metadata', 'finalizers'],
];
const GUARDED_NODE: readonly Path[] = [
  ...GUARDED_METADATA,
  ['spec', 'taints'],
  ['spec', 'unschedulable'],
  ['spec', 'podCIDR'],
  ['spec', 'podCIDRs'],
];

/**
 * A node names itself with labels when it registers, but not with Kubernetes' own beyond these: what is below
 * `node-restriction.kubernetes.io/` or `node-role.kubernetes.io/`, for example, is the operator's word.
 * Source: kubelet pkg/apis/well_known_labels.go and plugin/pkg/admission/noderestriction, getForbiddenLabels (words only).
 */
const REGISTERED_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
]);
const REGISTERED_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const KUBERNETES_DOMAINS = ['kubernetes.io', 'k8s.io'];

/** What a host says of itself: it may put these right again. Source: kubelet pkg/apis/well_known_labels.go (words only). */
const HOST_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

/**
 * Decides whether an agent's write of a Node, a Pod's status or a volume stays within what an agent reports. Answers why not, or
 * undefined. Source: plugin/pkg/admission/noderestriction (words only).
 */
export function planNodeWrite({ resource, subresource, how, body, live }: NodeWrite): string | undefined {
  if (resource === 'persistentvolumes') return planVolumeWrite({ how, body, live });
  if (resource !== 'nodes' && resource !== 'pods') return undefined;
  if (subresource === 'ephemeralcontainers') return 'an agent may not put containers into pods';
  if (how === 'json') return 'an agent may not send JSON patches; use a merge patch';
  if (live === undefined) return planRegistration(body);
  const guarded = resource === 'nodes' && subresource === undefined ? GUARDED_NODE : GUARDED_METADATA;
  const changed = guarded.find((path) => changes(how, guardedPart(body, path), guardedPart(live, path)));
  return changed === undefined ? undefined : `an agent may not change ${changed.join('.')}`;
}

/** An agent lets go of a volume that is being deleted, once its folder is: nothing else. */
function planVolumeWrite({ how, body, live }: Pick<NodeWrite, 'how' | 'body' | 'live'>): string | undefined {
  const { finalizers = [], deletionTimestamp } = live?.metadata ?? {};
  if (how !== 'merge') return 'an agent may not change a volume but by a merge patch';
  if (deletionTimestamp === undefined) return 'an agent may not change a volume that is not being deleted';
  const kept = finalizers.filter((each) => each !== NODE_LOCAL_FINALIZER);
  const { metadata, ...rest } = isRecord(body) ? body : {};
  const { finalizers: wanted, uid: _uid, resourceVersion: _version, ...more } = isRecord(metadata) ? metadata : {};
  const isAsMeant = Object.keys(rest).length + Object.keys(more).length === 0 && equalJson(wanted ?? null, kept);
  return isAsMeant ? undefined : 'an agent may not change more of a volume than its own finalizer';
}

function planRegistration(body: Json): string | undefined {
  const labels = Object.keys(read(body, ['metadata', 'labels']) ?? {});
  const label = labels.find(isOperatorLabel);
  if (label !== undefined) return `an agent may not set the label ${label}`;
  for (const path of [
    ['metadata', 'ownerReferences'],
    ['spec', 'podCIDR'],
    ['spec', 'podCIDRs'],
  ]) {
    if (read(body, path) !== undefined) return `an agent may not set ${path.join('.')}`;
  }
  return undefined;
}

function isOperatorLabel(label: string): boolean {
  if (REGISTERED_LABELS.has(label)) return false;
  const slash = label.indexOf('/');
  const domain = slash < 0 ? '' : label.slice(0, slash);
  const isIn = (domains: readonly string[]) => domains.some((one) => domain === one || domain.endsWith(`.${one}`));
  return isIn(KUBERNETES_DOMAINS) && !isIn(REGISTERED_DOMAINS);
}

/** A whole object must say the same; a patch may leave out, and what it says must be so already. */
function changes(how: NodeWrite['how'], said: unknown, stands: unknown): boolean {
  if (how === 'update') return !equalJson(emptyAsAbsent(said), emptyAsAbsent(stands));
  if (said === undefined) return false;
  if (!isRecord(said) || !isRecord(stands)) return !equalJson(emptyAsAbsent(said), emptyAsAbsent(stands));
  return Object.keys(said).some((key) => !equalJson(said[key], Object.hasOwn(stands, key) ? stands[key] : undefined));
}

/** What stands at a path, without the labels that are the host's own. */
function guardedPart(object: unknown, path: Path): unknown {
  const value = read(object, path);
  if (path.at(-1) !== 'labels' || !isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([label]) => !HOST_LABELS.has(label)));
}

function emptyAsAbsent(value: unknown): unknown {
  if (value === null || value === false) return undefined;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? undefined : value;
}

function read(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
