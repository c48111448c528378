import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENDPOINT_SLICES, type KubeObject, NODES, PODS, SERVICES } from '#api';
import { systemClock } from '#base';
import { CHANNEL, createFrameLink } from '#streams';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { duplexPair } from '../../../test/support/duplex-pair.ts';
import type { ControlMessage } from '../nodes/node-tunnel.types.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const PODS_AT = '/api/v1/namespaces/default/pods';
const SERVICES_AT = '/api/v1/namespaces/default/services';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('src/server/proxy', () => {
  let server: ApiServer;
  let token: string;
  /** What listens in the pod. */
  let pod: Server;
  let heard: IncomingMessage | undefined;
  let asked: (Extract<ControlMessage, { type: 'forward' }> & { readonly ticket: string })[];

  /** An agent by hand: every forward ends at what listens in the pod, or is refused for a port that nobody has. */
  function agent(node: string): void {
    const answer = (message: ControlMessage) => {
      if (message.type !== 'forward') return;
      asked.push(message);
      const { ticket, port } = message;
      if (port === 7999) {
        const body = (async function* () {})();
        server.tunnel.accept(node, { ticket, body, error: 'connection refused', abort: () => undefined });
        return;
      }
      const [here, there] = duplexPair();
      const link = createFrameLink(there, systemClock);
      // Behind 443 is what speaks TLS with a certificate that is not the pod's: the API itself.
      const behind = port === 443 ? Number(new URL(server.url).port) : (pod.address() as AddressInfo).port;
      const socket = connect({ port: behind, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('data', (bytes: Buffer) => void link.send(CHANNEL.stdout, bytes));
      socket.on('end', () => link.end(CHANNEL.stdout));
      socket.on('error', () => link.close());
      void (async () => {
        for await (const part of link.messages()) {
          if ('bytes' in part) socket.write(part.bytes);
          else socket.end();
        }
        socket.destroy();
      })();
      server.tunnel.accept(node, { ticket, link: createFrameLink(here, systemClock) });
    };
    server.tunnel.connect(node, answer, () => undefined, new AbortController().signal);
  }

  beforeAll(async () => {
    pod = createServer((request, response) => {
      heard = request;
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://pod');
      if (pathname === '/redirect') response.setHeader('location', searchParams.get('to') ?? '');
      response.setHeader('x-method', request.method ?? '');
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.setHeader('connection', 'close, x-hop');
      response.setHeader('x-hop', 'mine');
      response.statusCode = pathname === '/redirect' ? 302 : pathname === '/teapot' ? 418 : 200;
      if (pathname === '/cut') {
        response.write('half');
        setImmediate(() => response.destroy());
      } else if (pathname === '/echo') request.pipe(response);
      else response.end('foo');
    });
    pod.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: shout\r\nConnection: Upgrade\r\n\r\n');
      socket.on('data', (bytes: Buffer) => socket.write(bytes.toString().toUpperCase()));
      socket.on('end', () => socket.end());
    });
    await new Promise<void>((resolve) => pod.listen(0, '127.0.0.1', resolve));

    server = await startApiServer();
    token = await server.tokens.issue(ADMIN);
    const client = await server.client(ADMIN);
    const make = (name: string, podIP: string) => async () => {
      const ports = [{ containerPort: 8080 }];
      const spec = { nodeName: 'n1', containers: [{ name: 'app', image: 'x', ports }] };
      await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec });
      const body = { status: { podIP, podIPs: [{ ip: podIP }] } };
      await client.patch(PODS, { namespace: 'default', name }, { type: 'merge', body }, { subresource: 'status' });
    };
    await make('web', '10.9.0.1')();
    await make('other', '10.9.0.2')();
    const service = (name: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: {
        ports: [
          { name: 'http', port: 80, targetPort: 8080 },
          { name: 'tls', port: 443 },
        ],
      },
    });
    await client.create(SERVICES, service('site'));
    await client.create(SERVICES, service('empty'));
    await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    const endpoint = (name: string, address: string, ready: boolean) => ({
      addresses: [address],
      conditions: { ready },
      targetRef: { kind: 'Pod', name, namespace: 'default' },
    });
    await client.create(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'site-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'site' } },
      addressType: 'IPv4',
      endpoints: [endpoint('web', '10.9.0.1', true), endpoint('other', '10.9.0.2', false)],
      ports: [{ name: 'http', port: 8080 }],
    });
    agent('n1');
  });
  afterAll(async () => {
    await server?.close();
    pod.closeAllConnections();
    pod.close();
  });
  beforeEach(() => {
    heard = undefined;
    asked = [];
  });

  interface Sent {
    readonly method?: string;
    readonly headers?: Record<string, string | readonly string[]>;
    readonly body?: string | Buffer;
    readonly bearer?: string;
  }

  function send(path: string, { method = 'GET', headers = {}, body, bearer = token }: Sent = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(`${server.url}${path}`, {
        method,
        ca: server.ca,
        agent: false,
        headers: { authorization: `Bearer ${bearer}`, ...headers },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(pieces).toString('latin1'),
          }),
        );
      });
      request.end(body);
    });
  }

  describe.each([
    ['a pod', `${PODS_AT}/web/proxy`],
    ['a pod by its port', `${PODS_AT}/http:web:8080/proxy`],
    ['a Service by the name of a port', `${SERVICES_AT}/site:http/proxy`],
    ['a Service by the number of a port', `${SERVICES_AT}/http:site:80/proxy`],
  ])('to %s', (_what, at) => {
    it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('carries %s', async (method) => {
      const { status, headers, body } = await send(`${at}/some%2Fpath//x/?method=${method}&q=%20a`, { method });
      expect([status, headers['x-method'], body]).toEqual([200, method, method === 'HEAD' ? '' : 'foo']);
      expect(heard?.url).toBe(`/some%2Fpath//x/?method=${method}&q=%20a`);
      expect(asked).toMatchObject([{ pod: { name: 'web' }, port: 8080, address: '10.9.0.1' }]);
    });

    it('leads what asks for no path to the slash, where it only reads', async () => {
      const read = await send(`${at}?x=1`);
      expect([read.status, read.headers.location]).toEqual([301, `${at}/?x=1`]);
      expect((await send(at, { method: 'HEAD' })).status).toBe(301);
      expect((await send(`${at}?x=1`, { method: 'POST' })).headers['x-method']).toBe('POST');
      expect(heard?.url).toBe('/?x=1');
    });
  });

  it('hands on what the caller says, and nothing of who he is', async () => {
    await send(`${PODS_AT}/web/proxy/`, {
      headers: {
        'impersonate-user': 'bea',
        'impersonate-group': 'system:masters',
        connection: 'close, x-secret-hop',
        'x-secret-hop': 'mine',
        te: 'trailers',
        'x-forwarded-for': '192.0.2.7',
        'x-own': ['1', '2'],
        cookie: 'c=1',
      },
    });
    const { host, connection, ...rest } = heard?.headers ?? {};
    expect([host, connection]).toEqual(['10.9.0.1:8080', 'close']);
    expect(rest).toEqual({
      'x-own': '1, 2',
      cookie: 'c=1',
      'x-forwarded-for': expect.stringMatching(/^192\.0\.2\.7, .*127\.0\.0\.1$/),
      'x-forwarded-host': new URL(server.url).host,
      'x-forwarded-proto': 'https',
      'x-forwarded-uri': `${PODS_AT}/web/proxy/`,
    });
  });

  it('hands back the answer as it is, but for what was between the pod and us', async () => {
    const { status, headers } = await send(`${PODS_AT}/web/proxy/teapot`);
    expect([status, headers['set-cookie'], headers['x-hop']]).toEqual([418, ['a=1', 'b=2'], undefined]);
  });

  const AT = `${PODS_AT}/web/proxy`;
  it.each([
    ['/new?a=1', `${AT}/new?a=1`],
    ['http://10.9.0.1:8080/new', `${AT}/new`],
    ['//10.9.0.1:8080/new/', `${AT}/new/`],
    [`${AT}/there`, `${AT}/there`],
    ['https://example.com/new', 'https://example.com/new'],
    ['new', 'new'],
  ])('leads a redirect to %s to %s', async (to, location) => {
    const { headers } = await send(`${AT}/redirect?to=${encodeURIComponent(to)}`);
    expect(headers.location).toBe(location);
  });

  it.each([
    ['of a known length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('carries megabytes there and back, %s', async (_how, headers) => {
    const body = Buffer.alloc(5 * 1024 * 1024, 'x');
    const answer = await send(`${AT}/echo`, { method: 'POST', body, headers });
    expect(answer.body.length).toBe(body.length);
    expect(heard?.headers['content-length']).toBe('transfer-encoding' in headers ? undefined : String(body.length));
  });

  it('speaks TLS to a pod where it is told to', async () => {
    expect((await send(`${PODS_AT}/https:web:443/proxy/healthz`)).body).toBe('ok');
    expect((await send(`${PODS_AT}/web:443/proxy/healthz`)).body).not.toBe('ok');
  });

  it('lets an answer that breaks off break off', async () => {
    await expect(send(`${AT}/cut`)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it.each([
    [
      'a Service without ready pods',
      `${SERVICES_AT}/empty:http/proxy/`,
      503,
      'no endpoints available for service "empty"',
    ],
    ['a port whose pods do not have it', `${SERVICES_AT}/site:tls/proxy/`, 503, 'no endpoints available'],
    ['no port of a Service that names its own', `${SERVICES_AT}/site/proxy/`, 503, 'no endpoints available'],
    ['a port a Service has not', `${SERVICES_AT}/site:81/proxy/`, 503, 'no service port 81 found for service "site"'],
    ['no such Service', `${SERVICES_AT}/nope/proxy/`, 404, 'services "nope" not found'],
    ['no such pod', `${PODS_AT}/nope/proxy/`, 404, 'pods "nope" not found'],
    [
      'a port where nothing listens',
      `${PODS_AT}/web:7999/proxy/`,
      503,
      'error trying to reach service: connection refused',
    ],
    ['another scheme', `${PODS_AT}/ftp:web:80/proxy/`, 400, 'invalid pod request "ftp:web:80"'],
    ['a port that is none', `${PODS_AT}/web:http/proxy/`, 400, 'is no port of a pod'],
    ['a port of a node', '/api/v1/nodes/n1:80/proxy/', 400, 'ports of a node are not reached'],
    ['what a node does not tell', '/api/v1/nodes/n1/proxy/run/x', 404, 'could not find'],
  ])('refuses %s', async (_what, path, status, message) => {
    const answer = await send(path);
    expect([answer.status, (JSON.parse(answer.body) as { message: string }).message]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
  });

  it('tells what a kubelet tells of its node', async () => {
    expect((await send('/api/v1/nodes/n1/proxy/healthz')).body).toBe('ok');
    const { items } = JSON.parse((await send('/api/v1/nodes/n1/proxy/pods')).body) as { items: KubeObject[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['other', 'web']);
    expect((await send('/api/v1/nodes/n1/proxy/healthz', { method: 'POST' })).status).toBe(405);
  });

  it('asks for the right of each method, which who only views has not', async () => {
    const viewer = await server.tokens.issue({ name: 'v', groups: ['plumbline:viewers'] });
    for (const method of ['GET', 'POST']) {
      expect((await send(`${AT}/`, { method, bearer: viewer })).status).toBe(403);
    }
    const client = await server.client(ADMIN);
    const rbac = 'rbac.authorization.k8s.io';
    await client.create(
      { group: rbac, version: 'v1', kind: 'Role', plural: 'roles', namespaced: true },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'Role',
        metadata: { name: 'reader', namespace: 'default' },
        rules: [{ apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] }],
      },
    );
    await client.create(
      { group: rbac, version: 'v1', kind: 'RoleBinding', plural: 'rolebindings', namespaced: true },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { name: 'reader', namespace: 'default' },
        roleRef: { apiGroup: rbac, kind: 'Role', name: 'reader' },
        subjects: [{ apiGroup: rbac, kind: 'User', name: 'bea' }],
      },
    );
    const bea = await server.tokens.issue({ name: 'bea', groups: [] });
    const statuses = ['GET', 'HEAD', 'POST', 'DELETE'].map(
      async (method) => (await send(`${AT}/`, { method, bearer: bea })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 403, 403]);
  });

  it('notes who spoke to a pod', async () => {
    await send(`${AT}/path?token=hidden`, { method: 'POST' });
    expect(server.audited.at(-1)).toMatchObject({
      verb: 'create',
      requestURI: `${AT}/path?token`,
      objectRef: { resource: 'pods', namespace: 'default', name: 'web', subresource: 'proxy' },
      responseStatus: { code: 200 },
    });
    await send(`${AT}//..`, { method: 'HEAD' });
    expect(server.audited.at(-1)).toMatchObject({ verb: 'get', objectRef: { name: 'web', subresource: 'proxy' } });
  });

  it('lets an upgrade through, and what follows it', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'shout', 'x-own': '1' };
    const said = await new Promise<string>((resolve, reject) => {
      const request = httpsRequest(`${server.url}${SERVICES_AT}/site:http/proxy/ws?x=1`, {
        ca: server.ca,
        agent: false,
        headers: { ...headers, authorization: `Bearer ${token}` },
      });
      request.on('error', reject);
      request.on('upgrade', (response, socket) => {
        let text = `${response.headers.upgrade} `;
        socket.on('data', (bytes: Buffer) => {
          text += bytes.toString();
          if (text.endsWith('HELLO')) socket.end();
        });
        socket.on('close', () => resolve(text));
        socket.write('hello');
      });
      request.end();
    });
    expect(said).toBe('shout HELLO');
  });
});
