import type { Pod } from '#api';

export interface SurplusSnapshot {
  /** All pods that have ended. */
  readonly finished: readonly Pod[];
  /** How many of them may stay. */
  readonly keep: number;
  /** Most that go in one pass. */
  readonly burst: number;
}

/**
 * The ended pods that make room, in their order: those that were evicted, then the oldest. What goes already makes room
 * by itself. Source: kubernetes pkg/controller/podgc/gc_controller.go, gcTerminated and byEvictionAndCreationTimestamp (v1.32).
 */
export function planSurplus({ finished, keep, burst }: SurplusSnapshot): readonly Pod[] {
  const staying = finished.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = staying.length - keep;
  return surplus <= 0 ? [] : staying.sort(inOrder).slice(0, Math.min(surplus, burst));
}

function inOrder(left: Pod, right: Pod): number {
  const evicted = Number(wasEvicted(right)) - Number(wasEvicted(left));
  const age = Date.parse(left.metadata.creationTimestamp) - Date.parse(right.metadata.creationTimestamp);
  return evicted || age || (left.metadata.uid < right.metadata.uid ? -1 : 1);
}

function wasEvicted({ status }: Pod): boolean {
  return status?.reason === 'Evicted';
}
