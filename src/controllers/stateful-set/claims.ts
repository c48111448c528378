import {
  isApiError,
  type KubeObject,
  PERSISTENT_VOLUME_CLAIMS,
  type PersistentVolumeClaim,
  type StatefulSet,
} from '#api';
import { errorMessage } from '#base';
import type { Client } from '#client';
import type { EventRecorder, Expectations, Informer } from '#reconcile';
import { isNamespaceGoing } from '../shared/namespace-going.plan.ts';
import type { ClaimOwners, ClaimWork } from './claims.plan.ts';

export interface ClaimKeeperDeps {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly expectations: Expectations;
}

/** Makes claims and gives them their owners, and tells of it in events. Deletes none: that is for whoever collects garbage. */
export interface ClaimKeeper {
  /** Answers whether the pod may have its claims now: false while one of them is being deleted. */
  tend(key: string, statefulSet: StatefulSet, pod: string, work: ClaimWork): Promise<boolean>;
}

export function createClaimKeeper({ client, events, claims, expectations }: ClaimKeeperDeps): ClaimKeeper {
  async function make(key: string, owner: StatefulSet, pod: string, object: KubeObject): Promise<void> {
    const { name = '' } = object.metadata;
    const of = `Pod ${pod} in StatefulSet ${owner.metadata.name}`;
    try {
      expectations.wrote(key, claims, await client.create(PERSISTENT_VOLUME_CLAIMS, object));
      const message = `create Claim ${name} ${of} success`;
      events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message });
    } catch (error) {
      // Somebody else made it meanwhile: its event is on the way.
      if (isApiError(error, 'AlreadyExists') || isNamespaceGoing(error)) return;
      const message = `create Claim ${name} for ${of} failed error: ${errorMessage(error)}`;
      events.record(owner, { type: 'Warning', reason: 'FailedCreate', message });
      throw error;
    }
  }

  async function give(key: string, { claim, ownerReferences }: ClaimOwners): Promise<void> {
    const { metadata } = claim;
    const body = { metadata: { resourceVersion: metadata.resourceVersion, ownerReferences: ownerReferences as never } };
    try {
      const written = await client.patch(PERSISTENT_VOLUME_CLAIMS, metadata, { type: 'merge', body });
      expectations.wrote(key, claims, written);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  return {
    async tend(key, statefulSet, pod, { make: missing, own, going, foreign }) {
      for (const object of missing) await make(key, statefulSet, pod, object);
      for (const name of foreign) {
        const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`;
        events.record(statefulSet, { type: 'Warning', reason: 'ConflictingController', message });
      }
      for (const owners of own) await give(key, owners);
      return going.length === 0;
    },
  };
}
