import type { Pod, PodCondition, PodSpec } from '#api';
import { equalJson, formatTime } from '#base';

/**
 * What a pod is to the scheduler: it `waits` for a node, it `occupies` one, or it is `none` of the scheduler's business
 * (ended, going before it was placed, held by a gate, or another scheduler's).
 */
export type PodStanding = 'waits' | 'occupies' | 'none';

export function standingOf(pod: Pod, schedulerName: string): PodStanding {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') return 'none';
  // A going pod takes its place until it is gone.
  if (pod.spec.nodeName) return 'occupies';
  if (pod.metadata.deletionTimestamp !== undefined) return 'none';
  if ((pod.spec.schedulerName ?? schedulerName) !== schedulerName) return 'none';
  return gatesOf(pod.spec).length > 0 ? 'none' : 'waits';
}

/** Whether a waiting pod asks for something else than before: a reason to try it again. */
export function asksAnew(previous: Pod, current: Pod): boolean {
  return previous.metadata.uid !== current.metadata.uid || !equalJson(previous.spec, current.spec);
}

/** The condition that tells people why a pod has no node; undefined when the pod says so already. */
export function planRefusal(pod: Pod, message: string, nowMs: number): PodCondition | undefined {
  const before = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  if (before?.status === 'False' && before.reason === 'Unschedulable' && before.message === message) return undefined;
  const since = before?.status === 'False' ? before.lastTransitionTime : undefined;
  return {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime: since ?? formatTime(nowMs),
  };
}

function gatesOf(spec: PodSpec): readonly unknown[] {
  const { schedulingGates } = spec as { readonly schedulingGates?: readonly unknown[] };
  return schedulingGates ?? [];
}
