import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PODS } from '#api';
import type { HttpClient } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { until } from '../../../test/support/until.ts';
import { nodeUser } from '../auth/groups.plan.ts';
import type { ControlMessage } from './node-tunnel.types.ts';

type LogMessage = Extract<ControlMessage, { type: 'log' }>;

describe('src/server/nodes/node-routes.ts', () => {
  let server: ApiServer;
  let client: HttpClient;
  let token: string;

  beforeEach(async () => {
    server = await startApiServer();
    client = await server.client({ name: 'admin', groups: ['system:masters'] });
    token = await server.tokens.issue(nodeUser('n1'));
    await client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'site', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'sample:1' }] },
    });
    const target = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'site', namespace: 'default' }, target };
    await client.update(PODS, binding, { subresource: 'binding' });
  });
  afterEach(() => server.close());

  function dial(method: string, path: string, bearer = token, headers: Record<string, string> = {}): ClientRequest {
    const options = {
      method,
      ca: server.ca,
      agent: false as const,
      headers: { authorization: `Bearer ${bearer}`, ...headers },
    };
    return httpsRequest(`${server.url}/plumbline/v1/nodes/${path}`, options);
  }

  function answered(request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  }

  /** An agent: hands every log it is asked for to `onLog`. */
  async function connectAgent(onLog: (message: LogMessage) => void): Promise<ClientRequest> {
    const request = dial('GET', 'n1/control');
    request.end();
    const response = await answered(request);
    expect(response.statusCode).toBe(200);
    response.on('error', () => undefined); // the server ends it when it closes
    createInterface(response).on('line', (line) => {
      const message = JSON.parse(line) as ControlMessage;
      if (message.type === 'log') onLog(message);
    });
    return request;
  }

  const logs = async (follow = false, signal?: AbortSignal) => {
    let text = '';
    const options = { follow, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of client.logs({ namespace: 'default', name: 'site' }, options)) {
      text += Buffer.from(piece).toString();
    }
    return text;
  };

  it('carries a log from the agent to the reader', async () => {
    const asked: LogMessage[] = [];
    await connectAgent((message) => {
      asked.push(message);
      const request = dial('POST', `n1/streams/${message.ticket}`);
      request.write('one\n');
      request.end('two\n');
    });
    expect(await logs()).toBe('one\ntwo\n');
    expect(asked[0]?.pod).toMatchObject({ namespace: 'default', name: 'site' });
    expect(asked[0]?.options).toEqual({ container: 'c' });
  });

  it('shows lines as they come while following, and lets the agent go when the reader leaves', async () => {
    let left = false;
    await connectAgent((message) => {
      const request = dial('POST', `n1/streams/${message.ticket}`);
      request
        .on('error', () => undefined)
        .on('close', () => {
          left = true;
        });
      request.write('first\n');
    });
    const reader = new AbortController();
    let text = '';
    const options = { follow: true, signal: reader.signal };
    for await (const piece of client.logs({ namespace: 'default', name: 'site' }, options)) {
      text += Buffer.from(piece).toString();
      reader.abort();
    }
    expect(text).toBe('first\n');
    await until('the agent is let go', () => left, 5_000);
  });

  it('answers with the agent’s own words', async () => {
    await connectAgent((message) => {
      dial('POST', `n1/streams/${message.ticket}`, token, {
        'x-plumbline-error': 'container "c" is waiting to start',
      }).end();
    });
    await expect(logs()).rejects.toMatchObject({ reason: 'BadRequest', message: 'container "c" is waiting to start' });
  });

  it.each([
    ['another node', () => server.tokens.issue(nodeUser('n2')), 403],
    ['an administrator', () => server.tokens.issue({ name: 'admin', groups: ['system:masters'] }), 403],
    ['a viewer', () => server.tokens.issue({ name: 'vera', groups: ['plumbline:viewers'] }), 403],
    ['a stranger', async () => 'nonsense', 401],
  ])('refuses %s', async (_who, issue, status) => {
    for (const [method, path] of [
      ['GET', 'n1/control'],
      ['POST', 'n1/streams/ticket'],
    ] as const) {
      const request = dial(method, path, await issue());
      request.end();
      const response = await answered(request);
      response.resume();
      expect([path, response.statusCode]).toEqual([path, status]);
    }
  });

  it('knows no ticket that it did not give', async () => {
    const request = dial('POST', 'n1/streams/guessed');
    request.end('bytes');
    expect((await answered(request)).statusCode).toBe(404);
  });
});
