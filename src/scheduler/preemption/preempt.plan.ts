/** Source: kubernetes pkg/scheduler/framework/preemption/preemption.go and plugins/defaultpreemption (v1.32). */
import type { Pod } from '#api';
import { shortHash } from '#base';
import { type NodeVerdict, sentence } from '../explain.ts';
import { type Fit, refusalAt, shortOf } from '../fit.ts';
import type { NodeTable, PlacedPod } from '../node-table.ts';
import type { Budgets } from './budgets.ts';

export interface PreemptionSnapshot {
  readonly pod: Pod;
  /** The node on which the pod was to have room. */
  readonly promised: string | undefined;
  readonly table: NodeTable;
  /** For the pod, without what it was promised itself. Changed while nodes are tried, and put back. */
  readonly fit: Fit;
  /** Why each node refuses the pod. */
  readonly verdicts: readonly NodeVerdict[];
  readonly budgets: Budgets;
  /** Uids of pods that were told to go and may not show it yet. */
  readonly leaving: ReadonlySet<string>;
}

export interface PreemptionPlan {
  /** Where the pod is to have room; undefined when no pods that leave a node would help. */
  readonly node?: string;
  /** Whom to evict for it, the most important first; none while those that leave already make the room. */
  readonly victims: readonly Pod[];
  /** In Kubernetes' words; '' when there is nothing to say. */
  readonly reason: string;
}

/** Nodes that are tried at least, as far as there are so many: a tenth of all, and 100. Source: DefaultPreemptionArgs (v1.32). */
const MIN_CANDIDATES = 100;
const MIN_CANDIDATES_SHARE = 0.1;

interface Candidate {
  readonly node: string;
  readonly victims: readonly PlacedPod[];
  /** Victims whose going is beyond a disruption budget. */
  readonly violations: number;
}

/**
 * Which pods of lower priority to evict from which node so that a pod has room that fits nowhere: none if those that
 * leave already make it, else the fewest disruption budgets, the least important, the fewest, the youngest. No victim
 * could stay.
 */
export function planPreemption(snapshot: PreemptionSnapshot): PreemptionPlan {
  const { pod, promised, table, verdicts } = snapshot;
  if (pod.spec.preemptionPolicy === 'Never') {
    return stay(promised, 'not eligible due to preemptionPolicy=Never.');
  }
  if (promised !== undefined && isBeingCleared(promised, snapshot)) {
    return stay(promised, 'not eligible due to a terminating pod on the nominated node.');
  }
  const reasons: string[] = [];
  const candidates: Candidate[] = [];
  const resolvable = verdicts.filter((verdict) => verdict.resolvable);
  const enough = Math.max(MIN_CANDIDATES, Math.floor(resolvable.length * MIN_CANDIDATES_SHARE));
  for (const { node } of from(resolvable, pod.metadata.uid)) {
    const slot = table.slotOf(node);
    if (slot === undefined) continue;
    const tried = tryNode(slot, node, snapshot);
    if ('reasons' in tried) reasons.push(...tried.reasons);
    else candidates.push(tried);
    if (candidates.length >= enough && candidates.some(({ violations }) => violations === 0)) break;
  }
  const best = candidates.sort(byHarm)[0];
  if (best !== undefined) return { node: best.node, victims: best.victims.map((victim) => victim.pod), reason: '' };
  for (let others = resolvable.length; others < table.size; others += 1) {
    reasons.push('Preemption is not helpful for scheduling');
  }
  return { victims: [], reason: sentence(table.size, reasons) };
}

const stay = (node: string | undefined, reason: string): PreemptionPlan =>
  node !== undefined ? { node, victims: [], reason } : { victims: [], reason };

/** Whether pods were told to leave the node that the pod is promised: no more need to go. */
function isBeingCleared(node: string, { pod, table, verdicts, leaving }: PreemptionSnapshot): boolean {
  const slot = table.slotOf(node);
  if (slot === undefined || verdicts.some((verdict) => verdict.node === node && !verdict.resolvable)) return false;
  return table
    .podsAt(slot)
    .some((other) => isLower(other, pod) && (leaving.has(other.pod.metadata.uid) || isPreempted(other.pod)));
}

function isPreempted({ metadata, status }: Pod): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return (
    metadata.deletionTimestamp !== undefined &&
    condition?.status === 'True' &&
    condition.reason === 'PreemptionByScheduler'
  );
}

const priorityOf = ({ spec }: Pod) => spec.priority ?? 0;
const isLower = (other: PlacedPod, pod: Pod) => priorityOf(other.pod) < priorityOf(pod);

/** All of them, beginning at a place that depends on the pod: not every pod tries the same nodes first. */
function* from<T>(all: readonly T[], uid: string): Iterable<T> {
  if (all.length === 0) return;
  const start = Number.parseInt(shortHash(uid, 8), 16) % all.length;
  for (let step = 0; step < all.length; step += 1) yield all[(start + step) % all.length] as T;
}

/**
 * Which resources would still be short if nobody held any of those amounts, in the words of a refusal; none where that
 * alone does not decide. Most nodes that cannot be cleared are told so by this, without a look at their pods.
 */
function shortWithout(held: ReadonlyMap<string, number>, slot: number, { usage, demand }: Fit): readonly string[] {
  if (demand.hostPorts.length > 0) return [];
  return shortOf(demand, (resource, amount) => usage.hasRoom(slot, resource, amount - (held.get(resource) ?? 0)));
}

/**
 * Whom the node could do without: takes all of lower priority away, then gives back whom it can, the most important
 * first. Those that leave already are not given back.
 */
function tryNode(
  slot: number,
  node: string,
  { pod, table, fit, budgets, leaving }: PreemptionSnapshot,
): Candidate | { readonly reasons: readonly string[] } {
  const held = table.heldBelow(slot, pod.spec.priority ?? 0);
  if (held === undefined) return { reasons: ['No preemption victims found for incoming pod'] };
  const short = shortWithout(held, slot, fit);
  if (short.length > 0) return { reasons: short };
  const lower = table.podsAt(slot).filter((other) => isLower(other, pod));
  const away = new Set<PlacedPod>();
  const take = (other: PlacedPod) => {
    away.add(other);
    fit.usage.remove(slot, other.demand);
    fit.relations?.add(slot, other.group.profile, -1);
    fit.promised?.add(slot, other.group.profile, -1);
  };
  const giveBack = (other: PlacedPod) => {
    away.delete(other);
    fit.usage.add(slot, other.demand);
    fit.relations?.add(slot, other.group.profile);
    fit.promised?.add(slot, other.group.profile);
  };
  lower.forEach(take);
  try {
    const refusal = refusalAt(slot, fit);
    if (refusal !== undefined) return { reasons: refusal.reasons };
    const staying = lower
      .filter(({ pod: { metadata } }) => metadata.deletionTimestamp === undefined && !leaving.has(metadata.uid))
      .sort(byImportance);
    const { beyond, within } = budgets.split(staying);
    const spared = (other: PlacedPod) => {
      giveBack(other);
      if (refusalAt(slot, fit) === undefined) return true;
      take(other);
      return false;
    };
    const violating = beyond.filter((other) => !spared(other));
    const others = within.filter((other) => !spared(other));
    return { node, victims: [...violating, ...others].sort(byImportance), violations: violating.length };
  } finally {
    for (const other of [...away]) giveBack(other);
  }
}

/** Pods that have not started yet count as the youngest. */
const startOf = ({ pod }: PlacedPod) => pod.status?.startTime ?? '~';

/** The most important first: by priority, then who started first. */
function byImportance(left: PlacedPod, right: PlacedPod): number {
  return (
    priorityOf(right.pod) - priorityOf(left.pod) ||
    compare(startOf(left), startOf(right)) ||
    compare(left.pod.metadata.uid, right.pod.metadata.uid)
  );
}

const highest = ({ victims: [first] }: Candidate) =>
  first === undefined ? Number.NEGATIVE_INFINITY : priorityOf(first.pod);

/** Source: preemption.go, minSumPrioritiesScoreFunc: shifted, so that many with negative priorities are not better than few. */
const sum = ({ victims }: Candidate) => victims.reduce((total, { pod }) => total + priorityOf(pod) + 2 ** 31, 0);

/** Victims are ordered: the first is the oldest of the most important. */
const start = ({ victims: [first] }: Candidate) => (first === undefined ? '' : startOf(first));

/** The least harm first. Source: preemption.go, pickOneNodeForPreemption; among equals the first by name. */
function byHarm(left: Candidate, right: Candidate): number {
  const [one, two] = [highest(left), highest(right)];
  return (
    left.violations - right.violations ||
    (one === two ? 0 : one - two) ||
    sum(left) - sum(right) ||
    left.victims.length - right.victims.length ||
    compare(start(right), start(left)) ||
    compare(left.node, right.node)
  );
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
