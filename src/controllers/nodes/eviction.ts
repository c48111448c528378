import { type Node, PODS, type Pod } from '#api';
import { type Clock, equalJson } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { markDisrupted } from '../shared/disrupted.ts';
import { BY_NODE, nodeIndex } from './by-node.ts';
import { planEviction } from './eviction.plan.ts';

export interface EvictionDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
}

export interface EvictionOptions {
  /** Source: kubernetes plugin/pkg/admission/defaulttolerationseconds, 300 s (v1.32). */
  readonly unsaidMs: number;
}

export const evictionDefaults: EvictionOptions = { unsaidMs: 300_000 };

/** Source: kubernetes pkg/controller/tainteviction/taint_eviction.go, addConditionAndDeletePod (v1.32). */
const BY_TAINT = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' };

/** Deletes pods whose node has a NoExecute taint that they do not tolerate, or no longer. */
export function createEvictionController(deps: EvictionDeps, options = evictionDefaults): Controller {
  const { client, clock, events, nodes, pods } = deps;
  /** When a pod was first seen with a taint; only while it has one. */
  const seen = new Map<string, number>();
  pods.addIndex(BY_NODE, nodeIndex);

  return {
    name: 'eviction',
    async reconcile(key) {
      const pod = pods.get(key);
      const node = pod?.spec.nodeName === undefined ? undefined : nodes.get(pod.spec.nodeName);
      const taints = node?.spec?.taints?.filter(({ effect }) => effect === 'NoExecute') ?? [];
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || taints.length === 0) {
        seen.delete(key);
        return {};
      }
      const nowMs = clock.nowMs();
      const seenMs = seen.get(key) ?? nowMs;
      seen.set(key, seenMs);
      const leaveMs = planEviction({ pod, taints, seenMs, unsaidMs: options.unsaidMs });
      if (leaveMs === undefined) return {};
      if (leaveMs > nowMs) return { requeueAfterMs: leaveMs - nowMs };
      const message = `Marking for deletion Pod ${key}`;
      events.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
      await evict(pod, nowMs);
      return {};
    },
  };

  async function evict(pod: Pod, nowMs: number): Promise<void> {
    if (!(await markDisrupted(client, pod, BY_TAINT, nowMs))) return;
    await client.delete(PODS, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
  }
}

/** A pod is looked at when it comes to a node or tolerates something else, and with all others of its node when the node's taints change. */
export function evictionSources({ nodes, pods }: Pick<EvictionDeps, 'nodes' | 'pods'>): KeySource[] {
  const onNode = ({ metadata }: Node) => pods.byIndex(BY_NODE, metadata.name).map(keyOf);
  const staysAlike = (left: Pod, right: Pod) =>
    left.metadata.uid === right.metadata.uid &&
    left.spec.nodeName === right.spec.nodeName &&
    equalJson(left.spec.tolerations ?? [], right.spec.tolerations ?? []);
  return [
    keysFrom(pods, { when: (previous, current) => !staysAlike(previous, current) }),
    keysFrom(nodes, {
      toKeys: onNode,
      when: (previous, current) => !equalJson(previous.spec?.taints ?? [], current.spec?.taints ?? []),
    }),
  ];
}
