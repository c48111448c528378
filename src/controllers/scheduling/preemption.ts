import { isApiError, type Json, PODS, type Pod } from '#api';
import { errorCode, formatTime, type Log } from '#base';
import type { Client } from '#client';
import { type EventRecorder, type Informer, keyOf } from '#reconcile';

export interface PreemptionDeps {
  readonly client: Pick<Client, 'patch' | 'delete'>;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly pods: Pick<Informer<Pod>, 'get'>;
}

/** A pod that has to go, for which other pod. */
export interface Eviction {
  readonly victim: Pod;
  readonly preemptor: Pod;
  readonly node: string;
  readonly nowMs: number;
}

/**
 * Tells a victim why it goes, then deletes it with its grace period. False when that could not be done; true also when
 * it is gone by itself. Source: kubernetes pkg/scheduler/framework/preemption/preemption.go, prepareCandidate (v1.32).
 */
export async function evict(
  { client, log, events, pods }: PreemptionDeps,
  { victim, preemptor, node, nowMs }: Eviction,
  fieldManager: string,
): Promise<boolean> {
  const { uid } = victim.metadata;
  try {
    const body = { metadata: { uid }, status: { conditions: [disruptionTarget(preemptor, nowMs)] } };
    await client.patch(PODS, victim.metadata, { type: 'strategic', body }, { subresource: 'status', fieldManager });
    await client.delete(PODS, victim.metadata, { preconditions: { uid } });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return true;
    // Another pod may have its name by now. If none is seen, somebody wrote at the same time: it is tried again.
    if (isApiError(error, 'Conflict')) return pods.get(keyOf(victim))?.metadata.uid !== uid;
    log.warn({ key: keyOf(victim), node, code: errorCode(error), err: error }, 'a pod could not be preempted');
    return false;
  }
  const message = `Preempted by pod ${preemptor.metadata.uid} on node ${node}`;
  events.record(victim, { type: 'Normal', reason: 'Preempted', message });
  return true;
}

function disruptionTarget({ spec }: Pod, nowMs: number): Json {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${spec.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: formatTime(nowMs),
  };
}
