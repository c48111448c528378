import type { NodeFilter } from './filter.ts';
import { tolerates } from './taints.ts';

/** Source: kubernetes pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go (v1.32). */
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** A cordoned node takes no new pods, but those that tolerate it. */
export const unschedulable: NodeFilter = {
  name: 'NodeUnschedulable',
  retryOn: ['node'],
  reads: ({ tolerations }) => tolerations,
  refuse: ({ tolerations = [] }, node) =>
    node.unschedulable && !tolerations.some((toleration) => tolerates(toleration, TAINT))
      ? 'node(s) were unschedulable'
      : undefined,
};
