import type { Namespace, Node, Pod, PodDisruptionBudget } from '#api';
import { demandOf } from './demand.ts';
import { explain } from './explain.ts';
import { NodeTable, nomineeOf } from './node-table.ts';
import { Relations } from './relations/relations.ts';
import { planSchedule } from './schedule.plan.ts';

export interface PlacementSnapshot {
  readonly pod: Pod;
  readonly nodes: readonly Node[];
  /** All pods, this one or not. */
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly budgets?: readonly PodDisruptionBudget[];
}

/** What one node says to a pod. */
export interface NodeAnswer {
  readonly node: string;
  /** Why it does not take the pod, in Kubernetes' words; none when it does. */
  readonly reasons: readonly string[];
  /** It could take the pod if others left it. */
  readonly ifOthersLeft: boolean;
}

export interface PlacementPlan {
  /** Where the pod is or would go; undefined when no node takes it. */
  readonly node?: string;
  /** Pods that would be evicted for it there. */
  readonly victims: readonly Pod[];
  /** In Kubernetes' words where the pod has no place. */
  readonly reason: string;
  /** By name. None of a pod that has its node already. */
  readonly answers: readonly NodeAnswer[];
}

/** What the scheduler would say of one pod, alone, node by node: for people. Costs a walk over all pods. */
export function planPlacement({ pod, nodes, pods, namespaces, budgets = [] }: PlacementSnapshot): PlacementPlan {
  const { uid } = pod.metadata;
  if (pod.spec.nodeName) {
    return { node: pod.spec.nodeName, victims: [], reason: `It is on node ${pod.spec.nodeName}.`, answers: [] };
  }
  const table = new NodeTable();
  for (const node of nodes) table.setNode(node);
  for (const { metadata } of namespaces) table.setNamespace(metadata.name, metadata.labels ?? {});
  for (const other of pods) {
    const phase = other.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') continue;
    if (other.spec.nodeName) table.place(other.metadata.uid, other, other.spec.nodeName);
    else table.nominate(other.metadata.uid, nomineeOf(other));
  }
  table.nominate(uid, nomineeOf(pod));
  const { bindings, failures } = planSchedule({ table, pods: [pod], budgets });
  const [failure] = failures;
  const answers = failure?.verdicts.length ? failure.verdicts : verdictsOf(pod, table);
  const refusals = new Map(answers.map((answer) => [answer.node, answer]));
  const reason = failure?.message ?? `It fits on node ${bindings[0]?.node}.`;
  const node = bindings[0]?.node ?? failure?.nominated;
  return {
    ...(node === undefined ? {} : { node }),
    victims: failure?.victims ?? [],
    reason,
    answers: nodes
      .map(({ metadata: { name } }) => {
        const refusal = refusals.get(name);
        return { node: name, reasons: refusal?.reasons ?? [], ifOthersLeft: refusal?.resolvable ?? false };
      })
      .sort((left, right) => (left.node < right.node ? -1 : 1)),
  };
}

function verdictsOf(pod: Pod, table: NodeTable) {
  const relations = new Relations(pod, table, []);
  const fit = { mask: table.maskFor(pod.spec, []), usage: table.usage, demand: demandOf(pod), relations };
  return explain(table, fit).verdicts;
}
