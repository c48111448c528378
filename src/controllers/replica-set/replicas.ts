import {
  isApiError,
  type KubeObject,
  type LabelSelectorObject,
  type Pod,
  type ResourceType,
  selectorFromObject,
} from '#api';
import { type Clock, equalJson } from '#base';
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
import { createOwnedPods } from '../shared/owned-pods.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf, controllerReference } from '../shared/owners.plan.ts';
import { conditionOf, isActive } from '../shared/pods.plan.ts';
import { writeStatus } from '../shared/write-status.ts';
import { planReplicaSet, type Replicated, withReplicaFailure } from './replica-set.plan.ts';

/** A kind that keeps a number of pods alike. */
export interface ReplicatedKind<T extends Replicated> {
  /** Of its controller. */
  readonly name: string;
  readonly resource: ResourceType<T>;
  selectorOf(owner: T): LabelSelectorObject | undefined;
}

export interface ReplicasDeps<T extends Replicated> {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly owners: Informer<T>;
  readonly pods: Informer<Pod>;
}

export interface ReplicasOptions {
  /** Source: kubernetes pkg/controller/replicaset/replica_set.go, BurstReplicas (v1.32). */
  readonly burst: number;
}

export const replicasDefaults: ReplicasOptions = { burst: 500 };

/** Keeps the number of an owner's active pods at `spec.replicas`. Sole writer of the kind's status. */
export function createReplicasController<T extends Replicated>(
  { name, resource, selectorOf }: ReplicatedKind<T>,
  deps: ReplicasDeps<T>,
  options = replicasDefaults,
): Controller {
  const { client, clock, events, owners, pods } = deps;
  const expectations = new Expectations(clock);
  const ownedPods = createOwnedPods({ client, events, pods, expectations });
  pods.addIndex(BY_CONTROLLER, controllerIndex);
  owners.addIndex(BY_CONTROLLER, controllerIndex);

  return {
    name,
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const owner = owners.get(key);
      if (owner === undefined) return {};
      const owned = await claim(
        { client, informer: pods, expectations },
        { owner, resource, selector: selectorOf(owner) },
      );
      const view = { replicaSet: owner, pods: owned, ...siblings(owner) };
      const plan = planReplicaSet({ ...view, nowMs: clock.nowMs(), burst: options.burst });

      const deleted = await inBatches(plan.delete, (pod) => ownedPods.remove(key, owner, pod), signal);
      const wanted = Array.from({ length: plan.create }, () => podOf(owner, resource));
      const made = await inBatches(wanted, (pod) => ownedPods.create(key, owner, pod), signal);
      signal.throwIfAborted();
      const failure = failureOf(deleted, made);
      const status = withReplicaFailure(plan.status, failure, clock.nowMs());
      const written = await writeStatus(client, resource, owner, { status });
      if (written !== undefined) expectations.wrote(key, owners, written);

      if (failure !== undefined && !isRefused(failure.error)) throw failure.error;
      return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
    },
  };

  /** Source: kubernetes pkg/controller/replicaset/replica_set.go, getIndirectlyRelatedPods (v1.32). */
  function siblings(owner: T): { readonly related?: readonly Pod[] } {
    const above = controllerOf(owner);
    if (above === undefined) return {};
    const sets = owners.byIndex(BY_CONTROLLER, above.uid);
    return { related: sets.flatMap(({ metadata }) => pods.byIndex(BY_CONTROLLER, metadata.uid)) };
  }
}

/** Which owners a change concerns: the owner itself, a pod's owner, and for nobody's pod every owner that selects it. */
export function replicasSources<T extends Replicated>(
  { resource, selectorOf }: ReplicatedKind<T>,
  { owners, pods }: Pick<ReplicasDeps<T>, 'owners' | 'pods'>,
): KeySource[] {
  const toKeys = (pod: Pod): Iterable<string> => {
    const controller = controllerOf(pod);
    if (controller !== undefined) {
      return controller.kind === resource.kind ? [`${pod.metadata.namespace}/${controller.name}`] : [];
    }
    return owners
      .list(pod.metadata.namespace)
      .filter((owner) => selectorFromObject(selectorOf(owner)).matches(pod.metadata.labels))
      .map(keyOf);
  };
  return [keysFrom(owners), keysFrom(pods, { toKeys, when: (before, after) => !countsTheSame(before, after) })];
}

/** Whether a change leaves alone all that an owner counts: a pod that is given its node is no news, for example. */
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

function podOf(owner: Replicated, resource: ResourceType): KubeObject {
  const { template } = owner.spec;
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  const { name, namespace } = owner.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(owner, resource)],
    },
    spec: template?.spec,
  };
}

function failureOf(deleted: BatchResult, made: BatchResult) {
  if (deleted.error !== undefined) return { reason: 'FailedDelete', error: deleted.error } as const;
  if (made.error !== undefined) return { reason: 'FailedCreate', error: made.error } as const;
  return undefined;
}

/** The condition says it; trying again before anything changes would be refused again. */
function isRefused(error: unknown): boolean {
  return isApiError(error, 'Invalid');
}
