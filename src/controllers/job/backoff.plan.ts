import type { Pod } from '#api';
import { type BackoffOptions, backoffMs } from '#base';
import { endedAtMs } from './job-pods.plan.ts';

/** Between the failure of a pod and the one that replaces it, ms. Source: kubernetes pkg/controller/job/job_controller.go, DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff (v1.32). */
const BACKOFF: BackoffOptions = { initialMs: 10_000, maxMs: 600_000 };

/** The failures in a row since a pod last succeeded. */
export interface Failures {
  readonly count: number;
  /** When the last of them was, in Unix ms. */
  readonly lastMs: number;
}

export const NO_FAILURES: Failures = { count: 0, lastMs: 0 };

/**
 * The failures in a row after some more pods have ended.
 * Source: kubernetes pkg/controller/job/backoff_utils.go, newBackoffRecord (v1.32).
 */
export function withEnded(before: Failures, succeeded: readonly Pod[], failed: readonly Pod[]): Failures {
  const lastSuccessMs = Math.max(Number.NEGATIVE_INFINITY, ...succeeded.map(endedAtMs));
  const since = failed.map(endedAtMs).filter((atMs) => atMs > lastSuccessMs);
  const kept = succeeded.length === 0 ? before : NO_FAILURES;
  return since.length === 0 ? kept : { count: kept.count + since.length, lastMs: Math.max(...since) };
}

/** How long the next pod has to wait, in ms. */
export function waitMs({ count, lastMs }: Failures, nowMs: number): number {
  return count === 0 ? 0 : Math.max(0, backoffMs(count, BACKOFF) - (nowMs - lastMs));
}
