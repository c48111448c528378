import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CLAIM_PROTECTION,
  DOCKER_VOLUMES,
  EVENTS,
  type KubeObject,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
  VOLUME_ANNOTATIONS,
  VOLUME_NODE_LABEL,
} from '#api';
import { silentLog, systemClock } from '#base';
import { type Cluster, nodeObject, podObject, startCluster } from '../../../test/support/cluster.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createControllers } from '../create-controllers.ts';

let cluster: Cluster;
let stop: AbortController;
let running: Promise<void>;
beforeEach(async () => {
  cluster = await startCluster();
  stop = new AbortController();
  const controllers = createControllers({ client: cluster.client, clock: systemClock, log: silentLog });
  running = controllers.run(stop.signal);
  await until('the controllers run', () => controllers.synced);
});
afterEach(async () => {
  stop.abort();
  await running;
  await cluster.close();
});

const namespace = 'default';
const storageClass = (name: string, more: object = {}): KubeObject => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: NODE_LOCAL,
  volumeBindingMode: 'WaitForFirstConsumer',
  ...more,
});
const claimObject = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const volumeObject = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '5Gi' },
    hostPath: { path: '/srv/data' },
    storageClassName: '',
    ...spec,
  },
});
const podWith = (name: string, claimName: string, spec: object = {}) =>
  podObject(name, { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }], ...spec } });

const getClaim = (name: string) => cluster.client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
const getVolume = (name: string) => cluster.client.get(PERSISTENT_VOLUMES, { name });
const getPod = (name: string) => cluster.client.get(PODS, { namespace, name });
const bound = (name: string) =>
  until(`claim ${name} is bound`, async () => {
    const claim = await getClaim(name);
    return claim?.status?.phase === 'Bound' ? claim : undefined;
  });
const placed = (name: string) => until(`${name} is placed`, async () => (await getPod(name))?.spec.nodeName);
const told = (reason: string) =>
  until(`somebody is told ${reason}`, async () => {
    const { items } = await cluster.client.list(EVENTS);
    return items.find((event) => event.reason === reason)?.message;
  });

describe('src/controllers/volumes, with the scheduler', () => {
  it('makes a volume where the pod goes, binds it to its claim, and keeps the pod there', async () => {
    const { client } = cluster;
    for (const name of ['n1', 'n2']) {
      await client.create(NODES, nodeObject(name, { metadata: { labels: { 'kubernetes.io/hostname': name } } }));
    }
    await client.create(STORAGE_CLASSES, storageClass('node-local'));
    const made = await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data'));
    expect(made).toMatchObject({
      spec: { storageClassName: 'node-local' },
      metadata: { finalizers: [CLAIM_PROTECTION] },
    });
    expect(await told('WaitForFirstConsumer')).toBe('waiting for first consumer to be created before binding');
    expect((await getClaim('data'))?.status?.phase).toBe('Pending');

    await client.create(PODS, podWith('a', 'data'));
    const node = await placed('a');
    const claim = await bound('data');
    const volumeName = `pvc-${claim.metadata.uid}`;
    expect(claim).toMatchObject({
      metadata: {
        annotations: {
          [VOLUME_ANNOTATIONS.selectedNode]: node,
          [VOLUME_ANNOTATIONS.bindCompleted]: 'yes',
          [VOLUME_ANNOTATIONS.boundByController]: 'yes',
          [VOLUME_ANNOTATIONS.storageProvisioner]: NODE_LOCAL,
        },
      },
      spec: { volumeName },
      status: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
    });
    expect(await getVolume(volumeName)).toMatchObject({
      metadata: {
        labels: { [VOLUME_NODE_LABEL]: node },
        annotations: { [VOLUME_ANNOTATIONS.provisionedBy]: NODE_LOCAL },
      },
      spec: { claimRef: { name: 'data', namespace, uid: claim.metadata.uid }, persistentVolumeReclaimPolicy: 'Delete' },
      status: { phase: 'Bound' },
    });
    expect(await told('ProvisioningSucceeded')).toBe(`Successfully provisioned volume ${volumeName}`);

    // The other node has more room now: the data decides.
    for (const name of ['b', 'c', 'd']) await client.create(PODS, podWith(name, 'data'));
    expect(await Promise.all(['b', 'c', 'd'].map(placed))).toEqual([node, node, node]);
    await client.patch(NODES, { name: node }, { type: 'merge', body: { spec: { unschedulable: true } } });
    await client.create(PODS, podWith('e', 'data'));
    expect(await told('FailedScheduling')).toContain(
      '0/2 nodes are available: 1 node(s) had volume node affinity conflict, 1 node(s) were unschedulable.',
    );
  });

  it('gives a volume back when its claim goes, not before its pods do, and asks its node to delete the folder', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } }));
    await client.create(STORAGE_CLASSES, storageClass('node-local'));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data'));
    await client.create(PODS, podWith('a', 'data'));
    await placed('a');
    const volumeName = (await bound('data')).spec?.volumeName ?? '';
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    await settle();
    expect((await getClaim('data'))?.metadata.finalizers).toEqual([CLAIM_PROTECTION]);
    expect((await getVolume(volumeName))?.status?.phase).toBe('Bound');

    await client.delete(PODS, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
    await until('the claim is gone', async () => (await getClaim('data')) === undefined);
    const going = await until('only the node holds the volume', async () => {
      const volume = await getVolume(volumeName);
      const isHeld = volume?.metadata.finalizers?.join() === NODE_LOCAL_FINALIZER;
      return volume?.metadata.deletionTimestamp !== undefined && isHeld ? volume : undefined;
    });
    expect(going.status?.phase).toBe('Released');
    await client.delete(NODES, { name: 'n1' });
    await until('a volume of a node that left goes too', async () => (await getVolume(volumeName)) === undefined);
    expect(await told('VolumeAbandoned')).toMatch(/node "n1" is no longer part of the cluster/);
  });

  it("makes volumes of Docker's drivers where the pod goes, and asks the node to remove them", async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } }));
    const parameters = { 'opt.type': 'tmpfs', 'opt.device': 'tmpfs' };
    await client.create(STORAGE_CLASSES, storageClass('docker', { provisioner: DOCKER_VOLUMES, parameters }));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data'));
    await client.create(PODS, podWith('a', 'data'));
    const name = (await bound('data')).spec?.volumeName ?? '';
    expect(await getVolume(name)).toMatchObject({
      metadata: {
        labels: { [VOLUME_NODE_LABEL]: 'n1' },
        annotations: { [VOLUME_ANNOTATIONS.provisionedBy]: DOCKER_VOLUMES },
      },
      spec: {
        csi: { driver: DOCKER_VOLUMES, volumeHandle: name, volumeAttributes: { driver: 'local', ...parameters } },
        persistentVolumeReclaimPolicy: 'Delete',
      },
    });
    await client.delete(PODS, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    await until('only the node holds the volume', async () => {
      const { metadata } = (await getVolume(name)) ?? {};
      return metadata?.deletionTimestamp !== undefined && metadata.finalizers?.join() === NODE_LOCAL_FINALIZER;
    });
    const bad = storageClass('bad', { provisioner: DOCKER_VOLUMES, parameters: { size: '1m' } });
    await client.create(STORAGE_CLASSES, bad);
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('more', { storageClassName: 'bad' }));
    await client.create(PODS, podWith('b', 'more'));
    expect(await told('ProvisioningFailed')).toBe(
      'failed to provision volume: the class has an unknown parameter "size"',
    );
  });

  it('records that a claim has grown, where its class lets it, and never shrinks it', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } }));
    await client.create(STORAGE_CLASSES, storageClass('node-local', { allowVolumeExpansion: true }));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data'));
    await client.create(PODS, podWith('a', 'data'));
    const volumeName = (await bound('data')).spec?.volumeName ?? '';
    const ask = (storage: string) => {
      const body = { spec: { resources: { requests: { storage } } } };
      return client.patch(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' }, { type: 'merge', body });
    };
    await ask('3Gi');
    await until('it is told', async () => (await getClaim('data'))?.status?.capacity?.['storage'] === '3Gi');
    expect((await getVolume(volumeName))?.spec?.capacity).toEqual({ storage: '3Gi' });
    expect(await told('VolumeResizeSuccessful')).toBe('Resize volume succeeded');
    await expect(ask('2Gi')).rejects.toThrow('field can not be less than status.capacity');
    await client.patch(
      STORAGE_CLASSES,
      { name: 'node-local' },
      { type: 'merge', body: { allowVolumeExpansion: false } },
    );
    await expect(ask('4Gi')).rejects.toThrow('the storageclass that provisions the pvc must support resize');
  });

  it('keeps the data of a volume that goes where another one, made by hand, names it too', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } }));
    await client.create(STORAGE_CLASSES, storageClass('node-local'));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data'));
    await client.create(PODS, podWith('a', 'data'));
    const { csi } = (await getVolume((await bound('data')).spec?.volumeName ?? ''))?.spec ?? {};
    const handle = csi?.volumeHandle ?? '';
    await client.create(PERSISTENT_VOLUMES, volumeObject('second', { hostPath: undefined, csi }));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('more', { storageClassName: '', volumeName: 'second' }));
    await bound('more');
    await client.delete(PODS, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    // No node is here to take its finalizer off: the volume goes without one, and nobody deletes a folder.
    await until('the volume is gone', async () => (await getVolume(handle)) === undefined);
    expect(await told('VolumeShared')).toBe('its data is also that of "second": it is not deleted');
    expect((await getClaim('more'))?.status?.phase).toBe('Bound');
  });

  it('binds a claim to the smallest free volume that does, and leaves it with its data when the claim goes', async () => {
    const { client } = cluster;
    await client.create(PERSISTENT_VOLUMES, volumeObject('large'));
    await client.create(PERSISTENT_VOLUMES, volumeObject('small', { capacity: { storage: '2Gi' } }));
    await client.create(PERSISTENT_VOLUMES, volumeObject('tiny', { capacity: { storage: '1Mi' } }));
    await until('they are free', async () => (await getVolume('small'))?.status?.phase === 'Available');
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data', { storageClassName: '' }));
    expect((await bound('data')).spec?.volumeName).toBe('small');
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    await until('it is released', async () => (await getVolume('small'))?.status?.phase === 'Released');
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data', { storageClassName: '' }));
    expect((await bound('data')).spec?.volumeName).toBe('large');
  });

  it('binds a volume of the node that was chosen, where volumes are made by hand', async () => {
    const { client } = cluster;
    for (const name of ['n1', 'n2'])
      await client.create(NODES, nodeObject(name, { metadata: { labels: { disk: name } } }));
    await client.create(STORAGE_CLASSES, storageClass('by-hand', { provisioner: 'kubernetes.io/no-provisioner' }));
    const expression = { key: 'disk', operator: 'In', values: ['n2'] };
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } };
    const spec = { storageClassName: 'by-hand', local: { path: '/srv' }, hostPath: undefined, nodeAffinity };
    await client.create(PERSISTENT_VOLUMES, volumeObject('disk', spec));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data'));
    await client.create(PODS, podWith('a', 'data'));
    expect(await placed('a')).toBe('n2');
    expect((await bound('data')).spec?.volumeName).toBe('disk');
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('more'));
    await client.create(PODS, podWith('b', 'more'));
    expect(await told('FailedScheduling')).toContain(
      "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
    );
    await client.create(PERSISTENT_VOLUMES, volumeObject('disk-2', spec));
    expect(await placed('b')).toBe('n2');
  });

  it('makes a volume on the node that was chosen, whatever volume is free on another', async () => {
    const { client } = cluster;
    for (const name of ['n1', 'n2']) {
      await client.create(NODES, nodeObject(name, { metadata: { labels: { 'kubernetes.io/hostname': name } } }));
    }
    await client.create(STORAGE_CLASSES, storageClass('node-local'));
    const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: ['n2'] };
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } };
    await client.create(PERSISTENT_VOLUMES, volumeObject('disk', { storageClassName: 'node-local', nodeAffinity }));
    await until('it is free', async () => (await getVolume('disk'))?.status?.phase === 'Available');
    const annotations = { [VOLUME_ANNOTATIONS.selectedNode]: 'n1' };
    await client.create(PERSISTENT_VOLUME_CLAIMS, {
      ...claimObject('data'),
      metadata: { name: 'data', namespace, annotations },
    });
    const claim = await bound('data');
    expect(claim.spec?.volumeName).toBe(`pvc-${claim.metadata.uid}`);
    expect((await getVolume('disk'))?.status?.phase).toBe('Available');
  });

  it('lets one pod alone have a claim that is for one', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } }));
    await client.create(STORAGE_CLASSES, storageClass('node-local'));
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data', { accessModes: ['ReadWriteOncePod'] }));
    await Promise.all(['a', 'b'].map((name) => client.create(PODS, podWith(name, 'data'))));
    const first = await until('one of them is placed', async () => {
      const [a, b] = [await getPod('a'), await getPod('b')];
      return a?.spec.nodeName ? 'a' : b?.spec.nodeName ? 'b' : undefined;
    });
    expect(await told('FailedScheduling')).toMatch(/ReadWriteOncePod access mode/);
    const second = first === 'a' ? 'b' : 'a';
    expect((await getPod(second))?.spec.nodeName).toBeUndefined();
    await client.delete(PODS, { namespace, name: first }, { gracePeriodSeconds: 0 });
    expect(await placed(second)).toBe('n1');
  });

  it('says why a pod waits for its claim', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1'));
    await client.create(PODS, podWith('a', 'data'));
    expect(await told('FailedScheduling')).toContain(
      '0/1 nodes are available: persistentvolumeclaim "data" not found.',
    );
    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('data', { storageClassName: '' }));
    expect(await told('FailedBinding')).toBe(
      'no persistent volumes available for this claim and no storage class is set',
    );
    await client.create(PERSISTENT_VOLUMES, volumeObject('disk'));
    expect(await placed('a')).toBe('n1');
  });

  it('makes a claim for a pod that brings its template, lets it go with the pod, and takes no other for it', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } }));
    await client.create(STORAGE_CLASSES, storageClass('node-local'));
    const { spec } = claimObject('x') as KubeObject & { readonly spec: object };
    const volumeClaimTemplate = { metadata: { labels: { app: 'scratch' } }, spec };
    const own = (name: string) =>
      podObject(name, { spec: { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate } }] } });
    const pod = await client.create(PODS, own('a'));
    expect(await placed('a')).toBe('n1');
    const claim = await bound('a-scratch');
    expect(claim.metadata).toMatchObject({
      labels: { app: 'scratch' },
      ownerReferences: [{ kind: 'Pod', name: 'a', uid: pod.metadata.uid, controller: true }],
    });
    await client.delete(PODS, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
    await until('its claim is gone', async () => (await getClaim('a-scratch')) === undefined);

    await client.create(PERSISTENT_VOLUME_CLAIMS, claimObject('b-scratch'));
    await client.create(PODS, own('b'));
    await until('it is told whose claim that is not', async () => {
      const said = (await getPod('b'))?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
      return said?.message?.includes('PVC "b-scratch" was not created for pod "default/b" (pod is not owner)');
    });
    expect(await told('FailedBinding')).toMatch(/was not created for pod default\/b \(pod is not owner\)/);
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'b-scratch' });
    expect(await placed('b')).toBe('n1');
  });
});
