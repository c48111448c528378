import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, NAMESPACES, PODS } from '#api';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { nodeUser } from '../auth/groups.plan.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };

describe('src/server/registry/ephemeral-containers.ts', () => {
  let server: ApiServer;
  let token: string;

  beforeAll(async () => {
    server = await startApiServer();
    token = await server.tokens.issue(ADMIN);
    const client = await server.client(ADMIN);
    const enforce = { 'pod-security.kubernetes.io/enforce': 'baseline' };
    const spec = { nodeName: 'n1', containers: [{ name: 'app', image: 'x' }] };
    for (const name of ['loose', 'strict']) {
      const labels = name === 'strict' ? enforce : {};
      await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
      await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: name }, spec });
    }
  });
  afterAll(() => server.close());

  const MERGE = 'application/merge-patch+json';
  const STRATEGIC = 'application/strategic-merge-patch+json';

  function send(method: string, body?: object, { type = STRATEGIC, namespace = 'loose', bearer = token } = {}) {
    return new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
      const path = `${server.url}/api/v1/namespaces/${namespace}/pods/web/ephemeralcontainers`;
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': type };
      const asked = request(path, { method, ca: server.ca, headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      });
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
  const patch = (...containers: object[]) => ({ spec: { ephemeralContainers: containers } });
  const namesIn = (body: Record<string, unknown>) =>
    (body['spec'] as { ephemeralContainers?: { name: string }[] }).ephemeralContainers?.map(({ name }) => name);

  it('adds containers by each kind of patch, and by a whole pod, and nothing else of it', async () => {
    const one = await send('PATCH', patch({ name: 'one', image: 'x', targetContainerName: 'app' }));
    expect([one.status, namesIn(one.body)]).toEqual([200, ['one']]);
    expect(one.body['spec']).toMatchObject({ ephemeralContainers: [{ imagePullPolicy: 'Always' }] });
    const [known] = (one.body['spec'] as { ephemeralContainers: object[] }).ephemeralContainers;
    const two = await send('PATCH', patch(known ?? {}, { name: 'two', image: 'x' }), { type: MERGE });
    expect([two.status, namesIn(two.body)]).toEqual([200, ['one', 'two']]);
    const { body: read } = await send('GET');
    const spec = read['spec'] as { ephemeralContainers: object[] };
    const ephemeralContainers = [...spec.ephemeralContainers, { name: 'three', image: 'x' }];
    const changed = {
      ...read,
      status: { phase: 'Failed' },
      spec: { ...spec, ephemeralContainers, nodeName: 'elsewhere' },
    };
    const put = await send('PUT', changed, { type: 'application/json' });
    expect([put.status, namesIn(put.body)]).toEqual([200, ['one', 'two', 'three']]);
    expect(put.body).toMatchObject({ spec: { nodeName: 'n1' }, status: { phase: 'Pending' } });
    const stale = await send('PUT', changed, { type: 'application/json' });
    expect(stale.body).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  const ports = [{ containerPort: 80 }];
  const FORBIDDEN = 'Forbidden: cannot be set for an Ephemeral Container';
  it.each([
    ['a port', { ports }, `spec.ephemeralContainers[0].ports: ${FORBIDDEN}`],
    [
      'a probe',
      { livenessProbe: { exec: { command: ['a'] } } },
      `spec.ephemeralContainers[0].livenessProbe: ${FORBIDDEN}`,
    ],
    ['a hook', { lifecycle: {} }, `spec.ephemeralContainers[0].lifecycle: ${FORBIDDEN}`],
    ['resources', { resources: { limits: { cpu: '1' } } }, `spec.ephemeralContainers[0].resources: ${FORBIDDEN}`],
    ['a name that is taken', { name: 'app' }, 'spec.ephemeralContainers[0].name: Duplicate value: "app"'],
    [
      'a target that is not there',
      { targetContainerName: 'nope' },
      'spec.ephemeralContainers[0].targetContainerName: Not found: "nope"',
    ],
  ])('refuses one with %s', async (_what, part, message) => {
    const { status, body } = await send('PATCH', patch({ name: 'new', image: 'x', ...part }), { namespace: 'strict' });
    expect([status, body['message']]).toEqual([422, expect.stringContaining(message)]);
  });

  it('lets none be removed or changed', async () => {
    const removed = await send('PATCH', { spec: { ephemeralContainers: null } }, { type: MERGE });
    expect(removed.body['message']).toContain('existing ephemeral containers "one" may not be removed');
    const changed = await send('PATCH', patch({ name: 'one', image: 'y' }));
    expect(changed.body['message']).toContain('existing ephemeral containers "one" may not be changed');
  });

  it('makes no pod with them, and changes none by an update of the pod', async () => {
    const client = await server.client(ADMIN);
    const ephemeralContainers = [{ name: 'new', image: 'x' }];
    const spec = { containers: [{ name: 'app', image: 'x' }], ephemeralContainers };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'born', namespace: 'loose' }, spec };
    await expect(client.create(PODS, pod)).rejects.toMatchObject({
      message: expect.stringContaining('spec.ephemeralContainers: Forbidden: cannot be set on create'),
    });
    const body = { spec: { ephemeralContainers } } as unknown as Json;
    const update = client.patch(PODS, { namespace: 'strict', name: 'web' }, { type: 'strategic', body });
    await expect(update).rejects.toMatchObject({ message: expect.stringContaining('pod updates may not change') });
  });

  it('holds them to the Pod Security level of the namespace, and keeps nodes and appliers away', async () => {
    const privileged = patch({ name: 'new', image: 'x', securityContext: { privileged: true } });
    const refused = await send('PATCH', privileged, { namespace: 'strict' });
    expect(refused.body).toMatchObject({
      code: 403,
      message: expect.stringContaining('violates PodSecurity "baseline'),
    });
    const bearer = await server.tokens.issue(nodeUser('n1'));
    expect((await send('PATCH', patch(), { bearer })).status).toBe(403);
    expect((await send('PATCH', patch(), { type: 'application/apply-patch+yaml' })).status).toBe(415);
  });
});
