import { NODES, type Node, PODS, type Pod } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type Informer, type KeySource, keyOf, keysFrom, type ReconcileResult } from '#reconcile';
import { inBatches } from '../shared/batches.ts';
import { type Disruption, markDisrupted } from '../shared/disrupted.ts';
import { isFinished } from '../shared/pods.plan.ts';
import { BY_NODE, nodeIndex } from './by-node.ts';
import { planSurplus } from './pod-collection.plan.ts';
import { isDown } from './zone.plan.ts';

export interface PodCollectionDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
}

export interface PodCollectionOptions {
  /** How long a node must be gone before its pods go. Source: kubernetes pkg/controller/podgc, quarantineTime (v1.32). */
  readonly quarantineMs: number;
  /** Ended pods that are kept. Source: kube-controller-manager's --terminated-pod-gc-threshold (v1.32). */
  readonly keepFinished: number;
  /** Of those that are too many, so many go in one pass. */
  readonly burst: number;
}

export const podCollectionDefaults: PodCollectionOptions = { quarantineMs: 40_000, keepFinished: 12_500, burst: 500 };

const FINISHED = 'finished';
/** Until more of them go, in ms: what went is seen by then. */
const MORE_MS = 100;

/** Source: kubernetes pkg/controller/podgc/gc_controller.go, gcOrphaned (v1.32). */
const LOST: Disruption = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists', failed: true };
/** What a person says of a node that is off for certain: its pods will end no more. Source: api core/v1 well_known_taints.go (v0.32). */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

function isOutOfService(node: Node): boolean {
  return isDown(node) && node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true;
}

/** Whether a pod that goes has nobody to end it. Source: gc_controller.go, gcTerminating and gcUnscheduledTerminating. */
function isAbandoned({ metadata, spec }: Pod, node: Node | undefined): boolean {
  if (metadata.deletionTimestamp === undefined) return false;
  return node === undefined ? !spec.nodeName : isOutOfService(node);
}

/**
 * Deletes pods that nobody else will end, and the oldest of too many ended pods. What had not ended has failed: so says
 * its status before it goes, for the sake of whoever counts.
 */
export function createPodCollectionController(deps: PodCollectionDeps, options = podCollectionDefaults): Controller {
  const { client, clock, nodes, pods } = deps;
  /** Since when a pod's node is known to be gone. */
  const lost = new Map<string, number>();
  pods.addIndex(BY_NODE, nodeIndex);
  pods.addIndex(FINISHED, (pod) => (isFinished(pod) ? ['yes'] : []));

  return {
    name: 'pod-collection',
    async reconcile(key, signal) {
      const pod = pods.get(key);
      const name = pod?.spec.nodeName;
      const node = name === undefined ? undefined : nodes.get(name);
      if (pod === undefined || !name || node !== undefined) {
        lost.delete(key);
        if (pod === undefined) return {};
        if (isAbandoned(pod, node)) await remove(pod, { failed: true });
        else if (isFinished(pod)) return await makeRoom(signal);
        return {};
      }
      const nowMs = clock.monotonicMs();
      const sinceMs = lost.get(key) ?? nowMs;
      lost.set(key, sinceMs);
      const leftMs = sinceMs + options.quarantineMs - nowMs;
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      if ((await client.get(NODES, { name })) === undefined) await remove(pod, LOST);
      return {};
    },
  };

  /** Whichever ended last: those that are given up for it ended long ago, and nothing else would bring them up. */
  async function makeRoom(signal: AbortSignal): Promise<ReconcileResult> {
    const finished = pods.byIndex(FINISHED, 'yes');
    const surplus = planSurplus({ finished, keep: options.keepFinished, burst: options.burst });
    const { error } = await inBatches(surplus, (each) => remove(each), signal);
    if (error !== undefined) throw error;
    return surplus.length < options.burst ? {} : { requeueAfterMs: MORE_MS };
  }

  async function remove(pod: Pod, disruption: Disruption = {}): Promise<void> {
    if (!(await markDisrupted(client, pod, disruption, clock.nowMs()))) return;
    const preconditions = { uid: pod.metadata.uid };
    await client.delete(PODS, pod.metadata, { gracePeriodSeconds: 0, preconditions });
  }
}

/** A pod is looked at when it gets a node, goes or ends, and with all others of its node when that comes, goes or is given up. */
export function podCollectionSources({ nodes, pods }: Pick<PodCollectionDeps, 'nodes' | 'pods'>): KeySource[] {
  const onNode = ({ metadata }: Node) => pods.byIndex(BY_NODE, metadata.name).map(keyOf);
  const same = (left: Pod, right: Pod) =>
    left.metadata.uid === right.metadata.uid &&
    left.spec.nodeName === right.spec.nodeName &&
    isFinished(left) === isFinished(right) &&
    left.metadata.deletionTimestamp === right.metadata.deletionTimestamp;
  const standsAlike = (left: Node, right: Node) =>
    left.metadata.uid === right.metadata.uid && isOutOfService(left) === isOutOfService(right);
  return [
    keysFrom(pods, { when: (previous, current) => !same(previous, current) }),
    keysFrom(nodes, { toKeys: onNode, when: (previous, current) => !standsAlike(previous, current) }),
  ];
}
