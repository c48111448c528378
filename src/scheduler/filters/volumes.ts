import { nodeSelectorMatches } from '#api';
import type { NodeFilter } from './filter.ts';

/**
 * Keeps a pod to the nodes that have its volumes, or may get them. Source of the words: kubernetes
 * pkg/scheduler/framework/plugins/volumebinding/binder.go (v1.32).
 */
export const volumes: NodeFilter = {
  name: 'VolumeBinding',
  retryOn: ['node', 'volume'],
  reads: (_, needs) => needs,
  refuse: (_, node, needs = []) =>
    needs.find(({ anyOf }) => !anyOf.some((selector) => nodeSelectorMatches(selector, node)))?.otherwise,
};
