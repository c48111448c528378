import { JOBS, type Job } from '#api';
import { formatTime } from '#base';
import type { Client, NamespacedName } from '#client';

/** Says of a Job that it is over, as its controller would. */
export async function finishJob(
  client: Client,
  job: NamespacedName,
  end: 'Complete' | 'Failed',
  nowMs: number,
): Promise<Job> {
  const now = formatTime(nowMs);
  const before = { Complete: 'SuccessCriteriaMet', Failed: 'FailureTarget' }[end];
  const conditions = [before, end].map((type) => ({
    type,
    status: 'True',
    lastProbeTime: now,
    lastTransitionTime: now,
  }));
  const counted = end === 'Complete' ? { succeeded: 1, completionTime: now } : { failed: 1 };
  const status = { startTime: now, conditions, ready: 0, terminating: 0, uncountedTerminatedPods: {}, ...counted };
  return await client.patch<Job>(JOBS, job, { type: 'merge', body: { status } }, { subresource: 'status' });
}
