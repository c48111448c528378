import { isApiError, PODS, type Pod, type PodStatus } from '#api';
import { equalJson } from '#base';
import type { Client } from '#client';
import { withCondition } from './conditions.plan.ts';
import { isFinished } from './pods.plan.ts';

export interface Disruption {
  /** Of the condition `DisruptionTarget`: who ends the pod, and why. Jobs decide by it whether to count the failure. */
  readonly reason?: string;
  readonly message?: string;
  /** Nobody will end the pod any more: it has failed. */
  readonly failed?: true;
}

/**
 * Says of a pod why it is ended, before it is deleted: afterwards nobody can. One that has ended keeps how it did.
 * False when it is not this pod any more.
 */
export async function markDisrupted(
  client: Pick<Client, 'patch'>,
  pod: Pod,
  { reason, message, failed }: Disruption,
  nowMs: number,
): Promise<boolean> {
  if (isFinished(pod)) return true;
  const before = pod.status?.conditions ?? [];
  const target = { type: 'DisruptionTarget', status: 'True', reason: reason ?? '', message: message ?? '' };
  const conditions = reason === undefined ? before : withCondition(before, target, nowMs);
  const status: Partial<PodStatus> = {
    ...(conditions === before ? {} : { conditions: conditions.filter(({ type }) => type === target.type) }),
    ...(failed === true ? { phase: 'Failed' } : {}),
  };
  if (equalJson(status as never, {})) return true;
  const body = { metadata: { uid: pod.metadata.uid }, status: status as never };
  try {
    await client.patch(PODS, pod.metadata, { type: 'strategic', body }, { subresource: 'status' });
    return true;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    throw error;
  }
}
