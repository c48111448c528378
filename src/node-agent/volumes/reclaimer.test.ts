import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DOCKER_VOLUMES,
  type KubeObject,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  PODS,
  type Pod,
  VOLUME_NODE_LABEL,
  VOLUME_PROTECTION,
} from '#api';
import { silentLog, systemClock } from '#base';
import { createHollowRuntime } from '#runtime';
import { type Cluster, nodeObject, podObject, startCluster } from '../../../test/support/cluster.ts';
import { until } from '../../../test/support/until.ts';
import { ClaimStore } from './claim-store.ts';
import { openPodFolders, type PodFolders, removeAgentFolder } from './pod-folders.ts';
import { planReclaim } from './reclaim.plan.ts';
import { Reclaimer } from './reclaimer.ts';

const NODE = 'n1';
const engine = createHollowRuntime({ clock: systemClock });
const namespace = 'default';
const volumeObject = (name: string, spec: object = {}, uid = 'claim-uid'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name, labels: { [VOLUME_NODE_LABEL]: NODE }, finalizers: [NODE_LOCAL_FINALIZER] },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    csi: { driver: NODE_LOCAL, volumeHandle: name },
    claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: 'data', uid },
    persistentVolumeReclaimPolicy: 'Delete',
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [NODE] }] }],
      },
    },
    ...spec,
  },
});

describe('src/node-agent/volumes/reclaim.plan.ts', () => {
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const right = { metadata: going, status: { phase: 'Released' } };
  it.each<[string, object, readonly string[], string, (readonly string[])?]>([
    ['deletes what was released', right, [], 'delete'],
    ['deletes what could not be reclaimed before', { ...right, status: { phase: 'Failed' } }, [], 'delete'],
    ['keeps what is not being deleted', { ...right, metadata: {} }, [], 'keep'],
    ['keeps what a claim has', { ...right, status: { phase: 'Bound' } }, [], 'keep'],
    ['keeps what a claim may get', { ...right, status: { phase: 'Available' } }, [], 'keep'],
    ['keeps what nobody has judged', { ...right, status: {} }, [], 'keep'],
    ['keeps what a pod has', right, ['uid-1'], 'keep'],
    [
      'keeps what is protected',
      { ...right, metadata: { ...going, finalizers: [NODE_LOCAL_FINALIZER, VOLUME_PROTECTION] } },
      [],
      'keep',
    ],
    ['keeps what is not held for it', { ...right, metadata: { ...going, finalizers: [] } }, [], 'keep'],
    ['keeps what another driver made', { ...right, spec: { csi: { driver: 'x', volumeHandle: 'y' } } }, [], 'keep'],
    [
      'deletes a volume of Docker',
      { ...right, spec: { csi: { driver: DOCKER_VOLUMES, volumeHandle: 'v' } } },
      [],
      'delete',
    ],
    ['lets go of what is to stay', { ...right, spec: { persistentVolumeReclaimPolicy: 'Retain' } }, [], 'release'],
    ['lets go of what is the folder of another volume too', right, [], 'release', ['w']],
    ['keeps what a pod has, whoever shares it', right, ['uid-1'], 'keep', ['w']],
  ])('%s', (_, change, users, expected, sharers = []) => {
    const base = volumeObject('v') as PersistentVolume;
    const { metadata = {}, spec = {}, status = {} } = change as Record<string, object>;
    const volume = { metadata: { ...base.metadata, ...metadata }, spec: { ...base.spec, ...spec }, status };
    const plan = planReclaim({ volume: { ...base, ...volume } as PersistentVolume, users, sharers });
    expect(plan.action).toBe(expected);
    expect(plan.handle).toBe(expected === 'delete' ? 'v' : undefined);
  });
});

describe('src/node-agent/volumes, claims of pods', () => {
  let cluster: Cluster;
  let stateDir: string;
  let folders: PodFolders;
  let claims: ClaimStore;
  let active: Set<string>;
  beforeEach(async () => {
    cluster = await startCluster();
    stateDir = await mkdtemp(path.join(tmpdir(), 'plumb-reclaim-'));
    folders = await openPodFolders(stateDir, silentLog);
    active = new Set();
    claims = new ClaimStore({ client: cluster.client, folders, nodeName: NODE, isActive: (uid) => active.has(uid) });
    await cluster.client.create(NODES, nodeObject(NODE));
  });
  afterEach(async () => {
    await cluster.close();
    await removeAgentFolder(stateDir);
    await rm(stateDir, { recursive: true, force: true });
  });

  const claimObject = (spec: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const setStatus = (type: typeof PERSISTENT_VOLUMES | typeof PERSISTENT_VOLUME_CLAIMS, name: string, phase: string) =>
    cluster.client.patch(
      type as typeof PERSISTENT_VOLUMES,
      { namespace, name },
      { type: 'merge', body: { status: { phase } } },
      { subresource: 'status' },
    );
  const boundClaim = async (spec: object = {}) => {
    const claim = await cluster.client.create(PERSISTENT_VOLUME_CLAIMS, claimObject({ volumeName: 'v1', ...spec }));
    await cluster.client.create(PERSISTENT_VOLUMES, volumeObject('v1', spec, claim.metadata.uid));
    await setStatus(PERSISTENT_VOLUMES, 'v1', 'Bound');
    await setStatus(PERSISTENT_VOLUME_CLAIMS, 'data', 'Bound');
    return claim;
  };
  const podOf = async (name: string): Promise<Pod> => {
    const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: 'data' } }];
    const pod = await cluster.client.create(PODS, podObject(name, { spec: { nodeName: NODE, volumes } }));
    active.add(pod.metadata.uid);
    return pod;
  };

  it('finds the folder of a bound claim, and knows it again without a server', async () => {
    await boundClaim();
    const pod = await podOf('a');
    const expected = { volume: 'v1', source: { type: 'folder', handle: 'v1' }, readOnly: false, exclusive: false };
    expect((await claims.mountsOf(pod)).get('disk')).toEqual(expected);
    const dead = { get: () => Promise.reject(new Error('the server is out of reach')) };
    const later = new ClaimStore({ client: dead, folders, nodeName: NODE, isActive: () => true });
    expect((await later.mountsOf(pod)).get('disk')).toEqual(expected);
    expect(await later.usersOf('v1')).toEqual([pod.metadata.uid]);
    await folders.remove(pod.metadata.uid);
    expect(await later.usersOf('v1')).toEqual([]);
  });

  it('lets no pod whose claims are known wait for the look-up of another', async () => {
    await boundClaim();
    const [known, other] = [await podOf('a'), await podOf('b')];
    await claims.mountsOf(known);
    const silent = { get: () => new Promise<never>(() => {}) };
    const later = new ClaimStore({ client: silent, folders, nodeName: NODE, isActive: () => true });
    void later.mountsOf(other);
    expect((await later.mountsOf(known)).size).toBe(1);
  });

  it('waits for a claim that is not there, not bound, going, or that another volume has', async () => {
    const pod = await podOf('a');
    const why = async () => {
      const failure = await claims.mountsOf(pod).catch((error: unknown) => error);
      return failure instanceof Error ? failure.message : 'it is mounted';
    };
    expect(await why()).toMatch(/persistentvolumeclaims "data" not found/);
    await cluster.client.create(PERSISTENT_VOLUME_CLAIMS, claimObject({ volumeName: 'v1' }));
    expect(await why()).toBe('error processing PVC default/data: PVC is not bound');
    await setStatus(PERSISTENT_VOLUME_CLAIMS, 'data', 'Bound');
    expect(await why()).toMatch(/failed to fetch PV v1 from API server/);
    await cluster.client.create(PERSISTENT_VOLUMES, volumeObject('v1', {}, 'another'));
    expect(await why()).toMatch(/ClaimRef.UID another does not point to claim.UID/);
    await cluster.client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    expect(await why()).toMatch(/PVC is being deleted/);
  });

  it('lets one pod alone have a volume that is for one, until it has ended', async () => {
    await boundClaim({ accessModes: ['ReadWriteOncePod'] });
    const [first, second] = [await podOf('a'), await podOf('b')];
    const [one, two] = await Promise.allSettled([claims.mountsOf(first), claims.mountsOf(second)]);
    expect([one.status, two.status].sort()).toEqual(['fulfilled', 'rejected']);
    const [holder, other] = one.status === 'fulfilled' ? [first, second] : [second, first];
    await expect(claims.mountsOf(other)).rejects.toThrow(/already in use by another pod/);
    active.delete(holder.metadata.uid);
    expect((await claims.mountsOf(other)).size).toBe(1);
  });

  it('deletes a folder only when the volume was given back and no pod has it, even after its own restart', async () => {
    await boundClaim();
    const pod = await podOf('a');
    await claims.mountsOf(pod);
    await writeFile(path.join(await folders.volumes.make('v1'), 'data'), 'kept');
    const { client, clock, events } = cluster;
    const places = { folders: folders.volumes, engine };
    const deps = { client, clock, log: silentLog, recorder: events, nodeName: NODE, ...places, claims };
    const start = () => {
      const stop = new AbortController();
      const reclaimer = new Reclaimer(deps);
      const running = reclaimer.run(stop.signal);
      return {
        reclaimer,
        end: async () => {
          stop.abort();
          await running;
        },
      };
    };
    const held = () => readFile(path.join(folders.volumes.root, 'v1/data'), 'utf8');
    const first = start();
    await client.delete(PERSISTENT_VOLUMES, { name: 'v1' });
    const unprotected = { metadata: { finalizers: [NODE_LOCAL_FINALIZER] } };
    await client.patch(PERSISTENT_VOLUMES, { name: 'v1' }, { type: 'merge', body: unprotected });
    // A volume that is looked at later was looked at after this one.
    const looked = async (name: string) => {
      await client.create(PERSISTENT_VOLUMES, volumeObject(name));
      await client.delete(PERSISTENT_VOLUMES, { name });
      await client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body: unprotected });
      await setStatus(PERSISTENT_VOLUMES, name, 'Released');
      await until(`${name} is gone`, async () => (await client.get(PERSISTENT_VOLUMES, { name })) === undefined);
    };
    await looked('w1');
    expect(await held()).toBe('kept');
    await setStatus(PERSISTENT_VOLUMES, 'v1', 'Released');
    await looked('w2');
    expect(await held()).toBe('kept');
    await first.end();
    const second = start();
    await looked('w3');
    expect(await held()).toBe('kept');
    await folders.remove(pod.metadata.uid);
    second.reclaimer.podLeft();
    await until('the volume is gone', async () => (await client.get(PERSISTENT_VOLUMES, { name: 'v1' })) === undefined);
    expect(await readdir(folders.volumes.root)).toEqual([]);
    await second.end();
  });

  it('removes a volume of Docker once a container that has it is gone', async () => {
    const { client, clock, events } = cluster;
    const volume = { name: 'd1', driver: 'local', options: {} };
    await engine.ensureVolume(volume);
    const pod = { namespace, name: 'a', uid: 'uid-a' };
    const mounts = [{ hostPath: '', volume: 'd1', containerPath: '/d', readOnly: false }];
    const config = { pod, sandboxId: 'none', name: 'app', attempt: 0, image: 'x', env: [], mounts, resources: {} };
    const container = await engine.createContainer(config);
    const spec = { csi: { driver: DOCKER_VOLUMES, volumeHandle: 'd1' } };
    await client.create(PERSISTENT_VOLUMES, volumeObject('d1', spec));
    await client.delete(PERSISTENT_VOLUMES, { name: 'd1' });
    const unprotected = { metadata: { finalizers: [NODE_LOCAL_FINALIZER] } };
    await client.patch(PERSISTENT_VOLUMES, { name: 'd1' }, { type: 'merge', body: unprotected });
    await setStatus(PERSISTENT_VOLUMES, 'd1', 'Released');
    const places = { folders: folders.volumes, engine };
    const deps = { client, clock, log: silentLog, recorder: events, nodeName: NODE, ...places, claims };
    const stop = new AbortController();
    const running = new Reclaimer(deps).run(stop.signal);
    await until('the engine was asked', () => (engine.control.calls.get('removeVolume') ?? 0) > 0);
    expect(await client.get(PERSISTENT_VOLUMES, { name: 'd1' })).toBeDefined();
    await engine.removeContainer(container.id);
    await until('it is gone', async () => (await client.get(PERSISTENT_VOLUMES, { name: 'd1' })) === undefined);
    stop.abort();
    await running;
  });

  it('deletes a folder that several volumes name only with the last of them, listed or had by a pod', async () => {
    await boundClaim();
    const { client, clock, events } = cluster;
    const pod = await podOf('a');
    const unlabelled = { metadata: { labels: { [VOLUME_NODE_LABEL]: null } } };
    await client.patch(PERSISTENT_VOLUMES, { name: 'v1' }, { type: 'merge', body: unlabelled });
    await writeFile(path.join(await folders.volumes.make('v1'), 'data'), 'kept');
    const copy = (name: string) =>
      client.create(PERSISTENT_VOLUMES, volumeObject(name, { csi: { driver: NODE_LOCAL, volumeHandle: 'v1' } }));
    const giveBack = async (name: string) => {
      await client.delete(PERSISTENT_VOLUMES, { name });
      const unprotected = { metadata: { finalizers: [NODE_LOCAL_FINALIZER] } };
      await client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body: unprotected });
      await setStatus(PERSISTENT_VOLUMES, name, 'Released');
      await until(`${name} is gone`, async () => (await client.get(PERSISTENT_VOLUMES, { name })) === undefined);
    };
    const places = { folders: folders.volumes, engine };
    const deps = { client, clock, log: silentLog, recorder: events, nodeName: NODE, ...places, claims };
    const stop = new AbortController();
    const running = new Reclaimer(deps).run(stop.signal);
    await copy('w1');
    await copy('w2');
    await giveBack('w1');
    expect(await readdir(folders.volumes.root)).toEqual(['v1']);
    await claims.mountsOf(pod);
    await giveBack('w2');
    expect(await readdir(folders.volumes.root)).toEqual(['v1']);
    await folders.remove(pod.metadata.uid);
    await copy('w3');
    await giveBack('w3');
    expect(await readdir(folders.volumes.root)).toEqual([]);
    stop.abort();
    await running;
  });
});
