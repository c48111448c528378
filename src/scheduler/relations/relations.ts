import type { Pod, PodSpec } from '#api';
import { canonicalJson } from '#base';
import type { NodeTable } from '../node-table.ts';
import type { Refusal } from '../refusal.ts';
import { WEIGHTS } from '../weights.ts';
import { DomainCounts } from './domains.ts';
import type { SlotCounts } from './placed-pods.ts';
import {
  compileTerm,
  hasRegards,
  type NamespaceLabels,
  type PodProfile,
  type PodTerm,
  profileOf,
  type Regards,
  requiredTerms,
  type Wish,
  wishesOf,
} from './pod-profile.ts';
import { type PodQuery, queryOfTerms } from './pod-query.ts';
import { Spread } from './spread.ts';
import { addSpread } from './spread-score.ts';

/** A pod that was given a node in this very plan. */
export interface JustPlaced {
  readonly slot: number;
  readonly profile: PodProfile;
}

export const SPREAD_FILTER = 'PodTopologySpread';
export const AFFINITY_FILTER = 'InterPodAffinity';

/** Source: kubernetes pkg/scheduler/framework/plugins/{podtopologyspread,interpodaffinity}/*.go, ErrReason… (v1.32). */
const REFUSALS = {
  label: refusal(SPREAD_FILTER, "node(s) didn't match pod topology spread constraints (missing required label)", false),
  skew: refusal(SPREAD_FILTER, "node(s) didn't match pod topology spread constraints", true),
  affinity: refusal(AFFINITY_FILTER, "node(s) didn't match pod affinity rules", false),
  antiAffinity: refusal(AFFINITY_FILTER, "node(s) didn't match pod anti-affinity rules", true),
  existing: refusal(AFFINITY_FILTER, "node(s) didn't satisfy existing pods anti-affinity rules", true),
} as const;

function refusal(filter: string, reason: string, resolvable: boolean): Refusal {
  return { filter, reasons: [reason], resolvable };
}

/** Whether where a pod goes depends on other pods by its own wish. */
export function isRelated(spec: PodSpec): boolean {
  return (spec.topologySpreadConstraints ?? []).length > 0 || hasRegards(spec);
}

/** Pods with the same text stand in the same relations to all others. */
export function relationsKeyOf({ metadata, spec }: Pod): string {
  const { namespace = '', labels = {} } = metadata;
  const { affinity, topologySpreadConstraints = [] } = spec;
  const { podAffinity = null, podAntiAffinity = null } = affinity ?? {};
  return canonicalJson([namespace, labels, podAffinity, podAntiAffinity, topologySpreadConstraints]);
}

interface Counted {
  readonly term: PodTerm;
  readonly counts: DomainCounts;
}

/** Pods of which each counts somewhere. */
interface Asked {
  readonly query: PodQuery;
  count(slot: number, pods: number): void;
}

/**
 * How one kind of pods stands to the pods that are placed: by affinity, by theirs, and by how it is to be spread. Counts
 * are by domain, built once per plan and kept up to date with every pod it places, so that asking for a node costs as
 * many steps as there are rules, whatever the number of pods.
 */
export class Relations {
  readonly #self: PodProfile;
  readonly #table: NodeTable;
  readonly #namespaces: NamespaceLabels;
  /** Pods that match all terms count for each of them. */
  readonly #affinity: readonly Counted[];
  readonly #suitsItself: boolean;
  /** Pods found that match all terms of affinity. */
  #found = 0;
  readonly #antiAffinity: readonly Counted[];
  /** By topology key: pods that refuse this one beside them. */
  readonly #refusing = new Map<string, DomainCounts>();
  /** By topology key: how much the place is liked, by the pod itself and by those who are there. */
  readonly #liked = new Map<string, DomainCounts>();
  readonly #hardSpread: readonly Spread[];
  readonly #softSpread: readonly Spread[];
  /** What the pod asks of others. */
  readonly #asked: readonly Asked[];

  constructor(pod: Pod, table: NodeTable, justPlaced: readonly JustPlaced[]) {
    this.#self = profileOf(pod);
    this.#table = table;
    this.#namespaces = table.namespaceLabels;
    const counted = (term: PodTerm): Counted => ({ term, counts: new DomainCounts(table.domains(term.topologyKey)) });
    const required = (kind: 'podAffinity' | 'podAntiAffinity') =>
      requiredTerms(pod.spec, kind).map((term) => counted(compileTerm(term, pod)));
    this.#affinity = required('podAffinity');
    this.#suitsItself = this.#affinity.every(({ term }) => term.matches(this.#self, this.#namespaces));
    this.#antiAffinity = required('podAntiAffinity');
    this.#hardSpread = spreadsOf(pod, table, 'DoNotSchedule');
    this.#softSpread = spreadsOf(pod, table, 'ScheduleAnyway');
    this.#asked = [...this.#askFriends(), ...this.#askOthers(wishesOf(pod))];
    for (const { query, count } of this.#asked) forEachPlace(table.placed.where(query), count);
    for (const { regards, counts } of table.placed.opinions()) this.#hear(regards, counts);
    for (const { slot, profile } of justPlaced) this.add(slot, profile);
  }

  /** One more pod was given a node, or with -1 one pod less is to be reckoned with. */
  add(slot: number, profile: PodProfile, by: 1 | -1 = 1): void {
    for (const { query, count } of this.#asked) if (query.matches(profile, this.#namespaces)) count(slot, by);
    this.#hear(profile.regards, [[slot, by]]);
  }

  /** Why a node will not do, in Kubernetes' words; undefined when it will. */
  refusal(slot: number): Refusal | undefined {
    for (const spread of this.#hardSpread) {
      if (spread.isOutside(slot)) return REFUSALS.label;
      if (spread.isSkewed(slot)) return REFUSALS.skew;
    }
    if (!this.#isBesideFriends(slot)) return REFUSALS.affinity;
    if (this.#antiAffinity.some(({ counts }) => counts.at(slot) > 0)) return REFUSALS.antiAffinity;
    for (const counts of this.#refusing.values()) if (counts.at(slot) > 0) return REFUSALS.existing;
    return undefined;
  }

  /** Takes nodes that will not do out of the scores (by slot, -∞ where there is nothing to score). */
  exclude(scores: Float64Array): void {
    if (!this.#mayRefuse) return;
    for (let slot = 0; slot < scores.length; slot += 1) {
      if (scores[slot] === Number.NEGATIVE_INFINITY || this.refusal(slot) === undefined) continue;
      scores[slot] = Number.NEGATIVE_INFINITY;
    }
  }

  get #mayRefuse(): boolean {
    return this.#hardSpread.length + this.#affinity.length + this.#antiAffinity.length + this.#refusing.size > 0;
  }

  /** Adds wishes to the scores. */
  judge(scores: Float64Array): void {
    if (this.#liked.size > 0) this.#addLiked(scores);
    if (this.#softSpread.length > 0) addSpread(scores, this.#softSpread, true);
  }

  #askFriends(): Asked[] {
    const [first, ...more] = this.#affinity.map(({ term }) => term);
    if (first === undefined) return [];
    const count = (slot: number, pods: number) => {
      for (const { counts } of this.#affinity) if (counts.add(slot, pods)) this.#found += pods;
    };
    return [{ query: queryOfTerms([first, ...more]), count }];
  }

  #askOthers(wishes: readonly Wish[]): Asked[] {
    const anti = this.#antiAffinity.map(({ term, counts }) => ({
      query: queryOfTerms([term]),
      count: (slot: number, pods: number) => void counts.add(slot, pods),
    }));
    const wished = wishes.map(({ term, weight }) => {
      const liked = this.#countsBy(this.#liked, term.topologyKey);
      return {
        query: queryOfTerms([term]),
        count: (slot: number, pods: number) => void liked.add(slot, pods * weight),
      };
    });
    const spreads = [...this.#hardSpread, ...this.#softSpread].map((spread) => ({
      query: spread.query,
      count: (slot: number, pods: number) => spread.add(slot, pods),
    }));
    return [...anti, ...wished, ...spreads];
  }

  /** What pods at some places think of this one. */
  #hear({ refuses, wishes }: Regards, places: Iterable<readonly [slot: number, pods: number]>): void {
    const isMeant = (term: PodTerm) => term.matches(this.#self, this.#namespaces);
    for (const term of refuses) {
      if (!isMeant(term)) continue;
      const counts = this.#countsBy(this.#refusing, term.topologyKey);
      for (const [slot, pods] of places) counts.add(slot, pods);
    }
    for (const { term, weight } of wishes) {
      if (!isMeant(term)) continue;
      const counts = this.#countsBy(this.#liked, term.topologyKey);
      for (const [slot, pods] of places) counts.add(slot, pods * weight);
    }
  }

  #countsBy(byKey: Map<string, DomainCounts>, topologyKey: string): DomainCounts {
    const known = byKey.get(topologyKey) ?? new DomainCounts(this.#table.domains(topologyKey));
    byKey.set(topologyKey, known);
    return known;
  }

  /** The first of a group that wants its own kind beside it may go anywhere. */
  #isBesideFriends(slot: number): boolean {
    if (!this.#affinity.every(({ counts }) => counts.has(slot))) return false;
    if (this.#affinity.every(({ counts }) => counts.at(slot) > 0)) return true;
    return this.#found === 0 && this.#suitsItself;
  }

  /** Source: interpodaffinity/scoring.go, NormalizeScore: 0–100 between the worst and the best node. */
  #addLiked(scores: Float64Array): void {
    const liked = [...this.#liked.values()];
    const sums = new Float64Array(scores.length);
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let slot = 0; slot < scores.length; slot += 1) {
      if (!Number.isFinite(scores[slot])) continue;
      let sum = 0;
      for (const counts of liked) sum += counts.at(slot);
      sums[slot] = sum;
      if (sum < least) least = sum;
      if (sum > most) most = sum;
    }
    if (!(most > least)) return;
    for (let slot = 0; slot < scores.length; slot += 1) {
      if (!Number.isFinite(scores[slot])) continue;
      const share = ((sums[slot] as number) - least) / (most - least);
      scores[slot] = (scores[slot] as number) + WEIGHTS.podAffinity * 100 * share;
    }
  }
}

function spreadsOf(pod: Pod, table: NodeTable, kind: 'DoNotSchedule' | 'ScheduleAnyway'): Spread[] {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter((one) => one.whenUnsatisfiable === kind);
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  return constraints.map(
    (constraint) =>
      new Spread({ pod, constraint, nodes: table.nodes, domains: table.domains(constraint.topologyKey), keys }),
  );
}

function forEachPlace(places: SlotCounts, work: (slot: number, pods: number) => void): void {
  for (const [slot, pods] of places) work(slot, pods);
}
