import type { PodSpec, Taint, Toleration } from '#api';
import type { NodeFacts } from '../node-facts.ts';
import type { NodeFilter } from './filter.ts';

/** Source: kubernetes api core/v1 toleration.go, ToleratesTaint (v0.32). */
export function tolerates(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    default:
      return false;
  }
}

/** Refuses nodes with a NoSchedule or NoExecute taint that the pod does not tolerate. */
export const taints: NodeFilter = {
  name: 'TaintToleration',
  retryOn: ['node'],
  reads: ({ tolerations }) => tolerations,
  refuse: ({ tolerations = [] }, node) => {
    const taint = node.taints.find(
      (each) =>
        (each.effect === 'NoSchedule' || each.effect === 'NoExecute') &&
        !tolerations.some((toleration) => tolerates(toleration, each)),
    );
    return taint === undefined ? undefined : `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  },
};

/** Number of the node's PreferNoSchedule taints that the pod does not tolerate: the fewer the better. */
export function unwantedTaints({ tolerations = [] }: PodSpec, node: NodeFacts): number {
  return node.taints.filter(
    (taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
  ).length;
}
