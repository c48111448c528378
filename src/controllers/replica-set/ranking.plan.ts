import type { Pod } from '#api';
import { conditionOf, isReady } from '../shared/pods.plan.ts';

/** What a pod costs to lose, by its owner's word; the cheapest goes first. */
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASE_RANK: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** Compares by the first criterion that tells two pods apart. */
type Criterion = (left: Pod, right: Pod) => number;

/**
 * The pods in the order in which a smaller ReplicaSet gives them up: unplaced, pending, not ready, cheap, crowded,
 * newly ready, restarted and young ones first. Crowded is a node with many active pods of the set or, for a Deployment,
 * of all its sets: `related`.
 * Source: kubernetes pkg/controller/controller_utils.go, ActivePodsWithRanks (v1.32).
 */
export function inOrderOfDeletion(pods: readonly Pod[], nowMs: number, related: readonly Pod[] = pods): readonly Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of related) onNode.set(spec.nodeName ?? '', (onNode.get(spec.nodeName ?? '') ?? 0) + 1);
  const crowding = (pod: Pod) => onNode.get(pod.spec.nodeName ?? '') ?? 0;
  const criteria: readonly Criterion[] = [
    ascending((pod) => (pod.spec.nodeName ? 1 : 0)),
    ascending((pod) => PHASE_RANK[pod.status?.phase ?? 'Pending'] ?? 0),
    ascending((pod) => (isReady(pod) ? 1 : 0)),
    ascending(deletionCost),
    ascending((pod) => -crowding(pod)),
    ascending((pod) => readyForLog2(pod, nowMs)),
    ascending((pod) => -restarts(pod)),
    ascending((pod) => -sidecarRestarts(pod)),
    ascending((pod) => -Date.parse(pod.metadata.creationTimestamp)),
    (left, right) => (left.metadata.name < right.metadata.name ? 1 : -1),
  ];
  return [...pods].sort((left, right) => {
    for (const criterion of criteria) {
      const order = criterion(left, right);
      if (order !== 0 && !Number.isNaN(order)) return order;
    }
    return 0;
  });
}

function ascending(value: (pod: Pod) => number): Criterion {
  return (left, right) => value(left) - value(right);
}

function deletionCost({ metadata }: Pod): number {
  const cost = Number(metadata.annotations?.[DELETION_COST] ?? 0);
  return Number.isSafeInteger(cost) ? cost : 0;
}

/** Doublings of the time since the pod became ready: only large differences count. Unready pods are equal. */
function readyForLog2(pod: Pod, nowMs: number): number {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status !== 'True') return 0;
  const forMs = nowMs - Date.parse(ready.lastTransitionTime ?? '');
  return forMs > 0 ? Math.floor(Math.log2(forMs)) : 0;
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

/** Only where the other containers were restarted as often. Source: controller_utils.go, compareMaxContainerRestarts. */
function sidecarRestarts({ spec, status }: Pod): number {
  const sidecars = new Set(
    (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const found = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  return Math.max(0, ...found.map(({ restartCount }) => restartCount));
}
