import type { Pod } from '#api';
import { type PodProfile, profileKeyOf, profileOf } from './pod-profile.ts';

/** Pods that look the same to others, and how many of them each node has, by slot. */
export interface PodGroup {
  readonly profile: PodProfile;
  readonly counts: ReadonlyMap<number, number>;
}

interface Group extends PodGroup {
  readonly key: string;
  readonly counts: Map<number, number>;
  /** Placed pods of the group, on known nodes or not. */
  members: number;
}

/** What runs beside what: placed pods in groups of the same namespace and labels, so that a rule is tried once per group. */
export class PlacedPods {
  readonly #groups = new Map<string, Group>();
  #refusing = 0;

  /** Whether any placed pod refuses others beside it: then every pod must ask. */
  get hasAntiAffinity(): boolean {
    return this.#refusing > 0;
  }

  groups(): Iterable<PodGroup> {
    return this.#groups.values();
  }

  /** Takes a pod into its group, which is to be let go with `leave`. */
  join(pod: Pod): PodGroup {
    const key = profileKeyOf(pod);
    const group = this.#groups.get(key) ?? { key, profile: profileOf(pod), counts: new Map(), members: 0 };
    this.#groups.set(key, group);
    group.members += 1;
    if (group.profile.antiAffinity.length > 0) this.#refusing += 1;
    return group;
  }

  leave(group: PodGroup): void {
    const own = group as Group;
    own.members -= 1;
    if (own.profile.antiAffinity.length > 0) this.#refusing -= 1;
    if (own.members === 0) this.#groups.delete(own.key);
  }

  /** One pod more, or less, of a group on a node. */
  shift(group: PodGroup, slot: number, by: 1 | -1): void {
    const { counts } = group as Group;
    const count = (counts.get(slot) ?? 0) + by;
    if (count > 0) counts.set(slot, count);
    else counts.delete(slot);
  }

  /** Empties a slot for its next node. */
  clear(slot: number): void {
    for (const { counts } of this.#groups.values()) counts.delete(slot);
  }
}
