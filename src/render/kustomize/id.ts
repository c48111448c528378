/** How kustomize tells objects apart. Source: kyaml/resid (v5.5). */
import { groupOf, resourceOfKind, versionOf } from '#api';
import type { Gvk } from './kustomize.types.ts';

export interface Id extends Gvk {
  readonly name: string;
  /** As written; '' when there is none. */
  readonly namespace: string;
}

/** Kinds without a namespace that are not served here, or not as resources. */
const OTHER_CLUSTER_KINDS = new Set([
  'ComponentStatus',
  'FlowSchema',
  'PriorityLevelConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'VolumeAttachment',
  'CSIDriver',
  'PodSecurityPolicy',
]);

export function gvkOf(apiVersion: string, kind: string): Gvk {
  return { group: groupOf(apiVersion), version: versionOf(apiVersion), kind };
}

/** Known to have no namespace. A kind that is not known is taken to have one. */
export function isClusterScoped({ group, kind }: Gvk): boolean {
  const resource = resourceOfKind(group, kind);
  return resource === undefined ? OTHER_CLUSTER_KINDS.has(kind) : !resource.namespaced;
}

const NO_NAMESPACE = ' none ';

/** That in which the object stands: `default` when it names none. Kinds without one share a place of their own. */
export function effectiveNamespace(id: Id): string {
  if (isClusterScoped(id)) return NO_NAMESPACE;
  return id.namespace === '' ? 'default' : id.namespace;
}

/** Equal for ids that are the same. */
export function keyOf(id: Id): string {
  return `${id.group}/${id.version}/${id.kind}/${effectiveNamespace(id)}/${id.name}`;
}

export function sameId(left: Id, right: Id): boolean {
  return (
    left.name === right.name &&
    left.kind === right.kind &&
    left.group === right.group &&
    left.version === right.version &&
    effectiveNamespace(left) === effectiveNamespace(right)
  );
}

/** Whether a kind is meant: what the selector leaves open matches anything. */
export function isSelected(gvk: Gvk, { group, version, kind }: Partial<Gvk>): boolean {
  return (
    (group === undefined || group === '' || group === gvk.group) &&
    (version === undefined || version === '' || version === gvk.version) &&
    (kind === undefined || kind === '' || kind === gvk.kind)
  );
}

/** As kustomize shows an id: `Deployment.v1.apps/web.shop`. */
export function formatId({ group, version, kind, name, namespace }: Id): string {
  const gvk = [kind, version, group]
    .map((part) => (part === '' ? `[no${part}]` : part))
    .filter((part) => part !== '[no]');
  return `${gvk.join('.')} ${namespace === '' ? name : `${namespace}/${name}`}`;
}
