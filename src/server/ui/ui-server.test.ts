import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPLICATIONS, type KubeObject, NODES, PODS, SYNC_RUNS, type UiStreamEvent } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createMemoryStore } from '#store';
import { until } from '../../../test/support/until.ts';
import { type Authorization, startAuthorization } from '../auth/authorizer.ts';
import { createSessions } from '../auth/sessions.ts';
import { createLocalClient } from '../local-client.ts';
import { AdmissionChain } from '../registry/admission-chain.ts';
import type { Api, UserInfo } from '../registry/api.ts';
import { createApi } from '../registry/create-api.ts';
import { createUiServer, type UiServer } from './ui-server.ts';

const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters'] };
const VIEWER: UserInfo = { name: 'vera', groups: ['plumbline:viewers'] };
const NOBODY: UserInfo = { name: 'nobody', groups: [] };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes are looked into by the tests
  readonly json: any;
}

const application = (name: string): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name, namespace: 'argocd' },
  spec: { source: { repoURL: 'https://forge.example/site.git', path: name }, destination: { namespace: 'default' } },
});

const run = (name: string, of: string): KubeObject => ({
  apiVersion: 'plumbline.dev/v1',
  kind: 'SyncRun',
  metadata: { name, namespace: 'argocd' },
  spec: {
    application: of,
    revision: 'abc',
    trigger: 'commit',
    requestedBy: 'git',
    digest: 'd',
    plan: [],
    renderedSets: [],
  },
});

describe('src/server/ui/ui-server.ts', () => {
  let directory: string;
  let api: Api;
  let client: Client;
  let ui: UiServer;
  let authorization: Authorization;
  let base: string;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumbline-ui-'));
    await mkdir(path.join(directory, 'assets'));
    await writeFile(path.join(directory, 'index.html'), '<!doctype html><title>Plumbline</title>');
    await writeFile(path.join(directory, 'assets/index-Abc12345.js'), 'x();'.repeat(500));
    const store = createMemoryStore({ clock: systemClock });
    const admission = new AdmissionChain();
    api = await createApi({ store, clock: systemClock, log: silentLog, admission });
    authorization = await startAuthorization({ api, admission, clock: systemClock, log: silentLog });
    client = createLocalClient(api, { user: ADMIN, userAgent: 'test' });
    ui = createUiServer({
      api,
      authorize: authorization.authorize,
      sessions: createSessions({ clock: systemClock }),
      openPodLog: async (context, pod) =>
        (async function* () {
          yield Buffer.from(`${context.user.name} reads ${pod.name}\n`);
        })(),
      diffRuns: async (from, to) => ({
        from: { name: from.metadata.name, revision: from.spec.revision },
        to: { name: to.metadata.name, revision: to.spec.revision },
        objects: [],
      }),
      staticDir: directory,
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      log: silentLog,
    });
    await ui.start();
    base = `localhost:${ui.address().port}`;
  });
  afterAll(async () => {
    await ui.close();
    authorization.close();
    await api.close();
    await rm(directory, { recursive: true, force: true });
  });

  function call(method: string, target: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { host, port } = ui.address();
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const request = httpRequest(
        { host, port, path: target, method, agent: false, headers: { host: base, ...length, ...headers } },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () => {
            const text = Buffer.concat(pieces).toString();
            const isJson = (response.headers['content-type'] ?? '').startsWith('application/json');
            const json = isJson && text !== '' ? JSON.parse(text) : undefined;
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  async function login(user: UserInfo): Promise<Record<string, string>> {
    const link = new URL(ui.createLoginLink(user).url);
    const { headers } = await call('GET', `${link.pathname}${link.search}`);
    return { cookie: (headers['set-cookie']?.[0] ?? '').split(';', 1)[0] ?? '' };
  }

  const fromPage = (session: Record<string, string>) => ({
    ...session,
    origin: `http://${base}`,
    'content-type': 'application/json',
    'x-plumbline-ui': '1',
  });

  describe('login', () => {
    it('takes a link once and gives a cookie that no script and no other site gets', async () => {
      const link = new URL(ui.createLoginLink(ADMIN).url);
      expect(link.host).toBe(base);
      const first = await call('GET', `${link.pathname}${link.search}`);
      expect([first.status, first.headers.location]).toEqual([303, '/']);
      expect(first.headers['set-cookie']?.[0]).toMatch(
        /^plumbline_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
      );
      expect((await call('GET', `${link.pathname}${link.search}`)).status).toBe(401);
    });

    it.each(['/login', '/login?ticket=', '/login?ticket=guessed', '/login?ticket=x&returnUrl=//evil.example'])(
      'refuses %s and repeats nothing of it',
      async (target) => {
        const { status, text, headers } = await call('GET', target);
        expect([status, headers.location, headers['set-cookie']]).toEqual([401, undefined, undefined]);
        expect(text).not.toContain('evil');
      },
    );

    it('is over after logout', async () => {
      const session = await login(ADMIN);
      expect((await call('GET', '/ui/v1/overview', session)).status).toBe(200);
      expect((await call('POST', '/ui/v1/logout', fromPage(session), '{}')).status).toBe(200);
      expect((await call('GET', '/ui/v1/overview', session)).status).toBe(401);
    });
  });

  const routes = [
    ['GET', '/ui/v1/overview'],
    ['GET', '/ui/v1/nodes'],
    ['GET', '/ui/v1/stream'],
    ['GET', '/ui/v1/events'],
    ['GET', '/ui/v1/applications/argocd/a'],
    ['GET', '/ui/v1/applications/argocd/a/runs'],
    ['GET', '/ui/v1/runs/argocd/r'],
    ['GET', '/ui/v1/runs/argocd/r/diff/s'],
    ['GET', '/ui/v1/pods/default/p/log'],
    ['GET', '/ui/v1/pods/default/p/placement'],
    ['POST', '/ui/v1/applications/argocd/a/sync'],
    ['POST', '/ui/v1/applications/argocd/a/refresh'],
    ['POST', '/ui/v1/runs/argocd/r/approve'],
    ['POST', '/ui/v1/logout'],
  ] as const;

  it.each(routes)('refuses %s %s to who is not logged in', async (method, target) => {
    for (const cookie of ['', 'plumbline_session=', `plumbline_session=${'A'.repeat(43)}`, 'other=x']) {
      expect((await call(method, target, fromPage({ cookie }), '{}')).status, cookie).toBe(401);
    }
  });

  it.each(routes.filter(([method]) => method === 'POST'))('refuses %s %s from another page', async (method, target) => {
    const good = fromPage(await login(ADMIN));
    for (const wrong of [
      { origin: 'https://evil.example' },
      { 'content-type': 'text/plain' },
      { 'x-plumbline-ui': undefined },
      { host: 'evil.example' },
    ]) {
      const headers = Object.fromEntries(
        Object.entries({ ...good, ...wrong }).filter(([, value]) => value !== undefined),
      );
      const { status } = await call(method, target, headers as Record<string, string>, '{}');
      expect(status, JSON.stringify(wrong)).toBe(403);
    }
  });

  it.each(routes)('refuses %s %s to a user without rights', async (method, target) => {
    if (target === '/ui/v1/logout') return;
    expect((await call(method, target, fromPage(await login(NOBODY)), '{}')).status).toBe(403);
  });

  describe('files', () => {
    it('sends the page with headers that let nothing foreign run', async () => {
      const { status, text, headers } = await call('GET', '/');
      expect([status, text]).toEqual([200, expect.stringContaining('Plumbline')]);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-cache',
      });
    });

    it('lets hashed files be kept, and sends them packed to who can unpack', async () => {
      const plain = await call('GET', '/assets/index-Abc12345.js');
      expect(plain.headers['cache-control']).toContain('immutable');
      expect(plain.text).toHaveLength(2_000);
      const packed = await call('GET', '/assets/index-Abc12345.js', { 'accept-encoding': 'gzip' });
      expect(packed.headers['content-encoding']).toBe('gzip');
      const again = await call('GET', '/assets/index-Abc12345.js', { 'if-none-match': String(plain.headers.etag) });
      expect([again.status, again.text]).toEqual([304, '']);
    });

    it.each(['/../package.json', '/assets/../../etc/passwd', '/%2e%2e/x', '/assets/', '/none.js', '/index.html/'])(
      'has no file %s',
      async (target) => {
        expect((await call('GET', target)).status).toBe(404);
      },
    );

    it('answers only to its own names', async () => {
      expect((await call('GET', '/', { host: 'evil.example' })).status).toBe(403);
    });
  });

  it('shows an Application with its pods, history and differences', async () => {
    await client.create(APPLICATIONS, application('shown'));
    const resources = [
      { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'default', name: 'web', status: 'Synced' },
      { group: '', version: 'v1', kind: 'Pod', namespace: 'default', name: 'lone', status: 'OutOfSync' },
    ];
    const status = {
      sync: { status: 'OutOfSync', revision: 'abc' },
      resources,
      run: { name: 'run-1', phase: 'Succeeded' },
    };
    const key = { namespace: 'argocd', name: 'shown' };
    await client.patch(APPLICATIONS, key, { type: 'merge', body: { status } }, { subresource: 'status' });
    for (const name of ['run-1', 'run-2']) await client.create(SYNC_RUNS, run(name, 'shown'));
    for (const name of ['lone', 'stranger']) {
      const spec = { containers: [{ name: 'c', image: 'sample:1' }] };
      await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec });
    }
    const session = await login(VIEWER);
    const overview = await call('GET', '/ui/v1/overview', session);
    expect(overview.json).toMatchObject({ user: 'vera', mayWrite: false });
    expect(overview.json.applications).toContainEqual(
      expect.objectContaining({ name: 'shown', sync: 'OutOfSync', drifted: 1 }),
    );
    const shown = (await call('GET', '/ui/v1/applications/argocd/shown', session)).json;
    expect(shown.pods).toMatchObject([{ name: 'lone', owner: 'Pod/default/lone', containers: ['c'] }]);
    expect(shown.currentRun).toMatchObject({ name: 'run-1' });
    const history = (await call('GET', '/ui/v1/applications/argocd/shown/runs', session)).json;
    expect(history.map(({ name }: { name: string }) => name)).toEqual(['run-2', 'run-1']);
    const diff = (await call('GET', '/ui/v1/runs/argocd/run-1/diff/run-2', session)).json;
    expect(diff).toMatchObject({ from: { name: 'run-1' }, to: { name: 'run-2' } });
    expect((await call('GET', '/ui/v1/applications/argocd/none', session)).status).toBe(404);
    const log = await call('GET', '/ui/v1/pods/default/lone/log?tailLines=5', session);
    expect(log.text).toBe('vera reads lone\n');
    // A browser that may guess the type holds a short log back.
    expect(log.headers['x-content-type-options']).toBe('nosniff');
    expect(log.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('tells of a pod without a node, node by node, why', async () => {
    const node = (name: string, taints: object[]) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { taints },
      status: { allocatable: { cpu: '1', pods: '9' }, conditions: [{ type: 'Ready', status: 'True' }] },
    });
    await client.create(NODES, node('placement-a', []));
    await client.create(NODES, node('placement-b', [{ key: 'k', effect: 'NoSchedule' }]));
    const containers = [{ name: 'c', image: 'sample:1', resources: { requests: { cpu: '2' } } }];
    const metadata = { name: 'large', namespace: 'default' };
    await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
    const { json } = await call('GET', '/ui/v1/pods/default/large/placement', await login(VIEWER));
    expect(json).toMatchObject({
      reason: expect.stringMatching(/^0\/\d nodes are available: .*Insufficient cpu/),
      victims: [],
    });
    expect(json.nodes).toHaveLength(json.nodeCount);
    expect(json.nodes).toEqual(
      expect.arrayContaining([
        { node: 'placement-a', reasons: ['Insufficient cpu'], ifOthersLeft: true },
        { node: 'placement-b', reasons: ['node(s) had untolerated taint {k: }'], ifOthersLeft: false },
      ]),
    );
  });

  it('asks for a sync and a refresh as the user', async () => {
    await client.create(APPLICATIONS, application('asked'));
    const session = fromPage(await login(ADMIN));
    const sync = await call('POST', '/ui/v1/applications/argocd/asked/sync', session, '{"prune":true}');
    expect(sync.status).toBe(202);
    expect((await call('POST', '/ui/v1/applications/argocd/asked/refresh', session, '')).status).toBe(202);
    const asked = await client.get(APPLICATIONS, { namespace: 'argocd', name: 'asked' });
    expect(asked?.operation).toMatchObject({ initiatedBy: { username: 'admin' }, sync: { prune: true } });
    expect(asked?.metadata.annotations).toMatchObject({ 'argocd.argoproj.io/refresh': 'normal' });
    expect((await call('POST', '/ui/v1/applications/argocd/asked/sync', session, '{"prune":"yes"}')).status).toBe(400);
    const viewer = fromPage(await login(VIEWER));
    expect((await call('POST', '/ui/v1/applications/argocd/asked/sync', viewer, '{}')).status).toBe(403);
  });

  it('approves a blocked run, and only such', async () => {
    const key = { namespace: 'argocd', name: 'blocked' };
    await client.create(SYNC_RUNS, run('blocked', 'asked'));
    const session = fromPage(await login(ADMIN));
    const approve = () => call('POST', '/ui/v1/runs/argocd/blocked/approve', session, '{}');
    expect((await approve()).status).toBe(409);
    await client.patch(
      SYNC_RUNS,
      key,
      { type: 'merge', body: { status: { phase: 'PruneBlocked' } } },
      { subresource: 'status' },
    );
    expect((await approve()).status).toBe(202);
    expect((await client.get(SYNC_RUNS, key))?.status?.approval).toMatchObject({ by: 'admin' });
  });

  describe('stream', () => {
    interface Stream {
      readonly events: { readonly id: string; readonly event: UiStreamEvent }[];
      close(): void;
    }

    function open(session: Record<string, string>): Promise<Stream> {
      return new Promise((resolve, reject) => {
        const { host, port } = ui.address();
        const options = {
          host,
          port,
          path: '/ui/v1/stream',
          agent: false as const,
          headers: { host: base, ...session },
        };
        const request = httpRequest(options, (response) => {
          const events: Stream['events'] = [];
          let rest = '';
          response.on('data', (piece: Buffer) => {
            const blocks = (rest + piece.toString()).split('\n\n');
            rest = blocks.pop() ?? '';
            for (const block of blocks) {
              const fields = new Map(
                block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(': ') + 2)]),
              );
              const data = fields.get('data');
              if (data !== undefined) events.push({ id: fields.get('id') ?? '', event: JSON.parse(data) });
            }
          });
          response.on('error', () => undefined);
          resolve({ events, close: () => request.destroy() });
        });
        request.on('error', reject);
        request.end();
      });
    }

    const types = ({ events }: Stream) => events.map(({ event }) => event.type);

    it('begins with an overview, then tells what changes', async () => {
      const stream = await open(await login(ADMIN));
      await until('the overview', () => stream.events.length === 1);
      expect(stream.events[0]?.event).toMatchObject({ type: 'overview', overview: { user: 'admin', mayWrite: true } });
      await client.create(APPLICATIONS, application('streamed'));
      await until('the application', () => types(stream).includes('application'));
      await client.create(SYNC_RUNS, run('streamed-1', 'streamed'));
      await until('the run', () => types(stream).includes('run'));
      await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
      await until('the node', () => types(stream).includes('nodes'));
      await client.delete(APPLICATIONS, { namespace: 'argocd', name: 'streamed' });
      await until('the removal', () => types(stream).includes('application-removed'));
      stream.close();
    });

    it('tells that a pod of an Application changed', async () => {
      await client.create(APPLICATIONS, application('touched'));
      const resources = [
        { group: '', version: 'v1', kind: 'Pod', namespace: 'default', name: 'toucher', status: 'Synced' },
      ];
      const key = { namespace: 'argocd', name: 'touched' };
      await client.patch(
        APPLICATIONS,
        key,
        { type: 'merge', body: { status: { resources } } },
        { subresource: 'status' },
      );
      const stream = await open(await login(VIEWER));
      await until('the overview', () => stream.events.length === 1);
      const spec = { containers: [{ name: 'c', image: 'sample:1' }] };
      await client.create(PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'toucher', namespace: 'default' },
        spec,
      });
      await until('the touch', () => types(stream).includes('touched'));
      expect(stream.events.at(-1)?.event).toMatchObject({ namespace: 'argocd', name: 'touched' });
      stream.close();
    });

    it('gives a browser that comes back only what it missed', async () => {
      const session = await login(ADMIN);
      const first = await open(session);
      const other = await open(session);
      await until('both overviews', () => first.events.length === 1 && other.events.length === 1);
      const seen = first.events[0]?.id ?? '';
      first.close();
      await client.create(APPLICATIONS, application('missed'));
      await until('the event', () => other.events.length === 2);
      const again = await open({ ...session, 'last-event-id': seen });
      await until('what was missed', () => again.events.length === 1);
      expect(again.events[0]?.event).toMatchObject({ type: 'application', application: { name: 'missed' } });
      const lost = await open({ ...session, 'last-event-id': 'from-another-life-7' });
      await until('an overview', () => lost.events.length === 1);
      expect(types(lost)).toEqual(['overview']);
      for (const stream of [other, again, lost]) stream.close();
    });
  });
});
