import type { Deployment, DeploymentStatus, KubeObject, ReplicaSet } from '#api';
import { equalJson } from '#base';
import {
  type Annotations,
  desiredOf,
  maxOf,
  newAnnotations,
  REVISION,
  revisionOf,
  scaleAnnotations,
} from './annotations.plan.ts';
import { proportionalReplicas } from './proportional.plan.ts';
import {
  type Bounds,
  boundsOf,
  byAge,
  isRolling,
  newReplicas,
  oldReplicas,
  type Share,
  shareOf,
} from './rolling.plan.ts';
import { isComplete, planDeploymentStatus } from './status.plan.ts';
import { findNew, replicaSetOf } from './template.plan.ts';

export interface DeploymentSnapshot {
  readonly deployment: Deployment;
  /** All sets it controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Uids of sets that have pods which have not ended, going ones included. Only Recreate looks at them. */
  readonly running: ReadonlySet<string>;
  readonly nowMs: number;
}

/** A change of one ReplicaSet: what is absent stays. */
export interface ReplicaSetChange {
  readonly replicaSet: ReplicaSet;
  readonly replicas?: number;
  readonly annotations?: Annotations;
  readonly minReadySeconds?: number;
}

export interface DeploymentPlan {
  /** Sets that shrink first, then those that grow. */
  readonly change: readonly ReplicaSetChange[];
  readonly create: KubeObject | undefined;
  /** Old sets beyond the history that is kept. */
  readonly remove: readonly ReplicaSet[];
  readonly status: DeploymentStatus;
  readonly annotations: Annotations;
  readonly requeueAfterMs: number | undefined;
  readonly reason: string;
}

/** The next step towards the Deployment's template and size. Source: kubernetes pkg/controller/deployment (v1.32). */
export function planDeployment(snapshot: DeploymentSnapshot): DeploymentPlan {
  const { deployment, replicaSets, nowMs } = snapshot;
  const bounds = boundsOf(deployment);
  const live = replicaSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const fresh = findNew(deployment, live);
  const old = live.filter((each) => each !== fresh).sort(byAge);
  const view: View = { ...snapshot, bounds, fresh, old };
  const step = deployment.metadata.deletionTimestamp === undefined ? nextStep(view) : nothing('it is being deleted');
  const created = step.create?.metadata.name;
  const { status, requeueAfterMs } = planDeploymentStatus({ deployment, bounds, fresh, old, created, nowMs });
  const settled = step.create === undefined && (isComplete(deployment, status) || deployment.spec.paused === true);
  const revision = step.create?.metadata.annotations?.[REVISION] ?? revisionText(step, fresh);
  return {
    ...step,
    remove: settled ? beyondHistory(deployment, old) : [],
    status,
    annotations: { ...deployment.metadata.annotations, ...(revision === undefined ? {} : { [REVISION]: revision }) },
    requeueAfterMs,
  };
}

interface View extends DeploymentSnapshot {
  readonly bounds: Bounds;
  readonly fresh: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

type Step = Pick<DeploymentPlan, 'change' | 'create' | 'reason'>;

const nothing = (reason: string): Step => ({ change: [], create: undefined, reason });

function nextStep(view: View): Step {
  const { deployment, fresh, old } = view;
  const all = fresh === undefined ? old : [...old, fresh];
  const resized = all.some((each) => (each.spec.replicas ?? 0) > 0 && isResized(each, view.bounds));
  if (deployment.spec.paused || resized) return withNewNotes(view, resize(view));
  return isRolling(deployment) ? rollingStep(view) : recreateStep(view);
}

/** Whether the Deployment's size changed since the set was scaled last. */
function isResized(replicaSet: ReplicaSet, { replicas }: Bounds): boolean {
  const desired = desiredOf(replicaSet);
  return desired !== undefined && desired !== replicas;
}

/** Only sizes change: no new template is rolled out by it. Source: sync.go, scale. */
function resize(view: View): Step {
  const { deployment, fresh, old, bounds } = view;
  const only = activeOrLatest(fresh, old);
  if (only !== undefined) {
    return { change: scaled([[only, bounds.replicas]], bounds), create: undefined, reason: 'the size changed' };
  }
  if (fresh !== undefined && isSaturated(fresh, bounds)) {
    return {
      change: scaled(
        old.map((each) => [each, 0]),
        bounds,
      ),
      create: undefined,
      reason: 'the new set serves alone',
    };
  }
  if (!isRolling(deployment)) return nothing('a recreation is under way');
  const active = (fresh === undefined ? [...old] : [...old, fresh]).filter(({ spec }) => (spec.replicas ?? 0) > 0);
  const maxBefore = ({ replicaSet }: Share) => maxOf(replicaSet) || (deployment.status?.replicas ?? 0) || 1;
  const sizes = proportionalReplicas({ bounds, shares: active.map(shareOf), maxBefore });
  const change = scaled(
    active.map((each, at) => [each, sizes[at] ?? 0]),
    bounds,
  );
  return { change, create: undefined, reason: 'the size changed in the middle of a rollout' };
}

/** The one set to resize: the only one with pods, or, when none has any, the newest. */
function activeOrLatest(fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = (fresh === undefined ? [...old] : [...old, fresh]).filter(({ spec }) => (spec.replicas ?? 0) > 0);
  if (active.length === 0) return fresh ?? old.at(-1);
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(fresh: ReplicaSet, { replicas }: Bounds): boolean {
  const { spec, status } = fresh;
  return desiredOf(fresh) === replicas && spec.replicas === replicas && (status?.availableReplicas ?? 0) === replicas;
}

function rollingStep(view: View): Step {
  const { bounds, fresh, old } = view;
  const freshShare = fresh === undefined ? undefined : shareOf(fresh);
  const oldShares = old.map(shareOf);
  const grown = newReplicas(bounds, freshShare, oldShares);
  if (fresh === undefined) return { change: [], create: createOf(view, grown), reason: 'there is a new template' };
  const shrunk = oldReplicas(bounds, freshShare, oldShares);
  const change = scaled([...old.map((each, at) => [each, shrunk[at] ?? 0] as const), [fresh, grown]], bounds);
  return withNewNotes(view, { change, create: undefined, reason: change.length === 0 ? 'nothing to do' : 'rolling' });
}

/** Source: kubernetes pkg/controller/deployment/recreate.go, rolloutRecreate. */
function recreateStep(view: View): Step {
  const { bounds, fresh, old, running } = view;
  const left = scaled(
    old.map((each) => [each, 0]),
    bounds,
  );
  if (left.length > 0) return withNewNotes(view, { change: left, create: undefined, reason: 'the old pods go first' });
  const busy = old.some((each) => (each.status?.replicas ?? 0) > 0 || running.has(each.metadata.uid));
  if (busy) return withNewNotes(view, nothing('old pods are still there'));
  if (fresh === undefined) {
    return { change: [], create: createOf(view, bounds.replicas), reason: 'there is a new template' };
  }
  return withNewNotes(view, {
    change: scaled([[fresh, bounds.replicas]], bounds),
    create: undefined,
    reason: 'recreating',
  });
}

function createOf({ deployment, bounds, old }: View, replicas: number): KubeObject {
  const annotations = { ...newAnnotations(deployment, undefined, nextRevision(old)), ...scaleAnnotations(bounds) };
  return replicaSetOf(deployment, { replicas, annotations });
}

function nextRevision(old: readonly ReplicaSet[]): bigint {
  return 1n + old.map(revisionOf).reduce((most, each) => (each > most ? each : most), 0n);
}

/** The step, with what the new set is to note: its revision moves up when an older template comes back. */
function withNewNotes({ deployment, fresh, old, bounds }: View, step: Step): Step {
  if (fresh === undefined) return step;
  const planned = step.change.find(({ replicaSet }) => replicaSet === fresh);
  const sizes = planned === undefined ? {} : scaleAnnotations(bounds);
  const notes = { ...newAnnotations(deployment, fresh, nextRevision(old)), ...sizes };
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const waitsWrong = (fresh.spec.minReadySeconds ?? 0) !== minReadySeconds;
  if (!waitsWrong && equalJson(notes, fresh.metadata.annotations ?? {})) return step;
  const change = { ...planned, replicaSet: fresh, annotations: notes, ...(waitsWrong ? { minReadySeconds } : {}) };
  return { ...step, change: [...step.change.filter((each) => each !== planned), change] };
}

/** Changes of those sets that do not have their size, or note another Deployment's size; shrinking ones first. */
function scaled(sizes: readonly (readonly [ReplicaSet, number])[], bounds: Bounds): readonly ReplicaSetChange[] {
  const notes = scaleAnnotations(bounds);
  const changes: ReplicaSetChange[] = [];
  for (const [replicaSet, replicas] of sizes) {
    const before = replicaSet.metadata.annotations ?? {};
    const annotations = { ...before, ...notes };
    const resized = (replicaSet.spec.replicas ?? 0) !== replicas;
    // A set without pods need not know a size it had no part in.
    if (!resized && (replicas === 0 || equalJson(before, annotations))) continue;
    changes.push({ replicaSet, annotations, ...(resized ? { replicas } : {}) });
  }
  return changes.sort((left, right) => growth(left) - growth(right));
}

function growth({ replicaSet, replicas }: ReplicaSetChange): number {
  return Math.sign((replicas ?? replicaSet.spec.replicas ?? 0) - (replicaSet.spec.replicas ?? 0));
}

function revisionText(step: Step, fresh: ReplicaSet | undefined): string | undefined {
  const planned = step.change.find(({ replicaSet }) => replicaSet === fresh)?.annotations?.[REVISION];
  return planned ?? fresh?.metadata.annotations?.[REVISION];
}

/** Source: kubernetes pkg/controller/deployment/sync.go, cleanupDeployment. */
function beyondHistory({ spec }: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = spec.revisionHistoryLimit ?? 10;
  const surplus = old.length - limit;
  if (surplus <= 0) return [];
  const byRevision = [...old].sort((left, right) => Number(revisionOf(left) - revisionOf(right)));
  return byRevision.slice(0, surplus).filter(isEmpty);
}

function isEmpty({ spec, status, metadata }: ReplicaSet): boolean {
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return seen && (spec.replicas ?? 0) === 0 && (status?.replicas ?? 0) === 0;
}
