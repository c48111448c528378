import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, SECRETS, SERVICES } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { openSqliteStore, type Store } from '#store';
import { createLocalClient } from '../local-client.ts';
import type { Api } from './api.ts';
import { createApi } from './create-api.ts';
import { isEncryptedKey } from './rows.ts';

const key = new Uint8Array(32).fill(7);

describe('src/server/registry/create-api.ts over SQLite', () => {
  let directory: string;
  let store: Store;
  let api: Api;
  let client: Client;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumb-api-'));
    await start();
  });
  afterEach(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const encryption = { key, encrypts: isEncryptedKey };
    store = await openSqliteStore(
      { clock: systemClock, log: silentLog },
      { path: path.join(directory, 'db'), encryption },
    );
    api = await createApi({ store, clock: systemClock, log: silentLog });
    client = createLocalClient(api, { user: { name: 'alice', groups: [] }, userAgent: 'test/1' });
  }
  async function stop(): Promise<void> {
    await api.close();
    await store.close();
  }

  it('keeps what it answered over a restart, and gives nothing away twice', async () => {
    const service = (name: string) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    const made = await Promise.all(names.map((name) => client.create(SERVICES, service(name))));
    await stop();
    await start();
    expect((await client.list(SERVICES)).items).toHaveLength(names.length);
    const later = await client.create(SERVICES, service('later'));
    const all = [...made, later].map(({ spec }) => spec);
    expect(new Set(all.map(({ clusterIP }) => clusterIP)).size).toBe(all.length);
    expect(new Set(all.map(({ ports }) => ports?.[0]?.nodePort)).size).toBe(all.length);
  });

  it('lists as of the first page while others write', async () => {
    const object = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
    });
    await Promise.all([...'abcdef'].map((name) => client.create(CONFIG_MAPS, object(name))));
    const first = await client.list(CONFIG_MAPS, { namespace: 'default', limit: 2 });
    expect(first.remainingItemCount).toBe(4);
    await client.delete(CONFIG_MAPS, { namespace: 'default', name: 'd' });
    await client.create(CONFIG_MAPS, object('e2'));
    const rest = await client.list(CONFIG_MAPS, { namespace: 'default', continue: first.continue ?? '' });
    expect(rest.items.map(({ metadata }) => metadata.name)).toEqual([...'cdef']);
  });

  it('writes no byte of a Secret in the clear', async () => {
    const canary = 'canary-7f3a91';
    const data = { token: Buffer.from(canary).toString('base64') };
    const metadata = { name: 'a', namespace: 'default' };
    await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, data });
    await client.patch(SECRETS, metadata, { type: 'merge', body: { stringData: { other: canary } } });
    await client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { open: 'readable-5b2e' },
    });
    const files = await Promise.all(['db', 'db-wal'].map((name) => readFile(path.join(directory, name), 'latin1')));
    const text = files.join('');
    expect(text).toContain('readable-5b2e');
    expect(text).not.toContain(canary);
    expect(text).not.toContain(data.token);
    expect((await client.get(SECRETS, metadata))?.data).toEqual({ ...data, other: data.token });
  });
});
