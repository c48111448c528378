import { type LabelSelectorObject, type Pod, selectorFromObject } from '#api';
import type { NodeTable } from '../node-table.ts';
import { DomainCounts } from './domains.ts';
import type { NamespaceLabels, PodProfile } from './pod-profile.ts';
import { type PodQuery, QueryIndex, queryOfSpread } from './pod-query.ts';
import { addSpread, type Crowd } from './spread-score.ts';

/** Which pods belong together, though they say nothing of how they are to be spread. */
export interface Peers {
  /** The pods of a pod's Services and of its ReplicaSet, ReplicationController or StatefulSet; undefined without any. */
  selectorOf(pod: Pod): LabelSelectorObject | undefined;
}

/** Source: kubernetes pkg/scheduler/framework/plugins/podtopologyspread/plugin.go, systemDefaultConstraints (v1.32). */
const DEFAULTS = [
  { topologyKey: 'kubernetes.io/hostname', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
] as const;

/** Groups of one plan that are kept; the one asked for longest ago goes first. */
const MAX_GROUPS = 64;

interface Group {
  readonly query: PodQuery;
  readonly crowds: readonly Crowd[];
}

interface Placed {
  readonly slot: number;
  readonly profile: PodProfile;
}

/** How pods that belong together lie over nodes and zones, for those that do not say themselves how they are to be spread. */
export class DefaultSpread {
  readonly #table: NodeTable;
  readonly #peers: Peers;
  readonly #namespaces: NamespaceLabels;
  readonly #groups = new Map<string, Group>();
  readonly #index = new QueryIndex<Group>();
  readonly #placed: Placed[] = [];

  constructor(table: NodeTable, peers: Peers) {
    this.#table = table;
    this.#peers = peers;
    this.#namespaces = table.namespaceLabels;
  }

  /** Adds to the scores of nodes how few of the pod's peers are there, and in their zones. */
  judge(pod: Pod, scores: Float64Array): void {
    if ((pod.spec.topologySpreadConstraints ?? []).length > 0) return;
    const peers = this.#peers.selectorOf(pod);
    if (peers === undefined) return;
    addSpread(
      scores,
      this.#groupOf(queryOfSpread(pod.metadata.namespace ?? '', selectorFromObject(peers))).crowds,
      false,
    );
  }

  /** One pod more was given a node. */
  add(slot: number, profile: PodProfile): void {
    this.#placed.push({ slot, profile });
    for (const { crowds } of this.#index.meaning(profile, this.#namespaces)) {
      for (const { counts } of crowds) counts.add(slot, 1);
    }
  }

  #groupOf(query: PodQuery): Group {
    const groups = this.#groups;
    const known = groups.get(query.key);
    const group = known ?? this.#newGroup(query);
    groups.delete(query.key);
    groups.set(query.key, group);
    if (known !== undefined) return group;
    this.#index.add(group);
    for (const [key, oldest] of groups) {
      if (groups.size <= MAX_GROUPS) break;
      groups.delete(key);
      this.#index.delete(oldest);
    }
    return group;
  }

  #newGroup(query: PodQuery): Group {
    const crowds = DEFAULTS.map(({ topologyKey, maxSkew }) => ({
      counts: new DomainCounts(this.#table.domains(topologyKey)),
      maxSkew,
    }));
    const add = (slot: number, pods: number) => {
      for (const { counts } of crowds) counts.add(slot, pods);
    };
    for (const [slot, pods] of this.#table.placed.where(query)) add(slot, pods);
    for (const { slot, profile } of this.#placed) if (query.matches(profile, this.#namespaces)) add(slot, 1);
    return { query, crowds };
  }
}
