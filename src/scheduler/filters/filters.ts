import type { PodSpec } from '#api';
import { canonicalJson } from '#base';
import type { NodeFilter, VolumeNeed } from './filter.ts';
import { nodeAffinity } from './node-affinity.ts';
import { taints } from './taints.ts';
import { unschedulable } from './unschedulable.ts';
import { volumes } from './volumes.ts';

/** In the order they are asked; the first refusal counts. */
export const NODE_FILTERS: readonly NodeFilter[] = [unschedulable, taints, nodeAffinity, volumes];

/** Pods with the same text get the same answer from every node filter. */
export function likenessOf(pod: PodSpec, needs: readonly VolumeNeed[]): string {
  return canonicalJson(NODE_FILTERS.map((filter) => filter.reads(pod, needs) ?? null));
}
