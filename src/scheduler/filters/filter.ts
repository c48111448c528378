import type { NodeSelectorTerm, PodSpec } from '#api';
import type { NodeFacts } from '../node-facts.ts';

/**
 * What can make a refused pod fit: a node came or changed, a pod went, one was placed (or what others see of it
 * changed), or a claim, a volume or a class did.
 */
export type ClusterChange = 'node' | 'pod' | 'placed' | 'volume';

/** What one of a pod's claims asks of a node: that one of these selects it. Without any, no node will do. */
export interface VolumeNeed {
  readonly anyOf: readonly { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }[];
  /** Why a node is refused that none selects, in Kubernetes' words. */
  readonly otherwise: string;
}

/** Refuses by what a node is, not by what runs there; so the answer is kept per node and shared by like pods. */
export interface NodeFilter {
  readonly name: string;
  /** Which changes could let a pod in that this filter refused. */
  readonly retryOn: readonly ClusterChange[];
  /** The parts of a pod that the filter reads: pods with equal parts get equal answers. */
  reads(pod: PodSpec, volumes: readonly VolumeNeed[]): unknown;
  /** Why the node will not do, in Kubernetes' words; undefined when it will. */
  refuse(pod: PodSpec, node: NodeFacts, volumes?: readonly VolumeNeed[]): string | undefined;
}
