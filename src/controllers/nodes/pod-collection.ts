import { isApiError, NODES, type Node, PODS, type Pod } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { isFinished } from '../shared/pods.plan.ts';
import { BY_NODE, nodeIndex } from './by-node.ts';

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
}

export const podCollectionDefaults: PodCollectionOptions = { quarantineMs: 40_000, keepFinished: 12_500 };

const FINISHED = 'finished';

/** Deletes pods whose node no longer exists, since nobody else will end them, and the oldest of too many ended pods. */
export function createPodCollectionController(deps: PodCollectionDeps, options = podCollectionDefaults): Controller {
  const { client, clock, nodes, pods } = deps;
  /** Since when a pod's node is known to be gone. */
  const lost = new Map<string, number>();
  pods.addIndex(BY_NODE, nodeIndex);
  pods.addIndex(FINISHED, (pod) => (isFinished(pod) ? ['yes'] : []));

  return {
    name: 'pod-collection',
    async reconcile(key) {
      const pod = pods.get(key);
      const node = pod?.spec.nodeName;
      if (pod === undefined || !node || nodes.get(node) !== undefined) {
        lost.delete(key);
        if (pod !== undefined && isSurplus(pod)) await remove(pod);
        return {};
      }
      const nowMs = clock.monotonicMs();
      const sinceMs = lost.get(key) ?? nowMs;
      lost.set(key, sinceMs);
      const leftMs = sinceMs + options.quarantineMs - nowMs;
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      if ((await client.get(NODES, { name: node })) === undefined) await remove(pod);
      return {};
    },
  };

  function isSurplus(pod: Pod): boolean {
    if (!isFinished(pod)) return false;
    const finished = pods.byIndex(FINISHED, 'yes');
    const surplus = finished.length - options.keepFinished;
    if (surplus <= 0) return false;
    const ages = finished.map(({ metadata }) => metadata.creationTimestamp).sort();
    return pod.metadata.creationTimestamp <= (ages[surplus - 1] ?? '');
  }

  async function remove(pod: Pod): Promise<void> {
    const preconditions = { uid: pod.metadata.uid };
    try {
      await client.delete(PODS, pod.metadata, { gracePeriodSeconds: 0, preconditions });
    } catch (error) {
      if (!isApiError(error, 'Conflict')) throw error;
    }
  }
}

/** A pod is looked at when it gets a node or ends, and with all others of its node when the node comes or goes. */
export function podCollectionSources({ nodes, pods }: Pick<PodCollectionDeps, 'nodes' | 'pods'>): KeySource[] {
  const onNode = ({ metadata }: Node) => pods.byIndex(BY_NODE, metadata.name).map(keyOf);
  const same = (left: Pod, right: Pod) =>
    left.metadata.uid === right.metadata.uid &&
    left.spec.nodeName === right.spec.nodeName &&
    isFinished(left) === isFinished(right);
  return [
    keysFrom(pods, { when: (previous, current) => !same(previous, current) }),
    keysFrom(nodes, { toKeys: onNode, when: (previous, current) => previous.metadata.uid !== current.metadata.uid }),
  ];
}
