import type { NodeFilter } from './filter.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodeReady } from './node-ready.ts';
import { taints } from './taints.ts';

/** In the order they are asked; the first refusal is the one that is told. */
export const nodeFilters: readonly NodeFilter[] = [nodeName, taints, nodeReady, nodeAffinity];
