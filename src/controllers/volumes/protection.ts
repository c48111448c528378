/** Keeps claims while pods use them and volumes while claims do, by finalizers. */
import {
  CLAIM_PROTECTION,
  claimsOf,
  isApiError,
  isClaimOfPod,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  type ResourceType,
  type StoredObject,
  VOLUME_PROTECTION,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { BY_CLAIM, claimIndex } from './indexes.ts';

export interface ProtectionDeps {
  readonly client: Pick<Client, 'list' | 'patch'>;
  readonly clock: Clock;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly pods: Informer<Pod>;
}

/** By the keys of claims. Source: kubernetes pkg/controller/volume/pvcprotection/pvc_protection_controller.go (v1.32). */
export function createClaimProtectionController({ client, clock, claims, pods }: ProtectionDeps): Controller {
  const expectations = new Expectations(clock);
  pods.addIndex(BY_CLAIM, claimIndex);

  return {
    name: 'persistent-volume-claim-protection',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const claim = claims.get(key);
      if (claim === undefined) return {};
      const isFree = async () => {
        if (pods.byIndex(BY_CLAIM, key).some((pod) => usesClaim(pod, claim))) return false;
        // Asked anew: a pod that the cache does not know yet may have it mounted.
        const { items } = await client.list(PODS, { namespace: claim.metadata.namespace ?? '' });
        return !items.some((pod) => usesClaim(pod, claim));
      };
      const written = await protect({
        client,
        resource: PERSISTENT_VOLUME_CLAIMS,
        object: claim,
        finalizer: CLAIM_PROTECTION,
        isFree,
      });
      if (written !== undefined) expectations.wrote(key, claims, written);
      return {};
    },
  };
}

/** By the names of volumes. Source: kubernetes pkg/controller/volume/pvprotection/pv_protection_controller.go (v1.32). */
export function createVolumeProtectionController({ client, clock, volumes }: ProtectionDeps): Controller {
  const expectations = new Expectations(clock);
  return {
    name: 'persistent-volume-protection',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const object = volumes.get(key);
      if (object === undefined) return {};
      const isFree = () => object.status?.phase !== 'Bound';
      const written = await protect({
        client,
        resource: PERSISTENT_VOLUMES,
        object,
        finalizer: VOLUME_PROTECTION,
        isFree,
      });
      if (written !== undefined) expectations.wrote(key, volumes, written);
      return {};
    },
  };
}

/** A pod without a node has mounted nothing; one that ended still counts, as its claim may be read from it. */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false;
  const isShutDown = pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;
  return claimsOf(pod).some(
    ({ claim: name, ephemeral }) =>
      name === claim.metadata.name && (!ephemeral || (!isShutDown && isClaimOfPod(claim, pod))),
  );
}

interface Protected<T extends StoredObject> {
  readonly client: Pick<Client, 'patch'>;
  readonly resource: ResourceType<T>;
  readonly object: T;
  readonly finalizer: string;
  /** Asked only of an object that is going. */
  readonly isFree: () => boolean | Promise<boolean>;
}

/** Sets the finalizer, or takes it off what is going and free. Answers what it wrote. */
async function protect<T extends StoredObject>(of: Protected<T>): Promise<T | undefined> {
  const { client, resource, object, finalizer, isFree } = of;
  const { finalizers = [], deletionTimestamp, uid, resourceVersion } = object.metadata;
  const isHeld = finalizers.includes(finalizer);
  if (isHeld !== (deletionTimestamp !== undefined)) return undefined;
  if (isHeld && !(await isFree())) return undefined;
  const wanted = isHeld ? finalizers.filter((each) => each !== finalizer) : [...finalizers, finalizer];
  const body = { metadata: { uid, resourceVersion, finalizers: wanted } };
  try {
    return await client.patch(resource, object.metadata, { type: 'merge', body });
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** A claim is looked at when it changes, and when a pod that names it gets a node or goes. */
export function claimProtectionSources({ claims, pods }: Pick<ProtectionDeps, 'claims' | 'pods'>): KeySource[] {
  const isSame = (before: Pod, after: Pod) =>
    before.metadata.uid === after.metadata.uid &&
    before.spec.nodeName === after.spec.nodeName &&
    before.metadata.deletionGracePeriodSeconds === after.metadata.deletionGracePeriodSeconds;
  return [keysFrom(claims), keysFrom(pods, { toKeys: claimIndex, when: (before, after) => !isSame(before, after) })];
}

export function volumeProtectionSources({ volumes }: Pick<ProtectionDeps, 'volumes'>): KeySource[] {
  return [keysFrom(volumes, { toKeys: (volume) => [keyOf(volume)] })];
}
