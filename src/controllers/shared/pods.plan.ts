import type { Pod, PodCondition } from '#api';

export function conditionOf({ status }: Pick<Pod, 'status'>, type: string): PodCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Whether all its containers have ended for good. */
export function isFinished({ status }: Pick<Pod, 'status'>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether it counts as a replica: neither finished nor going. Source: kubernetes pkg/controller/controller_utils.go, IsPodActive (v1.32). */
export function isActive(pod: Pick<Pod, 'status' | 'metadata'>): boolean {
  return !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function isReady(pod: Pick<Pod, 'status'>): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/**
 * When a ready pod counts as available, in Unix ms: after being ready for `minReadySeconds`. Undefined when not ready.
 * Source: kubernetes pkg/api/v1/pod/util.go, IsPodAvailable (v1.32).
 */
export function availableAtMs(pod: Pick<Pod, 'status'>, minReadySeconds: number): number | undefined {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds === 0) return 0;
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '');
  return Number.isNaN(sinceMs) ? undefined : sinceMs + minReadySeconds * 1_000;
}
