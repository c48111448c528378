import type { Pod, PodSpec } from '#api';
import { canonicalJson } from '#base';
import type { NodeTable } from '../node-table.ts';
import type { Refusal } from '../refusal.ts';
import { WEIGHTS } from '../weights.ts';
import { DomainCounts } from './domains.ts';
import {
  compileTerm,
  type NamespaceLabels,
  type PodProfile,
  type PodTerm,
  profileOf,
  requiredTerms,
} from './pod-profile.ts';
import { Spread } from './spread.ts';

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
export function isRelated({ affinity, topologySpreadConstraints = [] }: PodSpec): boolean {
  return (
    topologySpreadConstraints.length > 0 ||
    affinity?.podAffinity !== undefined ||
    affinity?.podAntiAffinity !== undefined
  );
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
  readonly #preferred: readonly (Counted & { readonly weight: number })[];
  readonly #hardSpread: readonly Spread[];
  readonly #softSpread: readonly Spread[];

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
    this.#preferred = (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) =>
      (pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        ({ weight, podAffinityTerm }) => ({
          ...counted(compileTerm(podAffinityTerm, pod)),
          weight: kind === 'podAffinity' ? weight : -weight,
        }),
      ),
    );
    this.#hardSpread = spreadsOf(pod, table, 'DoNotSchedule');
    this.#softSpread = spreadsOf(pod, table, 'ScheduleAnyway');
    for (const { profile, counts } of table.placed.groups()) this.#count(profile, counts);
    for (const { slot, profile } of justPlaced) this.add(slot, profile);
  }

  /** One more pod was given a node, or with -1 one pod less is to be reckoned with. */
  add(slot: number, profile: PodProfile, by: 1 | -1 = 1): void {
    this.#count(profile, [[slot, by]]);
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
    for (let slot = 0; slot < scores.length; slot += 1) {
      if (Number.isFinite(scores[slot]) && this.refusal(slot) !== undefined) scores[slot] = Number.NEGATIVE_INFINITY;
    }
  }

  /** Adds wishes to the scores. */
  judge(scores: Float64Array): void {
    if (this.#preferred.length > 0) this.#addPreferred(scores);
    if (this.#softSpread.length > 0) this.#addSoftSpread(scores);
  }

  #count(profile: PodProfile, places: Iterable<readonly [slot: number, pods: number]>): void {
    const matches = ({ term }: Counted) => term.matches(profile, this.#namespaces);
    const together = this.#affinity.length > 0 && this.#affinity.every(matches) ? this.#affinity : [];
    const anti = this.#antiAffinity.filter(matches);
    const refusing = profile.antiAffinity
      .filter((term) => term.matches(this.#self, this.#namespaces))
      .map(({ topologyKey }) => this.#refusingBy(topologyKey));
    const preferred = this.#preferred.filter(matches);
    const spreads = [...this.#hardSpread, ...this.#softSpread].filter((spread) => spread.counts(profile));
    for (const [slot, pods] of places) {
      for (const { counts } of together) if (counts.add(slot, pods)) this.#found += pods;
      for (const { counts } of anti) counts.add(slot, pods);
      for (const counts of refusing) counts.add(slot, pods);
      for (const { counts, weight } of preferred) counts.add(slot, pods * weight);
      for (const spread of spreads) spread.add(slot, pods);
    }
  }

  #refusingBy(topologyKey: string): DomainCounts {
    const known = this.#refusing.get(topologyKey) ?? new DomainCounts(this.#table.domains(topologyKey));
    this.#refusing.set(topologyKey, known);
    return known;
  }

  /** The first of a group that wants its own kind beside it may go anywhere. */
  #isBesideFriends(slot: number): boolean {
    if (!this.#affinity.every(({ counts }) => counts.has(slot))) return false;
    if (this.#affinity.every(({ counts }) => counts.at(slot) > 0)) return true;
    return this.#found === 0 && this.#suitsItself;
  }

  /** Source: interpodaffinity/scoring.go, NormalizeScore: 0–100 between the worst and the best node. */
  #addPreferred(scores: Float64Array): void {
    const wish = (slot: number) => this.#preferred.reduce((sum, { counts }) => sum + counts.at(slot), 0);
    const { least, most } = rangeOf(scores, wish);
    if (most === least) return;
    each(scores, (slot) => {
      scores[slot] = (scores[slot] ?? 0) + (WEIGHTS.podAffinity * 100 * (wish(slot) - least)) / (most - least);
    });
  }

  /** Source: podtopologyspread/scoring.go, NormalizeScore: a node outside of a domain gets nothing. */
  #addSoftSpread(scores: Float64Array): void {
    const isOutside = (slot: number) => this.#softSpread.some((spread) => spread.isOutside(slot));
    const crowding = (slot: number) =>
      isOutside(slot) ? undefined : this.#softSpread.reduce((sum, spread) => sum + spread.crowding(slot), 0);
    const { least, most } = rangeOf(scores, crowding);
    each(scores, (slot) => {
      const crowd = crowding(slot);
      if (crowd === undefined) return;
      const room = most === 0 ? 100 : (100 * (most + least - crowd)) / most;
      scores[slot] = (scores[slot] ?? 0) + WEIGHTS.spread * room;
    });
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

function each(scores: Float64Array, work: (slot: number) => void): void {
  for (let slot = 0; slot < scores.length; slot += 1) if (Number.isFinite(scores[slot])) work(slot);
}

function rangeOf(scores: Float64Array, value: (slot: number) => number | undefined): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  each(scores, (slot) => {
    const here = value(slot);
    if (here === undefined) return;
    least = Math.min(least, here);
    most = Math.max(most, here);
  });
  return { least, most };
}
