import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { CONFIG_MAPS, isApiError, PODS } from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore } from '#store';
// The contract is no part of the client's door: only tests run it.
import { describeClient } from '../client/client.contract.ts';
import { createServiceAccountTokens } from './auth/service-accounts/service-account-tokens.ts';
import { ensureSigningKey } from './auth/service-accounts/signing-key.ts';
import { createLocalClient } from './local-client.ts';
import { createApi } from './registry/create-api.ts';

const user = { name: 'alice', groups: ['system:masters'] };

async function start() {
  const directory = await mkdtemp(path.join(tmpdir(), 'plumbline-local-'));
  const store = createMemoryStore({ clock: systemClock });
  const api = await createApi({ store, clock: systemClock, log: silentLog });
  const key = await ensureSigningKey(path.join(directory, 'key'));
  const tokens = createServiceAccountTokens({ api, key, clock: systemClock });
  const client = createLocalClient(api, { user, userAgent: 'contract/1', tokens });
  return {
    api,
    client,
    async close() {
      await api.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describeClient('src/server/local-client.ts', start);

it('hands out the very objects that the server holds, frozen', async () => {
  const { client, close } = await start();
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'default' },
    data: { a: '1' },
  };
  const made = await client.create(CONFIG_MAPS, object);
  const listed = await client.list(CONFIG_MAPS);
  expect(await client.get(CONFIG_MAPS, made.metadata)).toBe(made);
  expect(listed.items).toContain(made);
  expect(Object.isFrozen(made.data)).toBe(true);
  expect(made.data).not.toBe(object.data);
  await close();
});

it('reads logs through what it was given, and refuses them otherwise', async () => {
  const { api, client, close } = await start();
  const read = async (from: typeof client) => {
    let text = '';
    for await (const bytes of from.logs({ namespace: 'default', name: 'web' }, { tailLines: 1 }))
      text += Buffer.from(bytes).toString();
    return text;
  };
  const refused = await read(client).catch((error: unknown) => error);
  expect(isApiError(refused, 'MethodNotAllowed')).toBe(true);
  const logs = createLocalClient(api, {
    user,
    userAgent: 'contract/1',
    logs: async (_context, pod, options) => one(Buffer.from(`${pod.name} ${options.tailLines}`)),
  });
  expect(await read(logs)).toBe('web 1');
  expect(await logs.get(PODS, { namespace: 'default', name: 'web' })).toBeUndefined();
  await close();
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
