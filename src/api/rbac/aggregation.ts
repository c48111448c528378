import type { PolicyRule } from 'kubernetes-types/rbac/v1.js';
import { canonicalJson } from '#base';
import type { ClusterRole } from '../kinds/types.ts';
import { selectorFromObject } from '../values/selector.ts';

/**
 * The rules a ClusterRole gathers from those its `aggregationRule` selects, in the order of their names and each once.
 * Source: kubernetes pkg/controller/clusterroleaggregation (v1.32).
 */
export function aggregatedRules(role: ClusterRole, all: Iterable<ClusterRole>): readonly PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map(selectorFromObject);
  const sources = [...all]
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some((selector) => selector.matches(metadata.labels)))
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  const rules = sources.flatMap((source) => source.rules ?? []);
  return [...new Map(rules.map((rule) => [canonicalJson(rule), rule])).values()];
}
