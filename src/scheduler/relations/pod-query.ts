import type { LabelSelector, Labels } from '#api';
import type { NamespaceLabels, PodProfile, PodTerm } from './pod-profile.ts';

/** Which placed pods are meant. */
export interface PodQuery {
  /** Queries with the same text mean the same pods. */
  readonly key: string;
  /** All that are meant are in one of these; undefined: they may be anywhere. */
  readonly namespaces: ReadonlySet<string> | undefined;
  /** All that are meant are selected by it. */
  readonly selector: LabelSelector;
  matches(pod: PodProfile, namespaces: NamespaceLabels): boolean;
}

/** Pods that all the terms mean. Of at least one term. */
export function queryOfTerms(terms: readonly [PodTerm, ...PodTerm[]]): PodQuery {
  const [{ namespaces, selector }] = terms;
  return {
    key: `terms|${terms.map(({ key }) => key).join('|')}`,
    namespaces,
    selector,
    matches: (pod, labelsOf) => terms.every((term) => term.matches(pod, labelsOf)),
  };
}

/** Pods of a namespace that are to be spread: those that go already do not count. */
export function queryOfSpread(namespace: string, selector: LabelSelector): PodQuery {
  return {
    key: `spread|${namespace}|${selector.toString()}`,
    namespaces: new Set([namespace]),
    selector,
    matches: (pod) => !pod.going && pod.namespace === namespace && selector.matches(pod.labels),
  };
}

/** A label and its value as one text. */
export const pairOf = (key: string, value: string) => `${key}=${value}`;

/** Labels that every pod has which the selector selects. */
export function pairsOf({ requirements }: LabelSelector): readonly string[] {
  return requirements.flatMap(({ key, operator, values }) =>
    operator === 'In' && values.length === 1 ? [pairOf(key, values[0] ?? '')] : [],
  );
}

/** Things that are kept for queries, found by the pods they mean: most by a label that all these pods have. */
export class QueryIndex<T extends { readonly query: PodQuery }> {
  readonly #byPair = new Map<string, Set<T>>();
  readonly #rest = new Set<T>();
  readonly #pairs = new Map<T, string>();

  add(entry: T): void {
    const sizeOf = (pair: string) => this.#byPair.get(pair)?.size ?? 0;
    const [rarest] = [...pairsOf(entry.query.selector)].sort((left, right) => sizeOf(left) - sizeOf(right));
    if (rarest === undefined) {
      this.#rest.add(entry);
      return;
    }
    const here = this.#byPair.get(rarest) ?? new Set();
    this.#byPair.set(rarest, here.add(entry));
    this.#pairs.set(entry, rarest);
  }

  delete(entry: T): void {
    this.#rest.delete(entry);
    const pair = this.#pairs.get(entry);
    if (pair === undefined) return;
    this.#pairs.delete(entry);
    const here = this.#byPair.get(pair);
    here?.delete(entry);
    if (here?.size === 0) this.#byPair.delete(pair);
  }

  clear(): void {
    this.#byPair.clear();
    this.#rest.clear();
    this.#pairs.clear();
  }

  *meaning(pod: PodProfile, namespaces: NamespaceLabels): Iterable<T> {
    for (const entry of this.#rest) if (entry.query.matches(pod, namespaces)) yield entry;
    if (this.#byPair.size === 0) return;
    for (const pair of pairsOfLabels(pod.labels)) {
      for (const entry of this.#byPair.get(pair) ?? []) if (entry.query.matches(pod, namespaces)) yield entry;
    }
  }
}

export const pairsOfLabels = (labels: Labels): readonly string[] =>
  Object.entries(labels).map(([key, value]) => pairOf(key, value));
