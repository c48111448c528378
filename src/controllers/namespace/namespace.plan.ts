import { EVENTS, type Namespace, RESOURCES, type ResourceType } from '#api';
import { withCondition } from '../shared/conditions.plan.ts';

/** Kinds of one step of emptying a namespace; the next begins when these are gone. */
export type DeletionStep = readonly ResourceType[];

/** What makes new objects goes before what it makes, so that nothing is made anew while the rest is deleted. */
const FIRST_KINDS = ['Application', 'Deployment', 'ReplicaSet', 'ReplicationController'];
/** Pods' last events and what pods read goes when they are gone. */
const LAST_KINDS = ['ConfigMap', 'Secret', 'ServiceAccount', 'SyncRun', 'RenderedSet', 'Inventory'];

export function deletionSteps(resources: readonly ResourceType[] = RESOURCES): readonly DeletionStep[] {
  const namespaced = resources.filter((resource) => resource.namespaced && resource !== EVENTS);
  const first = FIRST_KINDS.map((kind) => namespaced.filter((resource) => resource.kind === kind));
  const last = namespaced.filter(({ kind }) => LAST_KINDS.includes(kind));
  const middle = namespaced.filter(({ kind }) => !FIRST_KINDS.includes(kind) && !LAST_KINDS.includes(kind));
  return [...first, middle, last, [EVENTS]].filter((step) => step.length > 0);
}

/** What still stands in a namespace that is to go. */
export interface Remaining {
  /** Plural name of a kind → number of objects. */
  readonly counts: ReadonlyMap<string, number>;
  /** Finalizer → number of objects that it holds. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/**
 * The namespace's status while it is emptied.
 * Source: kubernetes pkg/controller/namespace/deletion/status_condition_utils.go (v1.32).
 */
export function terminatingStatus(
  namespace: Namespace,
  { counts, finalizers }: Remaining,
  nowMs: number,
): Namespace['status'] {
  const before = namespace.status?.conditions ?? [];
  const content =
    counts.size === 0
      ? said('NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed')
      : said(
          'NamespaceContentRemaining',
          'True',
          'SomeResourcesRemain',
          `Some resources are remaining: ${list(counts, (plural, count) => `${plural} has ${count} resource instances`)}`,
        );
  const held =
    finalizers.size === 0
      ? said(
          'NamespaceFinalizersRemaining',
          'False',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        )
      : said(
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${list(finalizers, (name, count) => `${name} in ${count} resource instances`)}`,
        );
  const conditions = withCondition(withCondition(before, content, nowMs), held, nowMs);
  return { ...namespace.status, phase: 'Terminating', conditions: [...conditions] };
}

function said(type: string, status: string, reason: string, message: string) {
  return { type, status, reason, message };
}

function list(counts: ReadonlyMap<string, number>, tell: (name: string, count: number) => string): string {
  return [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, count]) => tell(name, count))
    .join(', ');
}
