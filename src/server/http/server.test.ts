import { request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, encodeProtobuf, PODS } from '#api';
import type { HttpClient } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { until } from '../../../test/support/until.ts';
import { auditLimits } from '../audit/limits.ts';
import { httpLimits } from './limits.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' };
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const DELETE_OPTIONS = { apiVersion: 'v1', kind: 'DeleteOptions' };

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes are looked into by the tests
  readonly json: any;
}

describe('src/server/http/server.ts', () => {
  let server: ApiServer;
  let client: HttpClient;
  let token: string;

  beforeAll(async () => {
    server = await startApiServer();
    client = await server.client(ADMIN);
    token = await server.tokens.issue(ADMIN);
  });
  afterAll(() => server.close());

  function call(
    method: string,
    path: string,
    options: { headers?: Record<string, string>; body?: string | Buffer; token?: string | undefined } = {},
  ): Promise<Answer> {
    const { headers = {}, body } = options;
    const bearer = 'token' in options ? options.token : token;
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${server.url}${path}`,
        {
          method,
          ca: server.ca,
          agent: false,
          headers: {
            ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () => {
            const text = Buffer.concat(pieces).toString();
            const isJson = (response.headers['content-type'] ?? '').startsWith('application/json');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: isJson && text !== '' ? JSON.parse(text) : undefined,
            });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  const post = (path: string, body: object | string, headers: Record<string, string> = {}) =>
    call('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  const configMaps = '/api/v1/namespaces/default/configmaps';
  const configMap = (name: string, more: object = {}) => ({ metadata: { name }, data: { a: '1' }, ...more });

  /** A raw connection, for what no client library would send. */
  function open(): Promise<TLSSocket> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), ca: server.ca }, () => resolve(socket));
      socket.on('error', reject);
    });
  }

  describe('who may call', () => {
    const routes = [
      ['GET', '/version'],
      ['GET', '/api'],
      ['GET', '/apis'],
      ['GET', '/apis/apps/v1'],
      ['GET', '/openapi/v3'],
      ['GET', '/openapi/v2'],
      ['GET', '/api/v1/pods'],
      ['GET', '/api/v1/pods?watch=true'],
      ['POST', configMaps],
      ['PUT', `${configMaps}/x`],
      ['PATCH', `${configMaps}/x`],
      ['DELETE', `${configMaps}/x`],
      ['DELETE', configMaps],
      ['GET', '/api/v1/namespaces/default/pods/x/log'],
      ['GET', '/plumbline/v1/nodes/n1/control'],
      ['POST', '/plumbline/v1/nodes/n1/streams/t'],
      ['POST', '/plumbline/v1/tokens'],
      ['GET', '/nothing'],
      ['POST', '/nothing'],
      ['GET', '/'],
    ] as const;
    const failures: [string, Record<string, string>][] = [
      ['no token', {}],
      ['an unknown token', { authorization: 'Bearer nonsense' }],
      ['an empty token', { authorization: 'Bearer ' }],
      ['another scheme', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
    ];
    const matrix = routes.flatMap(([method, path]) =>
      failures.map(([what, headers]) => [method, path, what, headers] as const),
    );

    it.each(matrix)('refuses %s %s with %s', async (method, path, _what, headers) => {
      const { status, json } = await call(method, path, { token: undefined, headers });
      expect(status).toBe(401);
      expect(json).toMatchObject({ kind: 'Status', reason: 'Unauthorized', code: 401 });
    });

    it('takes no token from the query', async () => {
      expect(
        (await call('GET', `/api/v1/pods?token=${token}&access_token=${token}`, { token: undefined })).status,
      ).toBe(401);
    });

    it.each(['/healthz', '/livez', '/readyz'])('tells anyone that it lives: %s', async (path) => {
      expect(await call('GET', path, { token: undefined })).toMatchObject({ status: 200, text: 'ok' });
    });

    it('runs as another only for who may act as him', async () => {
      const as = (who: string, group?: string) => ({
        headers: { 'impersonate-user': who, ...(group === undefined ? {} : { 'impersonate-group': group }) },
      });
      expect((await call('GET', '/api/v1/pods', as('vera', 'plumbline:viewers'))).status).toBe(200);
      const { status, json } = await call('GET', '/api/v1/pods', as('vera'));
      expect([status, json.message]).toEqual([
        403,
        'pods is forbidden: User "vera" cannot list resource "pods" in API group "" at the cluster scope',
      ]);
      const viewer = await server.tokens.issue({ name: 'vera', groups: ['plumbline:viewers'] });
      const refused = await call('GET', '/api/v1/pods', { ...as('admin', 'system:masters'), token: viewer });
      expect([refused.status, refused.json.message]).toEqual([
        403,
        'users "admin" is forbidden: User "vera" cannot impersonate resource "users" in API group "" at the cluster scope',
      ]);
      const nobody = await call('GET', '/api/v1/pods', { headers: { 'impersonate-group': 'system:masters' } });
      expect(nobody.status).toBe(400);
    });

    it('shows its figures to whom the role of monitoring was given, and to no stranger', async () => {
      const scrape = async (user: string | undefined, ...groups: string[]) => {
        const bearer = user === undefined ? undefined : await server.tokens.issue({ name: user, groups });
        return call('GET', '/metrics', { token: bearer });
      };
      expect((await scrape(undefined)).status).toBe(401);
      const refused = await scrape('vera', 'plumbline:viewers');
      expect([refused.status, refused.json.message]).toEqual([
        403,
        'forbidden: User "vera" cannot get path "/metrics"',
      ]);
      const { status, headers, text } = await scrape('prometheus', 'system:monitoring');
      expect([status, headers['content-type'], text]).toEqual([200, 'text/plain; version=0.0.4', 'requests 1\n']);
    });

    it('notes who did what, and no secret of it', async () => {
      const found = () => server.audited.filter((event) => String(event['userAgent']) === 'auditor');
      const headers = { 'user-agent': 'auditor', 'content-type': 'application/json' };
      const secret = { metadata: { name: 'noted' }, stringData: { a: 'canary-value' } };
      const secrets = '/api/v1/namespaces/default/secrets';
      await call('POST', secrets, { headers, body: JSON.stringify(secret) });
      await call('GET', `${secrets}/noted?token=canary-value`, { headers });
      await call('GET', '/api/v1/pods', { headers });
      await call('DELETE', `${secrets}/noted`, { headers: { ...headers, 'impersonate-user': 'vera' } });
      await until('all is noted', () => found().length === 3);
      expect(found().map(({ verb, responseStatus }) => [verb, responseStatus])).toEqual([
        ['create', { metadata: {}, code: 201 }],
        ['get', { metadata: {}, code: 200 }],
        ['delete', { metadata: {}, code: 403 }],
      ]);
      expect(found()[2]).toMatchObject({
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level: 'Metadata',
        stage: 'ResponseComplete',
        requestURI: `${secrets}/noted`,
        user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
        impersonatedUser: { username: 'vera', groups: ['system:authenticated'] },
        sourceIPs: ['127.0.0.1'],
        objectRef: { resource: 'secrets', namespace: 'default', name: 'noted', apiVersion: 'v1' },
        annotations: { 'authorization.k8s.io/decision': 'forbid' },
      });
      expect(JSON.stringify(found())).not.toContain('canary-value');
      expect(JSON.stringify(found())).not.toContain(token);
    });

    it('notes strangers, but not so many that they push out the others', async () => {
      const strangers = () => server.audited.filter(({ user }) => JSON.stringify(user) === '{}');
      for (let asked = 0; asked <= auditLimits.strangersPerMinute; asked += 1) {
        await call('GET', '/version', { token: undefined });
      }
      expect(strangers()[0]).toMatchObject({ verb: 'get', requestURI: '/version' });
      const all = matrix.length + auditLimits.strangersPerMinute;
      expect(strangers().length).toBeLessThan(all);
    });

    it('lets only administrators make tokens, and for no component of our own', async () => {
      const viewer = await server.tokens.issue({ name: 'vera', groups: ['plumbline:viewers'] });
      const ask = (user: string, as = token) =>
        call('POST', '/plumbline/v1/tokens', {
          token: as,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ user, groups: ['plumbline:viewers'] }),
        });
      expect((await ask('bob', viewer)).status).toBe(403);
      expect((await ask('system:plumbline:sync')).status).toBe(400);
      const { status, json } = await ask('bob');
      expect(status).toBe(201);
      expect(server.tokens.authenticate(json.token)).toEqual({ name: 'bob', groups: ['plumbline:viewers'] });
    });
  });

  describe('bodies', () => {
    it('takes a body without a content type as JSON', async () => {
      expect((await call('POST', configMaps, { body: JSON.stringify(configMap('untyped')) })).status).toBe(201);
    });

    it('takes YAML', async () => {
      const headers = { 'content-type': 'application/yaml' };
      const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata:\n  mode: "0400"\n';
      expect((await call('POST', configMaps, { headers, body })).json).toMatchObject({ data: { mode: '0400' } });
    });

    it('lists the content types it takes', async () => {
      const patch = await call('PATCH', `${configMaps}/untyped`, {
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect(patch.status).toBe(415);
      expect(patch.json.message).toContain('application/strategic-merge-patch+json');
      // A custom resource has no protobuf form.
      const applications = '/apis/argoproj.io/v1alpha1/namespaces/default/applications';
      const create = await call('POST', applications, { headers: PROTOBUF, body: 'k8s' });
      expect([create.status, create.json.message]).toEqual([
        415,
        expect.stringMatching(/accepted media types include: application\/json, application\/yaml$/),
      ]);
    });

    it('takes protobuf, whatever else the client accepts', async () => {
      const metadata = { name: 'from-protobuf' };
      const body = encodeProtobuf({ ...CONFIG_MAP, metadata, data: { a: '' } });
      const made = await call('POST', configMaps, { headers: PROTOBUF, body: body ?? '' });
      expect([made.status, made.json.data]).toEqual([201, { a: '' }]);
      const options = encodeProtobuf({ ...DELETE_OPTIONS, dryRun: ['All'] });
      const object = `${configMaps}/from-protobuf`;
      expect((await call('DELETE', object, { headers: PROTOBUF, body: options ?? '' })).status).toBe(200);
      expect((await call('GET', object)).status).toBe(200);
      const wrong = await call('DELETE', object, { headers: PROTOBUF, body: body ?? '' });
      expect([wrong.status, wrong.json.message]).toEqual([400, 'the body of a deletion must be DeleteOptions']);
    });

    it.each([
      ['what is no protobuf', 'k8s', 'does not begin with "k8s'],
      ['a protobuf body that was cut', Buffer.from('k8s\0\x0a\x40'), 'a length reaches beyond the end'],
    ])('refuses %s', async (_what, body, message) => {
      const refused = await call('POST', configMaps, { headers: PROTOBUF, body });
      expect([refused.status, refused.json.reason]).toEqual([400, 'BadRequest']);
      expect(refused.json.message).toContain(message);
    });

    it('refuses another kind in protobuf as it does in JSON', async () => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } };
      const inProtobuf = await call('POST', configMaps, { headers: PROTOBUF, body: encodeProtobuf(secret) ?? '' });
      const inJson = await post(configMaps, secret);
      expect([inProtobuf.status, inProtobuf.json.message]).toEqual([400, inJson.json.message]);
    });

    it.each(['', '{', 'null', '[]', '"x"', '{"metadata":[]}', '{"kind":1}', '{"a":'.repeat(50_000)])(
      'refuses a body that is no object: %.20s',
      async (body) => {
        expect((await post(configMaps, body)).status).toBe(400);
      },
    );

    it('refuses what is not UTF-8', async () => {
      const body = Buffer.from([0x7b, 0xff, 0x7d]);
      expect((await call('POST', configMaps, { headers: { 'content-type': 'application/json' }, body })).status).toBe(
        400,
      );
    });

    it('keeps keys that JavaScript would trip over', async () => {
      const body = '{"metadata":{"name":"odd-keys"},"data":{"__proto__":"a","constructor":"b"}}';
      const { status, text } = await post(configMaps, body);
      expect(status).toBe(201);
      expect(text).toContain('"__proto__":"a"');
      expect(text).toContain('"constructor":"b"');
    });

    it('tells of a field that stands twice, and refuses it when told to be strict', async () => {
      const body = '{"metadata":{"name":"twice"},"data":{"a":"1"},"data":{"a":"2"}}';
      const strict = await post(`${configMaps}?fieldValidation=Strict`, body);
      expect([strict.status, strict.json.message]).toEqual([400, expect.stringContaining('duplicate field "data"')]);
      const warned = await post(`${configMaps}?fieldValidation=Warn`, body);
      expect([warned.status, warned.headers['warning']]).toEqual([201, '299 - "duplicate field \\"data\\""']);
    });

    it('does the same for YAML', async () => {
      const send = (name: string, fieldValidation: string) =>
        call('POST', `${configMaps}?fieldValidation=${fieldValidation}`, {
          headers: { 'content-type': 'application/yaml' },
          body: `metadata:\n  name: ${name}\ndata:\n  a: "1"\n  a: "2"\n`,
        });
      const strict = await send('yaml-twice', 'Strict');
      expect([strict.status, strict.json.message]).toEqual([
        400,
        expect.stringContaining('strict decoding error: duplicate field "data.a"'),
      ]);
      const warned = await send('yaml-warned', 'Warn');
      expect([warned.status, warned.headers['warning']]).toEqual([201, '299 - "duplicate field \\"data.a\\""']);
      const ignored = await send('yaml-ignored', 'Ignore');
      expect([ignored.status, ignored.headers['warning']]).toEqual([201, undefined]);
      expect(ignored.json).toMatchObject({ data: { a: '2' } });
    });

    it('answers 413 to a body that announces itself as too large, and to one that just goes on', async () => {
      const announced = await call('POST', configMaps, {
        headers: { 'content-type': 'application/json' },
        body: Buffer.alloc(httpLimits.bodyBytes + 1, ' '),
      });
      expect([announced.status, announced.json.reason]).toEqual([413, 'RequestEntityTooLarge']);
      const endless = await new Promise<number | undefined>((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const request = httpsRequest(`${server.url}${configMaps}`, {
          method: 'POST',
          ca: server.ca,
          agent: false,
          headers,
        });
        const piece = Buffer.alloc(64 * 1024, ' ');
        const push = () => {
          while (request.writable && !request.destroyed && request.write(piece));
        };
        request.on('drain', push);
        request.on('response', (response) => {
          response.resume();
          resolve(response.statusCode);
          request.destroy();
        });
        request.on('error', (error) => reject(error));
        push();
      });
      expect(endless).toBe(413);
    });

    it('deletes as the options in the body say', async () => {
      await post(configMaps, configMap('spared'));
      const headers = { 'content-type': 'application/json' };
      const dry = await call('DELETE', `${configMaps}/spared`, { headers, body: '{"dryRun":["All"]}' });
      expect(dry.json).toMatchObject({
        kind: 'Status',
        status: 'Success',
        details: { name: 'spared', kind: 'configmaps' },
      });
      expect((await call('GET', `${configMaps}/spared`)).status).toBe(200);
      expect((await call('DELETE', `${configMaps}/spared`, { headers, body: '' })).status).toBe(200);
      expect((await call('GET', `${configMaps}/spared`)).status).toBe(404);
    });
  });

  describe('answers', () => {
    it.each([
      ['GET', '/api/v1/widgets', 404],
      ['GET', '/apis/apps/v1beta1/deployments', 404],
      ['GET', '/api/v1/pods/x', 404],
      ['GET', '/api/v1/namespaces/default/nodes', 404],
      ['GET', '/api/v1/namespaces/default/pods/x/unknown', 404],
      ['GET', '/api/v1/pods/__proto__/constructor', 404],
      ['POST', '/api/v1/namespaces/default', 405],
      ['PUT', '/api/v1/pods', 405],
      ['GET', '/api/v1/pods?limit=x', 400],
      ['GET', '/api/v1/pods?labelSelector=a%3D%3D%3D', 400],
      ['GET', '/api/v1/pods?resourceVersion=abc', 400],
      ['GET', '/api/v1/pods?continue=forged', 400],
      ['GET', '/api/v1/pods?watch=1&resourceVersion=abc', 400],
      ['GET', '/nothing/here', 404],
      ['GET', `/api/v1/namespaces/default/pods/${'x'.repeat(300)}`, 404],
    ])('answers %s %.60s with a Status', async (method, path, status) => {
      const answer = await call(method, path);
      expect(answer.json).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status });
      expect(answer.status).toBe(status);
    });

    it('answers 406 when no form is acceptable', async () => {
      expect((await call('GET', '/api/v1/pods', { headers: { accept: 'text/html' } })).status).toBe(406);
      expect((await call('GET', '/apis', { headers: { accept: 'text/html' } })).status).toBe(406);
    });

    it('names the kind of lists and gives the items in order', async () => {
      for (const name of ['order-b', 'order-a'])
        await post(configMaps, configMap(name, { metadata: { name, labels: { o: '1' } } }));
      const { json } = await call('GET', `${configMaps}?labelSelector=o%3D1`);
      expect(json).toMatchObject({
        kind: 'ConfigMapList',
        apiVersion: 'v1',
        metadata: { resourceVersion: expect.any(String) },
      });
      expect(json.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
        'order-a',
        'order-b',
      ]);
    });

    it('sends a long list in pieces that make one whole', async () => {
      const filler = 'x'.repeat(200_000);
      for (const name of ['long-1', 'long-2', 'long-3']) {
        await post(configMaps, { metadata: { name, labels: { long: 'yes' } }, data: { filler } });
      }
      const { json, headers } = await call('GET', `${configMaps}?labelSelector=long`);
      expect(json.items).toHaveLength(3);
      expect(headers['transfer-encoding']).toBe('chunked');
    });

    it.each([
      ['', { kind: 'PartialObjectMetadata' }],
      ['&includeObject=Object', { kind: 'ConfigMap', data: { a: '1' } }],
      ['&includeObject=None', undefined],
    ])('prints tables and embeds objects as asked: "%s"', async (include, object) => {
      await call('POST', configMaps, { body: JSON.stringify(configMap('tabled')) });
      const { json } = await call('GET', `${configMaps}?fieldSelector=metadata.name%3Dtabled${include}`, {
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      });
      expect(json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect(json.columnDefinitions.map((column: { name: string }) => column.name)).toEqual(['Name', 'Data', 'Age']);
      expect(json.rows[0].cells.slice(0, 2).map(String)).toEqual(['tabled', '1']);
      if (object === undefined) expect(json.rows[0]).not.toHaveProperty('object');
      else expect(json.rows[0].object).toMatchObject(object);
    });

    it('gives metadata alone when only that is asked for', async () => {
      const { json } = await call('GET', '/api/v1/namespaces', {
        headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
      });
      expect(json.kind).toBe('PartialObjectMetadataList');
      expect(Object.keys(json.items[0])).toEqual(['kind', 'apiVersion', 'metadata']);
    });

    it('lets discovery and documents be kept', async () => {
      const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
      const { headers } = await call('GET', '/apis', { headers: { accept } });
      const again = await call('GET', '/apis', { headers: { accept, 'if-none-match': String(headers['etag']) } });
      expect([again.status, again.text]).toEqual([304, '']);
      const index = await call('GET', '/openapi/v3');
      const url: string = index.json.paths['apis/apps/v1'].serverRelativeURL;
      const document = await call('GET', url);
      expect(document.headers['cache-control']).toMatch(/immutable/);
      expect(document.json.openapi).toBe('3.0.0');
      const old = await call('GET', '/openapi/v3/apis/apps/v1?hash=OLD');
      expect([old.status, old.headers['location']]).toEqual([301, url]);
      expect((await call('GET', '/openapi/v3/apis/none/v1')).status).toBe(404);
    });
  });

  describe('watches', () => {
    interface Watch {
      readonly events: { readonly type: string; readonly object: Record<string, unknown> }[];
      readonly status: number;
      readonly ended: Promise<void>;
      close(): void;
    }

    /** Opens a watch and resolves when the headers have come. */
    function watch(path: string, headers: Record<string, string> = {}): Promise<Watch> {
      return new Promise((resolve, reject) => {
        const options = {
          ca: server.ca,
          agent: false as const,
          headers: { authorization: `Bearer ${token}`, ...headers },
        };
        const request = httpsRequest(`${server.url}${path}`, options, (response) => {
          const events: Watch['events'] = [];
          let rest = '';
          response.on('data', (piece: Buffer) => {
            const lines = (rest + piece.toString()).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) events.push(JSON.parse(line));
          });
          const ended = new Promise<void>((done) => response.on('close', done));
          resolve({ events, ended, status: response.statusCode ?? 0, close: () => request.destroy() });
        });
        request.on('error', reject);
        request.end();
      });
    }

    it('answers at once, before anything happens', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAPS);
      const quiet = await watch(`${configMaps}?watch=true&resourceVersion=${resourceVersion}`);
      expect([quiet.status, quiet.events]).toEqual([200, []]);
      quiet.close();
    });

    it('shows one name by path, and what is there first', async () => {
      await post(configMaps, configMap('one-name'));
      const one = await watch(`${configMaps}/one-name?watch=true`);
      await until('it is there', () => one.events.length === 1);
      await client.delete(CONFIG_MAPS, { namespace: 'default', name: 'one-name' });
      await until('it is gone', () => one.events.length === 2);
      expect(one.events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
      one.close();
    });

    it('sends tables and metadata as they are asked for', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAPS);
      const path = `${configMaps}?watch=true&resourceVersion=${resourceVersion}`;
      const forms = await Promise.all([
        watch(path, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
        watch(path, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }),
        watch(path),
      ]);
      await post(configMaps, configMap('in-forms'));
      await until('all have it', () => forms.every(({ events }) => events.length === 1));
      expect(forms.map(({ events }) => events[0]?.object['kind'])).toEqual([
        'Table',
        'PartialObjectMetadata',
        'ConfigMap',
      ]);
      for (const form of forms) form.close();
    });

    it('says 410 in an event or an answer for a version that is too old', async () => {
      const old = await watch(`${configMaps}?watch=true&resourceVersion=1`);
      await old.ended;
      const status = old.status === 200 ? old.events[0]?.object : { code: old.status };
      expect(status).toMatchObject({ code: 410 });
    });

    it('ends when its time is over', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAPS);
      const short = await watch(`${configMaps}?watch=true&resourceVersion=${resourceVersion}&timeoutSeconds=1`);
      await short.ended;
      expect(short.status).toBe(200);
    });

    it('gives every event to a reader that stops reading for a while', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAPS);
      const socket = await open();
      const path = `${configMaps}?watch=true&resourceVersion=${resourceVersion}`;
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
      socket.pause();
      const filler = 'z'.repeat(500_000);
      for (let index = 0; index < 12; index += 1) {
        await post(configMaps, { metadata: { name: `slow-${index}` }, data: { filler } });
      }
      let text = '';
      socket.on('data', (piece: Buffer) => {
        text += piece.toString('latin1').replaceAll(/z+/g, '');
      });
      socket.resume();
      await until('all events have come', () => (text.match(/"type":"ADDED"/g) ?? []).length === 12);
      socket.destroy();
    });

    it('lets go of a reader that reads nothing, alone, and lets him go on where he stopped', async () => {
      const { resourceVersion } = await client.list(CONFIG_MAPS);
      const path = `${configMaps}?watch=true&fieldSelector=metadata.name%3Dhung`;
      const hung = await open();
      hung.write(
        `GET ${path}&resourceVersion=${resourceVersion} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`,
      );
      await new Promise((resolve) => hung.once('data', resolve));
      hung.pause();
      const quick = await watch(`${path}&resourceVersion=${resourceVersion}`);
      const filler = 'z'.repeat(1_000_000);
      await post(configMaps, { metadata: { name: 'hung' }, data: { filler } });
      // Kernel and process buffers take some of it; what waits in the watch is bounded.
      const writes = 48;
      let slowestMs = 0;
      for (let index = 1; index < writes; index += 1) {
        const startedMs = performance.now();
        const body = { data: { index: `${index}` } };
        await client.patch(CONFIG_MAPS, { namespace: 'default', name: 'hung' }, { type: 'merge', body });
        await until('the quick reader has it', () => quick.events.length === index + 1);
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      }
      expect(slowestMs).toBeLessThan(2_000);
      quick.close();
      let seen = '';
      const ended = new Promise((resolve) => hung.once('close', resolve));
      hung.on('data', (piece: Buffer) => {
        seen += piece.toString('latin1').replaceAll(/z+/g, '');
        if (seen.includes('\r\n0\r\n')) hung.end();
      });
      hung.resume();
      await ended;
      const versions = [...seen.matchAll(/"resourceVersion":"(\d+)"/g)].map(([, version]) => version ?? '');
      expect(versions.length).toBeGreaterThan(1);
      expect(versions.length).toBeLessThan(writes);
      const again = await watch(`${path}&resourceVersion=${versions.at(-1)}`);
      await until('the rest has come', () => again.events.length === writes - versions.length);
      again.close();
    });
  });

  describe('logs', () => {
    const log = (name: string, query = '') => call('GET', `/api/v1/namespaces/default/pods/${name}/log${query}`);
    const pod = (name: string, containers: readonly string[]) =>
      client.create(PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: { containers: containers.map((container) => ({ name: container, image: 'sample:1' })) },
      });

    it('says why there is none', async () => {
      await pod('one', ['a']);
      await pod('two', ['a', 'b']);
      expect((await log('nobody')).json).toMatchObject({ code: 404, message: 'pods "nobody" not found' });
      expect((await log('one')).json).toMatchObject({ code: 400, message: 'pod one does not have a host assigned' });
      expect((await log('one', '?container=x')).json.message).toBe('container x is not valid for pod one');
      expect((await log('two')).json.message).toBe(
        'a container name must be specified for pod two, choose one of: [a b]',
      );
      expect((await log('one', '?tailLines=-1')).status).toBe(400);
      expect((await log('one', '?sinceTime=yesterday')).status).toBe(400);
    });

    it('says that the node cannot be reached', async () => {
      await pod('lonely', ['a']);
      const target = { apiVersion: 'v1', kind: 'Node', name: 'away' };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'lonely', namespace: 'default' }, target };
      await client.update(PODS, binding, { subresource: 'binding' });
      expect((await log('lonely')).json).toMatchObject({ code: 503, reason: 'ServiceUnavailable' });
    });
  });

  it('is not held up by a client that sends half a request', async () => {
    const socket = await open();
    socket.write(
      `POST ${configMaps} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 100\r\n\r\n{`,
    );
    expect((await call('GET', '/healthz')).status).toBe(200);
    socket.destroy();
  });

  it('closes at once while watches are open, and ends them', async () => {
    const other = await startApiServer();
    const headers = { authorization: `Bearer ${await other.tokens.issue(ADMIN)}` };
    const { ended } = await new Promise<{ ended: Promise<unknown> }>((resolve, reject) => {
      const options = { ca: other.ca, agent: false as const, headers };
      httpsRequest(`${other.url}/api/v1/pods?watch=true`, options, (response) => {
        response.resume();
        resolve({ ended: new Promise((done) => response.on('end', done)) });
      })
        .on('error', reject)
        .end();
    });
    const before = performance.now();
    await other.close();
    expect(performance.now() - before).toBeLessThan(httpLimits.closeGraceMs - 1_000);
    await ended;
  });

  it('answers what is no HTTP with a Status', async () => {
    const socket = await open();
    socket.write('nonsense\r\n\r\n');
    const text = await new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"kind":"Status"/);
  });

  it('answers 431 to headers without end', async () => {
    const answer = await call('GET', '/version', { headers: { padding: 'x'.repeat(httpLimits.headerBytes) } });
    expect([answer.status, answer.json.kind]).toEqual([431, 'Status']);
  });
});
