import { describe, expect, it } from 'vitest';
import { RESOURCE_ROWS } from '../registry/rows.ts';
import {
  planAggregatedDiscovery,
  planCoreVersions,
  planGroup,
  planGroupList,
  planResourceList,
} from './discovery.plan.ts';

interface Verbs {
  readonly verbs: readonly string[];
}

describe('src/server/http/discovery.plan.ts', () => {
  it('splits the core group from the named ones', () => {
    const core = planAggregatedDiscovery(RESOURCE_ROWS, true, 'v2') as { items: { metadata: { name?: string } }[] };
    const named = planAggregatedDiscovery(RESOURCE_ROWS, false, 'v2') as typeof core;
    expect(core.items.map(({ metadata }) => metadata.name)).toEqual([undefined]);
    expect(named.items.map(({ metadata }) => metadata.name)).toContain('apps');
  });

  it('lists every resource and subresource in the legacy form, verbs in alphabetical order', () => {
    const { resources } = planResourceList(RESOURCE_ROWS, 'apps', 'v1') as { resources: ({ name: string } & Verbs)[] };
    const names = resources.map(({ name }) => name);
    expect(names).toContain('deployments');
    expect(names).toContain('deployments/scale');
    expect(names).toContain('deployments/status');
    for (const { verbs } of resources) expect(verbs).toEqual([...verbs].sort());
  });

  it('names the group of a subresource of another group', () => {
    const { resources } = planResourceList(RESOURCE_ROWS, 'apps', 'v1') as { resources: { name: string }[] };
    expect(resources.find(({ name }) => name === 'deployments/scale')).toMatchObject({
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
    });
  });

  it('knows what is not served', () => {
    expect(planGroup(RESOURCE_ROWS, 'gizmo.example')).toBeUndefined();
    expect(planResourceList(RESOURCE_ROWS, 'apps', 'v1beta1')).toBeUndefined();
    expect(planGroup(RESOURCE_ROWS, 'apps')).toMatchObject({ preferredVersion: { groupVersion: 'apps/v1' } });
  });

  it('says where to call', () => {
    expect(planCoreVersions(RESOURCE_ROWS, 'host:7443')).toMatchObject({
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ serverAddress: 'host:7443' }],
    });
    expect(planGroupList(RESOURCE_ROWS)).toMatchObject({ kind: 'APIGroupList' });
  });
});
