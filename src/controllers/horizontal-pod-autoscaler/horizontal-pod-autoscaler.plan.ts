/**
 * How many pods an autoscaler wants its target to have, and what it says of that. Source of rules, reasons and messages:
 * kubernetes pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler (v1.32).
 */
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus, MetricStatus, Pod } from '#api';
import { formatTime } from '#base';
import { withCondition } from '../shared/conditions.plan.ts';
import type { PlannedEvent } from '../shared/events.plan.ts';
import { type Memory, planPace, type Range, withRecommendation } from './behavior.plan.ts';
import { type MetricQuestion, planMetric, type Unknown, type Wanted } from './metrics.plan.ts';
import type { UsageOptions } from './usage.plan.ts';

export interface AutoscalerOptions extends UsageOptions {
  /** How long the most that was asked for counts while going down, where `behavior` does not say, ms. */
  readonly downscaleStabilizationMs: number;
}

/** The target as its `scale` shows it. */
export interface Target {
  /** As it is asked for, not as it is. */
  readonly replicas: number;
  /** As text; undefined when it has none. */
  readonly selector?: string;
  /** The pods that the selector finds. */
  readonly pods: readonly Pod[];
  /** All autoscalers whose selectors find some of these pods, by their keys. */
  readonly claimants: readonly string[];
}

export interface AutoscalerSnapshot {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly target: Target | { readonly error: string };
  readonly figures: MetricQuestion['figures'];
  readonly memory: Memory | undefined;
  readonly nowMs: number;
  /** By a clock that never jumps: for windows and periods. */
  readonly monotonicMs: number;
  readonly options: AutoscalerOptions;
}

export interface AutoscalerPlan {
  /** The size that the target is to get, and why; undefined when it keeps its size. */
  readonly rescale?: { readonly replicas: number; readonly reason: string };
  /** As it is when the target has got it. */
  readonly status: HorizontalPodAutoscalerStatus;
  /** What is the case now; told once while it is. */
  readonly events: readonly PlannedEvent[];
  readonly memory: Memory | undefined;
}

type Conditions = NonNullable<HorizontalPodAutoscalerStatus['conditions']>;
type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
type Told = { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };

/** Whether the use of pods matters: a target out of its range is brought into it without a look at them. */
export function isInRange({ spec }: HorizontalPodAutoscaler, { replicas }: Pick<Target, 'replicas'>): boolean {
  return replicas > 0 && replicas >= (spec.minReplicas ?? 1) && replicas <= spec.maxReplicas;
}

export function planAutoscaler(snapshot: AutoscalerSnapshot): AutoscalerPlan {
  const { autoscaler, target, memory, nowMs } = snapshot;
  const { spec, status } = autoscaler;
  const before = status?.conditions ?? [];
  if ('error' in target) {
    const events: readonly PlannedEvent[] = [{ type: 'Warning', reason: 'FailedGetScale', message: target.error }];
    const message = `the HPA controller was unable to get the target's current scale: ${target.error}`;
    const conditions = set(before, 'AbleToScale', { status: 'False', reason: 'FailedGetScale', message }, nowMs);
    return { status: { ...emptyStatus, ...status, conditions }, events, memory };
  }

  const { replicas: current } = target;
  const range: Range = { current, min: spec.minReplicas ?? 1, max: spec.maxReplicas };
  const known = memory ?? withRecommendation({ recommendations: [], changes: [] }, current, snapshot.monotonicMs);
  const conditions = set(before, 'AbleToScale', GOT_SCALE, nowMs);
  const stays = (extra: Pick<Outcome, 'conditions'> & Partial<Outcome>): Outcome => ({
    replicas: current,
    why: '',
    metrics: undefined,
    events: [],
    memory: known,
    ...extra,
  });
  const outcome = (): Outcome => {
    if (current === 0) return stays({ conditions: set(conditions, 'ScalingActive', DISABLED, nowMs) });
    if (current > range.max) return stays({ conditions, replicas: range.max, why: ABOVE_MAX });
    if (current < range.min) return stays({ conditions, replicas: range.min, why: BELOW_MIN });
    return planByMetrics({ ...snapshot, target, range, conditions, known });
  };
  return conclude(snapshot, current, outcome());
}

interface Outcome {
  readonly replicas: number;
  /** Nothing could be said: what was desired before still is. */
  readonly isUnknown?: true;
  readonly why: string;
  readonly metrics: readonly MetricStatus[] | undefined;
  readonly conditions: Conditions;
  readonly events: readonly PlannedEvent[];
  readonly memory: Memory;
}

interface MetricSnapshot extends AutoscalerSnapshot {
  readonly target: Target;
  readonly range: Range;
  readonly conditions: Conditions;
  readonly known: Memory;
}

function planByMetrics(snapshot: MetricSnapshot): Outcome {
  const { autoscaler, target, range, known, nowMs, monotonicMs, options } = snapshot;
  const judged = judge(snapshot);
  const conditions = set(snapshot.conditions, 'ScalingActive', judged.active, nowMs);
  const { metrics, events } = judged;
  if (judged.wanted === undefined) {
    return { replicas: range.current, isUnknown: true, why: '', metrics, conditions, events, memory: known };
  }
  const { replicas: wanted, name } = judged.wanted;
  const downWindowMs = options.downscaleStabilizationMs;
  const pace = planPace(autoscaler, wanted, range, { memory: known, nowMs: monotonicMs, downWindowMs });
  const able = set(conditions, 'AbleToScale', { status: 'True', ...pace.able }, nowMs);
  const { reason, message, status } = pace.limited;
  return {
    replicas: pace.replicas,
    why: wanted > target.replicas ? `${name} above target` : 'All metrics below target',
    metrics,
    conditions: set(able, 'ScalingLimited', { status, reason, message }, nowMs),
    events,
    memory: withRecommendation(known, wanted, monotonicMs),
  };
}

interface Judgement {
  /** Undefined: nothing can be said, and so nothing is changed. */
  readonly wanted?: Pick<Wanted, 'replicas' | 'name'>;
  readonly metrics: readonly MetricStatus[] | undefined;
  readonly active: Told;
  readonly events: readonly PlannedEvent[];
}

/** The most that a metric asks for. What some of them cannot tell never makes the target smaller. */
function judge(snapshot: MetricSnapshot): Judgement {
  const { autoscaler, target, figures, nowMs, options } = snapshot;
  const refusal = refuseSelector(target);
  if (refusal !== undefined) return refusal;
  const { namespace = '' } = autoscaler.metadata;
  const question = { pods: target.pods, figures, replicas: target.replicas, nowMs, options };
  const specs = autoscaler.spec.metrics ?? [];
  const verdicts = specs.map((metric) => planMetric(metric, question, namespace));
  const wanted = verdicts.filter((verdict) => 'replicas' in verdict);
  const unknown = verdicts.filter((verdict) => 'error' in verdict);
  // One that is not known keeps its place: the n-th of the status is the n-th of the spec.
  const metrics = verdicts.map((verdict) => ('status' in verdict ? verdict.status : { type: '' }));
  const events = unknown.map(({ reason, error }) => ({ type: 'Warning', reason, message: error }) as const);
  const [first] = unknown;
  const most = wanted.reduce<Wanted | undefined>(
    (a, b) => (a === undefined || b.replicas > a.replicas ? b : a),
    undefined,
  );
  if (most !== undefined && (first === undefined || most.replicas >= target.replicas)) {
    const message = `the HPA was able to successfully calculate a replica count from ${most.name}`;
    return { wanted: most, metrics, active: { status: 'True', reason: 'ValidMetricFound', message }, events };
  }
  return cannotTell(first, metrics, [...events, failure(first, unknown.length, specs.length)]);
}

function cannotTell(
  unknown: Unknown | undefined,
  metrics: readonly MetricStatus[],
  events: readonly PlannedEvent[],
): Judgement {
  const { reason = 'InvalidMetricSourceType', error = 'there is no metric' } = unknown ?? {};
  const message = `the HPA was unable to compute the replica count: ${error}`;
  return { metrics, active: { status: 'False', reason, message }, events };
}

function failure(first: Unknown | undefined, count: number, of: number): PlannedEvent {
  const why = first === undefined ? '' : `${first.what}: ${first.error}`;
  const message = `invalid metrics (${count} invalid out of ${of}), first error is: ${why}`;
  return { type: 'Warning', reason: 'FailedComputeMetricsReplicas', message };
}

function refuseSelector({ selector, claimants }: Target): Judgement | undefined {
  const refuse = (event: string, reason: string, what: string, told = what): Judgement => ({
    metrics: undefined,
    active: { status: 'False', reason, message: told },
    events: [
      { type: 'Warning', reason: event, message: what },
      { type: 'Warning', reason: 'FailedComputeMetricsReplicas', message: what },
    ],
  });
  if (selector === undefined || selector === '') {
    const told = "the HPA target's scale is missing a selector";
    return refuse('SelectorRequired', 'InvalidSelector', 'selector is required', told);
  }
  if (claimants.length < 2) return undefined;
  const all = claimants.join(' ');
  const what = `pods by selector ${selector} are controlled by multiple HPAs: [${all}]`;
  return refuse('AmbiguousSelector', 'AmbiguousSelector', what);
}

function conclude({ autoscaler, nowMs }: AutoscalerSnapshot, current: number, outcome: Outcome): AutoscalerPlan {
  const { replicas, why, metrics, conditions, events, memory } = outcome;
  const isScaled = replicas !== current;
  const { currentMetrics: _, ...before } = autoscaler.status ?? emptyStatus;
  const message = `the HPA controller was able to update the target scale to ${replicas}`;
  const scaled = { status: 'True', reason: 'SucceededRescale', message } as const;
  const status: HorizontalPodAutoscalerStatus = {
    ...before,
    currentReplicas: current,
    // Before the first decision what there is stands for it: nobody wants none.
    desiredReplicas: outcome.isUnknown === true ? before.desiredReplicas || current : replicas,
    ...(metrics === undefined ? {} : { currentMetrics: [...metrics] }),
    ...(isScaled ? { lastScaleTime: formatTime(nowMs) } : {}),
    conditions: isScaled ? set(conditions, 'AbleToScale', scaled, nowMs) : conditions,
  };
  const rescale = isScaled ? { rescale: { replicas, reason: why } } : {};
  return { ...rescale, status, events, memory };
}

/** The status where the target could not be given its new size. */
export function withFailedRescale(
  plan: AutoscalerPlan,
  before: HorizontalPodAutoscalerStatus | undefined,
  error: string,
  nowMs: number,
): HorizontalPodAutoscalerStatus {
  const message = `the HPA controller was unable to update the target scale: ${error}`;
  const { lastScaleTime: _, ...status } = plan.status;
  return {
    ...status,
    desiredReplicas: before?.desiredReplicas ?? 0,
    ...(before?.lastScaleTime === undefined ? {} : { lastScaleTime: before.lastScaleTime }),
    conditions: set(
      status.conditions ?? [],
      'AbleToScale',
      { status: 'False', reason: 'FailedUpdateScale', message },
      nowMs,
    ),
  };
}

function set(conditions: Conditions, type: ConditionType, told: Told, nowMs: number): Conditions {
  return [...withCondition(conditions, { type, ...told }, nowMs)];
}

const emptyStatus: HorizontalPodAutoscalerStatus = { conditions: [], desiredReplicas: 0 };

const ABOVE_MAX = 'Current number of replicas above Spec.MaxReplicas';
const BELOW_MIN = 'Current number of replicas below Spec.MinReplicas';

const GOT_SCALE: Told = {
  status: 'True',
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
};

const DISABLED: Told = {
  status: 'False',
  reason: 'ScalingDisabled',
  message: 'scaling is disabled since the replica count of the target is zero',
};
