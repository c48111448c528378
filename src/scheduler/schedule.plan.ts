import type { Pod } from '#api';
import { canonicalJson } from '#base';
import type { Explanation } from './explain.ts';
import { nodeFilters } from './filters/index.ts';
import { unwelcoming } from './filters/taints.ts';
import { freeness, shortages } from './fit.ts';
import { addTo, hostPortsOf, type NodeColumns, type NodeTable, ownerOf } from './node-table.ts';
import { podRequests } from './requests.ts';

export interface Placement {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly reason: string;
}

export interface Refusal {
  readonly pod: Pod;
  readonly explanation: Explanation;
}

export interface SchedulePlan {
  readonly placements: readonly Placement[];
  readonly refusals: readonly Refusal[];
}

export interface ScheduleSnapshot {
  /** Not changed. */
  readonly table: NodeTable;
  /** Pods without a node. */
  readonly pods: readonly Pod[];
}

/** Why each row refuses pods of one kind for reasons that placements do not change; undefined: it does not. */
type Refusals = readonly (string | undefined)[];

/** Pods that filters cannot tell apart share one answer. */
const classOf = ({ spec }: Pod) =>
  canonicalJson([spec.nodeName, spec.nodeSelector, spec.affinity?.nodeAffinity, spec.tolerations]);

/** Urgent pods first, then the oldest; names break ties, so that the order they came in carries no meaning. */
export function byUrgency(a: Pod, b: Pod): number {
  const priority = (b.spec.priority ?? 0) - (a.spec.priority ?? 0);
  if (priority !== 0) return priority;
  const keyOf = ({ metadata }: Pod) => `${metadata.creationTimestamp} ${metadata.namespace ?? ''}/${metadata.name}`;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

/** Tells `better` from the best so far: liked more; at a tie fewer siblings, then fewer pods; then the first by name stays. */
interface Candidate {
  readonly row: number;
  readonly score: number;
  readonly siblings: number;
  readonly pods: number;
}

function isBetter(one: Candidate, best: Candidate | undefined): boolean {
  if (best === undefined) return true;
  if (one.score !== best.score) return one.score > best.score;
  if (one.siblings !== best.siblings) return one.siblings < best.siblings;
  return one.pods < best.pods;
}

/** A taint that prefers not to have the pod outweighs any freeness (at most 200). */
const UNWELCOME_PENALTY = 1_000;

/** Places pods one after the other, each counted before the next is looked at; says of the rest why no node takes them. */
export function planSchedule({ table, pods }: ScheduleSnapshot): SchedulePlan {
  const used = table.copyUsed();
  const ports = new Map<number, Set<string>>();
  const siblings = new Map<string, number>();
  const classes = new Map<string, Refusals>();
  const placements: Placement[] = [];
  const refusals: Refusal[] = [];
  for (const pod of [...pods].sort(byUrgency)) {
    const name = classOf(pod);
    const refused = classes.get(name) ?? table.nodes.map((node) => firstRefusal(pod, node));
    classes.set(name, refused);
    const found = choose(pod, { table, used, ports, siblings, refused });
    if ('row' in found) {
      const { row } = found;
      const owner = ownerOf(pod);
      addTo(used, row, podRequests(pod), 1);
      for (const port of hostPortsOf(pod)) ports.set(row, (ports.get(row) ?? new Set<string>()).add(port));
      if (owner !== undefined) siblings.set(`${row} ${owner}`, (siblings.get(`${row} ${owner}`) ?? 0) + 1);
      placements.push({
        pod,
        nodeName: table.nodes[row]?.metadata.name ?? '',
        reason: 'most free resources of the nodes that fit',
      });
    } else {
      refusals.push({ pod, explanation: { nodes: table.nodes.length, reasons: found.reasons } });
    }
  }
  return { placements, refusals };
}

function firstRefusal(pod: Pod, node: NodeTable['nodes'][number]): string | undefined {
  for (const filter of nodeFilters) {
    const reason = filter(pod, node);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

interface Counting {
  readonly table: NodeTable;
  readonly used: NodeColumns;
  /** Host ports given out by this plan, by row. */
  readonly ports: ReadonlyMap<number, ReadonlySet<string>>;
  /** Pods placed by this plan, by `row owner`. */
  readonly siblings: ReadonlyMap<string, number>;
  readonly refused: Refusals;
}

function choose(
  pod: Pod,
  { table, used, ports, siblings, refused }: Counting,
): { readonly row: number } | { readonly reasons: Readonly<Record<string, number>> } {
  const requests = podRequests(pod);
  const wanted = hostPortsOf(pod);
  const owner = ownerOf(pod);
  const reasons: Record<string, number> = {};
  const refuse = (reason: string) => {
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  };
  let best: Candidate | undefined;
  for (const [row, node] of table.nodes.entries()) {
    const reason = refused[row];
    if (reason !== undefined) {
      refuse(reason);
      continue;
    }
    if (wanted.some((port) => table.portTaken(row, port) || ports.get(row)?.has(port))) {
      refuse("node(s) didn't have free ports for the requested pod ports");
      continue;
    }
    const short = shortages(table.capacity, used, row, requests);
    if (short.length > 0) {
      for (const one of short) refuse(one);
      continue;
    }
    const candidate = {
      row,
      score: freeness(table.capacity, used, row, requests) - UNWELCOME_PENALTY * unwelcoming(pod, node),
      siblings: owner === undefined ? 0 : table.podsOfOwner(row, owner) + (siblings.get(`${row} ${owner}`) ?? 0),
      pods: used.pods[row] ?? 0,
    };
    if (isBetter(candidate, best)) best = candidate;
  }
  return best === undefined ? { reasons } : { row: best.row };
}
