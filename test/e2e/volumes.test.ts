import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS } from '#api';
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
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    securityContext: { runAsUser: 1234, runAsGroup: 1234, fsGroup: 4321 },
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
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
const claim = () => client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
const folders = () => readdir(path.join(product.stateDir, 'agent', 'volumes'));

describe('volumes on a real node', () => {
  it('keep data through pods and agents, and go when nobody has them', async () => {
    await client.create(PERSISTENT_VOLUME_CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
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
});
