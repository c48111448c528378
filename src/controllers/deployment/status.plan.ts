import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '#api';
import { formatTime } from '#base';
import type { Bounds } from './rolling.plan.ts';

/** Source of all reasons and messages: kubernetes pkg/controller/deployment/util/deployment_util.go (v1.32). */
export interface DeploymentView {
  readonly deployment: Deployment;
  readonly bounds: Bounds;
  /** The set of the current template, when there is one already. */
  readonly fresh: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  /** Name of a set that is made in this pass. */
  readonly created: string | undefined;
  readonly nowMs: number;
}

export interface StatusPlan {
  readonly status: DeploymentStatus;
  /** When the progress deadline passes, if nothing happens before. */
  readonly requeueAfterMs: number | undefined;
}

/** "Never", as Kubernetes writes it: the largest int32. */
const NO_DEADLINE = 2_147_483_647;

export function planDeploymentStatus(view: DeploymentView): StatusPlan {
  const counts = countsOf(view);
  const before = view.deployment.status?.conditions ?? [];
  let conditions = setCondition(before, availableOf(view, counts), view.nowMs);
  conditions = withProgress(view, counts, conditions);
  const failure = failureOf(view);
  conditions =
    failure === undefined
      ? conditions.filter(({ type }) => type !== 'ReplicaFailure')
      : setCondition(conditions, failure, view.nowMs);
  const { conditions: _, ...rest } = counts;
  const status = conditions.length === 0 ? rest : { ...rest, conditions: [...conditions] };
  return { status, requeueAfterMs: untilDeadlineMs(view, status) };
}

/** Whether everything is new, and serves. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const replicas = spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

function countsOf({ deployment, fresh, old }: DeploymentView): DeploymentStatus {
  const all = fresh === undefined ? old : [...old, fresh];
  const sum = (value: (each: ReplicaSet) => number | undefined) => all.reduce((n, each) => n + (value(each) ?? 0), 0);
  const available = sum(({ status }) => status?.availableReplicas);
  const wanted = sum(({ spec }) => spec.replicas);
  return {
    ...deployment.status,
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(({ status }) => status?.replicas) || undefined,
    updatedReplicas: fresh?.status?.replicas || undefined,
    readyReplicas: sum(({ status }) => status?.readyReplicas) || undefined,
    availableReplicas: available || undefined,
    unavailableReplicas: Math.max(0, wanted - available) || undefined,
  } as DeploymentStatus;
}

type Said = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

function availableOf({ bounds }: DeploymentView, counts: DeploymentStatus): Said {
  return (counts.availableReplicas ?? 0) >= bounds.replicas - bounds.maxUnavailable
    ? said('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
    : said('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.');
}

/** Source: kubernetes pkg/controller/deployment/progress.go, syncRolloutStatus, and sync.go, checkPausedConditions. */
function withProgress(
  view: DeploymentView,
  counts: DeploymentStatus,
  conditions: readonly DeploymentCondition[],
): readonly DeploymentCondition[] {
  const { deployment, fresh, created, nowMs } = view;
  if (deadlineOf(deployment) === undefined) return conditions.filter(({ type }) => type !== 'Progressing');
  const current = conditions.find(({ type }) => type === 'Progressing');
  const paused = pausedCondition(deployment, current);
  if (paused !== undefined) return setCondition(conditions, paused, nowMs);
  if (deployment.spec.paused) return conditions;
  const name = fresh?.metadata.name ?? created;
  const what = name === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${name}"`;
  if (created !== undefined) {
    return setCondition(
      conditions,
      said('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${created}"`),
      nowMs,
    );
  }
  const done = counts.replicas === counts.updatedReplicas && current?.reason === 'NewReplicaSetAvailable';
  if (done) return conditions;
  if (isComplete(deployment, counts)) {
    const message = `${what} has successfully progressed.`;
    return setCondition(conditions, said('Progressing', 'True', 'NewReplicaSetAvailable', message), nowMs);
  }
  if (hasProgressed(deployment.status ?? {}, counts)) {
    const next = said('Progressing', 'True', 'ReplicaSetUpdated', `${what} is progressing.`);
    return refreshCondition(conditions, next, nowMs);
  }
  if (isTimedOut(deployment, current, nowMs)) {
    const message = `${what} has timed out progressing.`;
    return setCondition(conditions, said('Progressing', 'False', 'ProgressDeadlineExceeded', message), nowMs);
  }
  if (current === undefined && fresh !== undefined) {
    const message = `Found new replica set "${fresh.metadata.name}"`;
    return setCondition(conditions, said('Progressing', 'True', 'FoundNewReplicaSet', message), nowMs);
  }
  return conditions;
}

function pausedCondition({ spec }: Deployment, current: DeploymentCondition | undefined): Said | undefined {
  if (current?.reason === 'ProgressDeadlineExceeded') return undefined;
  const said_ = current?.reason === 'DeploymentPaused';
  if (spec.paused && !said_) return said('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused');
  if (!spec.paused && said_) return said('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed');
  return undefined;
}

/** Pods came up, or old ones went. */
function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: Deployment, current: DeploymentCondition | undefined, nowMs: number): boolean {
  if (current === undefined || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  return nowMs >= deadlineAtMs(deployment, current);
}

function untilDeadlineMs({ deployment, nowMs }: DeploymentView, status: DeploymentStatus): number | undefined {
  const current = status.conditions?.find(({ type }) => type === 'Progressing');
  if (current === undefined || deployment.spec.paused || isComplete(deployment, status)) return undefined;
  if (current.reason === 'NewReplicaSetAvailable' || current.reason === 'ProgressDeadlineExceeded') return undefined;
  const atMs = deadlineAtMs(deployment, current);
  return Number.isFinite(atMs) ? Math.max(0, atMs - nowMs) : undefined;
}

function deadlineAtMs(deployment: Deployment, { lastUpdateTime }: DeploymentCondition): number {
  return Date.parse(lastUpdateTime ?? '') + (deadlineOf(deployment) ?? Number.POSITIVE_INFINITY) * 1_000;
}

function deadlineOf({ spec }: Deployment): number | undefined {
  const { progressDeadlineSeconds } = spec;
  return progressDeadlineSeconds === NO_DEADLINE ? undefined : progressDeadlineSeconds;
}

/** The new set's trouble first, then any other's. */
function failureOf({ fresh, old }: DeploymentView): Said | undefined {
  for (const each of fresh === undefined ? old : [fresh, ...old]) {
    const failure = each.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (failure?.status === 'True') {
      return said('ReplicaFailure', 'True', failure.reason ?? '', failure.message ?? '');
    }
  }
  return undefined;
}

function said(type: string, status: string, reason: string, message: string): Said {
  return { type, status, reason, message };
}

/** A condition of the same status and reason stays as it is, message and times included. */
function setCondition(
  conditions: readonly DeploymentCondition[],
  next: Said,
  nowMs: number,
): readonly DeploymentCondition[] {
  const before = conditions.find(({ type }) => type === next.type);
  if (before?.status === next.status && before.reason === next.reason) return conditions;
  return refreshCondition(conditions, next, nowMs);
}

/** Tells the time of the update anew, whatever the condition said before. */
function refreshCondition(
  conditions: readonly DeploymentCondition[],
  next: Said,
  nowMs: number,
): readonly DeploymentCondition[] {
  const now = formatTime(nowMs);
  const before = conditions.find(({ type }) => type === next.type);
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now;
  const set: DeploymentCondition = { ...next, lastUpdateTime: now, lastTransitionTime };
  return [...conditions.filter(({ type }) => type !== next.type), set];
}
