import { aggregatedRules, CLUSTER_ROLES, type ClusterRole, isApiError } from '#api';
import { type Clock, equalJson } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';

export interface ClusterRoleAggregationDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly clusterRoles: Informer<ClusterRole>;
}

/** Keeps the rules of every ClusterRole with an `aggregationRule` at what the roles it selects hold. */
export function createClusterRoleAggregationController(deps: ClusterRoleAggregationDeps): Controller {
  const { client, clock, clusterRoles } = deps;
  const expectations = new Expectations(clock);
  return {
    name: 'cluster-role-aggregation',
    async reconcile(name, signal) {
      await expectations.settled(name, signal);
      const role = clusterRoles.get(name);
      if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return {};
      const rules = aggregatedRules(role, clusterRoles.list());
      if (equalJson(rules, role.rules ?? [])) return {};
      const { resourceVersion } = role.metadata;
      const body = JSON.parse(JSON.stringify({ metadata: { resourceVersion }, rules }));
      try {
        expectations.wrote(
          name,
          clusterRoles,
          await client.patch(CLUSTER_ROLES, role.metadata, { type: 'merge', body }),
        );
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
      return {};
    },
  };
}

/** Any role may be one that others gather. */
export function clusterRoleAggregationSources({
  clusterRoles,
}: Pick<ClusterRoleAggregationDeps, 'clusterRoles'>): KeySource[] {
  const gathering = () =>
    clusterRoles
      .list()
      .filter(({ aggregationRule }) => aggregationRule !== undefined)
      .map(({ metadata }) => metadata.name);
  return [keysFrom(clusterRoles, { toKeys: gathering })];
}
