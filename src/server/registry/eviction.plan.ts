/**
 * What a PodDisruptionBudget says to an eviction. Pure.
 * Source: kubernetes pkg/registry/core/pod/storage/eviction.go (v1.32).
 */
import { ApiError, type Pod, type PodDisruptionBudget, selectorFromObject } from '#api';
import { formatTime } from '#base';

/** Pods of a budget that may be on their way out unseen. Source: eviction.go, MaxDisruptedPodSize. */
export const MAX_DISRUPTED_PODS = 2_000;
/** How long a pod that was charged for may still be there, in ms. Source: pkg/controller/disruption/disruption.go, DeletionTimeout. */
const CHARGE_HOLDS_MS = 120_000;
/** When to ask again while a budget is looked at, in seconds. Source: eviction.go, createTooManyRequestsError. */
const RETRY_AFTER_SECONDS = 10;

const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";

/**
 * `now`: nobody guards it; `tells`: its status first says why it goes. `as-it-is`: only if the pod is still in the state that
 * was looked at. `charge`: the budget has to allow one more. `refuse`: nobody knows which budget counts.
 */
export type EvictionPlan =
  | { readonly action: 'now'; readonly tells: boolean; readonly reason: string }
  | { readonly action: 'as-it-is'; readonly budget: string | undefined; readonly reason: string }
  | { readonly action: 'charge'; readonly budget: string; readonly reason: string }
  | { readonly action: 'refuse'; readonly error: ApiError; readonly reason: string };

/** `budgets`: those of the pod's namespace. */
export function planEviction(pod: Pod, budgets: readonly PodDisruptionBudget[]): EvictionPlan {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return { action: 'now', tells: false, reason: 'it has ended' };
  if (pod.metadata.deletionTimestamp !== undefined)
    return { action: 'now', tells: false, reason: 'it is going already' };
  if (phase === 'Pending') return { action: 'as-it-is', budget: undefined, reason: 'it has not begun' };
  const [budget, ...more] = budgets.filter(({ spec }) =>
    selectorFromObject(spec?.selector).matches(pod.metadata.labels),
  );
  if (budget === undefined) return { action: 'now', tells: true, reason: 'no budget selects it' };
  if (more.length > 0) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
    return { action: 'refuse', error: new ApiError('InternalError', message), reason: 'several budgets select it' };
  }
  const { name } = budget.metadata;
  if (!isReady(pod) && isHarmless(budget)) return { action: 'as-it-is', budget: name, reason: 'it is not healthy' };
  return { action: 'charge', budget: name, reason: 'a budget guards it' };
}

/** Whether a pod that is not ready may go without asking the budget. */
function isHarmless({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true;
}

/**
 * The budget with one disruption less, which names the pod so that it counts no longer. A pod for which it was charged
 * already, and which is still awaited to go, is not charged for again: Kubernetes does. Throws the refusal.
 */
export function chargedBudget(budget: PodDisruptionBudget, { metadata: pod }: Pod, nowMs: number): PodDisruptionBudget {
  const { status, metadata } = budget;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {}, conditions = [] } = status ?? {};
  if (status === undefined || observedGeneration < (metadata.generation ?? 0)) throw stillProcessed(metadata.name);
  if (isCharged(disruptedPods[pod.name], pod.creationTimestamp, nowMs)) return budget;
  if (disruptionsAllowed < 0) throw forbidden(metadata.name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(metadata.name, why);
  }
  if (disruptionsAllowed === 0) throw exhausted(budget);
  const left = disruptionsAllowed - 1;
  return {
    ...budget,
    status: {
      ...status,
      disruptionsAllowed: left,
      disruptedPods: { ...disruptedPods, [pod.name]: formatTime(nowMs) },
      ...(left > 0 ? {} : { conditions: withoutRoom(conditions, observedGeneration, nowMs) }),
    },
  };
}

/** Whether an eviction is of this pod, not of an earlier one of its name, and may still be carried out. */
function isCharged(evictedAt: string | undefined, createdAt: string, nowMs: number): boolean {
  if (evictedAt === undefined || Date.parse(evictedAt) < Date.parse(createdAt)) return false;
  return nowMs <= Date.parse(evictedAt) + CHARGE_HOLDS_MS;
}

type Conditions = NonNullable<NonNullable<PodDisruptionBudget['status']>['conditions']>;

/** The controller of budgets says the same a moment later. */
function withoutRoom(conditions: Conditions, observedGeneration: number, nowMs: number): Conditions {
  const type = 'DisruptionAllowed';
  const before = conditions.find((each) => each.type === type);
  const lastTransitionTime =
    before?.status === 'False' && before.lastTransitionTime ? before.lastTransitionTime : formatTime(nowMs);
  const condition = { type, status: 'False', reason: 'InsufficientPods', message: '', observedGeneration };
  return [...conditions.filter((each) => each.type !== type), { ...condition, lastTransitionTime }];
}

function exhausted({ metadata: { name }, status }: PodDisruptionBudget): ApiError {
  const failed = status?.conditions?.find(
    (each) => each.type === 'DisruptionAllowed' && each.status === 'False' && each.reason === 'SyncFailed',
  );
  const { desiredHealthy = 0, currentHealthy = 0 } = status ?? {};
  const message =
    failed === undefined
      ? `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
      : `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${failed.message}`;
  return refusal(message, 0);
}

/** Kubernetes' resource in two of its refusals is the singular. */
function forbidden(name: string, why: string): ApiError {
  const details = { name, group: 'policy', kind: 'poddisruptionbudget' };
  return new ApiError('Forbidden', `poddisruptionbudget.policy "${name}" is forbidden: ${why}`, details);
}

/** The refusal of a budget that nobody has looked at since it, or the pod, changed. */
export function stillProcessed(budget: string): ApiError {
  return refusal(`The disruption budget ${budget} is still being processed by the server.`, RETRY_AFTER_SECONDS);
}

function refusal(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError('TooManyRequests', REFUSED, {
    causes: [{ reason: 'DisruptionBudget', message }],
    retryAfterSeconds,
  });
}

/** The pod with the condition that says why it goes. Source: eviction.go, addConditionAndDeletePod. */
export function disruptedPod(pod: Pod, nowMs: number): Pod {
  const type = 'DisruptionTarget';
  const conditions = pod.status?.conditions ?? [];
  const before = conditions.find((each) => each.type === type);
  const lastTransitionTime =
    before?.status === 'True' && before.lastTransitionTime ? before.lastTransitionTime : formatTime(nowMs);
  const condition = { type, status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
  const others = conditions.filter((each) => each.type !== type);
  return { ...pod, status: { ...pod.status, conditions: [...others, { ...condition, lastTransitionTime }] } };
}
