/** The order in which a build is printed. Source: kustomize api/internal/builtins/SortOrderTransformer.go (v5.5). */
import type { Id } from './id.ts';
import type { Kustomization } from './kustomize.types.ts';
import type { Resource } from './resource.ts';

const FIRST = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

export function inOrder(resources: readonly Resource[], options: Kustomization['sortOptions']): readonly Resource[] {
  if (options !== undefined && options.order !== 'legacy') return resources;
  const first = options?.legacySortOptions === undefined ? FIRST : (options.legacySortOptions.orderFirst ?? []);
  const last = options?.legacySortOptions === undefined ? LAST : (options.legacySortOptions.orderLast ?? []);
  const rank = (kind: string) => {
    if (last.includes(kind)) return 1 + last.indexOf(kind);
    return first.includes(kind) ? first.indexOf(kind) - first.length : 0;
  };
  return [...resources].sort((a, b) => {
    const [left, right] = [a.id, b.id];
    if (gvkText(left) === gvkText(right)) return compare(idText(left), idText(right));
    return rank(left.kind) - rank(right.kind) || compare(gvkText(left), gvkText(right));
  });
}

const or = (text: string, absent: string) => (text === '' ? absent : text);

function gvkText({ group, version, kind }: Id): string {
  return `${or(group, '~G')}_${or(version, '~V')}_${or(kind, '~K')}`;
}

function idText({ name, namespace }: Id): string {
  return `${or(namespace, '~X')}|${or(name, '~N')}`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
