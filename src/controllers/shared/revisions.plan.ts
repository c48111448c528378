import type { ControllerRevision, KubeObject, PodTemplateSpec, ResourceType, StoredObject } from '#api';
import { equalJson } from '#base';
import { controllerReference } from './owners.plan.ts';
import { templateHash } from './template-hash.plan.ts';

/** Which revision a pod was made from. Source: api apps/v1 types.go, ControllerRevisionHashLabelKey (v0.32). */
export const REVISION_LABEL = 'controller-revision-hash';

/** Source: apps/v1 defaults.go, revisionHistoryLimit (v1.32). */
const DEFAULT_LIMIT = 10;

/** An owner that keeps its templates as ControllerRevisions. */
export type Revisioned = StoredObject & {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number };
  readonly status?: { readonly collisionCount?: number };
};

export interface RevisionsSnapshot {
  readonly owner: Revisioned;
  readonly resource: ResourceType;
  /** All that it controls. */
  readonly revisions: readonly ControllerRevision[];
  /** Whether a revision other than the template's must be kept. */
  readonly isInUse: (revision: ControllerRevision) => boolean;
  /** Whether those in use count towards the limit. */
  readonly limitCountsInUse: boolean;
  /** Where a revision carries the hash of its template. */
  readonly hashLabel: string;
}

export interface RevisionsPlan {
  /** The revision of the owner's template; undefined when it is still to be made. */
  readonly current: ControllerRevision | undefined;
  readonly create: KubeObject | undefined;
  /** The template is an earlier one again: its revision becomes the newest, with this number. */
  readonly renumber: { readonly revision: ControllerRevision; readonly to: number } | undefined;
  /** Beyond the limit, the oldest first. Never what is in use. */
  readonly remove: readonly ControllerRevision[];
}

/**
 * Source: kubernetes pkg/controller/daemon/update.go, constructHistory and cleanupHistory,
 * pkg/controller/statefulset/stateful_set_control.go, getStatefulSetRevisions and truncateHistory, and
 * pkg/controller/history/controller_history.go (v1.32).
 */
export function planRevisions(snapshot: RevisionsSnapshot): RevisionsPlan {
  const { owner, revisions, isInUse, limitCountsInUse } = snapshot;
  const data = dataOf(owner);
  const sorted = [...revisions].sort((a, b) => a.revision - b.revision || compareAge(a, b));
  const current = sorted.filter((revision) => equalJson(revision.data ?? null, data)).at(-1);
  const old = sorted.filter((revision) => revision !== current);
  const newest = old.at(-1)?.revision ?? 0;
  const limit = owner.spec.revisionHistoryLimit ?? DEFAULT_LIMIT;
  const unused = old.filter((revision) => !isInUse(revision));
  const counted = limitCountsInUse ? old : unused;
  return {
    current,
    create: current === undefined ? revisionOf(snapshot, newest + 1) : undefined,
    renumber: current !== undefined && current.revision <= newest ? { revision: current, to: newest + 1 } : undefined,
    remove: unused.slice(0, Math.max(0, counted.length - limit)),
  };
}

/** Whether a revision holds the owner's template. */
export function holdsTemplate(revision: ControllerRevision, owner: Revisioned): boolean {
  return equalJson(revision.data ?? null, dataOf(owner));
}

/** The template that a revision holds. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { $patch: _, ...template } = (data as RevisionData).spec.template;
  return template;
}

interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch?: string } };
}

/** As a patch that `kubectl rollout undo` applies. */
function dataOf({ spec }: Revisioned): Record<string, unknown> {
  return { spec: { template: { ...spec.template, $patch: 'replace' } } };
}

function revisionOf({ owner, resource, hashLabel }: RevisionsSnapshot, revision: number): KubeObject {
  const hash = templateHash(owner.spec.template, owner.status?.collisionCount ?? 0);
  const { name, namespace, annotations } = owner.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [controllerReference(owner, resource)],
    },
    data: dataOf(owner),
    revision,
  };
}

function compareAge(a: ControllerRevision, b: ControllerRevision): number {
  const [left, right] = [a.metadata, b.metadata];
  return Date.parse(left.creationTimestamp) - Date.parse(right.creationTimestamp) || (left.name < right.name ? -1 : 1);
}
