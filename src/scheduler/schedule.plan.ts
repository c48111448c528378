import { type Node, type Pod, unsupportedPodFields } from '#api';
import { Candidates } from './candidates.ts';
import { demandOf, type PodDemand } from './demand.ts';
import { type Explanation, explain } from './explain.ts';
import { likenessOf } from './filters/filters.ts';
import { NodeTable } from './node-table.ts';
import { profileOf } from './relations/pod-profile.ts';
import { isRelated, type JustPlaced, Relations, relationsKeyOf } from './relations/relations.ts';

export interface ScheduleSnapshot {
  /** Nodes, and what is bound or about to be. Not changed. */
  readonly table: NodeTable;
  /** Pods that want a node. */
  readonly pods: readonly Pod[];
}

export interface PlannedBinding {
  readonly pod: Pod;
  readonly node: string;
  readonly reason: string;
}

export interface PlannedFailure extends Explanation {
  readonly pod: Pod;
}

export interface SchedulePlan {
  /** In the order they were decided: each counts on those before it. */
  readonly bindings: readonly PlannedBinding[];
  readonly failures: readonly PlannedFailure[];
}

/**
 * A node for every pod that fits somewhere, and for the others why not. Every pod of the batch counts for those after
 * it; the most important and then the oldest choose first. The answer depends on neither the order of the pods nor the
 * order in which nodes came.
 */
export function planSchedule({ table, pods }: ScheduleSnapshot): SchedulePlan {
  const usage = table.usage.fork();
  const bindings: PlannedBinding[] = [];
  const failures: PlannedFailure[] = [];
  const kinds = new Map<string, Candidates>();
  // Relations cost: where no pod has any, nobody asks.
  const related = table.placed.hasAntiAffinity || pods.some(({ spec }) => isRelated(spec));
  const justPlaced: JustPlaced[] = [];
  // Nodes only fill up while the batch is planned: what failed once fails again, unless a pod that came may help.
  const failed = new Map<string, Explanation>();
  for (const pod of [...pods].sort(byImportance)) {
    const impossible = explainUnsupported(table.size, pod);
    if (impossible !== undefined) {
      failures.push({ pod, ...impossible });
      continue;
    }
    const demand = demandOf(pod);
    const kind = related ? `${kindOf(pod, demand)}|${relationsKeyOf(pod)}` : kindOf(pod, demand);
    const known = failed.get(kind);
    if (known !== undefined) {
      failures.push({ pod, ...known });
      continue;
    }
    const candidates =
      kinds.get(kind) ??
      new Candidates({
        table,
        usage,
        demand,
        mask: table.maskFor(pod.spec),
        relations: related ? new Relations(pod, table, justPlaced) : undefined,
      });
    const best = candidates.best(demand.owner);
    if (best === undefined) {
      const { mask, relations } = candidates;
      const why = explain({ table, mask, usage, demand, relations });
      kinds.delete(kind);
      failed.set(kind, why);
      failures.push({ pod, ...why });
      continue;
    }
    remember(kinds, kind, candidates);
    usage.add(best.slot, demand);
    const placed = related ? { slot: best.slot, profile: profileOf(pod) } : undefined;
    if (placed !== undefined) {
      justPlaced.push(placed);
      for (const [key, { retryOn }] of failed) if (retryOn.has('placed')) failed.delete(key);
    }
    for (const each of kinds.values()) each.update(best.slot, placed);
    bindings.push({ pod, node: best.node, reason: `the best of ${best.feasible} nodes that fit` });
  }
  return { bindings, failures };
}

/** The same from plain lists, for previews and tests: `bound` are pods that have a node. */
export function planScheduleOf({
  nodes,
  bound = [],
  pods,
}: {
  readonly nodes: readonly Node[];
  readonly bound?: readonly Pod[];
  readonly pods: readonly Pod[];
}): SchedulePlan {
  const table = new NodeTable();
  for (const node of nodes) table.setNode(node);
  for (const pod of bound) table.place(pod.metadata.uid, pod, pod.spec.nodeName ?? '');
  return planSchedule({ table, pods });
}

/** Why no node of this cluster, whatever its state, runs the pod as it was meant. */
function explainUnsupported(nodes: number, { spec }: Pod): Explanation | undefined {
  const fields = unsupportedPodFields(spec);
  if (fields.length === 0) return undefined;
  const why = fields.map(({ path, message }) => `spec.${path}: ${message}`).join(', ');
  return { message: `0/${nodes} nodes are available: ${why}.`, verdicts: [], retryOn: new Set() };
}

/** Kinds of pods in one batch whose candidates are kept; the one used longest ago goes first. */
const MAX_KINDS = 16;

function remember(kinds: Map<string, Candidates>, kind: string, candidates: Candidates): void {
  kinds.delete(kind);
  kinds.set(kind, candidates);
  if (kinds.size <= MAX_KINDS) return;
  for (const oldest of kinds.keys()) {
    kinds.delete(oldest);
    break;
  }
}

/** Pods of one kind are refused for the same reasons. */
function kindOf(pod: Pod, { amounts, hostPorts }: PodDemand): string {
  const ports = hostPorts.map(({ ip, protocol, port }) => `${protocol}${ip}:${port}`);
  return [likenessOf(pod.spec), [...amounts].map(([name, amount]) => `${name}=${amount}`).sort(), ports].join('|');
}

function byImportance(left: Pod, right: Pod): number {
  const priority = (right.spec.priority ?? 0) - (left.spec.priority ?? 0);
  if (priority !== 0) return priority;
  return compareText(sortKey(left), sortKey(right));
}

const sortKey = ({ metadata }: Pod) => `${metadata.creationTimestamp}/${metadata.namespace ?? ''}/${metadata.name}`;

const compareText = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
