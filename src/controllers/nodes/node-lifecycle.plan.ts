import type { Node, NodeCondition, Taint } from '#api';
import { equalJson, formatTime } from '#base';
import type { Brake } from './zone.plan.ts';

export interface NodeLifecycleSnapshot {
  readonly node: Node;
  /** Since its lease or its status was renewed last. */
  readonly silentMs: number;
  readonly graceMs: number;
  /** What may be done about nodes that are down, seen from its zone and the whole cluster. */
  readonly brake: Brake;
  readonly nowMs: number;
}

export interface NodeLifecyclePlan {
  /** New conditions; undefined when they stay. */
  readonly conditions: readonly NodeCondition[] | undefined;
  /** New taints without any that evicts anew; undefined when they stay. */
  readonly taints: readonly Taint[] | undefined;
  /** The taint that sends pods away: adding it is rationed. */
  readonly evict: Taint | undefined;
  /** Its pods no longer serve, as far as anybody knows. */
  readonly unreachable: boolean;
  readonly requeueAfterMs: number;
  readonly reason: string;
}

/**
 * How much longer than the grace a silent node keeps its pods, in ms. Nodes that one cut took away fall silent within
 * one renewal of a lease (10 s) of each other; only when all of them have, the brake can tell.
 */
const CONFIRM_MS = 10_000;
/** When a node that is down is looked at again: the brake may have changed, or its turn have come. */
const LOOK_AGAIN_MS = 5_000;

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Conditions that a silent node no longer vouches for. */
const VOUCHED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
/** `NetworkUnavailable` repels nobody here: an agent that may not touch the kernel's tables runs pods all the same. */
const TAINT_OF_CONDITION: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
};
/** Taints that are ours to add and to take off. */
const OURS = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(TAINT_OF_CONDITION)]);

export function planNodeLifecycle({ node, silentMs, graceMs, brake, nowMs }: NodeLifecycleSnapshot): NodeLifecyclePlan {
  const silent = silentMs >= graceMs;
  const before = node.status?.conditions ?? [];
  const conditions = silent ? withUnknown(before, nowMs) : before;
  const ready = conditions.find(({ type }) => type === 'Ready')?.status;
  const taints = taintsOf({ node, conditions, brake });
  // One that was called silent before we were there to listen is listened to first, as all the others are for the brake.
  const isUnsure = ready === 'Unknown' && silentMs < graceMs + CONFIRM_MS;
  return {
    conditions: equalJson(conditions, before) ? undefined : conditions,
    taints: equalJson(taints, node.spec?.taints ?? []) ? undefined : taints,
    evict: isUnsure ? undefined : evictionOf({ node, ready, brake, nowMs }),
    unreachable: ready === 'Unknown',
    requeueAfterMs: silent || ready !== 'True' ? LOOK_AGAIN_MS : graceMs - silentMs,
    reason: silent ? `silent for ${Math.round(silentMs / 1_000)} s` : `Ready is ${ready ?? 'not said'}`,
  };
}

function withUnknown(conditions: readonly NodeCondition[], nowMs: number): readonly NodeCondition[] {
  const known = new Map(conditions.map((condition) => [condition.type, condition]));
  for (const type of VOUCHED) {
    const before = known.get(type);
    if (before?.status === 'Unknown') continue;
    known.set(type, {
      ...before,
      type,
      status: 'Unknown',
      reason: before === undefined ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown',
      message: before === undefined ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.',
      lastTransitionTime: formatTime(nowMs),
    });
  }
  return [...known.values()];
}

/** Everybody else's taints, our NoSchedule taints as the conditions say, and our NoExecute taints as long as they hold. */
function taintsOf({
  node,
  conditions,
  brake,
}: {
  readonly node: Node;
  readonly conditions: readonly NodeCondition[];
  readonly brake: Brake;
}): readonly Taint[] {
  const statusOf = (type: string) => conditions.find((condition) => condition.type === type)?.status;
  const down = downKey(statusOf('Ready'));
  const keys = [
    ...(down === undefined ? [] : [down]),
    ...(node.spec?.unschedulable ? [UNSCHEDULABLE] : []),
    ...Object.entries(TAINT_OF_CONDITION).flatMap(([type, key]) => (statusOf(type) === 'True' ? [key] : [])),
  ];
  const kept = (node.spec?.taints ?? []).filter(({ key, effect }) => {
    if (!OURS.has(key)) return true;
    if (effect === 'NoSchedule') return keys.includes(key);
    return key === down && brake !== 'isolated';
  });
  const missing = keys.filter((key) => !kept.some((taint) => taint.key === key && taint.effect === 'NoSchedule'));
  return [...kept, ...missing.map((key): Taint => ({ key, effect: 'NoSchedule' }))];
}

function evictionOf({
  node,
  ready,
  brake,
  nowMs,
}: {
  readonly node: Node;
  readonly ready: string | undefined;
  readonly brake: Brake;
  readonly nowMs: number;
}): Taint | undefined {
  const key = downKey(ready);
  if (key === undefined || ready === undefined || brake === 'shut' || brake === 'isolated') return undefined;
  const there = node.spec?.taints?.some((taint) => taint.key === key && taint.effect === 'NoExecute');
  return there ? undefined : { key, effect: 'NoExecute', timeAdded: formatTime(nowMs) };
}

function downKey(ready: string | undefined): string | undefined {
  if (ready === 'True') return undefined;
  return ready === 'Unknown' ? UNREACHABLE : NOT_READY;
}
