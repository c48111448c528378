/** Keeps one pod of a DaemonSet on every node that fits. Sole writer of DaemonSet status. */
import {
  type ControllerRevision,
  DAEMON_SETS,
  type DaemonSet,
  type KubeObject,
  type Node,
  type Pod,
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
import { inBatches } from '../shared/batches.ts';
import { claim } from '../shared/claim.ts';
import { FailureMemory } from '../shared/failures.ts';
import { createOwnedPods } from '../shared/owned-pods.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf, controllerReference } from '../shared/owners.plan.ts';
import { planRevisions, REVISION_LABEL } from '../shared/revisions.plan.ts';
import { carryOutRevisions } from '../shared/revisions.ts';
import { writeStatus } from '../shared/write-status.ts';
import { planDaemonSet, type Removal } from './daemon-set.plan.ts';
import { specFor } from './placement.plan.ts';

export interface DaemonSetDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly daemonSets: Informer<DaemonSet>;
  readonly revisions: Informer<ControllerRevision>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
}

export interface DaemonSetOptions {
  /** Source: kubernetes pkg/controller/daemon/daemon_controller.go, BurstReplicas (v1.32). */
  readonly burst: number;
  /** Before a failed pod of one node is replaced. Source: kubernetes cmd/kube-controller-manager/app/apps.go (v1.32). */
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
}

export const daemonSetDefaults: DaemonSetOptions = { burst: 250, backoff: { initialMs: 1_000, maxMs: 900_000 } };

export function createDaemonSetController(deps: DaemonSetDeps, options = daemonSetDefaults): Controller {
  const { client, clock, events, daemonSets, revisions, pods, nodes } = deps;
  const expectations = new Expectations(clock);
  const ownedPods = createOwnedPods({ client, events, pods, expectations });
  /** By node. */
  const failures = new FailureMemory(clock, options.backoff);
  pods.addIndex(BY_CONTROLLER, controllerIndex);
  revisions.addIndex(BY_CONTROLLER, controllerIndex);

  return {
    name: 'daemon-set',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const daemonSet = daemonSets.get(key);
      if (daemonSet === undefined) {
        failures.forget(key);
        return {};
      }
      const { selector } = daemonSet.spec;
      if (selectorFromObject(selector).requirements.length === 0) {
        const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
        events.record(daemonSet, { type: 'Warning', reason: 'SelectingAll', message });
        return {};
      }
      const claimant = { owner: daemonSet, resource: DAEMON_SETS, selector };
      const owned = await claim({ client, informer: pods, expectations }, claimant);
      const current = await currentRevision(key, daemonSet, owned);
      if (current === undefined) {
        const collisionCount = (daemonSet.status?.collisionCount ?? 0) + 1;
        await write(key, daemonSet, { ...daemonSet.status, collisionCount });
        return { requeueAfterMs: 0 };
      }
      const hash = current.metadata.labels?.[REVISION_LABEL] ?? '';
      const plan = planDaemonSet({
        daemonSet,
        nodes: nodes.list(),
        pods: owned,
        hash,
        nowMs: clock.nowMs(),
        burst: options.burst,
        retryAtMs: (node) => failures.retryAtMs(key, node),
      });
      const removed = await inBatches(plan.remove, (each) => remove(key, daemonSet, each), signal);
      const made = await inBatches(
        plan.create,
        (node) => ownedPods.create(key, daemonSet, podOf(daemonSet, node, hash)),
        signal,
      );
      signal.throwIfAborted();
      await write(key, daemonSet, plan.status);
      const error = removed.error ?? made.error;
      if (error !== undefined) throw error;
      return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
    },
  };

  async function currentRevision(key: string, owner: DaemonSet, owned: readonly Pod[]) {
    const { selector } = owner.spec;
    const claimant = { owner, resource: DAEMON_SETS, selector };
    const known = await claim({ client, informer: revisions, expectations }, claimant);
    const inUse = new Set(owned.map(({ metadata }) => metadata.labels?.[REVISION_LABEL] ?? ''));
    const plan = planRevisions({
      owner,
      resource: DAEMON_SETS,
      revisions: known,
      isInUse: ({ metadata }) => inUse.has(metadata.labels?.[REVISION_LABEL] ?? ''),
      limitCountsInUse: true,
      hashLabel: REVISION_LABEL,
    });
    return carryOutRevisions({ client, revisions, expectations }, { key, owner, plan });
  }

  async function write(key: string, daemonSet: DaemonSet, status: object): Promise<void> {
    const written = await writeStatus(client, DAEMON_SETS, daemonSet, { status });
    if (written !== undefined) expectations.wrote(key, daemonSets, written);
  }

  async function remove(key: string, daemonSet: DaemonSet, { pod, node, ended }: Removal): Promise<void> {
    const at = `${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`;
    if (ended === 'Failed') {
      const message = `Found failed daemon pod ${at}, will try to kill it`;
      events.record(daemonSet, { type: 'Warning', reason: 'FailedDaemonPod', message });
      failures.note(key, node);
    } else if (ended === 'Succeeded') {
      const message = `Found succeeded daemon pod ${at}, will try to delete it`;
      events.record(daemonSet, { type: 'Normal', reason: 'SucceededDaemonPod', message });
    }
    await ownedPods.remove(key, daemonSet, pod);
  }
}

function podOf(daemonSet: DaemonSet, node: string, hash: string): KubeObject {
  const { labels, annotations, finalizers } = daemonSet.spec.template.metadata ?? {};
  const { name, namespace } = daemonSet.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [REVISION_LABEL]: hash, ...templateGeneration(daemonSet) },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(daemonSet, DAEMON_SETS)],
    },
    spec: specFor(daemonSet, node),
  };
}

/** For clients of the old API. Source: api apps/v1 types.go, DeprecatedTemplateGeneration (v0.32). */
function templateGeneration({ metadata }: DaemonSet): Record<string, string> {
  const generation = metadata.annotations?.['deprecated.daemonset.template.generation'];
  return generation === undefined ? {} : { 'pod-template-generation': generation };
}

/** Which DaemonSets a change concerns: itself, the owner of a pod or revision, and all when a node comes, goes or changes. */
export function daemonSetSources({
  daemonSets,
  revisions,
  pods,
  nodes,
}: Pick<DaemonSetDeps, 'daemonSets' | 'revisions' | 'pods' | 'nodes'>): KeySource[] {
  const ofOwned = (object: Pod | ControllerRevision): Iterable<string> => {
    const controller = controllerOf(object);
    if (controller !== undefined) {
      return controller.kind === DAEMON_SETS.kind ? [`${object.metadata.namespace}/${controller.name}`] : [];
    }
    return daemonSets
      .list(object.metadata.namespace)
      .filter(({ spec }) => selectorFromObject(spec.selector).matches(object.metadata.labels))
      .map(keyOf);
  };
  const fitsTheSame = (before: Node, after: Node) =>
    equalJson(before.metadata.labels ?? {}, after.metadata.labels ?? {}) &&
    equalJson(before.spec?.taints ?? [], after.spec?.taints ?? []);
  return [
    keysFrom(daemonSets),
    keysFrom(revisions, { toKeys: ofOwned }),
    keysFrom(pods, { toKeys: ofOwned }),
    keysFrom(nodes, {
      toKeys: () => daemonSets.list().map(keyOf),
      when: (before, after) => !fitsTheSame(before, after),
    }),
  ];
}
