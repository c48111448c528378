import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENTS, NAMESPACES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES } from '#api';
import type { Client } from '#client';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const namespace = 'volumes';
let product: Product;
let client: Client;

beforeAll(async () => {
  product = await startProduct();
  client = await product.client();
  // The demo's image is there by then.
  await product.untilTrue('web');
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});
afterAll(() => product?.close());

/** Writes its name at the end of a file of the volume, as a user that owns nothing. */
const WRITE = `require('fs').appendFileSync('/data/log', process.env.HOSTNAME + '\\n'); setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));`;
/** What all pods wrote to it. */
const READ = `require('fs').readFileSync('/data/log', 'utf8').trim()`;
const pod = (name: string, claimName = 'data') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    securityContext: { runAsUser: 1234, runAsGroup: 1234, fsGroup: 4321 },
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    containers: [
      {
        name: 'main',
        image: 'plumbline.local/sample:1',
        command: ['/usr/local/bin/node', '-e', WRITE],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
  },
});
const get = (name: string) => client.get(PODS, { namespace, name });
const running = (name: string) =>
  until(`${name} runs`, async () => (await get(name))?.status?.phase === 'Running', 60_000);
const gone = (name: string) => until(`${name} is gone`, async () => (await get(name)) === undefined, 60_000);
const claim = (name = 'data') => client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
const createClaim = (name: string, spec: Readonly<Record<string, unknown>>) =>
  client.create(PERSISTENT_VOLUME_CLAIMS, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
const dockerVolumes = async () =>
  (await product.docker('volume', 'ls', '--quiet', '--filter', 'name=pvc-')).split('\n');
const folders = () => readdir(path.join(product.stateDir, 'agent', 'volumes'));

describe('volumes on a real node', () => {
  it('keep data through pods and agents, and go when nobody has them', async () => {
    await createClaim('data', {});
    await client.create(PODS, pod('one'));
    await running('one');
    const { stdout } = await product.kubectl('get', 'pvc', 'data', '-n', namespace, '--no-headers');
    const volume = (await claim())?.spec?.volumeName ?? '';
    expect(stdout.split(/\s+/).slice(0, 6)).toEqual(['data', 'Bound', volume, '1Gi', 'RWO', 'node-local']);
    expect(await folders()).toEqual([volume]);
    const log = () => readFile(path.join(product.stateDir, 'agent', 'volumes', volume, 'log'), 'utf8');
    await until('it has written', async () => (await log()) === 'one\n');

    await client.delete(PODS, { namespace, name: 'one' });
    await gone('one');
    await client.create(PODS, pod('two'));
    await running('two');
    await until('the next pod writes below', async () => (await log()) === 'one\ntwo\n');

    // A claim in use does not go, and an agent that is killed forgets nothing.
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
    const pid = await product.agentPid();
    process.kill(pid, 'SIGKILL');
    await product.stopServer();
    await product.start();
    expect(await product.agentPid()).not.toBe(pid);
    client = await product.client();
    await until('the new agent has looked', async () => {
      const ready = (await get('two'))?.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.status === 'True';
    });
    expect((await get('two'))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    expect((await claim())?.metadata.deletionTimestamp).toBeDefined();
    expect(await log()).toBe('one\ntwo\n');

    await client.delete(PODS, { namespace, name: 'two' });
    await until('the claim is gone', async () => (await claim()) === undefined, 60_000);
    const volumes = async () => (await client.list(PERSISTENT_VOLUMES)).items.length;
    await until('the volume is gone', async () => (await volumes()) === 0, 60_000);
    expect(await folders()).toEqual([]);
  });

  it("keep data in a volume of Docker's over pods, and remove it with its claim", async () => {
    await client.create(STORAGE_CLASSES, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'docker' },
      provisioner: 'docker.plumbline.dev',
      parameters: { driver: 'local' },
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await createClaim('kept', { storageClassName: 'docker' });
    const asRoot = (name: string) => {
      const made = pod(name, 'kept');
      return { ...made, spec: { ...made.spec, securityContext: { runAsUser: 0 } } };
    };
    const log = async (name: string) =>
      (await product.kubectl('exec', name, '-n', namespace, '--', '/usr/local/bin/node', '-p', READ)).stdout.trim();
    await client.create(PODS, asRoot('first'));
    await running('first');
    const volume = (await claim('kept'))?.spec?.volumeName ?? '';
    expect(await dockerVolumes()).toEqual([volume]);
    await until('it has written', async () => (await log('first')) === 'first');
    await client.delete(PODS, { namespace, name: 'first' });
    await gone('first');
    await client.create(PODS, asRoot('second'));
    await running('second');
    await until('the next pod writes below', async () => (await log('second')) === 'first\nsecond');

    await client.delete(PODS, { namespace, name: 'second' });
    await client.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'kept' });
    const object = () => client.get(PERSISTENT_VOLUMES, { name: volume });
    await until('the volume is gone', async () => (await object()) === undefined, 60_000);
    expect(await dockerVolumes()).toEqual(['']);
  });

  it('are for one pod only where their mode says so, until that one is gone', async () => {
    await createClaim('alone', { accessModes: ['ReadWriteOncePod'] });
    await client.create(PODS, pod('holder', 'alone'));
    await running('holder');
    await client.create(PODS, pod('late', 'alone'));
    await until('the scheduler says why it refuses', async () => {
      const { items } = await client.list(EVENTS, { namespace });
      const told = items.find(
        ({ involvedObject, reason }) => involvedObject?.name === 'late' && reason === 'FailedScheduling',
      );
      return told?.message?.includes(
        'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
      );
    });
    expect((await get('late'))?.spec?.nodeName).toBeUndefined();
    await client.delete(PODS, { namespace, name: 'holder' });
    await running('late');
  });

  it('go with the installation where a reset is told so, also those to be retained', async () => {
    await client.create(STORAGE_CLASSES, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'retained' },
      provisioner: 'docker.plumbline.dev',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await createClaim('last', { storageClassName: 'retained' });
    await client.create(PODS, pod('last', 'last'));
    await until('Docker has the volume', async () => (await dockerVolumes()).join() !== '', 60_000);
    await product.close();
    expect(await dockerVolumes()).toEqual(['']);
  });
});
