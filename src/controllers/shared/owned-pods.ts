import { isApiError, type KubeObject, PODS, type Pod, type StoredObject } from '#api';
import { errorMessage } from '#base';
import type { Client } from '#client';
import type { EventRecorder, Expectations, Informer } from '#reconcile';
import { isNamespaceGoing } from './namespace-going.plan.ts';

export interface OwnedPodsDeps {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly pods: Informer<Pod>;
  readonly expectations: Expectations;
}

/** Makes and deletes the pods of an owner, and tells of it in events. `key`: the owner's, for its expectations. */
export interface OwnedPods {
  /** In a namespace that is going nothing is made, and that is no failure. */
  create(key: string, owner: StoredObject, pod: KubeObject): Promise<void>;
  /** Deletes exactly this pod: another one of that name is left alone. */
  remove(key: string, owner: StoredObject, pod: Pod): Promise<void>;
}

/** How events tell of a pod that was made or deleted. */
export interface PodWords {
  done(verb: 'create' | 'delete', pod: string, owner: StoredObject): string;
  failed(verb: 'create' | 'delete', pod: string, owner: StoredObject, why: string): string;
}

const POD_WORDS: PodWords = {
  done: (verb, pod) => `${verb === 'create' ? 'Created' : 'Deleted'} pod: ${pod}`,
  failed: (verb, _pod, _owner, why) => `Error ${verb === 'create' ? 'creating' : 'deleting'}: ${why}`,
};

export function createOwnedPods(
  { client, events, pods, expectations }: OwnedPodsDeps,
  words: PodWords = POD_WORDS,
): OwnedPods {
  return {
    async create(key, owner, object) {
      try {
        const pod = expectations.wrote(key, pods, await client.create(PODS, object));
        const message = words.done('create', pod.metadata.name, owner);
        events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message });
      } catch (error) {
        if (isNamespaceGoing(error)) return;
        const message = words.failed('create', object.metadata.name ?? '', owner, errorMessage(error));
        events.record(owner, { type: 'Warning', reason: 'FailedCreate', message });
        throw error;
      }
    },

    async remove(key, owner, pod) {
      try {
        const preconditions = { uid: pod.metadata.uid };
        expectations.removed(key, pods, pod, await client.delete(PODS, pod.metadata, { preconditions }));
        const message = words.done('delete', pod.metadata.name, owner);
        events.record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message });
      } catch (error) {
        if (isApiError(error, 'Conflict')) throw error; // Two writers met: the pass is made again, and nobody is told.
        const message = words.failed('delete', pod.metadata.name, owner, errorMessage(error));
        events.record(owner, { type: 'Warning', reason: 'FailedDelete', message });
        throw error;
      }
    },
  };
}
