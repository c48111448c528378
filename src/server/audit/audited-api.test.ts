import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, EVENTS, type KubeObject, LEASES, PODS, SECRETS } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createMemoryStore } from '#store';
import { podObject } from '../../../test/support/cluster.ts';
import { createLocalClient } from '../local-client.ts';
import type { Api } from '../registry/api.ts';
import { createApi } from '../registry/create-api.ts';
import { createAuditTrail } from './audit-trail.ts';
import { auditedApi } from './audited-api.ts';

interface Noted {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent: string;
  readonly objectRef: { readonly name?: string };
  readonly responseStatus: { readonly code: number };
}

describe('src/server/audit/audited-api.ts', () => {
  let api: Api;
  let client: Client;
  const noted: Noted[] = [];
  beforeAll(async () => {
    const clock = systemClock;
    api = await createApi({ store: createMemoryStore({ clock }), clock, log: silentLog });
    const who = {
      user: { name: 'system:plumbline:controllers', groups: ['system:masters'] },
      userAgent: 'plumbline-c',
    };
    const audit = createAuditTrail({ sink: { write: (event) => noted.push(event as unknown as Noted) }, clock });
    client = createLocalClient(auditedApi(api, { audit, clock, ...who }), who);
  });
  afterAll(() => api.close());
  beforeEach(() => {
    noted.length = 0;
  });

  const at = { namespace: 'default', name: 'a' };
  const config = (name = 'a'): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...at, name } });
  const told = () => noted.map(({ verb, requestURI, objectRef }) => `${verb} ${requestURI} ${objectRef.name ?? ''}`);

  it('notes what parts of the server change, as a request would be', async () => {
    await client.create(CONFIG_MAPS, config());
    await client.patch(CONFIG_MAPS, at, { type: 'merge', body: { data: { a: 'b' } } });
    await client.get(CONFIG_MAPS, at);
    await client.delete(CONFIG_MAPS, at);
    await client.create(PODS, podObject('', { metadata: { name: undefined, generateName: 'web-' } }));
    expect(told()).toEqual([
      'create /api/v1/namespaces/default/configmaps a',
      'patch /api/v1/namespaces/default/configmaps/a a',
      'delete /api/v1/namespaces/default/configmaps/a a',
      expect.stringMatching(/^create \/api\/v1\/namespaces\/default\/pods web-\w{5}$/),
    ]);
    expect(noted[0]).toMatchObject({
      level: 'Metadata',
      user: { username: 'system:plumbline:controllers' },
      userAgent: 'plumbline-c',
      sourceIPs: [],
      responseStatus: { code: 201 },
    });
  });

  it('says nothing of routine, dry runs and lost races', async () => {
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: at };
    await client.create(LEASES, lease);
    const involvedObject = { kind: 'Pod', ...at };
    await client.create(EVENTS, { apiVersion: 'v1', kind: 'Event', metadata: at, involvedObject });
    await client.create(CONFIG_MAPS, config(), { dryRun: true });
    expect(told()).toEqual([]);
    await client.create(PODS, podObject('p'));
    await client.create(CONFIG_MAPS, config('race'));
    noted.length = 0;
    const status = { type: 'merge', body: { status: { phase: 'Running' } } } as const;
    await client.patch(PODS, { ...at, name: 'p' }, status, { subresource: 'status' });
    await expect(client.create(CONFIG_MAPS, config('race'))).rejects.toThrow('already exists');
    await expect(client.patch(CONFIG_MAPS, at, { type: 'merge', body: {} })).rejects.toThrow('not found');
    expect(told()).toEqual([]);
  });

  it('notes what was refused, and no value of a Secret', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: at, stringData: { password: 'hidden-word' } };
    await client.create(SECRETS, secret);
    await expect(client.create(CONFIG_MAPS, config('No'))).rejects.toThrow('invalid');
    expect(noted.map(({ responseStatus }) => responseStatus.code)).toEqual([201, 422]);
    expect(JSON.stringify(noted)).not.toContain('hidden-word');
  });
});
