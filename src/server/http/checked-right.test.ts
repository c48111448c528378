import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, type StoredObject } from '#api';
import type { WatchEvent } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { httpLimits } from './limits.ts';

describe('src/server/http/checked-right.ts', () => {
  let clock: FakeClock;
  let server: ApiServer;
  beforeEach(async () => {
    clock = new FakeClock();
    server = await startApiServer({ clock });
  });
  afterEach(() => server.close());

  it('ends a watch soon after its token was revoked, and leaves the others alone', async () => {
    const watches: { readonly events: WatchEvent<StoredObject>[]; ended?: unknown }[] = [];
    for (const name of ['vera', 'victor']) {
      const client = await server.client({ name, groups: ['plumbline:viewers'] });
      const watch: (typeof watches)[number] = { events: [] };
      watches.push(watch);
      const { resourceVersion } = await client.list(CONFIG_MAPS);
      (async () => {
        for await (const event of client.watch(CONFIG_MAPS, { resourceVersion })) watch.events.push(event);
        return 'the end';
      })().then(
        (end) => Object.assign(watch, { ended: end }),
        (error: unknown) => Object.assign(watch, { ended: error }),
      );
    }
    const admin = await server.client({ name: 'admin', groups: ['system:masters'] });
    const write = (name: string) =>
      admin.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
    await write('before');
    await until('both watch', () => watches.every(({ events }) => events.length === 1));
    await server.tokens.revoke('vera');
    await clock.advance(httpLimits.reauthorizeMs);
    await until('the watch has ended', () => watches[0]?.ended !== undefined);
    expect(watches[0]?.ended).toMatchObject({ reason: 'Unauthorized' });
    await write('after');
    await until('the other goes on', () => watches[1]?.events.length === 2);
    expect(watches[1]?.ended).toBeUndefined();
  });
});
