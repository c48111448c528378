import type { Pod } from '#api';

/** Name of the pod informer's index by node. */
export const BY_NODE = 'node';

export function nodeIndex({ spec }: Pod): readonly string[] {
  return spec.nodeName ? [spec.nodeName] : [];
}
