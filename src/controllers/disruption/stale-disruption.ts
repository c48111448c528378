/** Takes back that a pod is about to go when, two minutes later, nobody has deleted it. */
import { isApiError, type Json, PODS, type Pod } from '#api';
import { type Clock, formatTime } from '#base';
import type { Client } from '#client';
import { type Controller, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { DISRUPTION_TARGET, staleAtMs } from './stale-disruption.plan.ts';

export interface StaleDisruptionDeps {
  readonly client: Pick<Client, 'patch'>;
  readonly clock: Clock;
  readonly pods: Informer<Pod>;
}

export function createStaleDisruptionController({ client, clock, pods }: StaleDisruptionDeps): Controller {
  return {
    name: 'stale-disruption',
    async reconcile(key) {
      const pod = pods.get(key);
      const atMs = pod === undefined ? undefined : staleAtMs(pod);
      if (pod === undefined || atMs === undefined) return {};
      const nowMs = clock.nowMs();
      if (atMs > nowMs) return { requeueAfterMs: atMs - nowMs };
      await takeBack(pod, nowMs);
      return {};
    },
  };

  /** Of the very version that was looked at: somebody may have said it anew. */
  async function takeBack({ metadata, status }: Pod, nowMs: number): Promise<void> {
    const { resourceVersion, uid } = metadata;
    const taken = { type: DISRUPTION_TARGET, status: 'False', lastTransitionTime: formatTime(nowMs) };
    const conditions = (status?.conditions ?? []).map((each) => (each.type === DISRUPTION_TARGET ? taken : each));
    const body = { metadata: { resourceVersion, uid }, status: { conditions: conditions as unknown as Json } };
    try {
      await client.patch(PODS, metadata, { type: 'merge', body }, { subresource: 'status' });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
}

/** A pod is looked at when it is said to go, and no more than that. */
export function staleDisruptionSources({ pods }: Pick<StaleDisruptionDeps, 'pods'>): KeySource[] {
  const toKeys = (pod: Pod) => (staleAtMs(pod) === undefined ? [] : [keyOf(pod)]);
  return [keysFrom(pods, { toKeys })];
}
