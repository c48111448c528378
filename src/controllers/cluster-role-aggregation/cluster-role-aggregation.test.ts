import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregatedRules, CLUSTER_ROLES, type ClusterRole, type KubeObject } from '#api';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { until } from '../../../test/support/until.ts';
import { clusterRoleAggregationSources, createClusterRoleAggregationController } from './cluster-role-aggregation.ts';

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });

const role = (name: string, more: object): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: { part: 'yes' } },
  rules: [],
  ...more,
});
const gathering = role('all', {
  metadata: { name: 'all' },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
});

describe('src/controllers/cluster-role-aggregation/cluster-role-aggregation.ts', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
    const clusterRoles = cluster.informers.of(CLUSTER_ROLES);
    const controller = createClusterRoleAggregationController({ ...cluster, clusterRoles });
    await cluster.run(cluster.loop(controller, clusterRoleAggregationSources({ clusterRoles })));
  });
  afterEach(() => cluster.close());

  const rulesAre = (...resources: string[]) =>
    until(`all holds ${resources.join()}`, async () => {
      const found = await cluster.client.get(CLUSTER_ROLES, { name: 'all' });
      return (found?.rules ?? []).map((each) => each.resources?.join()).join() === resources.join();
    });

  it('gathers by name, each rule once, follows every change, and then rests', async () => {
    const { client } = cluster;
    await client.create(CLUSTER_ROLES, gathering);
    await client.create(CLUSTER_ROLES, role('b', { rules: [rule('services'), rule('pods')] }));
    await client.create(CLUSTER_ROLES, role('a', { rules: [rule('pods')] }));
    await client.create(CLUSTER_ROLES, role('other', { metadata: { name: 'other' }, rules: [rule('secrets')] }));
    await rulesAre('pods', 'services');
    await client.delete(CLUSTER_ROLES, { name: 'b' });
    await rulesAre('pods');
    const before = await cluster.revision();
    await client.create(CLUSTER_ROLES, role('c', { rules: [rule('pods')] }));
    await client.create(CLUSTER_ROLES, role('d', { rules: [rule('nodes')] }));
    await rulesAre('pods', 'nodes');
    // Two creations and one change of what gathers: `c` brought nothing new.
    expect((await cluster.revision()) - before).toBe(3);
  });

  it('gathers the same, each rule once, in whatever order roles are listed, and from no other', () => {
    const parts = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        isPart: fc.boolean(),
        resources: fc.array(fc.constantFrom('pods', 'nodes', 'secrets'), { maxLength: 3 }),
      }),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(parts, (given) => {
        const roles = given.map(({ name, isPart, resources }) =>
          role(name, { metadata: { name, labels: isPart ? { part: 'yes' } : {} }, rules: resources.map(rule) }),
        ) as unknown as ClusterRole[];
        const all = gathering as unknown as ClusterRole;
        const rules = aggregatedRules(all, roles);
        expect(aggregatedRules(all, roles.toReversed())).toEqual(rules);
        expect(aggregatedRules({ ...all, rules: [...rules] }, [...roles, { ...all, rules: [...rules] }])).toEqual(
          rules,
        );
        const wanted = new Set(given.flatMap(({ isPart, resources }) => (isPart ? resources : [])));
        expect(rules.map(({ resources }) => resources?.[0]).sort()).toEqual([...wanted].sort());
      }),
    );
  });
});
