import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS } from '#api';
import { FRAME_PROTOCOL } from '#streams';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { nodeUser } from '../auth/groups.plan.ts';

interface Answer {
  readonly status: number;
  readonly message: string;
}

describe('src/server/streams/upgrades.ts', () => {
  let server: ApiServer;
  const ADMIN = { name: 'admin', groups: ['system:masters'] };
  const WEBSOCKET = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol': 'v5.channel.k8s.io',
  };
  const EXEC = '/api/v1/namespaces/default/pods/site/exec?command=true&stdout=true';
  const LOG = '/api/v1/namespaces/default/pods/site/log';
  const LOG_SOCKET = { ...WEBSOCKET, 'sec-websocket-protocol': 'binary.k8s.io' };

  beforeAll(async () => {
    server = await startApiServer();
    const client = await server.client(ADMIN);
    await client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'site', namespace: 'default' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'sample:1' }] },
    });
  });
  afterAll(() => server.close());

  async function ask(path: string, headers: Record<string, string>, token: string, method = 'GET'): Promise<Answer> {
    const authorization = token === '' ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(`${server.url}${path}`, {
        method,
        ca: server.ca,
        agent: false,
        headers: { ...headers, ...authorization },
      });
      request.on('error', reject);
      request.on('upgrade', (_response, socket) => {
        socket.destroy();
        resolve({ status: 101, message: '' });
      });
      request.on('response', (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, message: (JSON.parse(body) as { message: string }).message });
        });
      });
      request.end();
    });
  }

  it.each([
    ['nobody', async () => '', 401],
    ['a stranger', async () => 'nonsense', 401],
    [
      'a viewer, though a WebSocket is a GET',
      () => server.tokens.issue({ name: 'v', groups: ['plumbline:viewers'] }),
      403,
    ],
    ['the pod’s own node', () => server.tokens.issue(nodeUser('n1')), 403],
    ['an administrator whose node is away', () => server.tokens.issue(ADMIN), 503],
  ])('asks who it is, and whether he may: %s', async (_who, issue, status) => {
    for (const subresource of ['exec', 'attach', 'portforward']) {
      const path = EXEC.replace('/exec', `/${subresource}`);
      expect(await ask(path, WEBSOCKET, await issue())).toMatchObject({ status });
    }
  });

  it('lets nobody read a log who may not, over a WebSocket either', async () => {
    const token = await server.tokens.issue({ name: 'v', groups: [] });
    expect(await ask(LOG, LOG_SOCKET, token)).toMatchObject({ status: 403 });
    expect(await ask(LOG, LOG_SOCKET, '')).toMatchObject({ status: 401 });
  });

  it.each([
    ['a path that names nothing', '/nowhere', WEBSOCKET, 404, 'the server could not find the requested resource'],
    ['a resource that has no session', '/api/v1/namespaces/default/pods/site/status', WEBSOCKET, 404, 'could not find'],
    ['a log in channels', LOG, WEBSOCKET, 400, 'a log comes over a WebSocket of binary.k8s.io'],
    ['a log of nobody', LOG.replace('site', 'nope'), LOG_SOCKET, 404, 'pods "nope" not found'],
    ['a log whose node is away', LOG, LOG_SOCKET, 503, 'n1'],
    ['no such pod', EXEC.replace('site', 'nope'), WEBSOCKET, 404, 'pods "nope" not found'],
    ['another upgrade', EXEC, { connection: 'Upgrade', upgrade: 'h2c' }, 400, 'this session needs a WebSocket'],
    [
      'another protocol',
      EXEC,
      { ...WEBSOCKET, 'sec-websocket-protocol': 'chat' },
      400,
      'this session needs a WebSocket',
    ],
    ['no upgrade', EXEC, {}, 400, 'Upgrade request required'],
  ])('refuses %s', async (_what, path, headers, status, message) => {
    const answer = await ask(path, headers as Record<string, string>, await server.tokens.issue(ADMIN));
    expect(answer).toEqual({ status, message: expect.stringContaining(message) });
  });

  it.each([
    ['a ticket that was not given', nodeUser('n1'), 404],
    ['another node', nodeUser('n2'), 403],
    ['an administrator', ADMIN, 403],
  ])('lets no agent in with %s', async (_what, user, status) => {
    const headers = { connection: 'Upgrade', upgrade: FRAME_PROTOCOL };
    const answer = await ask('/plumbline/v1/nodes/n1/streams/guessed', headers, await server.tokens.issue(user));
    expect(answer).toMatchObject({ status });
  });
});
