import { type Pod, type PodSpec, selectorFromObject } from '#api';
import { nodeAffinity } from '../filters/node-affinity.ts';
import { taints } from '../filters/taints.ts';
import type { NodeFacts } from '../node-facts.ts';
import { DomainCounts, type Domains } from './domains.ts';
import { alike } from './pod-profile.ts';
import { type PodQuery, queryOfSpread } from './pod-query.ts';
import type { Crowd } from './spread-score.ts';

export type SpreadConstraint = NonNullable<PodSpec['topologySpreadConstraints']>[number];

export interface SpreadInput {
  readonly pod: Pod;
  readonly constraint: SpreadConstraint;
  readonly nodes: readonly (NodeFacts | undefined)[];
  readonly domains: Domains;
  /** Only nodes with all these labels take part. */
  readonly keys: readonly string[];
}

/**
 * How evenly one constraint's pods lie over its domains.
 * Source: kubernetes pkg/scheduler/framework/plugins/podtopologyspread/{filtering,common}.go (v1.32).
 */
export class Spread implements Crowd {
  /** The pods that are spread. */
  readonly query: PodQuery;
  readonly counts: DomainCounts;
  readonly maxSkew: number;
  readonly #minDomains: number;
  /** 1 when the pod itself is one of those that are spread. */
  readonly #self: 0 | 1;
  /** By slot: whether the node takes part. */
  readonly #counted: Uint8Array;
  /** One slot of each domain that takes part. */
  readonly #domainSlots: readonly number[];
  #least: number | undefined;

  constructor({ pod, constraint, nodes, domains, keys }: SpreadInput) {
    const { namespace = '', labels = {} } = pod.metadata;
    const selector = selectorFromObject(
      alike(constraint.labelSelector, labels, { In: constraint.matchLabelKeys ?? [] }),
    );
    this.query = queryOfSpread(namespace, selector);
    this.counts = new DomainCounts(domains);
    this.maxSkew = constraint.maxSkew;
    this.#minDomains = constraint.minDomains ?? 1;
    this.#self = selector.matches(labels) ? 1 : 0;
    this.#counted = Uint8Array.from(nodes, (node) => (takesPart(node, pod.spec, constraint, keys) ? 1 : 0));
    const first = new Map<number, number>();
    for (const [slot, counted] of this.#counted.entries()) {
      const id = domains.ids[slot] ?? -1;
      if (counted === 1 && !first.has(id)) first.set(id, slot);
    }
    this.#domainSlots = [...first.values()];
  }

  add(slot: number, pods: number): void {
    if (this.#counted[slot] === 1 && this.counts.add(slot, pods)) this.#least = undefined;
  }

  /** Whether the node lacks the label. */
  isOutside(slot: number): boolean {
    return !this.counts.has(slot);
  }

  /** Whether the node's domain would have too many more than the emptiest. */
  isSkewed(slot: number): boolean {
    const least = this.#domainSlots.length < this.#minDomains ? 0 : this.#fewest();
    return this.counts.at(slot) + this.#self - least > this.maxSkew;
  }

  #fewest(): number {
    this.#least ??= this.#domainSlots.reduce((least, slot) => Math.min(least, this.counts.at(slot)), Infinity);
    return this.#least;
  }
}

function takesPart(
  node: NodeFacts | undefined,
  spec: PodSpec,
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: SpreadConstraint,
  keys: readonly string[],
): boolean {
  if (node === undefined || !keys.every((key) => Object.hasOwn(node.labels, key))) return false;
  if (nodeAffinityPolicy === 'Honor' && choosesNodes(spec) && nodeAffinity.refuse(spec, node) !== undefined)
    return false;
  return nodeTaintsPolicy !== 'Honor' || taints.refuse(spec, node) === undefined;
}

const choosesNodes = ({ nodeSelector, affinity }: PodSpec) =>
  nodeSelector !== undefined || affinity?.nodeAffinity !== undefined;
