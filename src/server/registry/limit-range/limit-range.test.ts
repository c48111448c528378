import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type KubeObject,
  LIMIT_RANGES,
  type LimitRange,
  NAMESPACES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  type PodSpec,
  schemaOf,
} from '#api';
import { diffObject } from '#diff';
import { type Cluster, podObject, startCluster } from '../../../../test/support/cluster.ts';
import { podProblems } from './limit-range.plan.ts';

const container = (requests: object, limits: object = {}, name = 'main') => ({
  name,
  image: 'sample:1',
  resources: { requests, limits },
});
const range = (...limits: object[]) => ({ spec: { limits } }) as unknown as LimitRange;

describe('src/server/registry/limit-range/limit-range.plan.ts', () => {
  it.each<[string, object, object[], string[]]>([
    ['enough', { min: { cpu: '1' } }, [container({ cpu: '1' })], []],
    [
      'too little',
      { min: { cpu: '1' } },
      [container({ cpu: '500m' })],
      ['minimum cpu usage per Container is 1, but request is 500m'],
    ],
    [
      'nothing',
      { min: { cpu: '1' } },
      [container({})],
      ['minimum cpu usage per Container is 1.  No request is specified'],
    ],
    [
      'a limit that is too low',
      { min: { memory: '2Gi' } },
      [container({ memory: '2Gi' }, { memory: '1Gi' })],
      ['minimum memory usage per Container is 2Gi, but limit is 1Gi'],
    ],
    ['no more', { max: { cpu: '1' } }, [container({ cpu: '1' }, { cpu: '1' })], []],
    [
      'no limit',
      { max: { cpu: '1' } },
      [container({ cpu: '1' })],
      ['maximum cpu usage per Container is 1.  No limit is specified'],
    ],
    [
      'too high a limit',
      { max: { cpu: '1' } },
      [container({}, { cpu: '2' })],
      ['maximum cpu usage per Container is 1, but limit is 2'],
    ],
    [
      'too high a request',
      { max: { cpu: '1' } },
      [container({ cpu: '2' }, { cpu: '1' })],
      ['maximum cpu usage per Container is 1, but request is 2'],
    ],
    ['the ratio', { maxLimitRequestRatio: { cpu: '2' } }, [container({ cpu: '500m' }, { cpu: '1' })], []],
    [
      'beyond the ratio',
      { maxLimitRequestRatio: { cpu: '1500m' } },
      [container({ cpu: '500m' }, { cpu: '1' })],
      ['cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000'],
    ],
    [
      'a ratio of nothing',
      { maxLimitRequestRatio: { cpu: '2', memory: '2' } },
      [container({ cpu: '1' })],
      [
        'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
        'memory max limit to request ratio per Container is 2, but no request is specified or request is 0',
      ],
    ],
    [
      'the whole pod',
      { type: 'Pod', max: { cpu: '1' } },
      [container({ cpu: '600m' }, { cpu: '600m' }), container({ cpu: '600m' }, { cpu: '600m' }, 'b')],
      ['maximum cpu usage per Pod is 1, but limit is 1200m'],
    ],
  ])('judges a container by a limit: %s', (_name, limit, containers, problems) => {
    const spec = { containers } as unknown as PodSpec;
    expect(podProblems(spec, range({ type: 'Container', ...limit }))).toEqual(problems);
  });
});

describe('src/server/registry/limit-range/limit-range.ts', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.close());

  /** A namespace of its own with one range. */
  const limited = async (namespace: string, ...limits: object[]) => {
    await cluster.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const metadata = { name: 'range', namespace };
    await cluster.client.create(LIMIT_RANGES, { apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits } });
  };
  const pod = (namespace: string, ...containers: object[]): KubeObject =>
    podObject('a', { metadata: { namespace }, spec: { containers } });
  const usual = {
    type: 'Container',
    default: { cpu: '500m', memory: '500Mi' },
    defaultRequest: { cpu: '100m', memory: '200Mi' },
  };

  it('fills in what containers leave out, and says so', async () => {
    await limited('filled', usual);
    const object = pod('filled', { name: 'main', image: 'sample:1' }, container({ cpu: '300m' }, { cpu: '300m' }, 'b'));
    const made = await cluster.client.create(PODS, object);
    expect(made.spec.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '100m', memory: '200Mi' }, limits: { cpu: '500m', memory: '500Mi' } },
      { requests: { cpu: '300m', memory: '200Mi' }, limits: { cpu: '300m', memory: '500Mi' } },
    ]);
    expect(made.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu, memory request for container main; cpu, memory limit for container main; memory request for container b; memory limit for container b',
    });
    expect(made.status?.qosClass).toBe('Burstable');
  });

  it('is no drift from what Git says, and stays so when it is applied again', async () => {
    await limited('applied', usual);
    const desired = pod('applied', { name: 'main', image: 'sample:1', resources: { limits: { cpu: '400m' } } });
    const apply = (dryRun: boolean) =>
      cluster.client.apply(PODS, desired, { fieldManager: 'plumbline-sync', force: true, dryRun });
    const live = await apply(false);
    expect(live.spec.containers[0]?.resources?.limits).toEqual({ cpu: '400m', memory: '500Mi' });
    const applied = await apply(true);
    const schema = schemaOf('', 'v1', 'Pod');
    if (schema === undefined) throw new Error('no schema');
    expect(diffObject({ schema, desired, applied, live }).changes).toEqual([]);
    expect(JSON.stringify(live.metadata.managedFields)).not.toContain('f:memory');
  });

  it('refuses what is beyond, in the words of Kubernetes, and changes nothing of pods that stand', async () => {
    await limited('bounded', { type: 'Container', max: { cpu: '1' }, min: { cpu: '50m' } });
    const beyond = pod('bounded', container({ cpu: '10m' }, { cpu: '2' }));
    await expect(cluster.client.create(PODS, beyond)).rejects.toThrow(
      'pods "a" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, maximum cpu usage per Container is 1, but limit is 2]',
    );
    await cluster.client.create(PODS, pod('bounded', container({ cpu: '100m' }, { cpu: '100m' })));
    const at = { namespace: 'bounded', name: 'range' };
    const limits = [{ type: 'Container', min: { cpu: '900m' }, max: { cpu: '1' } }];
    await cluster.client.patch(LIMIT_RANGES, at, { type: 'merge', body: { spec: { limits } } });
    const labelled = { metadata: { labels: { still: 'here' } } };
    await cluster.client.patch(PODS, { namespace: 'bounded', name: 'a' }, { type: 'merge', body: labelled });
  });

  it('holds claims to what they may request', async () => {
    await limited('claims', { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
    const claim = (storage: string) =>
      cluster.client.create(PERSISTENT_VOLUME_CLAIMS, {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'c', namespace: 'claims' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
      });
    await expect(claim('3Gi')).rejects.toThrow(
      'maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
    await expect(claim('1Mi')).rejects.toThrow(
      'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    );
    await claim('2Gi');
  });

  it('lets a claim go that is beyond by now', async () => {
    await limited('going', { type: 'PersistentVolumeClaim', max: { storage: '2Gi' } });
    const at = { namespace: 'going', name: 'c' };
    await cluster.client.create(PERSISTENT_VOLUME_CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...at, finalizers: ['example.com/a', 'example.com/b'] },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
    });
    const limits = [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }];
    const range = { namespace: 'going', name: 'range' };
    await cluster.client.patch(LIMIT_RANGES, range, { type: 'merge', body: { spec: { limits } } });
    const keep = (...finalizers: string[]) =>
      cluster.client.patch(PERSISTENT_VOLUME_CLAIMS, at, { type: 'merge', body: { metadata: { finalizers } } });
    await expect(keep('example.com/b')).rejects.toThrow('maximum storage usage per PersistentVolumeClaim is 1Gi');
    await cluster.client.delete(PERSISTENT_VOLUME_CLAIMS, at);
    await keep('example.com/b');
    await keep();
    expect(await cluster.client.get(PERSISTENT_VOLUME_CLAIMS, at)).toBeUndefined();
  });
});
