import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, type KubeObject, NODES, PODS, SECRETS } from '#api';
import type { HttpClient } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { nodeUser } from './groups.plan.ts';

const at = (name: string) => ({ namespace: 'default', name });

describe('src/server/auth/authorizer.ts', () => {
  let server: ApiServer;
  let admin: HttpClient;
  let agent: HttpClient;

  beforeAll(async () => {
    server = await startApiServer();
    admin = await server.client({ name: 'admin', groups: ['system:masters'] });
    agent = await server.client(nodeUser('n1'));
    for (const name of ['mine', 'other']) {
      await admin.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: at(name), stringData: { a: name } });
    }
    await pod('here', 'n1', 'mine');
    await pod('there', 'n2', 'other');
  });
  afterAll(() => server.close());

  async function pod(name: string, node: string, secret: string): Promise<void> {
    const volumes = [{ name: 'v', secret: { secretName: secret } }];
    const spec = { containers: [{ name: 'c', image: 'sample:1' }], volumes };
    await admin.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: at(name), spec });
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: at(name), target: { kind: 'Node', name: node } };
    await admin.update(PODS, binding, { subresource: 'binding' });
  }

  const report = (name: string) =>
    agent.patch(PODS, at(name), { type: 'merge', body: { status: { phase: 'Running' } } }, { subresource: 'status' });

  it('shows an agent its own pods and what they name, and nothing else', async () => {
    const { items } = await agent.list(PODS, { fieldSelector: 'spec.nodeName=n1' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['here']);
    expect(await agent.get(SECRETS, at('mine'))).toBeDefined();
    await expect(agent.get(SECRETS, at('other'))).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(agent.list(SECRETS, { namespace: 'default' })).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(agent.list(PODS)).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(agent.get(CONFIG_MAPS, at('any'))).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  it('lets an agent report on its own pods only', async () => {
    expect((await report('here')).status?.phase).toBe('Running');
    await expect(report('there')).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(agent.delete(PODS, at('there'))).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  it('tells an agent that a pod is gone, rather than that it may not ask', async () => {
    await expect(report('gone')).rejects.toMatchObject({ reason: 'NotFound' });
    expect(await agent.delete(PODS, at('gone'))).toBeUndefined();
  });

  it('lets an agent register and report its own node, but not decide what comes to it', async () => {
    const node = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
    await agent.create(NODES, node('n1'));
    await expect(agent.create(NODES, node('n2'))).rejects.toMatchObject({ reason: 'Forbidden' });
    const write = (body: object, subresource?: 'status') =>
      agent.patch(
        NODES,
        { name: 'n1' },
        { type: 'merge', body: body as never },
        subresource === undefined ? {} : { subresource },
      );
    await write({ status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'status');
    await expect(write({ metadata: { labels: { tier: 'secret' } } })).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(write({ metadata: { labels: { tier: 'secret' } } }, 'status')).rejects.toMatchObject({
      reason: 'Forbidden',
    });
    await admin.patch(NODES, { name: 'n1' }, { type: 'merge', body: { spec: { unschedulable: true } } });
    await expect(write({ spec: { unschedulable: null } })).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(agent.delete(NODES, { name: 'n1' })).rejects.toMatchObject({ reason: 'Forbidden' });
  });
});
