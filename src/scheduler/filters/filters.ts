import type { PodSpec } from '#api';
import { canonicalJson } from '#base';
import type { NodeFilter } from './filter.ts';
import { nodeAffinity } from './node-affinity.ts';
import { taints } from './taints.ts';
import { unschedulable } from './unschedulable.ts';

/** In the order they are asked; the first refusal counts. */
export const NODE_FILTERS: readonly NodeFilter[] = [unschedulable, taints, nodeAffinity];

/** Pods with the same text get the same answer from every node filter. */
export function likenessOf(pod: PodSpec): string {
  return canonicalJson(NODE_FILTERS.map((filter) => filter.reads(pod) ?? null));
}
