import type { ClusterChange } from './filters/filter.ts';
import { NODE_FILTERS } from './filters/filters.ts';
import { type Fit, refusalAt } from './fit.ts';
import type { NodeTable } from './node-table.ts';
import type { Refusal } from './refusal.ts';
import { AFFINITY_FILTER, SPREAD_FILTER } from './relations/relations.ts';

/** Why one node does not take a pod. */
export interface NodeVerdict extends Refusal {
  readonly node: string;
}

export interface Explanation {
  /** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {k: v}.` */
  readonly message: string;
  readonly verdicts: readonly NodeVerdict[];
  /** What could change the answer. */
  readonly retryOn: ReadonlySet<ClusterChange>;
}

/** Full nodes and taken ports are mended by pods that go as well as by nodes that come. */
const BY_USAGE: readonly ClusterChange[] = ['node', 'pod'];
/** What depends on other pods may also be mended by one that comes. */
const BY_RELATIONS: readonly ClusterChange[] = ['node', 'pod', 'placed'];

/** Walks over all nodes once more, slowly, for the words. Only for pods that fit nowhere. */
export function explain(table: NodeTable, fit: Fit): Explanation {
  const verdicts: NodeVerdict[] = [];
  for (let slot = 0; slot < table.slots; slot += 1) {
    const node = table.node(slot);
    if (node === undefined) continue;
    const refusal = refusalAt(slot, fit);
    if (refusal !== undefined) verdicts.push({ node: node.name, ...refusal });
  }
  const reasons = verdicts.flatMap((verdict) => verdict.reasons);
  return { message: sentence(table.size, reasons), verdicts, retryOn: changesThatHelp(verdicts) };
}

/** Equal reasons are counted. Source: kubernetes pkg/scheduler/framework/types.go, FitError.Error (v1.32). */
export function sentence(nodes: number, reasons: readonly string[]): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const each of reasons) counts.set(each, (counts.get(each) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}

function changesThatHelp(verdicts: readonly NodeVerdict[]): ReadonlySet<ClusterChange> {
  const changes = new Set<ClusterChange>(['node']);
  for (const { filter } of verdicts) {
    const known = NODE_FILTERS.find((each) => each.name === filter);
    const related = filter === SPREAD_FILTER || filter === AFFINITY_FILTER;
    for (const change of known?.retryOn ?? (related ? BY_RELATIONS : BY_USAGE)) changes.add(change);
  }
  return changes;
}
