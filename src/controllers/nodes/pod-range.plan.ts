import type { Node } from '#api';

export interface PodRangeSnapshot {
  readonly nodes: readonly Node[];
  /** Addresses of all pods: `10.244.0.0/16`. */
  readonly clusterRange: string;
  /** Length of one node's prefix: 24. */
  readonly nodeBits: number;
}

/** The lowest range that no node has; undefined when all are given out. */
export function planPodRange({ nodes, clusterRange, nodeBits }: PodRangeSnapshot): string | undefined {
  const [address = '', bits = ''] = clusterRange.split('/');
  const first = toNumber(address);
  const size = 2 ** (32 - nodeBits);
  const count = 2 ** (nodeBits - Number(bits));
  const taken = new Set(nodes.flatMap(({ spec }) => spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : [])));
  for (let at = 0; at < count; at += 1) {
    const range = `${toText(first + at * size)}/${nodeBits}`;
    if (!taken.has(range)) return range;
  }
  return undefined;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
