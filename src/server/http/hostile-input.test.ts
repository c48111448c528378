import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServerProcess } from '../../../test/support/api-server-process.ts';
import { until } from '../../../test/support/until.ts';
import { httpLimits } from './limits.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const JSON_PATCH = 'application/json-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';
const YAML = 'application/yaml';
const MIB = 2 ** 20;

const configMaps = '/api/v1/namespaces/default/configmaps';
const victim = `${configMaps}/victim`;
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

const configMap = (name: string, more: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });
const labelled = (labels: object) => configMap('l', { metadata: { name: 'l', labels } });
const pod = (spec: object) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  });
const podWithMemory = (memory: unknown) =>
  pod({ containers: [{ name: 'c', image: 'i', resources: { limits: { memory } } }] });
const deployment = (spec: object) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      ...spec,
    },
  });
const service = (port: unknown) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port }] } });
const keys = (count: number, value: (n: number) => unknown = () => 'v') =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, value(n)]));
const operations = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, n) => ({ op: 'add', path: `/data/k${n}`, value: 'v' })));
/** Each copy doubles the document: 2^40 bytes if nobody counts. */
const doubling = JSON.stringify([
  { op: 'add', path: '/data', value: { a: 'x'.repeat(1_000) } },
  ...Array.from({ length: 40 }, (_, n) => ({ op: 'copy', from: '/data', path: `/data/copy${n}` })),
]);
const laughs = `apiVersion: v1
kind: ConfigMap
metadata: {name: laughs}
data:
  a: &a [${'"lol",'.repeat(9)}]
${Array.from({ length: 25 }, (_, n) => {
  const before = String.fromCharCode(97 + n);
  const name = String.fromCharCode(98 + n);
  return `  ${name}: &${name} [${`*${before},`.repeat(9)}]`;
}).join('\n')}
`;

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** A definition whose objects' `spec` has this schema, given as text. */
const definition = (spec: string) => `{
  "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": "traps.x.io" },
  "spec": {
    "group": "x.io", "scope": "Namespaced", "names": { "plural": "traps", "kind": "Trap" },
    "versions": [{ "name": "v1", "served": true, "storage": true, "schema": {
      "openAPIV3Schema": { "type": "object", "properties": { "spec": ${spec} } } } }]
  }
}`;
const properties = (all: object) => JSON.stringify({ type: 'object', properties: all });

describe('src/server/http: hostile input', () => {
  let server: ApiServerProcess;

  beforeAll(async () => {
    server = await startApiServerProcess();
    expect(
      (await call({ method: 'POST', path: configMaps, body: configMap('victim', { data: { a: '1' } }) })).status,
    ).toBe(201);
  }, 60_000);
  afterAll(() => server.close());

  function call({ method = 'GET', path = '/', type = 'application/json', headers = {}, body }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      const request = httpsRequest(
        {
          hostname,
          port,
          // As it stands: a URL would be tidied up on its way.
          path,
          method,
          ca: server.ca,
          agent: false,
          headers: {
            authorization: `Bearer ${server.token}`,
            ...(body === undefined ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(pieces).toString(),
              headers: response.headers,
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** A raw connection, for what no client library would send; resolves to all that came until it ended. */
  function raw(text: string, after = ''): Promise<string> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      let got = '';
      const socket: TLSSocket = connect({ host: hostname, port: Number(port), ca: server.ca }, () =>
        socket.write(text),
      );
      socket.setTimeout(10_000, () => socket.destroy(new Error(`still open; got: ${got}`)));
      socket.on('data', (piece: Buffer) => {
        got += piece.toString();
        if (after !== '') socket.write(after);
        after = '';
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(got));
    });
  }

  const bodies: [string, Call, number, RegExp][] = [
    ['aliases that explode', { path: configMaps, type: YAML, body: laughs }, 400, /alias/i],
    ['an alias of itself', { path: configMaps, type: YAML, body: 'a: &a [*a]' }, 400, /./],
    ['JSON 20,000 deep', { path: configMaps, body: `${'['.repeat(20_000)}${']'.repeat(20_000)}` }, 400, /./],
    ['an object 20,000 deep', { path: configMaps, body: `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}` }, 400, /./],
    [
      'YAML 20,000 deep',
      { path: configMaps, type: YAML, body: `${'['.repeat(20_000)}${']'.repeat(20_000)}` },
      400,
      /./,
    ],
    [
      'fields 20,000 deep in a patch',
      { method: 'PATCH', path: victim, type: MERGE, body: `{"data":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}` },
      400,
      /./,
    ],
    ['many YAML documents', { path: configMaps, type: YAML, body: 'a: 1\n---\n'.repeat(5_000) }, 422, /./],
    [
      'YAML over its limit',
      { path: configMaps, type: YAML, body: `# ${'x'.repeat(httpLimits.yamlBodyBytes)}` },
      413,
      /./,
    ],
    [
      'a body over its limit',
      { path: configMaps, body: configMap('x', { data: { a: 'x'.repeat(3 * MIB) } }) },
      413,
      /./,
    ],
    [
      'an object over its limit',
      { path: configMaps, body: configMap('x', { data: { a: 'x'.repeat(2 * MIB) } }) },
      422,
      /data/,
    ],
    ['a tag that runs code', { path: configMaps, type: YAML, body: 'a: !!js/function "function(){}"' }, 400, /./],
    ['a NUL', { path: configMaps, body: '{"metadata":{"name":"a\\u0000b"}}' }, 422, /metadata.name/],
    ['the quantity that stopped Kubernetes', { path: pods, body: podWithMemory('011E011110011110') }, 422, /quantit/i],
    ['a quantity of a billion digits', { path: pods, body: podWithMemory('1e1000000000') }, 422, /quantit/i],
    ['a negative quantity', { path: pods, body: podWithMemory('-1') }, 422, /memory/],
    ['a quantity with something behind it', { path: pods, body: podWithMemory('1Ki0') }, 422, /quantit/i],
    ['a quantity in other digits', { path: pods, body: podWithMemory('１') }, 422, /quantit/i],
    [
      'a label that is called __proto__',
      { path: configMaps, body: '{"metadata":{"name":"l","labels":{"__proto__":"x"}}}' },
      422,
      /metadata.labels/,
    ],
    [
      '10,000 operations and one',
      { method: 'PATCH', path: victim, type: JSON_PATCH, body: operations(10_001) },
      413,
      /10000/,
    ],
    [
      '100,000 operations',
      {
        method: 'PATCH',
        path: victim,
        type: JSON_PATCH,
        body: JSON.stringify(Array.from({ length: 100_000 }, () => ({ op: 'x' }))),
      },
      413,
      /10000/,
    ],
    ['copies that double', { method: 'PATCH', path: victim, type: JSON_PATCH, body: doubling }, 413, /./],
    [
      'a patch to the prototype',
      {
        method: 'PATCH',
        path: victim,
        type: JSON_PATCH,
        body: '[{"op":"add","path":"/__proto__/polluted","value":"x"}]',
      },
      422,
      /./,
    ],
    [
      'a patch to the constructor',
      {
        method: 'PATCH',
        path: victim,
        type: JSON_PATCH,
        body: '[{"op":"add","path":"/constructor/prototype/polluted","value":"x"}]',
      },
      422,
      /./,
    ],
    [
      'a strategic patch of directives that mean nothing',
      { method: 'PATCH', path: `${deployments}/none`, type: STRATEGIC, body: '{"$patch":"explode"}' },
      404,
      /./,
    ],
    [
      '20,000 managed fields',
      {
        method: 'PATCH',
        path: `${victim}?fieldManager=x`,
        type: APPLY,
        body: configMap('victim', {
          metadata: { name: 'victim', managedFields: Array.from({ length: 20_000 }, (_, n) => ({ manager: `m${n}` })) },
        }),
      },
      400,
      /managedFields/,
    ],
    ['too many replicas', { path: deployments, body: deployment({ replicas: 2_147_483_648 }) }, 422, /replicas/],
    ['fewer than no replicas', { path: deployments, body: deployment({ replicas: -1 }) }, 422, /spec.replicas/],
    [
      'infinitely many replicas',
      { path: deployments, body: deployment({}).replace('"selector"', '"replicas":1e308,"selector"') },
      422,
      /replicas/,
    ],
    ['port 0', { path: '/api/v1/namespaces/default/services', body: service(0) }, 422, /spec.ports\[0\].port/],
    ['port 65536', { path: '/api/v1/namespaces/default/services', body: service(65_536) }, 422, /spec.ports\[0\].port/],
    ['a port in quotes', { path: '/api/v1/namespaces/default/services', body: service('80') }, 422, /port/],
    [
      '200 % unavailable',
      { path: deployments, body: deployment({ strategy: { rollingUpdate: { maxUnavailable: '200%' } } }) },
      422,
      /maxUnavailable/,
    ],
    [
      'a negative grace period',
      { path: pods, body: pod({ terminationGracePeriodSeconds: -1 }) },
      422,
      /terminationGracePeriodSeconds/,
    ],
    [
      '10,000 labels over their limit',
      { path: configMaps, body: labelled(keys(10_000, () => 'v'.repeat(64))) },
      422,
      /metadata.labels/,
    ],
    [
      'a definition of 100,000 fields',
      { path: definitions, body: definition(properties(keys(100_000, () => ({})))) },
      422,
      /openAPIV3Schema/,
    ],
    [
      'a definition 200 levels deep',
      {
        path: definitions,
        body: definition(`${'{"type":"object","properties":{"a":'.repeat(200)}{}${'}}'.repeat(200)}`),
      },
      400,
      /./,
    ],
    ['a definition that refers to itself', { path: definitions, body: definition('{"$ref":"#"}') }, 422, /\$ref/],
    [
      'a definition of patterns that cost too much',
      {
        path: definitions,
        body: definition(properties(keys(100, () => ({ type: 'string', pattern: '(a{1000}){9}' })))),
      },
      422,
      /pattern/,
    ],
    [
      'a definition whose default is wrong',
      { path: definitions, body: definition(properties({ a: { type: 'integer', default: 'x' } })) },
      422,
      /default/,
    ],
    [
      'annotations over their limit',
      { path: configMaps, body: configMap('a', { metadata: { name: 'a', annotations: { a: 'x'.repeat(300_000) } } }) },
      422,
      /metadata.annotations/,
    ],
  ];

  it.each(bodies)('refuses %s', async (_what, { method = 'POST', ...rest }, status, words) => {
    const answer = await call({ method, ...rest });
    expect({ status: answer.status, text: answer.text.slice(0, 300) }).toEqual({
      status,
      text: expect.stringMatching(words),
    });
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
    expect(answer.text.length).toBeLessThan(100_000);
  });

  it.each([
    'x'.repeat(254),
    'Upper',
    'dot.',
    'a..b',
    '-a',
    '😀',
    'a\nb',
    '../x',
    'a%2fb',
    '.',
    '..',
    '%s',
    '\u001b[31mred',
  ])('refuses the name %j, in a body and in a path', async (name) => {
    expect((await call({ method: 'POST', path: configMaps, body: configMap(name) })).status).toBe(422);
    const inPath = await call({ path: `${configMaps}/${encodeURIComponent(name)}` });
    expect([400, 404]).toContain(inPath.status);
    const inNamespace = await call({ path: `/api/v1/namespaces/${encodeURIComponent(name)}/configmaps/victim` });
    expect([400, 404]).toContain(inNamespace.status);
    // Nothing that a terminal would obey comes back.
    for (const { text } of [inPath, inNamespace]) expect(text).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  it('keeps keys that JavaScript would trip over as data', async () => {
    const data = '{"__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}';
    const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":${data}}`;
    expect((await call({ method: 'POST', path: configMaps, body })).status).toBe(201);
    const patch = '[{"op":"add","path":"/data/__proto__","value":"q"}]';
    expect((await call({ method: 'PATCH', path: `${configMaps}/proto`, type: JSON_PATCH, body: patch })).status).toBe(
      200,
    );
    const merge = '{"data":{"prototype":"x"}}';
    expect((await call({ method: 'PATCH', path: `${configMaps}/proto`, type: MERGE, body: merge })).status).toBe(200);
    const kept = /"data":(\{.*?\})/.exec((await call({ path: `${configMaps}/proto` })).text)?.[1] ?? '';
    expect(
      JSON.parse(kept, (_key, value) => (typeof value === 'object' ? Object.entries(value).sort() : value)),
    ).toEqual([
      ['__proto__', 'q'],
      ['constructor', 'c'],
      ['hasOwnProperty', 'h'],
      ['prototype', 'x'],
      ['toString', 't'],
    ]);
  });

  it('sets what is its own to set, whatever the body says', async () => {
    const metadata = {
      name: 'own',
      uid: '00000000-0000-0000-0000-000000000000',
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      generation: 99,
      selfLink: '/x',
    };
    const made = JSON.parse(
      (await call({ method: 'POST', path: configMaps, body: configMap('own', { metadata }) })).text,
    );
    for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp', 'generation', 'selfLink'] as const)
      expect(made.metadata[field]).not.toBe(metadata[field]);
    expect(made.metadata.deletionTimestamp).toBeUndefined();
  });

  it.each<[string, string, readonly number[]]>([
    ['a label selector of 1 MB', `${configMaps}?labelSelector=${'a'.repeat(MIB)}`, [400, 414, 431]],
    ['a path of 10,000 segments', '/a'.repeat(10_000), [404, 414]],
    ['a path without end', `/${'a'.repeat(MIB)}`, [400, 414, 431]],
    ['a version that is no number', `${configMaps}?watch=true&resourceVersion=abc`, [400]],
    ['a negative version', `${configMaps}?watch=true&resourceVersion=-1`, [400]],
    ['a negative limit', `${configMaps}?limit=-1`, [400]],
    ['a limit that is no number', `${configMaps}?limit=1e9`, [400]],
    [
      'a forged continue token',
      `${configMaps}?limit=1&continue=${Buffer.from('{"v":1,"key":"/etc"}').toString('base64url')}`,
      [400],
    ],
    ['an encoded slash in a name', `${configMaps}/a%2F..%2Fvictim`, [400, 404]],
    ['an unfinished escape', `${configMaps}/%`, [400, 404]],
  ])('refuses %s', async (_what, path, statuses) => {
    expect(statuses).toContain((await call({ path })).status);
  });

  it('refuses a continue token of another namespace', async () => {
    await call({ method: 'POST', path: configMaps, body: configMap('one') });
    await call({ method: 'POST', path: configMaps, body: configMap('two') });
    const first = JSON.parse((await call({ path: `${configMaps}?limit=1` })).text);
    const token = encodeURIComponent(first.metadata.continue);
    expect((await call({ path: `${configMaps}?limit=1&continue=${token}` })).status).toBe(200);
    expect((await call({ path: `/api/v1/namespaces/kube-system/configmaps?limit=1&continue=${token}` })).status).toBe(
      400,
    );
  });

  it('serves what a definition made to cost allows, within bounds, and refuses the rest', async () => {
    const spec = {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: {
        choice: { type: 'string', enum: Array.from({ length: 5_000 }, (_, n) => `choice-${n}`) },
        text: { type: 'string', pattern: '(a?){900}b' },
      },
    };
    expect((await call({ method: 'POST', path: definitions, body: definition(JSON.stringify(spec)) })).status).toBe(
      201,
    );
    const traps = '/apis/x.io/v1/namespaces/default/traps';
    await until('it is served', async () => (await call({ path: traps })).status === 200);
    const trap = (name: string, body: object) =>
      call({
        method: 'POST',
        path: traps,
        body: JSON.stringify({ apiVersion: 'x.io/v1', kind: 'Trap', metadata: { name }, spec: body }),
      });
    expect((await trap('wide', keys(20_000))).status).toBe(201);
    expect((await trap('large', { a: 'x'.repeat(2 * MIB) })).status).toBe(413);
    const slow = await trap('slow', { text: 'a'.repeat(50_000) });
    expect([slow.status, slow.text]).toEqual([422, expect.stringContaining('steps')]);
    const wrong = await trap('wrong', { choice: 'none of them' });
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('and 4900 more')]);
    expect(wrong.text.length).toBeLessThan(10_000);
    expect((await call({ method: 'DELETE', path: `${definitions}/traps.x.io` })).status).toBe(200);
  });

  it('speaks no HTTP/2, whose streams and resets would need bounds of their own', async () => {
    const { hostname, port } = new URL(server.url);
    const spoken = await new Promise((resolve) => {
      const options = { host: hostname, port: Number(port), ca: server.ca, ALPNProtocols: ['h2'] };
      const socket = connect(options, () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      });
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
    expect([false, 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL']).toContain(spoken);
    expect(await raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).not.toMatch(/^HTTP\/1\.1 [123]/);
  });

  it('answers a version from the future late and clearly, and none twice', async () => {
    const answer = await call({ path: `${configMaps}?resourceVersion=${2 ** 52}&resourceVersionMatch=NotOlderThan` });
    expect(answer.status).toBe(504);
    expect(answer.text).toContain('Too large resource version');
  });

  it('refuses 5,000 headers', async () => {
    const headers = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`x-h${n}`, 'v'.repeat(10)]));
    expect((await call({ path: configMaps, headers })).status).toBe(431);
  });

  it('believes no header about who calls', async () => {
    const headers = {
      authorization: '',
      'x-remote-user': 'admin',
      'x-remote-group': 'system:masters',
      'x-forwarded-user': 'admin',
    };
    expect((await call({ path: configMaps, headers })).status).toBe(401);
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 50\r\n'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['a length that is none', 'Content-Length: +5\r\n'],
    ['an unknown coding', 'Transfer-Encoding: chunked, identity\r\n'],
    ['a line folded', 'X-A: a\r\n b\r\n Content-Length: 5\r\n'],
  ])('ends the connection of a request with %s, and runs nothing that hides in it', async (_what, lines) => {
    const smuggled = `DELETE ${victim} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nConnection: close\r\n\r\n`;
    const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/json\r\n`;
    const got = await raw(`${head}${lines}\r\n${smuggled}`);
    expect(got).toMatch(/^HTTP\/1\.1 400 /);
    expect(got.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect((await call({ path: victim })).status).toBe(200);
  });

  it('gives a connection that asked to be upgraded in vain no second request of another kind', async () => {
    const ask = `GET ${configMaps} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    const next = `DELETE ${victim} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const got = await raw(ask, next);
    expect(got).not.toMatch(/^HTTP\/1\.1 101 /);
    expect(got).not.toContain('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200');
    expect((await call({ path: victim })).status).toBe(200);
  });

  it('quotes no value of a Secret in a refusal', async () => {
    const canary = 'Q0FOQVJZLXZhbHVl';
    const secrets = '/api/v1/namespaces/default/secrets';
    const secret = (data: object) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data });
    expect((await call({ method: 'POST', path: secrets, body: secret({ k: canary }) })).status).toBe(201);
    const refused = [
      await call({ method: 'POST', path: secrets, body: secret({ k: `${canary}!` }) }),
      await call({ method: 'POST', path: secrets, body: secret({ 'bad key': canary }) }),
      await call({
        method: 'PATCH',
        path: `${secrets}/s`,
        type: JSON_PATCH,
        body: '[{"op":"test","path":"/data/k","value":"x"}]',
      }),
      await call({
        method: 'PATCH',
        path: `${secrets}/s`,
        type: MERGE,
        body: JSON.stringify({ data: { k: { deep: canary } } }),
      }),
      await call({
        method: 'PATCH',
        path: `${secrets}/s?fieldManager=other`,
        type: APPLY,
        body: secret({ k: 'b3RoZXI=' }),
      }),
    ];
    for (const { status, text } of refused) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain(canary);
    }
  });

  it('holds bodies up to its limit, says so to whoever is over it, and answers others meanwhile', async () => {
    const { hostname, port } = new URL(server.url);
    const length = httpLimits.bodyBytes;
    const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\nContent-Length: ${length}\r\n\r\n`;
    const unfinished = Buffer.concat([Buffer.from(head), Buffer.alloc(length - 1, 'x')]);
    const sockets: TLSSocket[] = [];
    let refusal = '';
    const isFull = () => sockets.length * (length - 1) > httpLimits.bodyBytesInFlight;
    try {
      while (refusal === '' && !isFull()) {
        const socket = connect({ host: hostname, port: Number(port), ca: server.ca });
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.on('data', (piece) => {
          refusal += piece.toString();
        });
        await new Promise((resolve) => socket.write(unfinished, resolve));
      }
      await until('one is refused', () => refusal !== '');
      expect(refusal).toMatch(/^HTTP\/1\.1 429 [\s\S]*retry-after: \d/i);
      expect(isFull()).toBe(true);
      expect(await call({ path: '/readyz' })).toMatchObject({ status: 200, text: 'ok' });
      expect((await call({ path: victim })).status).toBe(200);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await until('it takes bodies again', async () => {
      const answer = await call({ method: 'PATCH', path: victim, type: MERGE, body: '{"data":{"b":"2"}}' });
      return answer.status === 200;
    });
  });

  // Last: of everything above.
  it('held up nobody else by more than 50 ms, grew within bounds, and let nobody at its prototypes', async () => {
    const { delayP99Ms, machine, residentBytes, inherited } = await server.health();
    expect(delayP99Ms - machine.lateP99Ms).toBeLessThan(50 * machine.slowness);
    expect(residentBytes).toBeLessThan(1_024 * MIB);
    expect(inherited).toEqual([]);
  });
});
