/**
 * How fast a number of pods may follow what is asked for. Source of rules and words: kubernetes
 * pkg/controller/podautoscaler/horizontal.go, normalizeDesiredReplicas and normalizeDesiredReplicasWithBehaviors (v1.32).
 */
import type { HorizontalPodAutoscaler, HPAScalingPolicy, HPAScalingRules } from '#api';

/** What is remembered of one autoscaler; times by a clock that never jumps. All of it may be lost. */
export interface Memory {
  /** What was asked for at each look, before any of this. */
  readonly recommendations: readonly { readonly atMs: number; readonly replicas: number }[];
  /** By how much it was scaled, up or (negative) down. */
  readonly changes: readonly { readonly atMs: number; readonly by: number }[];
}

export interface Range {
  readonly current: number;
  readonly min: number;
  readonly max: number;
}

export interface Verdict {
  readonly replicas: number;
  /** Reasons and messages of the conditions AbleToScale and ScalingLimited. */
  readonly able: Reason;
  readonly limited: Reason & { readonly status: 'True' | 'False' };
}

export interface Reason {
  readonly reason: string;
  readonly message: string;
}

/** Longest window and longest period that the API takes, ms: nothing older is remembered. Source: validation.go, MaxStabilizationWindowSeconds. */
const REMEMBERED_MS = 3_600_000;
/** So many looks fit in an hour, one each fifteen seconds, with room for those that a change makes. */
const MAX_REMEMBERED = 1_000;

/** What comes of `wanted`, kept to the rules of the autoscaler. */
export function planPace(
  { spec: { behavior } }: HorizontalPodAutoscaler,
  wanted: number,
  range: Range,
  { memory, nowMs, downWindowMs }: { readonly memory: Memory; readonly nowMs: number; readonly downWindowMs: number },
): Verdict {
  const up = behavior?.scaleUp;
  const down = behavior?.scaleDown;
  const since = (windowMs: number) =>
    memory.recommendations.filter(({ atMs }) => atMs > nowMs - windowMs).map(({ replicas }) => replicas);
  // The least that was asked for while going up, the most while going down; in between nothing changes.
  const most = Math.max(wanted, ...since(windowOf(down, downWindowMs)));
  const least = Math.min(wanted, ...since(windowOf(up, 0)));
  const steady = behavior === undefined ? most : Math.min(Math.max(range.current, least), most);
  const changed = (periodSeconds: number) =>
    memory.changes.reduce((sum, { atMs, by }) => (atMs > nowMs - periodSeconds * 1000 ? sum + by : sum), 0);
  const ends = behavior === undefined ? plainEnds(range) : pacedEnds(range, { up, down, changed });
  const isUp = behavior !== undefined && wanted >= range.current;
  const able = steady === wanted ? READY : STABILIZED[isUp ? 'up' : 'down'];
  if (steady > ends.most.replicas) return { replicas: ends.most.replicas, able, limited: ends.most };
  if (steady < ends.least.replicas) return { replicas: ends.least.replicas, able, limited: ends.least };
  return { replicas: steady, able, limited: WITHIN };
}

/** The recommendation noted, and what is too old to matter forgotten. */
export function withRecommendation(memory: Memory, replicas: number, nowMs: number): Memory {
  const isFresh = ({ atMs }: { readonly atMs: number }) => atMs > nowMs - REMEMBERED_MS;
  return {
    recommendations: [...memory.recommendations.filter(isFresh), { atMs: nowMs, replicas }].slice(-MAX_REMEMBERED),
    changes: memory.changes.filter(isFresh),
  };
}

export function withChange(memory: Memory, by: number, nowMs: number): Memory {
  return { ...memory, changes: [...memory.changes, { atMs: nowMs, by }].slice(-MAX_REMEMBERED) };
}

function windowOf(rules: HPAScalingRules | undefined, absentMs: number): number {
  return rules?.stabilizationWindowSeconds === undefined ? absentMs : rules.stabilizationWindowSeconds * 1000;
}

interface End extends Reason {
  readonly status: 'True';
  readonly replicas: number;
}

interface Ends {
  readonly least: End;
  readonly most: End;
}

/** Without rules of its own: up to twice as many, or four, at each look. */
function plainEnds({ current, min, max }: Range): Ends {
  const limit = Math.max(2 * current, 4);
  const most = max > limit ? end(limit, LIMIT.up) : end(max, LIMIT.max);
  return { least: end(min, LIMIT.min), most };
}

interface Pace {
  readonly up: HPAScalingRules | undefined;
  readonly down: HPAScalingRules | undefined;
  /** By how much it was scaled in so many seconds. */
  readonly changed: (periodSeconds: number) => number;
}

function pacedEnds({ current, min, max }: Range, { up, down, changed }: Pace): Ends {
  const proposals = (rules: HPAScalingRules | undefined, of: (policy: HPAScalingPolicy, start: number) => number) =>
    (rules?.policies ?? []).map((policy) => of(policy, current - changed(policy.periodSeconds)));
  // Rounded up where pods come and down where they go: otherwise a small share would never change anything.
  const ups = proposals(up, ({ type, value }, start) =>
    type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100)),
  );
  const downs = proposals(down, ({ type, value }, start) =>
    type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100)),
  );
  const highest = Math.max(current, select(up, ups, { current, fastest: Math.max, slowest: Math.min }));
  const lowest = Math.min(current, select(down, downs, { current, fastest: Math.min, slowest: Math.max }));
  return {
    least: min < lowest ? end(lowest, LIMIT.down) : end(min, LIMIT.min),
    most: max > highest ? end(highest, LIMIT.up) : end(max, LIMIT.max),
  };
}

interface Selection {
  readonly current: number;
  readonly fastest: (...values: number[]) => number;
  readonly slowest: (...values: number[]) => number;
}

/** Which policy decides: the one that changes most, unless the rules say the least, or that nothing changes. */
function select(rules: HPAScalingRules | undefined, proposals: readonly number[], by: Selection): number {
  if (rules?.selectPolicy === 'Disabled') return by.current;
  return rules?.selectPolicy === 'Min' ? by.slowest(...proposals) : by.fastest(...proposals);
}

function end(replicas: number, reason: Reason): End {
  return { ...reason, status: 'True', replicas };
}

const READY: Reason = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };

const STABILIZED = {
  up: {
    reason: 'ScaleUpStabilized',
    message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
  },
  down: {
    reason: 'ScaleDownStabilized',
    message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
  },
} as const;

const WITHIN = {
  status: 'False',
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
} as const;

const LIMIT = {
  up: {
    reason: 'ScaleUpLimit',
    message: 'the desired replica count is increasing faster than the maximum scale rate',
  },
  down: {
    reason: 'ScaleDownLimit',
    message: 'the desired replica count is decreasing faster than the maximum scale rate',
  },
  max: { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' },
  min: { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' },
} as const;
