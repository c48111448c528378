import type { PodDemand } from './demand.ts';
import type { ClusterChange } from './filters/filter.ts';
import { NODE_FILTERS } from './filters/filters.ts';
import type { NodeMask } from './node-mask.ts';
import type { NodeTable } from './node-table.ts';
import { AFFINITY_FILTER, type Relations, SPREAD_FILTER } from './relations/relations.ts';
import { portsClash, type Usage } from './usage.ts';

/** Why one node does not take a pod. */
export interface NodeVerdict {
  readonly node: string;
  readonly filter: string;
  /** In Kubernetes' words; several when several resources are short. */
  readonly reasons: readonly string[];
}

export interface Explanation {
  /** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {k: v}.` */
  readonly message: string;
  readonly verdicts: readonly NodeVerdict[];
  /** What could change the answer. */
  readonly retryOn: ReadonlySet<ClusterChange>;
}

export const RESOURCES_FILTER = 'NodeResourcesFit';
export const PORTS_FILTER = 'NodePorts';

/** Full nodes and taken ports are mended by pods that go as well as by nodes that come. */
const BY_USAGE: readonly ClusterChange[] = ['node', 'pod'];
/** What depends on other pods may also be mended by one that comes. */
const BY_RELATIONS: readonly ClusterChange[] = ['node', 'pod', 'placed'];

export interface ExplainInput {
  readonly table: NodeTable;
  readonly mask: NodeMask;
  readonly usage: Usage;
  readonly demand: PodDemand;
  readonly relations?: Relations | undefined;
}

/** Walks over all nodes once more, slowly, for the words. Only for pods that fit nowhere. */
export function explain(input: ExplainInput): Explanation {
  const { table } = input;
  const verdicts: NodeVerdict[] = [];
  for (let slot = 0; slot < table.slots; slot += 1) {
    const node = table.node(slot);
    if (node === undefined) continue;
    const verdict = judge(slot, input);
    if (verdict !== undefined) verdicts.push({ node: node.name, ...verdict });
  }
  return { message: sentence(table.size, verdicts), verdicts, retryOn: changesThatHelp(verdicts) };
}

/** Source: kubernetes pkg/scheduler/framework/plugins: the order of filters, and noderesources/fit.go's words (v1.32). */
function judge(slot: number, { mask, usage, demand, relations }: ExplainInput): Omit<NodeVerdict, 'node'> | undefined {
  const refusal = mask.refusal(slot);
  if (refusal !== undefined) return { filter: refusal.filter, reasons: [refusal.reason] };
  if (portsTaken(slot, usage, demand)) {
    return { filter: PORTS_FILTER, reasons: ["node(s) didn't have free ports for the requested pod ports"] };
  }
  const short = [...demand.amounts].filter(([resource, amount]) => !usage.hasRoom(slot, resource, amount));
  if (short.length > 0) {
    const reasons = short.map(([resource]) => (resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`));
    return { filter: RESOURCES_FILTER, reasons };
  }
  const related = relations?.refusal(slot);
  return related === undefined ? undefined : { filter: related.filter, reasons: [related.reason] };
}

export function portsTaken(slot: number, usage: Usage, { hostPorts }: PodDemand): boolean {
  if (hostPorts.length === 0) return false;
  const taken = usage.portsAt(slot);
  return hostPorts.some((wanted) => taken.some((port) => portsClash(port, wanted)));
}

function sentence(nodes: number, verdicts: readonly NodeVerdict[]): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const { reasons } of verdicts) for (const each of reasons) counts.set(each, (counts.get(each) ?? 0) + 1);
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
