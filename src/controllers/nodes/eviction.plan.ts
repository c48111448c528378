import type { Pod, Taint } from '#api';
import { tolerates } from '#scheduler';
import { NOT_READY, UNREACHABLE } from './node-lifecycle.plan.ts';

export interface EvictionSnapshot {
  readonly pod: Pod;
  readonly taints: readonly Taint[];
  /** How long a pod that says nothing stays on a node that is down. */
  readonly unsaidMs: number;
  /** When taints without a time of their own were first seen on its node. */
  readonly seenMs: number;
}

/**
 * When a pod has to leave its node, in Unix ms; undefined when it may stay.
 * Source: kubernetes pkg/controller/tainteviction/taint_eviction.go and
 * plugin/pkg/admission/defaulttolerationseconds (v1.32).
 */
export function planEviction({ pod, taints, unsaidMs, seenMs }: EvictionSnapshot): number | undefined {
  const ends = taints
    .filter(({ effect }) => effect === 'NoExecute')
    .map(
      (taint) => (taint.timeAdded === undefined ? seenMs : Date.parse(taint.timeAdded)) + staysMs(pod, taint, unsaidMs),
    );
  const end = Math.min(...ends);
  return Number.isFinite(end) ? end : undefined;
}

/** The shortest that any matching toleration allows. */
function staysMs({ spec }: Pod, taint: Taint, unsaidMs: number): number {
  const matching = (spec.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
  if (matching.length > 0) {
    return Math.min(...matching.map((each) => Math.max(0, each.tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1_000));
  }
  return taint.key === NOT_READY || taint.key === UNREACHABLE ? unsaidMs : 0;
}
