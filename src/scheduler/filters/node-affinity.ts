import { nodeSelectorMatches, nodeTermMatches, type PodSpec } from '#api';
import type { NodeFacts } from '../node-facts.ts';
import type { NodeFilter } from './filter.ts';

/** Keeps a pod to the nodes that its `nodeSelector` and its required node affinity name. */
export const nodeAffinity: NodeFilter = {
  name: 'NodeAffinity',
  retryOn: ['node'],
  reads: ({ nodeSelector, affinity }) => [nodeSelector, affinity?.nodeAffinity],
  refuse: (pod, node) =>
    selects(pod.nodeSelector ?? {}, node) && isRequired(pod, node)
      ? undefined
      : "node(s) didn't match Pod's node affinity/selector",
};

function selects(selector: Readonly<Record<string, string>>, { labels }: NodeFacts): boolean {
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

function isRequired({ affinity }: PodSpec, node: NodeFacts): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || nodeSelectorMatches(required, node);
}

/** The weights of the node preferences that hold, added up. */
export function preferenceFor({ affinity }: PodSpec, node: NodeFacts): number {
  const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce((sum, { weight, preference }) => sum + (nodeTermMatches(preference, node) ? weight : 0), 0);
}
