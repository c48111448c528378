import { type Node, type Pod, type PodDisruptionBudget, unsupportedPodFields } from '#api';
import { Batch, byImportance, type PlannedBinding, type PlannedFailure } from './batch.ts';
import type { Explanation } from './explain.ts';
import type { ClusterChange, VolumeNeed } from './filters/filter.ts';
import { NodeTable, nomineeOf } from './node-table.ts';
import type { Peers } from './relations/default-spread.ts';

export interface ScheduleSnapshot {
  /** Nodes, and what is bound or about to be. Not changed. */
  readonly table: NodeTable;
  /** Pods that want a node. */
  readonly pods: readonly Pod[];
  /** None when absent. */
  readonly budgets?: readonly PodDisruptionBudget[];
  /** Uids of pods that were told to go and may not show it yet. */
  readonly leaving?: ReadonlySet<string>;
  /** What the pods' claims need. Nothing when absent. */
  readonly volumes?: ClaimNeeds;
  /** Which pods belong together, and are spread unless they say how. None when absent. */
  readonly peers?: Peers;
}

export interface ClaimNeeds {
  /** Asked once for each pod, in the order of decisions. */
  needsOf(pod: Pod): PodVolumeNeeds;
  /** The pod was given a node: its claims are in use for those asked after it. */
  placed(pod: Pod): void;
}

/** What a pod's claims ask of its node, or why it can go to none for now and what may help. */
export type PodVolumeNeeds =
  | { readonly needs: readonly VolumeNeed[] }
  | { readonly blocked: string; readonly retryOn: readonly ClusterChange[] };

export interface SchedulePlan {
  /** In the order they were decided: each counts on those before it. */
  readonly bindings: readonly PlannedBinding[];
  readonly failures: readonly PlannedFailure[];
  /** Waiting pods that are promised their node no longer: a more important one has it. */
  readonly displaced: readonly Pod[];
  /** Pods to be planned again as they are: enough of the batch needed others to go. */
  readonly postponed: readonly Pod[];
}

const NOBODY: ReadonlySet<string> = new Set();
const NO_PEERS: Peers = { selectorOf: () => undefined };
const NO_VOLUMES: ClaimNeeds = { needsOf: () => ({ needs: [] }), placed: () => undefined };

/**
 * A node for every pod that fits somewhere; for the others why not, and whom to evict so that they do. Every pod of the
 * batch counts for those after it; the most important and then the oldest choose first. The answer depends on neither
 * the order of the pods nor the order in which nodes came.
 */
export function planSchedule(snapshot: ScheduleSnapshot): SchedulePlan {
  const { table, pods, budgets = [], leaving = NOBODY, volumes = NO_VOLUMES, peers = NO_PEERS } = snapshot;
  const batch = new Batch({ table, pods, budgets, leaving, peers });
  for (const pod of [...pods].sort(byImportance)) {
    const claims = volumes.needsOf(pod);
    const impossible =
      explainUnsupported(table.size, pod) ??
      ('blocked' in claims ? everywhere(table.size, claims.blocked, claims.retryOn) : undefined);
    if (impossible !== undefined) batch.failures.push({ pod, kind: impossible.message, victims: [], ...impossible });
    else if ('needs' in claims && batch.decide(pod, claims.needs)) volumes.placed(pod);
  }
  const { bindings, failures, displaced, postponed } = batch;
  return { bindings, failures, displaced, postponed };
}

/** The same from plain lists, for previews and tests: `bound` are pods that have a node. */
export function planScheduleOf({
  nodes,
  bound = [],
  pods,
  budgets = [],
  peers = NO_PEERS,
}: {
  readonly nodes: readonly Node[];
  readonly bound?: readonly Pod[];
  readonly pods: readonly Pod[];
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly peers?: Peers;
}): SchedulePlan {
  const table = new NodeTable();
  for (const node of nodes) table.setNode(node);
  for (const pod of bound) table.place(pod.metadata.uid, pod, pod.spec.nodeName ?? '');
  for (const pod of pods) table.nominate(pod.metadata.uid, nomineeOf(pod));
  return planSchedule({ table, pods, budgets, peers });
}

/** Why no node of this cluster, whatever its state, runs the pod as it was meant. */
function explainUnsupported(nodes: number, { spec }: Pod): Explanation | undefined {
  const fields = unsupportedPodFields(spec);
  if (fields.length === 0) return undefined;
  const why = fields.map(({ path, message }) => `spec.${path}: ${message}`).join(', ');
  return everywhere(nodes, why, []);
}

function everywhere(nodes: number, why: string, retryOn: readonly ClusterChange[]): Explanation {
  const preemption = `0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
  const message = `0/${nodes} nodes are available: ${why}. preemption: ${preemption}`;
  return { message, verdicts: [], retryOn: new Set(retryOn) };
}
