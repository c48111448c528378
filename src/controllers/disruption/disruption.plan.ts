/** Source: kubernetes pkg/controller/disruption/disruption.go (v1.32). */
import { intOrPercent, type Pod, type PodDisruptionBudget } from '#api';
import { equalJson, formatTime } from '#base';
import { isReady } from '../shared/pods.plan.ts';

/** How long an evicted pod may still be there before it counts again, in ms. Source: disruption.go, DeletionTimeout. */
export const DELETION_TIMEOUT_MS = 120_000;
const CONDITION = 'DisruptionAllowed';

type BudgetStatus = NonNullable<PodDisruptionBudget['status']>;

/** How many pods there ought to be, as far as it counts: `error` when nobody can tell. */
export type Scale = { readonly replicas: number } | { readonly error: string };

export interface DisruptionSnapshot {
  readonly budget: PodDisruptionBudget;
  /** Those that the budget selects. */
  readonly pods: readonly Pod[];
  /** Of the pods' owners; looked at where `needsScale` says so. */
  readonly scale: Scale;
  readonly nowMs: number;
}

export interface DisruptionPlan {
  readonly status: BudgetStatus;
  /** Evicted pods that did not go. */
  readonly notDeleted: readonly Pod[];
  readonly requeueAfterMs: number | undefined;
  readonly reason: string;
}

/** Whether the budget counts from what its pods' owners want, and not from the pods that are there. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

export function planDisruption(snapshot: DisruptionSnapshot): DisruptionPlan {
  const { budget, pods, nowMs } = snapshot;
  const expected = expectedPods(snapshot);
  if ('error' in expected) {
    const status = failedStatus(budget, expected.error, nowMs);
    return { status, notDeleted: [], requeueAfterMs: undefined, reason: expected.error };
  }
  const { leaving, notDeleted, firstDueMs } = evictedPods(budget, pods, nowMs);
  const currentHealthy = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && !Object.hasOwn(leaving, pod.metadata.name) && isReady(pod),
  ).length;
  const { expectedPods: count, desiredHealthy } = expected;
  // Without pods nothing is allowed: the first ones are safe before anybody has looked at them.
  const disruptionsAllowed = count <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const observedGeneration = budget.metadata.generation ?? 0;
  const verdict =
    disruptionsAllowed > 0
      ? { status: 'True', reason: 'SufficientPods', message: '' }
      : { status: 'False', reason: 'InsufficientPods', message: '' };
  const status: BudgetStatus = {
    currentHealthy,
    desiredHealthy,
    expectedPods: count,
    disruptionsAllowed,
    ...(Object.keys(leaving).length === 0 ? {} : { disruptedPods: leaving }),
    observedGeneration,
    conditions: withVerdict(budget.status?.conditions ?? [], verdict, observedGeneration, nowMs),
  };
  const requeueAfterMs = firstDueMs === undefined ? undefined : firstDueMs - nowMs + 1;
  return {
    status,
    notDeleted,
    requeueAfterMs,
    reason: `${currentHealthy} of ${count} healthy, ${desiredHealthy} wanted`,
  };
}

type Expected = { readonly expectedPods: number; readonly desiredHealthy: number } | { readonly error: string };

function expectedPods({ budget, pods, scale }: DisruptionSnapshot): Expected {
  const { maxUnavailable, minAvailable } = budget.spec ?? {};
  if (typeof minAvailable === 'number' && maxUnavailable === undefined)
    return { expectedPods: pods.length, desiredHealthy: minAvailable };
  if (!needsScale(budget)) return { expectedPods: 0, desiredHealthy: 0 };
  if ('error' in scale) return scale;
  const { replicas } = scale;
  const desiredHealthy =
    maxUnavailable === undefined
      ? intOrPercent(minAvailable ?? 0, replicas, true)
      : Math.max(0, replicas - intOrPercent(maxUnavailable, replicas, true));
  return { expectedPods: replicas, desiredHealthy };
}

/** Those of the budget's evicted pods that are still expected to go, and those that were for too long. */
function evictedPods(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const leaving: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let firstDueMs: number | undefined;
  for (const pod of pods) {
    const { name, creationTimestamp, deletionTimestamp } = pod.metadata;
    const evictedAt = budget.status?.disruptedPods?.[name];
    if (evictedAt === undefined || deletionTimestamp !== undefined) continue;
    // It was another pod of that name, whose place this one took.
    if (Date.parse(evictedAt) < Date.parse(creationTimestamp)) continue;
    const dueMs = Date.parse(evictedAt) + DELETION_TIMEOUT_MS;
    if (dueMs < nowMs) {
      notDeleted.push(pod);
      continue;
    }
    leaving[name] = evictedAt;
    firstDueMs = Math.min(dueMs, firstDueMs ?? dueMs);
  }
  return { leaving, notDeleted, firstDueMs };
}

/** Nothing is allowed while nobody knows; the rest stays as it was last known. Source: disruption.go, failSafe. */
function failedStatus({ status }: PodDisruptionBudget, message: string, nowMs: number): BudgetStatus {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods: count = 0, observedGeneration = 0 } = status ?? {};
  const verdict = { status: 'False', reason: 'SyncFailed', message };
  return {
    ...status,
    currentHealthy,
    desiredHealthy,
    expectedPods: count,
    disruptionsAllowed: 0,
    conditions: withVerdict(status?.conditions ?? [], verdict, observedGeneration, nowMs),
  };
}

interface Verdict {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

type Conditions = NonNullable<BudgetStatus['conditions']>;

function withVerdict(conditions: Conditions, verdict: Verdict, observedGeneration: number, nowMs: number): Conditions {
  const before = conditions.find(({ type }) => type === CONDITION);
  const lastTransitionTime =
    before?.status === verdict.status && before.lastTransitionTime ? before.lastTransitionTime : formatTime(nowMs);
  const condition = { type: CONDITION, ...verdict, observedGeneration, lastTransitionTime };
  if (before !== undefined && equalJson(before, condition)) return conditions;
  return before === undefined
    ? [...conditions, condition]
    : conditions.map((each) => (each.type === CONDITION ? condition : each));
}
