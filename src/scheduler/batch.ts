import type { Pod, PodDisruptionBudget } from '#api';
import { Candidates } from './candidates.ts';
import { demandOf, type PodDemand } from './demand.ts';
import { type Explanation, explain } from './explain.ts';
import type { VolumeNeed } from './filters/filter.ts';
import { likenessOf } from './filters/filters.ts';
import type { Locality } from './image-locality.ts';
import type { NodeTable, Nominee } from './node-table.ts';
import { Budgets } from './preemption/budgets.ts';
import { planPreemption } from './preemption/preempt.plan.ts';
import { DefaultSpread, type Peers } from './relations/default-spread.ts';
import { profileOf } from './relations/pod-profile.ts';
import { isRelated, type JustPlaced, Relations, relationsKeyOf } from './relations/relations.ts';
import type { Usage } from './usage.ts';

export interface PlannedBinding {
  readonly pod: Pod;
  readonly node: string;
  readonly reason: string;
}

export interface PlannedFailure extends Explanation {
  readonly pod: Pod;
  /** Pods of the same kind are refused, and helped, for the same reasons. */
  readonly kind: string;
  /** The node on which the pod is to have room; absent when it is promised none, or no longer. */
  readonly nominated?: string;
  /** Pods to evict for it, the most important first. */
  readonly victims: readonly Pod[];
}

export interface BatchOf {
  readonly table: NodeTable;
  readonly pods: readonly Pod[];
  readonly budgets: readonly PodDisruptionBudget[];
  readonly leaving: ReadonlySet<string>;
  readonly peers: Peers;
}

/** Kinds of pods in one batch whose candidates are kept; the one used longest ago goes first. */
const MAX_KINDS = 128;
/** Pods of one batch for which others may have to go: each costs a look at many nodes. Those beyond wait for the next batch. */
const MAX_PREEMPTIONS = 32;

/** A pod that is decided, with what it needs. */
interface Asked {
  readonly pod: Pod;
  readonly volumes: readonly VolumeNeed[];
  readonly demand: PodDemand;
  readonly kind: string;
  readonly locality: Locality | undefined;
}

/** Room that is kept for a pod that was promised it. */
interface Promised {
  readonly node: string;
  readonly demand: PodDemand;
  readonly placed: JustPlaced;
}

/** The pods of one plan, decided one after the other: each counts on those before it. */
export class Batch {
  readonly bindings: PlannedBinding[] = [];
  readonly failures: PlannedFailure[] = [];
  readonly postponed: Pod[] = [];
  readonly #table: NodeTable;
  readonly #usage: Usage;
  readonly #budgetsOf: readonly PodDisruptionBudget[];
  #budgets: Budgets | undefined;
  readonly #leaving: Set<string>;
  /** Relations cost: where no pod has any, nobody asks. */
  readonly #related: boolean;
  readonly #kinds = new Map<string, Candidates>();
  readonly #justPlaced: JustPlaced[] = [];
  readonly #spread: DefaultSpread;
  /** Nodes only fill up while the batch is planned: what failed once fails again, unless a pod that came may help. */
  readonly #failed = new Map<string, Explanation>();
  /** Kinds and priorities of pods for which nobody's going would help, and why. */
  readonly #hopeless = new Map<string, string>();
  /** Promises to pods that are less important than those decided so far, the most important last. */
  readonly #later: Nominee[];
  /** Promises that count, by uid. */
  readonly #promised = new Map<string, Promised>();
  readonly #displaced: Pod[] = [];
  #preemptions = 0;

  constructor({ table, pods, budgets, leaving, peers }: BatchOf) {
    this.#table = table;
    this.#usage = table.usage.fork();
    this.#budgetsOf = budgets;
    this.#leaving = new Set(leaving);
    this.#spread = new DefaultSpread(table, peers);
    this.#later = [...table.nominees].sort((left, right) => byImportance(right.pod, left.pod));
    this.#related =
      table.placed.hasRegards ||
      pods.some(({ spec }) => isRelated(spec)) ||
      this.#later.some(({ pod }) => isRelated(pod.spec));
  }

  /** Pods outside of the batch that were promised room which a more important one took. */
  get displaced(): readonly Pod[] {
    const decided = new Set([...this.bindings, ...this.failures].map(({ pod }) => pod.metadata.uid));
    return this.#displaced.filter(({ metadata }) => !decided.has(metadata.uid));
  }

  /** Whether the pod has a node now. To be called for the most important pods first. */
  decide(pod: Pod, volumes: readonly VolumeNeed[]): boolean {
    this.#keepPromises(pod.spec.priority ?? 0);
    const own = this.#redeem(pod);
    const demand = demandOf(pod);
    const locality = this.#table.localityOf(pod.spec);
    const asked = { pod, volumes, demand, kind: this.#kindOf(pod, demand, volumes), locality };
    const { kind } = asked;
    const known = own === undefined ? this.#failed.get(kind) : undefined;
    const judge = (scores: Float64Array) => this.#spread.judge(pod, scores);
    const best = known === undefined ? this.#candidates(asked).best(judge, own) : undefined;
    if (best === undefined) {
      this.#refuse(asked, own, known);
      return false;
    }
    this.#usage.add(best.slot, demand);
    const placed = { slot: best.slot, profile: profileOf(pod) };
    this.#spread.add(placed.slot, placed.profile);
    if (this.#related) {
      this.#justPlaced.push(placed);
      for (const [key, { retryOn }] of this.#failed) if (retryOn.has('placed')) this.#failed.delete(key);
    }
    for (const each of this.#kinds.values()) each.update(best.slot, this.#related ? placed : undefined);
    const reason = best.node === own ? 'it was promised room there' : `the best of ${best.feasible} nodes that fit`;
    this.bindings.push({ pod, node: best.node, reason });
    return true;
  }

  #refuse(asked: Asked, own: string | undefined, known: Explanation | undefined): void {
    const { pod, kind } = asked;
    const table = this.#table;
    if (table.size === 0) {
      this.failures.push({ pod, kind, victims: [], ...explain(table, this.#candidates(asked).fit) });
      return;
    }
    const { priority = 0, preemptionPolicy = '' } = pod.spec;
    const rank = `${kind}|${priority}|${preemptionPolicy}`;
    const hopeless = known === undefined || own !== undefined ? undefined : this.#hopeless.get(rank);
    if (known !== undefined && hopeless !== undefined) {
      this.failures.push({ pod, kind, victims: [], ...withReason(known, hopeless) });
      return;
    }
    if (this.#preemptions >= MAX_PREEMPTIONS) {
      if (own !== undefined) this.#promise({ pod, node: own });
      this.postponed.push(pod);
      return;
    }
    this.#preemptions += 1;
    const { fit } = this.#candidates(asked);
    const why = known ?? explain(table, fit);
    if (own === undefined) this.#failed.set(kind, why);
    const { verdicts } = why;
    const leaving = this.#leaving;
    this.#budgets ??= new Budgets(this.#budgetsOf);
    const budgets = this.#budgets;
    const plan = planPreemption({ pod, promised: own, table, fit, verdicts, budgets, leaving });
    const { node, victims, reason } = plan;
    if (node === undefined) {
      if (own === undefined) this.#hopeless.set(rank, reason);
      this.failures.push({ pod, kind, victims, ...withReason(why, reason) });
      return;
    }
    for (const victim of victims) {
      this.#leaving.add(victim.metadata.uid);
      budgets.spend(victim);
    }
    if (node !== own) this.#displace(node, priority);
    this.#promise({ pod, node });
    this.failures.push({ pod, kind, nominated: node, victims, ...withReason(why, reason) });
  }

  #candidates(asked: Asked): Candidates {
    const kinds = this.#kinds;
    const key = asked.locality === undefined ? asked.kind : `${asked.kind}|${asked.locality.key}`;
    const candidates = kinds.get(key) ?? this.#newCandidates(asked);
    kinds.delete(key);
    kinds.set(key, candidates);
    for (const oldest of kinds.keys()) {
      if (kinds.size <= MAX_KINDS) break;
      kinds.delete(oldest);
    }
    return candidates;
  }

  #newCandidates({ pod, demand, volumes, locality }: Asked): Candidates {
    const images = locality === undefined ? {} : { images: locality.scores };
    const fit = { mask: this.#table.maskFor(pod.spec, volumes), usage: this.#usage, demand, ...images };
    if (!this.#related) return new Candidates(this.#table, fit);
    const relations = new Relations(pod, this.#table, this.#justPlaced);
    if (this.#promised.size === 0) return new Candidates(this.#table, { ...fit, relations });
    const imagined = [...this.#justPlaced, ...[...this.#promised.values()].map(({ placed }) => placed)];
    const promised = new Relations(pod, this.#table, imagined);
    return new Candidates(this.#table, { ...fit, relations, promised });
  }

  /** From here on, what was promised to pods as important as this counts. */
  #keepPromises(priority: number): void {
    for (let next = this.#later.at(-1); next !== undefined; next = this.#later.at(-1)) {
      if ((next.pod.spec.priority ?? 0) < priority) return;
      this.#later.pop();
      this.#promise(next);
    }
  }

  #promise({ pod, node }: Nominee): void {
    const slot = this.#table.slotOf(node);
    if (slot === undefined) return;
    const demand = demandOf(pod);
    this.#usage.add(slot, demand);
    this.#promised.set(pod.metadata.uid, { node, demand, placed: { slot, profile: profileOf(pod) } });
    this.#promisesChanged(slot);
  }

  /** Takes back what was promised to a pod, for it to be given now: the node. */
  #redeem({ metadata: { uid } }: Pod): string | undefined {
    const own = this.#promised.get(uid);
    if (own === undefined) return undefined;
    this.#promised.delete(uid);
    this.#usage.remove(own.placed.slot, own.demand);
    this.#promisesChanged(own.placed.slot);
    return own.node;
  }

  #promisesChanged(slot: number): void {
    if (this.#related) this.#kinds.clear();
    else for (const each of this.#kinds.values()) each.update(slot);
  }

  /** Breaks promises on a node to pods of less than this priority: their room goes to a more important one. */
  #displace(node: string, priority: number): void {
    const broken = this.#later.filter((each) => each.node === node && (each.pod.spec.priority ?? 0) < priority);
    for (const each of broken) {
      this.#later.splice(this.#later.indexOf(each), 1);
      this.#displaced.push(each.pod);
    }
  }

  /** Pods of one kind are refused for the same reasons. */
  #kindOf(pod: Pod, { amounts, hostPorts }: PodDemand, volumes: readonly VolumeNeed[]): string {
    const ports = hostPorts.map(({ ip, protocol, port }) => `${protocol}${ip}:${port}`);
    const own = [
      likenessOf(pod.spec, volumes),
      [...amounts].map(([name, amount]) => `${name}=${amount}`).sort(),
      ports,
    ];
    return (this.#related ? [...own, relationsKeyOf(pod)] : own).join('|');
  }
}

function withReason(why: Explanation, preemption: string): Explanation {
  return preemption === '' ? why : { ...why, message: `${why.message} preemption: ${preemption}` };
}

/** The most important first, of those the oldest. */
export function byImportance(left: Pod, right: Pod): number {
  const priority = (right.spec.priority ?? 0) - (left.spec.priority ?? 0);
  if (priority !== 0) return priority;
  return compareText(sortKey(left), sortKey(right));
}

const sortKey = ({ metadata }: Pod) => `${metadata.creationTimestamp}/${metadata.namespace ?? ''}/${metadata.name}`;

const compareText = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
