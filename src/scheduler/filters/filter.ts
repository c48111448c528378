import type { PodSpec } from '#api';
import type { NodeFacts } from '../node-facts.ts';

/** What can make a refused pod fit: a node came or changed, a pod went, or one was placed (or what others see of it changed). */
export type ClusterChange = 'node' | 'pod' | 'placed';

/** Refuses by what a node is, not by what runs there; so the answer is kept per node and shared by like pods. */
export interface NodeFilter {
  readonly name: string;
  /** Which changes could let a pod in that this filter refused. */
  readonly retryOn: readonly ClusterChange[];
  /** The parts of a pod that the filter reads: pods with equal parts get equal answers. */
  reads(pod: PodSpec): unknown;
  /** Why the node will not do, in Kubernetes' words; undefined when it will. */
  refuse(pod: PodSpec, node: NodeFacts): string | undefined;
}
