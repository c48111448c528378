import { createHmac } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SyncRun } from '#api';
import { silentLog, systemClock } from '#base';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { Listener } from '../http/framework.ts';
import { webhookLimits } from './limits.ts';
import type { WebhookHint, WebhookSource } from './webhook.types.ts';
import { createWebhookServer } from './webhook-server.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const SECRET = 'correct horse';
const SOURCES: readonly WebhookSource[] = [
  { name: 'forge', url: 'https://forge.example/site.git', provider: 'github', secret: SECRET },
  { name: 'plain', url: 'https://plain.example/site.git', provider: 'generic', secret: SECRET },
  { name: 'off', url: 'https://off.example/site.git', provider: 'github', secret: '' },
];

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly json: Readonly<Record<string, unknown>>;
}

const sign = (body: string | Buffer, secret = SECRET) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('src/server/webhook/webhook-server.ts', () => {
  let server: Listener;
  let hints: WebhookHint[];
  let looksUp: (name: string) => Promise<WebhookSource | undefined>;
  let shared: WebhookSource | undefined;
  let runs: SyncRun[];
  let clock: FakeClock;

  beforeAll(async () => {
    server = createWebhookServer({
      lookup: {
        repository: (name) => looksUp(name),
        shared: async () => shared,
        runs: async (delivery) => runs.filter(({ spec }) => spec.webhooks?.includes(delivery) === true),
      },
      notify: (hint) => void hints.push(hint),
      listen: { host: '127.0.0.1', port: 0 },
      // Bodies and connections have deadlines of the real clock; the time of signatures and rates is ours to set.
      clock: { ...systemClock, nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs() },
      log: silentLog,
    });
    await server.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    // Each test has a rate of its own: time goes on between them.
    clock = new FakeClock(clock === undefined ? NOW_MS : clock.nowMs() + 600_000);
    hints = [];
    runs = [];
    shared = undefined;
    looksUp = async (name) => SOURCES.find((source) => source.name === name);
  });

  function send(
    path: string,
    body: string | Buffer,
    headers: Record<string, string | string[]> = {},
    method = 'POST',
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { host, port } = server.address();
      const given = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        ...headers,
      };
      const request = httpRequest({ host, port, path, method, agent: false, headers: given }, (response) => {
        let text = '';
        response.on('data', (piece: Buffer) => {
          text += piece.toString();
        });
        response.on('end', () => {
          const json = text === '' ? {} : JSON.parse(text);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, json });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  const push = (body: string | Buffer, headers: Record<string, string | string[]> = {}) =>
    send('/webhook/forge', body, { 'x-github-event': 'push', 'x-hub-signature-256': sign(body), ...headers });

  it('takes a signed push as a hint, and says by which id', async () => {
    const { status, json } = await push('{"ref":"refs/heads/main"}');
    expect(status).toBe(202);
    expect(hints).toEqual([{ id: json['id'], source: 'forge', urls: ['https://forge.example/site.git'] }]);
  });

  it('answers a ping, and events that move no branch, without a hint', async () => {
    const ping = await push('{"zen":"…"}', { 'x-github-event': 'ping' });
    expect([ping.status, ping.json]).toEqual([200, { ignored: 'ping' }]);
    expect((await push('{}', { 'x-github-event': 'issues' })).status).toBe(202);
    expect(hints).toEqual([]);
  });

  it('takes a generic webhook signed, or with the secret as bearer token', async () => {
    const signed = await send('/webhook/plain', '{}', { 'x-plumbline-signature': sign('{}') });
    const bearer = await send('/webhook/plain', '', { authorization: `Bearer correct` });
    expect([signed.status, bearer.status, hints.length]).toEqual([202, 401, 1]);
    looksUp = async () => ({ name: 'plain', url: 'u', provider: 'generic', secret: 'one-word' });
    expect((await send('/webhook/plain', '', { authorization: 'Bearer one-word' })).status).toBe(202);
  });

  const body = '{"ref":"refs/heads/main"}';
  it.each<[string, Record<string, string | string[]>]>([
    ['no signature', {}],
    ['an empty signature', { 'x-hub-signature-256': '' }],
    ['a short signature', { 'x-hub-signature-256': 'sha256=abcd' }],
    ['a signature without its name', { 'x-hub-signature-256': sign(body).slice(7) }],
    ['an upper-case signature', { 'x-hub-signature-256': sign(body).toUpperCase() }],
    ['a signature of another body', { 'x-hub-signature-256': sign(`${body} `) }],
    ['a signature with another secret', { 'x-hub-signature-256': sign(body, 'guess') }],
    ['a signature with no secret', { 'x-hub-signature-256': sign(body, '') }],
    ['only the old signature', { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update(body).digest('hex')}` }],
    ['two signatures', { 'x-hub-signature-256': [sign(body), sign(body)] }],
    ['the header of another provider', { 'x-plumbline-signature': sign(body) }],
    ['the secret as bearer token', { authorization: `Bearer ${SECRET}` }],
  ])('refuses %s', async (_what, headers) => {
    const { status, json } = await send('/webhook/forge', body, { 'x-github-event': 'push', ...headers });
    expect([status, json['reason'], hints.length]).toEqual([401, 'Unauthorized', 0]);
  });

  it('answers the same for a wrong signature, a source without a secret, and no source at all', async () => {
    const answers = await Promise.all(
      ['/webhook/forge', '/webhook/off', '/webhook/nobody', '/webhook/__proto__', '/webhook/..%2fforge'].map((path) =>
        send(path, body, { 'x-github-event': 'push', 'x-hub-signature-256': sign(body, '') }),
      ),
    );
    expect(new Set(answers.map(({ status, json }) => JSON.stringify([status, json])))).toHaveLength(1);
    expect(answers[0]?.status).toBe(401);
  });

  it.each([
    ['', 202],
    ['{}', 202],
    ['[]', 202],
    ['null', 202],
    ['"text"', 202],
    ['{"repository":null,"commits":null}', 202],
    ['{"commits":[null,null],"ref":[]}', 202],
    ['{"links":{"clone":"boom"},"href":[]}', 202],
    ['{"repository":{"clone_url":"(((((","html_url":"https://git.x/.*"}}', 202],
    ['{"ref":"refs/heads/x; rm -rf /","after":"not hex"}', 202],
    [`{"commits":[${'{"id":1},'.repeat(50_000)}{}]}`, 202],
    ['{"a":'.repeat(5_000), 400],
    ['{', 400],
    ['\u0000', 400],
  ])('lives through the signed payload %.40s', async (payload, status) => {
    expect((await push(payload)).status).toBe(status);
    expect((await push('{}')).status).toBe(202);
  });

  it('lives through anything signed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((value) => JSON.stringify(value)),
        ),
        async (payload) => {
          expect([202, 400]).toContain((await push(payload)).status);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('refuses a form, and says what to choose', async () => {
    const { status, json } = await push('payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([status, json['message']]).toEqual([415, expect.stringContaining('application/json')]);
  });

  it('refuses 30 MB before it reads them, also when they come without an end', async () => {
    const huge = Buffer.alloc(30 * 1024 * 1024, 'x');
    expect((await push(huge)).status).toBe(413);
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const { host, port } = server.address();
      const request = httpRequest({ host, port, path: '/webhook/forge', method: 'POST', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
        request.destroy();
      });
      request.on('error', reject);
      const piece = Buffer.alloc(1024 * 1024, 'x');
      const write = () => {
        while (!request.destroyed && request.write(piece));
      };
      request.on('drain', write);
      write();
    });
    expect(chunked).toBe(413);
    expect(hints).toEqual([]);
  });

  it('takes what is larger than it cares to parse', async () => {
    expect((await push(Buffer.alloc(webhookLimits.parsedBytes + 1, '{'))).status).toBe(202);
  });

  it('does nothing when a delivery is sent again', async () => {
    const headers = { 'x-github-delivery': 'd-1' };
    const [first, second] = [await push('{}', headers), await push('{}', headers)];
    expect(second.json).toEqual(first.json);
    expect(hints).toHaveLength(1);
    await push('{}', { 'x-github-delivery': 'd-2' });
    expect(hints).toHaveLength(2);
  });

  it('takes no more deliveries of one source than its rate, and others all the same', async () => {
    let last = 202;
    for (let index = 0; index < webhookLimits.rate.burst && last === 202; index += 1) last = (await push('{}')).status;
    expect(last).toBe(202);
    const refused = await push('{}');
    expect([refused.status, refused.headers['retry-after'], hints.length]).toEqual([
      429,
      '1',
      webhookLimits.rate.burst,
    ]);
    expect((await send('/webhook/plain', '{}', { 'x-plumbline-signature': sign('{}') })).status).toBe(202);
    await clock.advance(1_000);
    expect((await push('{}')).status).toBe(202);
  });

  it('is not kept from the genuine by those who sign wrongly', async () => {
    for (let index = 0; index <= webhookLimits.rate.burst; index += 1)
      await push('{}', { 'x-hub-signature-256': sign('{}', 'guess') });
    expect((await push('{}')).status).toBe(202);
  });

  it('tells who has the id of a delivery which runs it led to, and nobody else anything', async () => {
    const { json, headers } = await push('{}');
    const follow = String(json['url']);
    expect(headers['location']).toBe(follow);
    expect((await send(follow, '', {}, 'GET')).json).toEqual({ id: json['id'], source: 'forge', runs: [] });
    const spec = { application: 'shop', revision: 'c0ffee', webhooks: [json['id']] };
    runs = [{ metadata: { name: 'shop-1' }, spec, status: { phase: 'Succeeded' } } as unknown as SyncRun];
    expect((await send(follow, '', {}, 'GET')).json['runs']).toEqual([
      { name: 'shop-1', application: 'shop', revision: 'c0ffee', phase: 'Succeeded' },
    ]);
    const others = ['x', '0'.repeat(32), '__proto__'].map((id) => send(`/webhook/deliveries/${id}`, '', {}, 'GET'));
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  it('takes at the address of Argo CD what is signed with its secret, and hints at the repository of the payload', async () => {
    shared = { name: 'argocd-secret', provider: 'github', secret: SECRET };
    const payload = JSON.stringify({
      repository: { clone_url: 'https://forge.example/site.git', ssh_url: 'git@forge.example:site.git', html_url: 7 },
      before: 'a'.repeat(40),
      commits: [{ added: ['apps/a.yaml'], modified: [], removed: ['apps/b.yaml'] }],
    });
    const headers = { 'x-github-event': 'push', 'x-hub-signature-256': sign(payload) };
    const { status, json } = await send('/api/webhook', payload, headers);
    expect(status).toBe(202);
    expect(hints).toEqual([
      {
        id: json['id'],
        urls: ['https://forge.example/site.git', 'git@forge.example:site.git'],
        paths: ['apps/a.yaml', 'apps/b.yaml'],
      },
    ]);
    shared = undefined;
    expect((await send('/api/webhook', payload, headers)).status).toBe(401);
  });

  it('answers the unsigned ping of Bitbucket Server, the same for whoever is asked', async () => {
    const headers = { 'x-event-key': 'diagnostics:ping' };
    const answers = await Promise.all(
      ['/webhook/forge', '/webhook/nobody', '/api/webhook'].map((path) => send(path, '{"test":true}', headers)),
    );
    expect(answers.map(({ status, json }) => [status, json])).toEqual(Array(3).fill([200, { ignored: 'ping' }]));
    expect(hints).toEqual([]);
  });

  it.each([
    ['GET', '/webhook/forge'],
    ['PUT', '/webhook/forge'],
    ['POST', '/webhook'],
    ['POST', '/webhook/forge/more'],
    ['GET', '/'],
    ['GET', '/api/v1/secrets'],
    ['GET', '/healthz'],
  ])('serves nothing else: %s %s', async (method, path) => {
    expect((await send(path, '', {}, method)).status).toBe(404);
  });

  it('does not tell what broke inside', async () => {
    looksUp = async () => {
      throw new Error('the store says: secret');
    };
    const { status, json } = await push('{}');
    expect([status, JSON.stringify(json)]).toEqual([500, expect.not.stringContaining('secret')]);
  });

  it('serves others while one dawdles', async () => {
    const { host, port } = server.address();
    const slow = connect(port, host);
    slow.write('POST /webhook/forge HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{');
    expect((await push('{}')).status).toBe(202);
    slow.destroy();
  });
});
