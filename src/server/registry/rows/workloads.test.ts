import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore } from '#store';
import type { Api, ResourceRow } from '../api.ts';
import { createApi } from '../create-api.ts';
import { RESOURCE_ROWS } from '../rows.ts';

const containers = [{ name: 'main', image: 'sample:1' }];
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } };
const workload = { selector: { matchLabels: { app: 'a' } }, template };
const context = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };

const SPECS: Readonly<Record<string, object>> = {
  ReplicationController: { template },
  StatefulSet: { ...workload, serviceName: 'a' },
  DaemonSet: workload,
};

describe('src/server/registry/rows/workloads.ts', () => {
  let api: Api;
  let serial = 0;
  beforeAll(async () => {
    api = await createApi({ store: createMemoryStore({ clock: systemClock }), clock: systemClock, log: silentLog });
  });
  afterAll(() => api.close());

  const rowOf = (kind: string) => RESOURCE_ROWS.find(({ type }) => type.kind === kind) as ResourceRow;

  async function create(kind: string, fields: object): Promise<{ row: ResourceRow; name: string; made: StoredObject }> {
    const row = rowOf(kind);
    serial += 1;
    const name = `a${serial}`;
    const { group, version } = row.type;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const object = { apiVersion, kind, metadata: { name }, ...fields } as KubeObject;
    return { row, name, made: (await api.create({ context, row, namespace: 'default', object })).object };
  }

  async function merge(row: ResourceRow, name: string, patch: object, subresource?: 'status' | 'scale') {
    const request = { context, row, namespace: 'default', name, patchType: 'merge' as const, patch: patch as never };
    return (await api.patch({ ...request, ...(subresource === undefined ? {} : { subresource }) })).object;
  }

  it.each([
    ['ReplicationController', { replicas: 0 }],
    ['StatefulSet', { replicas: 0, availableReplicas: 0 }],
    ['DaemonSet', { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }],
  ])('begins a %s with a status of its own and counts what its spec becomes', async (kind, status) => {
    const { row, name, made } = await create(kind, { spec: SPECS[kind], status: { replicas: 9, numberReady: 9 } });
    expect(made['status']).toEqual(status);
    expect(made.metadata.generation).toBe(1);
    expect((await merge(row, name, { metadata: { labels: { x: 'y' } } })).metadata.generation).toBe(1);
    expect((await merge(row, name, { status: { observedGeneration: 1 } }, 'status')).metadata.generation).toBe(1);
    const changed = await merge(row, name, { spec: { minReadySeconds: 5 }, status: { observedGeneration: 7 } });
    expect(changed.metadata.generation).toBe(2);
    expect(changed['status']).toEqual({ ...status, observedGeneration: 1 });
  });

  it.each([
    ['ReplicationController', 'app=a'],
    ['StatefulSet', 'app=a'],
  ])('scales a %s', async (kind, selector) => {
    const { row, name } = await create(kind, { spec: SPECS[kind] });
    await merge(row, name, { status: { replicas: 1 } }, 'status');
    const scaled = await merge(row, name, { spec: { replicas: 4 } }, 'scale');
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { replicas: 1, selector } });
    const stored = await api.get({ context, row, namespace: 'default', name });
    expect(stored).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 4 } });
  });

  it('counts the templates of a DaemonSet, whatever a client says', async () => {
    const key = 'deprecated.daemonset.template.generation';
    const { row, name, made } = await create('DaemonSet', { spec: workload });
    expect(made.metadata.annotations?.[key]).toBe('1');
    const other = { template: { spec: { priorityClassName: 'high' } } };
    const steps: readonly [patch: object, generation: string][] = [
      [{ spec: { minReadySeconds: 5 } }, '1'],
      [{ metadata: { annotations: { [key]: '9' } } }, '1'],
      [{ spec: other, metadata: { annotations: null } }, '2'],
    ];
    for (const [patch, generation] of steps) {
      expect((await merge(row, name, patch)).metadata.annotations?.[key]).toBe(generation);
    }
  });

  it('counts what a PodTemplate becomes, and leaves a ControllerRevision uncounted', async () => {
    const { row, name, made } = await create('PodTemplate', { template });
    expect(made.metadata.generation).toBe(1);
    expect((await merge(row, name, { metadata: { labels: { x: 'y' } } })).metadata.generation).toBe(1);
    expect((await merge(row, name, { template: { spec: { hostname: 'h' } } })).metadata.generation).toBe(2);
    const revision = await create('ControllerRevision', { data: { spec: { any: ['thing'] } }, revision: 1 });
    expect(revision.made.metadata.generation).toBeUndefined();
    expect(revision.made['data']).toEqual({ spec: { any: ['thing'] } });
  });

  it('finds ReplicationControllers by how many pods they have', async () => {
    const { row, name } = await create('ReplicationController', { spec: { template } });
    await merge(row, name, { status: { replicas: 77 } }, 'status');
    const answer = await api.list({ context, row, namespace: 'default', fieldSelector: 'status.replicas=77' });
    expect(answer.items.map(({ metadata }) => metadata.name)).toEqual([name]);
  });
});
