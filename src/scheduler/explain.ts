/** Why no node takes a pod: how many nodes gave which reason. */
export interface Explanation {
  readonly nodes: number;
  readonly reasons: Readonly<Record<string, number>>;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {k: v}.` Source: kube-scheduler framework/types.go, FitError. */
export function explain({ nodes, reasons }: Explanation): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const counted = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  return `0/${nodes} nodes are available: ${counted.sort().join(', ')}.`;
}
