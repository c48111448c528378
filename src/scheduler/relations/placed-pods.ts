import type { Pod } from '#api';
import { type NamespaceLabels, type PodProfile, profileKeyOf, profileOf, type Regards } from './pod-profile.ts';
import { type PodQuery, pairsOf, pairsOfLabels, QueryIndex } from './pod-query.ts';

/** Numbers of pods, by slot; slots without any are absent. */
export type SlotCounts = ReadonlyMap<number, number>;

/** Pods that look the same to others, and how many of them each node has, by slot. */
export interface PodGroup {
  readonly profile: PodProfile;
  readonly counts: SlotCounts;
}

/** Pods that think the same of others, however they look. */
export interface RegardGroup {
  readonly regards: Regards;
  readonly counts: SlotCounts;
}

interface Regarding extends RegardGroup {
  readonly counts: Map<number, number>;
  members: number;
}

interface Group extends PodGroup {
  readonly key: string;
  readonly counts: Map<number, number>;
  readonly regarding: Regarding | undefined;
  /** Placed pods of the group, on known nodes or not. */
  members: number;
}

/** Where the pods are that somebody asked for, kept up to date. */
interface Census {
  readonly query: PodQuery;
  readonly counts: Map<number, number>;
}

interface NamespaceGroups {
  readonly all: Set<Group>;
  /** By each of their labels. */
  readonly byPair: Map<string, Set<Group>>;
}

/** Questions whose answers are kept up to date; the one asked longest ago goes first. */
const MAX_CENSUSES = 256;

/**
 * What runs beside what: placed pods in groups of the same namespace and labels, and where the pods are that were asked
 * for. What was asked before is answered without looking at pods, whatever their number.
 */
export class PlacedPods {
  readonly #namespaceLabels: NamespaceLabels;
  readonly #groups = new Map<string, Group>();
  readonly #byNamespace = new Map<string, NamespaceGroups>();
  readonly #regarding = new Map<string, Regarding>();
  readonly #censuses = new Map<string, Census>();
  readonly #index = new QueryIndex<Census>();
  #looks = 0;

  constructor(namespaceLabels: NamespaceLabels) {
    this.#namespaceLabels = namespaceLabels;
  }

  /** Whether any placed pod cares who comes beside it: then every pod must ask. */
  get hasRegards(): boolean {
    return this.#regarding.size > 0;
  }

  /** Groups that were looked at one by one, since the beginning: what questions cost. */
  get looks(): number {
    return this.#looks;
  }

  /** What placed pods think of others: as many as there are different opinions. */
  *opinions(): Iterable<RegardGroup> {
    for (const each of this.#regarding.values()) {
      this.#looks += 1;
      yield each;
    }
  }

  /** Where the pods are that a query means. Valid until the next change; not to be changed. */
  where(query: PodQuery): SlotCounts {
    const known = this.#censuses.get(query.key);
    const census = known ?? this.#count(query);
    this.#censuses.delete(query.key);
    this.#censuses.set(query.key, census);
    if (known !== undefined) return census.counts;
    this.#index.add(census);
    for (const [key, oldest] of this.#censuses) {
      if (this.#censuses.size <= MAX_CENSUSES) break;
      this.#censuses.delete(key);
      this.#index.delete(oldest);
    }
    return census.counts;
  }

  /** Labels of a namespace have changed. */
  forgetAnswers(): void {
    this.#censuses.clear();
    this.#index.clear();
  }

  /** Takes a pod into its group, which is to be let go with `leave`. */
  join(pod: Pod): PodGroup {
    const key = profileKeyOf(pod);
    const group = this.#groups.get(key) ?? this.#newGroup(key, profileOf(pod));
    group.members += 1;
    if (group.regarding !== undefined) group.regarding.members += 1;
    return group;
  }

  leave(group: PodGroup): void {
    const own = group as Group;
    own.members -= 1;
    const { regarding, profile } = own;
    if (regarding !== undefined) {
      regarding.members -= 1;
      if (regarding.members === 0) this.#regarding.delete(profile.regards.key);
    }
    if (own.members > 0) return;
    this.#groups.delete(own.key);
    const here = this.#byNamespace.get(profile.namespace);
    here?.all.delete(own);
    if (here?.all.size === 0) this.#byNamespace.delete(profile.namespace);
    for (const pair of pairsOfLabels(profile.labels)) {
      const like = here?.byPair.get(pair);
      like?.delete(own);
      if (like?.size === 0) here?.byPair.delete(pair);
    }
  }

  /** One pod more, or less, of a group on a node. */
  shift(group: PodGroup, slot: number, by: 1 | -1): void {
    const { counts, regarding, profile } = group as Group;
    shiftCount(counts, slot, by);
    if (regarding !== undefined) shiftCount(regarding.counts, slot, by);
    for (const census of this.#index.meaning(profile, this.#namespaceLabels)) shiftCount(census.counts, slot, by);
  }

  /** Empties a slot for its next node. */
  clear(slot: number): void {
    for (const { counts } of this.#groups.values()) counts.delete(slot);
    for (const { counts } of this.#regarding.values()) counts.delete(slot);
    for (const { counts } of this.#censuses.values()) counts.delete(slot);
  }

  #newGroup(key: string, profile: PodProfile): Group {
    const { regards, namespace, labels } = profile;
    const group: Group = { key, profile, counts: new Map(), regarding: this.#regardingOf(regards), members: 0 };
    this.#groups.set(key, group);
    const here = this.#byNamespace.get(namespace) ?? { all: new Set(), byPair: new Map() };
    this.#byNamespace.set(namespace, here);
    here.all.add(group);
    for (const pair of pairsOfLabels(labels)) {
      const like = here.byPair.get(pair) ?? new Set();
      here.byPair.set(pair, like.add(group));
    }
    return group;
  }

  #regardingOf(regards: Regards): Regarding | undefined {
    if (regards.key === '') return undefined;
    const regarding = this.#regarding.get(regards.key) ?? { regards, counts: new Map(), members: 0 };
    this.#regarding.set(regards.key, regarding);
    return regarding;
  }

  #count(query: PodQuery): Census {
    const counts = new Map<number, number>();
    for (const group of this.#candidates(query)) {
      this.#looks += 1;
      if (!query.matches(group.profile, this.#namespaceLabels)) continue;
      for (const [slot, pods] of group.counts) counts.set(slot, (counts.get(slot) ?? 0) + pods);
    }
    return { query, counts };
  }

  /** Groups that may be meant: by the rarest of the labels that all of them have. */
  *#candidates({ namespaces, selector }: PodQuery): Iterable<Group> {
    const pairs = pairsOf(selector);
    for (const namespace of namespaces ?? this.#byNamespace.keys()) {
      const here = this.#byNamespace.get(namespace);
      if (here === undefined) continue;
      let fewest: ReadonlySet<Group> = here.all;
      for (const pair of pairs) {
        const like = here.byPair.get(pair) ?? NO_GROUPS;
        if (like.size < fewest.size) fewest = like;
      }
      yield* fewest;
    }
  }
}

const NO_GROUPS: ReadonlySet<Group> = new Set();

function shiftCount(counts: Map<number, number>, slot: number, by: 1 | -1): void {
  const count = (counts.get(slot) ?? 0) + by;
  if (count > 0) counts.set(slot, count);
  else counts.delete(slot);
}
