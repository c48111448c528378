import { isApiError, PODS, type Pod } from '#api';
import type { Client } from '#client';
import type { Expectations, Informer } from '#reconcile';
import { TRACKING_FINALIZER } from './job-pods.plan.ts';

export interface TrackingDeps {
  readonly client: Pick<Client, 'patch'>;
  readonly pods: Informer<Pod>;
  readonly expectations: Expectations;
}

/** Holds a pod until it is counted. */
export async function holdPod(deps: TrackingDeps, key: string, pod: Pod): Promise<void> {
  await patch(deps, key, pod, { finalizers: [TRACKING_FINALIZER] });
}

/** Takes the hold off, and no other finalizer. One that is going may be gone then. */
export async function letPodGo(deps: TrackingDeps, key: string, pod: Pod): Promise<void> {
  await patch(deps, key, pod, { '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] });
}

async function patch(
  { client, pods, expectations }: TrackingDeps,
  key: string,
  pod: Pod,
  metadata: Readonly<Record<string, string[]>>,
): Promise<void> {
  const { uid } = pod.metadata;
  try {
    const body = { metadata: { uid, ...metadata } };
    const written = await client.patch(PODS, pod.metadata, { type: 'strategic', body });
    expectations.wrote(key, pods, written);
  } catch (error) {
    // Another pod has the name, or none has: this one is gone.
    if (isApiError(error, 'NotFound') || (isApiError(error, 'Conflict') && isGone())) return;
    throw error;
  }

  function isGone(): boolean {
    return pods.get(`${pod.metadata.namespace}/${pod.metadata.name}`)?.metadata.uid !== uid;
  }
}
