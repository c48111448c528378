import { type KubeObject, NAMESPACES, type Namespace, NODES, type Node } from '#api';
import type { ResourceRow } from '../api.ts';
import { NONE, UNKNOWN } from '../format.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, proxyOf, statusOf } from './shared.ts';
import { keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

/** Holds a deleted namespace until its contents are gone. Source: api core/v1 types.go, FinalizerKubernetes (v0.32). */
export const NAMESPACE_FINALIZER = 'kubernetes';

function withNamespaceFinalizer(object: KubeObject): KubeObject {
  const spec = object['spec'] as Namespace['spec'];
  const finalizers = new Set([...(spec?.finalizers ?? []), NAMESPACE_FINALIZER]);
  return { ...object, spec: { ...spec, finalizers: [...finalizers] } };
}

/** Only `/finalize` takes finalizers out of `spec`. */
function keepNamespaceFinalizers(object: KubeObject, old: KubeObject): KubeObject {
  const finalizers = (old['spec'] as Namespace['spec'])?.finalizers;
  const { finalizers: _, ...spec } = (object['spec'] ?? {}) as NonNullable<Namespace['spec']>;
  return { ...object, spec: { ...spec, ...(finalizers === undefined ? {} : { finalizers }) } };
}

export const namespaceRow: ResourceRow = {
  type: NAMESPACES,
  singular: 'namespace',
  shortNames: ['ns'],
  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
  subresources: {
    ...statusOf(NAMESPACES),
    finalize: { kind: 'Namespace', group: '', version: 'v1', verbs: ['update'] },
  },
  columns: [column<Namespace>('Status', 'string', ({ status }) => status?.phase ?? ''), ageColumn],
  fieldSelectors: { 'status.phase': (object) => (object as Namespace).status?.phase ?? '' },
  prepareForCreate: onCreate(startStatus({ phase: 'Active' }), withNamespaceFinalizer),
  prepareForUpdate: onUpdate(keepStatus, keepNamespaceFinalizers),
};

const address = (type: string) => (node: Node) =>
  node.status?.addresses?.find((each) => each.type === type)?.address ?? NONE;

function nodeStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find((each) => each.type === 'Ready')?.status;
  const said = ready === undefined ? 'Unknown' : ready === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable ? `${said},SchedulingDisabled` : said;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles({ metadata }: Node): string {
  const labels = Object.entries(metadata.labels ?? {});
  const roles = labels.flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)];
    return key === 'kubernetes.io/role' ? [value] : [];
  });
  return (
    roles
      .filter((role) => role !== '')
      .sort()
      .join(',') || NONE
  );
}

export const nodeRow: ResourceRow = {
  type: NODES,
  singular: 'node',
  shortNames: ['no'],
  verbs: allVerbs,
  subresources: { ...statusOf(NODES), ...proxyOf(NODES) },
  columns: [
    column<Node>('Status', 'string', nodeStatus),
    column<Node>('Roles', 'string', nodeRoles),
    ageColumn,
    column<Node>('Version', 'string', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
    wide<Node>('Internal-IP', 'string', address('InternalIP')),
    wide<Node>('External-IP', 'string', address('ExternalIP')),
    wide<Node>('OS-Image', 'string', ({ status }) => status?.nodeInfo?.osImage || UNKNOWN),
    wide<Node>('Kernel-Version', 'string', ({ status }) => status?.nodeInfo?.kernelVersion || UNKNOWN),
    wide<Node>('Container-Runtime', 'string', ({ status }) => status?.nodeInfo?.containerRuntimeVersion || UNKNOWN),
  ],
  fieldSelectors: { 'spec.unschedulable': (object) => String((object as Node).spec?.unschedulable ?? false) },
  // A node registers itself with its status, so a create keeps it.
  prepareForUpdate: keepStatus,
};
