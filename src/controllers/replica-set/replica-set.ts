import { isApiError, type KubeObject, PODS, type Pod, REPLICA_SETS, type ReplicaSet, selectorFromObject } from '#api';
import { type Clock, equalJson, errorMessage } from '#base';
import type { Client } from '#client';
import {
  type Controller,
  type EventRecorder,
  Expectations,
  type Informer,
  type KeySource,
  keyOf,
  keysFrom,
} from '#reconcile';
import { type BatchResult, inBatches } from '../shared/batches.ts';
import { claim } from '../shared/claim.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf, controllerReference } from '../shared/owners.plan.ts';
import { conditionOf, isActive } from '../shared/pods.plan.ts';
import { writeStatus } from '../shared/write-status.ts';
import { planReplicaSet, withReplicaFailure } from './replica-set.plan.ts';

export interface ReplicaSetDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
}

export interface ReplicaSetOptions {
  /** Source: kubernetes pkg/controller/replicaset/replica_set.go, BurstReplicas (v1.32). */
  readonly burst: number;
}

export const replicaSetDefaults: ReplicaSetOptions = { burst: 500 };

/** Keeps the number of a ReplicaSet's active pods at `spec.replicas`. Sole writer of ReplicaSet status. */
export function createReplicaSetController(deps: ReplicaSetDeps, options = replicaSetDefaults): Controller {
  const { client, clock, events, replicaSets, pods } = deps;
  const expectations = new Expectations(clock);
  pods.addIndex(BY_CONTROLLER, controllerIndex);

  return {
    name: 'replica-set',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const replicaSet = replicaSets.get(key);
      if (replicaSet === undefined) return {};
      const { selector } = replicaSet.spec;
      const owned = await claim(
        { client, informer: pods, expectations },
        { owner: replicaSet, resource: REPLICA_SETS, selector },
      );
      const plan = planReplicaSet({ replicaSet, pods: owned, nowMs: clock.nowMs(), burst: options.burst });

      const deleted = await inBatches(plan.delete, (pod) => deletePod(key, replicaSet, pod), signal);
      const made = await inBatches(Array(plan.create).fill(replicaSet), (owner) => createPod(key, owner), signal);
      signal.throwIfAborted();
      const failure = failureOf(deleted, made);
      const status = withReplicaFailure(plan.status, failure, clock.nowMs());
      const written = await writeStatus(client, REPLICA_SETS, replicaSet, { status });
      if (written !== undefined) expectations.wrote(key, replicaSets, written);

      if (failure !== undefined && !isRefused(failure.error)) throw failure.error;
      return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
    },
  };

  async function createPod(key: string, replicaSet: ReplicaSet): Promise<void> {
    try {
      const pod = expectations.wrote(key, pods, await client.create(PODS, podOf(replicaSet)));
      const message = `Created pod: ${pod.metadata.name}`;
      events.record(replicaSet, { type: 'Normal', reason: 'SuccessfulCreate', message });
    } catch (error) {
      if (isNamespaceGoing(error)) return;
      const message = `Error creating: ${errorMessage(error)}`;
      events.record(replicaSet, { type: 'Warning', reason: 'FailedCreate', message });
      throw error;
    }
  }

  async function deletePod(key: string, replicaSet: ReplicaSet, pod: Pod): Promise<void> {
    try {
      const preconditions = { uid: pod.metadata.uid };
      expectations.removed(key, pods, pod, await client.delete(PODS, pod.metadata, { preconditions }));
      const message = `Deleted pod: ${pod.metadata.name}`;
      events.record(replicaSet, { type: 'Normal', reason: 'SuccessfulDelete', message });
    } catch (error) {
      if (isApiError(error, 'Conflict')) return; // Another pod of that name: this one is gone.
      const message = `Error deleting: ${errorMessage(error)}`;
      events.record(replicaSet, { type: 'Warning', reason: 'FailedDelete', message });
      throw error;
    }
  }
}

/** Which ReplicaSets a change concerns: the set itself, a pod's owner, and for nobody's pod every set that selects it. */
export function replicaSetSources({ replicaSets, pods }: Pick<ReplicaSetDeps, 'replicaSets' | 'pods'>): KeySource[] {
  const toKeys = (pod: Pod): Iterable<string> => {
    const controller = controllerOf(pod);
    if (controller !== undefined) {
      return controller.kind === REPLICA_SETS.kind ? [`${pod.metadata.namespace}/${controller.name}`] : [];
    }
    return replicaSets
      .list(pod.metadata.namespace)
      .filter(({ spec }) => selectorFromObject(spec.selector).matches(pod.metadata.labels))
      .map(keyOf);
  };
  return [keysFrom(replicaSets), keysFrom(pods, { toKeys, when: (before, after) => !countsTheSame(before, after) })];
}

/** Whether a change leaves alone all that a ReplicaSet counts: a pod that is given its node is no news, for example. */
function countsTheSame(before: Pod, after: Pod): boolean {
  const [was, is] = [conditionOf(before, 'Ready'), conditionOf(after, 'Ready')];
  return (
    before.metadata.uid === after.metadata.uid &&
    isActive(before) === isActive(after) &&
    was?.status === is?.status &&
    was?.lastTransitionTime === is?.lastTransitionTime &&
    equalJson(before.metadata.labels, after.metadata.labels) &&
    equalJson(before.metadata.ownerReferences, after.metadata.ownerReferences)
  );
}

function podOf(replicaSet: ReplicaSet): KubeObject {
  const { template } = replicaSet.spec;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  const { name, namespace } = replicaSet.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(replicaSet, REPLICA_SETS)],
    },
    spec: template?.spec,
  };
}

function failureOf(deleted: BatchResult, made: BatchResult) {
  if (deleted.error !== undefined) return { reason: 'FailedDelete', error: deleted.error } as const;
  if (made.error !== undefined) return { reason: 'FailedCreate', error: made.error } as const;
  return undefined;
}

/** No pod can be made in a namespace that is going, and none needs to. */
function isNamespaceGoing(error: unknown): boolean {
  return (
    isApiError(error, 'Forbidden') &&
    error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true
  );
}

/** The condition says it; trying again before anything changes would be refused again. */
function isRefused(error: unknown): boolean {
  return isApiError(error, 'Invalid');
}
