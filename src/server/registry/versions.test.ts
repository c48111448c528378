import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore } from '#store';
import type { Api, ResourceRow, WatchFrame } from './api.ts';
import { createApi } from './create-api.ts';

const context = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };
const target = { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 };
const hpa = (version: string, spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'a', namespace: 'default', ...metadata },
  spec: { ...target, ...spec },
});
const metric = (name: string, averageUtilization: number) => ({
  type: 'Resource',
  resource: { name, target: { type: 'Utilization', averageUtilization } },
});
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';

describe('src/server/registry/versions.ts', () => {
  let api: Api;
  beforeEach(async () => {
    api = await createApi({ store: createMemoryStore({ clock: systemClock }), clock: systemClock, log: silentLog });
  });
  afterEach(() => api.close());

  const at = (version: string) => {
    const row = api.row('autoscaling', version, 'horizontalpodautoscalers') as ResourceRow;
    return { context, row, namespace: 'default', name: 'a' };
  };
  const create = async (version: string, spec: object) =>
    (await api.create({ ...at(version), object: hpa(version, spec) })).object;
  const patch = async (
    version: string,
    patchType: 'merge' | 'json' | 'strategic' | 'apply',
    body: unknown,
    more: object = {},
  ) => (await api.patch({ ...at(version), patchType, patch: body as never, fieldManager: 'p', ...more })).object;

  it('stores what is sent in one version and answers each in its own', async () => {
    const answer = await create('v1', { targetCPUUtilizationPercentage: 60 });
    expect(answer).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { targetCPUUtilizationPercentage: 60, minReplicas: 1 },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    });
    const stored = await api.get(at('v2'));
    expect(stored).toMatchObject({
      apiVersion: 'autoscaling/v2',
      metadata: { uid: answer.metadata.uid, resourceVersion: answer.metadata.resourceVersion },
      spec: { metrics: [metric('cpu', 60)] },
    });
    expect(stored.metadata.managedFields?.map(({ apiVersion }) => apiVersion)).toEqual(['autoscaling/v2']);
    expect(await api.get(at('v1'))).toEqual(answer);
  });

  it('measures the CPU of what says nothing, in both versions', async () => {
    const answer = await create('v1', {});
    expect(answer['spec']).toMatchObject({ targetCPUUtilizationPercentage: 80 });
    expect((await api.get(at('v2')))['spec']).toMatchObject({ metrics: [metric('cpu', 80)] });
  });

  it('loses nothing when a client of the old version writes back what it read', async () => {
    const made = await create('v2', { metrics: [metric('memory', 70), metric('cpu', 60)], behavior: { scaleUp: {} } });
    const read = await api.get(at('v1'));
    expect(read.metadata.annotations).toHaveProperty([METRICS]);
    const same = await api.update({ ...at('v1'), object: read });
    expect(same.object.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    await api.update({
      ...at('v1'),
      object: { ...read, spec: { ...target, maxReplicas: 9, targetCPUUtilizationPercentage: 60 } },
    });
    const after = await api.get(at('v2'));
    expect(after['spec']).toEqual({ ...(made['spec'] as object), maxReplicas: 9 });
    expect(after.metadata.annotations).toBeUndefined();
  });

  it.each([
    ['merge', { spec: { targetCPUUtilizationPercentage: 50 } }],
    ['strategic', { spec: { targetCPUUtilizationPercentage: 50 } }],
    ['json', [{ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 50 }]],
  ] as const)('patches (%s) what the client sees', async (type, body) => {
    await create('v2', { metrics: [metric('memory', 70), metric('cpu', 60)] });
    const patched = await patch('v1', type, body);
    expect(patched).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 50 } });
    expect((await api.get(at('v2')))['spec']).toMatchObject({ metrics: [metric('memory', 70), metric('cpu', 50)] });
  });

  it('applies a part of an object as the part that it means, and twice writes once', async () => {
    const applied = hpa('v1', { targetCPUUtilizationPercentage: 60 });
    const first = await patch('v1', 'apply', applied);
    const second = await patch('v1', 'apply', applied);
    expect(second).toEqual(first);
    expect(first['spec']).toMatchObject({ targetCPUUtilizationPercentage: 60 });
    const other = { fieldManager: 'other' };
    const conflict = patch('v2', 'apply', hpa('v2', { metrics: [metric('cpu', 10)] }), other);
    await expect(conflict).rejects.toThrow('.spec.metrics');
    const less = await patch('v1', 'apply', hpa('v1', {}));
    expect(less['spec']).toMatchObject({ targetCPUUtilizationPercentage: 80 });
  });

  it('writes the status of either version', async () => {
    await create('v1', {});
    const status = { currentReplicas: 2, desiredReplicas: 3, currentCPUUtilizationPercentage: 44 };
    await patch('v1', 'merge', { status }, { subresource: 'status' });
    expect((await api.get(at('v2')))['status']).toEqual({
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 44 } } }],
    });
  });

  it('refuses in the words of the version that was asked', async () => {
    const wrong = api.create({ ...at('v1'), object: hpa('v1', { targetCPUUtilizationPercentage: 'x' }) });
    await expect(wrong).rejects.toThrow('spec.targetCPUUtilizationPercentage: Invalid type');
    const unknown = api.create({ ...at('v1'), object: hpa('v1', { metrics: [] }), fieldValidation: 'Strict' });
    await expect(unknown).rejects.toThrow('unknown field "spec.metrics"');
    const mixed = api.create({ ...at('v1'), object: hpa('v2', {}) });
    await expect(mixed).rejects.toThrow('does not match the expected API version (autoscaling/v1)');
  });

  it('lists, watches and deletes in the version asked, with one object per state for all', async () => {
    await create('v2', {});
    const [listed] = (await api.list(at('v1'))).items;
    expect(listed?.apiVersion).toBe('autoscaling/v1');
    expect(await api.get(at('v1'))).toBe(listed);
    const abort = new AbortController();
    const frames = api.watch({ ...at('v1'), signal: abort.signal })[Symbol.asyncIterator]();
    const seen = async () => (await frames.next()).value as Exclude<WatchFrame, { type: 'BOOKMARK' }>;
    expect((await seen()).object).toBe(listed);
    const waiting = seen();
    await api.deleteCollection({ ...at('v1') });
    expect(await waiting).toMatchObject({ type: 'DELETED', object: { apiVersion: 'autoscaling/v1' } });
    const never = frames.next();
    await frames.return?.();
    expect((await never).done).toBe(true);
    abort.abort();
    expect((await api.list(at('v2'))).items).toEqual([]);
  });

  it('answers a deletion in the version asked', async () => {
    await create('v2', {});
    expect((await api.delete({ ...at('v1') })).object.apiVersion).toBe('autoscaling/v1');
  });

  it('prints the same cells for both', async () => {
    await create('v2', { metrics: [metric('memory', 70), metric('cpu', 60)] });
    const cells = async (version: string) => {
      const { row } = at(version);
      const object = await api.get(at(version));
      return row.columns.slice(0, -1).map((column) => column.cell(object, 0));
    };
    const shown = ['Deployment/web', 'memory: <unknown>/70%, cpu: <unknown>/60%', '1', '3', '0'];
    expect(await cells('v2')).toEqual(shown);
    expect(await cells('v1')).toEqual(shown);
  });
});
