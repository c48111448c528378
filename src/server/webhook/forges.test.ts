import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planDelivery } from './delivery.plan.ts';
import { FORGES } from './forges.ts';
import type { WebhookProvider } from './webhook.types.ts';

const SECRET = 'correct horse';
const NOW_MS = Date.UTC(2026, 0, 1);
const BODY = Buffer.from('{"ref":"refs/heads/main","text":"\u00e9"}');
const PROVIDERS = Object.keys(FORGES) as readonly WebhookProvider[];

const hex = (secret = SECRET, body: Uint8Array = BODY) => createHmac('sha256', secret).update(body).digest('hex');

function standard(seconds = NOW_MS / 1_000, key: string | Buffer = SECRET, id = 'msg_1'): IncomingHttpHeaders {
  const text = createHmac('sha256', key).update(`${id}.${seconds}.`).update(BODY).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': `${seconds}`, 'webhook-signature': `v1,${text}` };
}

/** What each forge sends with a delivery that is genuine. */
const GENUINE: Readonly<Record<WebhookProvider, readonly IncomingHttpHeaders[]>> = {
  github: [{ 'x-hub-signature-256': `sha256=${hex()}` }],
  gitlab: [{ 'x-gitlab-token': SECRET }, standard()],
  gitea: [{ 'x-gitea-signature': hex() }],
  forgejo: [{ 'x-forgejo-signature': hex() }],
  gogs: [{ 'x-gogs-signature': hex() }],
  bitbucket: [{ 'x-hub-signature': `sha256=${hex()}` }],
  'bitbucket-uuid': [{ 'x-hook-uuid': SECRET }],
  'bitbucket-server': [{ 'x-hub-signature': `sha256=${hex()}` }],
  generic: [{ 'x-plumbline-signature': `sha256=${hex()}` }, standard(), { authorization: 'Bearer one-word' }],
};

const isAuthentic = (provider: WebhookProvider, headers: IncomingHttpHeaders, secret = SECRET, bytes = BODY) =>
  FORGES[provider].isAuthentic({ secret, bytes, headers, nowMs: NOW_MS });

const signs = ([, value]: [string, unknown]) => typeof value === 'string' && /[0-9a-f]{64}|^v1,/.test(value);

describe('src/server/webhook/forges.ts', () => {
  describe.each(PROVIDERS)('%s', (provider) => {
    it.each(GENUINE[provider].map((headers) => [Object.keys(headers).join(', '), headers] as const))(
      'knows the genuine by %s, and neither another secret nor another body',
      (_names, headers) => {
        const secret = headers.authorization === undefined ? SECRET : 'one-word';
        expect(isAuthentic(provider, headers, secret)).toBe(true);
        expect(isAuthentic(provider, headers, `${secret}x`)).toBe(false);
        if (Object.entries(headers).some(signs))
          expect(isAuthentic(provider, headers, secret, Buffer.from(`${BODY} `))).toBe(false);
      },
    );

    it('refuses what proves a delivery of another forge alone', () => {
      const mine = new Set(GENUINE[provider].flatMap((headers) => Object.keys(headers)));
      for (const headers of PROVIDERS.flatMap((other) => GENUINE[other])) {
        if (Object.keys(headers).some((name) => mine.has(name))) continue;
        expect([headers, isAuthentic(provider, headers)]).toEqual([headers, false]);
      }
    });

    it('refuses a header that came twice, or in another form', () => {
      for (const headers of GENUINE[provider]) {
        if (headers.authorization !== undefined) continue;
        for (const [name, value] of Object.entries(headers)) {
          // That header is a list: one that is right is enough.
          const twice = name === 'webhook-signature' ? [] : [`${value}, ${value}`];
          for (const wrong of ['', 'sha256=', ...twice, `${value}=`, `sha1=${hex().slice(0, 40)}`, [value, value]])
            expect([name, wrong, isAuthentic(provider, { ...headers, [name]: wrong } as IncomingHttpHeaders)]).toEqual([
              name,
              wrong,
              false,
            ]);
        }
      }
    });
  });

  it.each([
    ['now', 0, true],
    ['five minutes ago', -300, true],
    ['longer ago', -301, false],
    ['ahead of us', 300, true],
    ['far ahead of us', 301, false],
  ])('takes a signature with a time only within the window: %s', (_when, seconds, expected) => {
    const headers = standard(NOW_MS / 1_000 + seconds);
    expect([isAuthentic('gitlab', headers), isAuthentic('generic', headers)]).toEqual([expected, expected]);
  });

  it('does not fall back to the token when a signature is wrong', () => {
    const old = standard(NOW_MS / 1_000 - 3_600);
    expect(isAuthentic('gitlab', { ...old, 'x-gitlab-token': SECRET })).toBe(false);
    expect(isAuthentic('generic', { ...old, authorization: 'Bearer correct' }, 'correct')).toBe(false);
  });

  it('takes the key of a whsec_ secret from its base64, and one signature of several', () => {
    const key = Buffer.from('0123456789abcdef');
    const secret = `whsec_${key.toString('base64')}`;
    const { 'webhook-signature': right, ...rest } = standard(NOW_MS / 1_000, key);
    const headers = { ...rest, 'webhook-signature': `v1,${'A'.repeat(43)}= v2,x ${right}` };
    expect(isAuthentic('gitlab', headers, secret)).toBe(true);
    expect(isAuthentic('gitlab', headers, 'whsec_')).toBe(false);
  });

  const commits = [
    { added: ['a/new.yaml'], modified: ['a/b.yaml'], removed: [] },
    { added: null, modified: ['a/b.yaml'], removed: ['c.yaml'] },
  ];
  const changed = ['a/new.yaml', 'a/b.yaml', 'c.yaml'];
  const repository = {
    clone_url: 'https://git.example/team/shop.git',
    ssh_url: 'git@git.example:team/shop.git',
    html_url: 'https://git.example/team/shop',
  };
  const urls = Object.values(repository);
  // The shapes are those of the pages that the rows name.
  it.each<[WebhookProvider, string, object, readonly string[], readonly string[] | undefined]>([
    ['github', 'push', { ref: 'refs/heads/main', before: 'a1', after: 'b2', repository, commits }, urls, changed],
    ['github', 'push', { forced: true, repository, commits }, urls, undefined],
    ['github', 'create', { ref: 'v1', ref_type: 'tag', repository }, urls, undefined],
    ['gitea', 'push', { repository, commits, total_commits: 2 }, urls, changed],
    ['gitea', 'push', { repository, commits, total_commits: 9 }, urls, undefined],
    ['forgejo', 'push', { repository, before: '0'.repeat(40), commits }, urls, undefined],
    ['forgejo', 'push', { repository, commits: null }, urls, undefined],
    ['gogs', 'push', { repository, commits: [{ id: 'a1' }] }, urls, undefined],
    [
      'gitlab',
      'Push Hook',
      {
        project: { git_http_url: urls[0], git_ssh_url: urls[1], web_url: urls[2] },
        repository: { homepage: 'x' },
        commits,
        total_commits_count: 2,
      },
      urls,
      changed,
    ],
    [
      'gitlab',
      'Push Hook',
      { project: { web_url: urls[2] }, commits, total_commits_count: 21 },
      [urls[2] ?? ''],
      undefined,
    ],
    [
      'bitbucket',
      'repo:push',
      { repository: { links: { html: { href: urls[2] } } }, push: { changes: [{ new: { name: 'main' } }] } },
      [urls[2] ?? ''],
      undefined,
    ],
    [
      'bitbucket-server',
      'repo:refs_changed',
      { repository: { links: { clone: [{ href: urls[0], name: 'http' }, { href: urls[1] }, 'boom'] } }, changes: [] },
      [urls[0] ?? '', urls[1] ?? ''],
      undefined,
    ],
    ['generic', '', { repository, commits }, urls, changed],
  ])('reads what %s tells with %s', (provider, event, payload, expectedUrls, expectedPaths) => {
    const plan = planDelivery({ forge: FORGES[provider], event: event || undefined, payload });
    expect(plan).toMatchObject({ action: 'hint', urls: expectedUrls });
    expect(plan.action === 'hint' && plan.paths).toEqual(expectedPaths);
  });

  it.each<[WebhookProvider, string | undefined, string]>([
    ['github', 'ping', 'ping'],
    ['github', 'issues', 'ignore'],
    ['github', undefined, 'ignore'],
    ['gitlab', 'Tag Push Hook', 'hint'],
    ['gitlab', 'Issue Hook', 'ignore'],
    ['gitea', 'delete', 'hint'],
    ['gitea', 'ping', 'ignore'],
    ['bitbucket', 'repo:fork', 'ignore'],
    ['bitbucket-server', 'diagnostics:ping', 'ping'],
    ['bitbucket-server', 'mirror:repo_synchronized', 'hint'],
    ['bitbucket-server', 'repo:push', 'ignore'],
  ])('%s: %s is a %s', (provider, event, action) => {
    expect(planDelivery({ forge: FORGES[provider], event, payload: {} }).action).toBe(action);
  });

  it('reads any payload without trouble, and tells only texts that stand in it', () => {
    const names = [
      'repository',
      'project',
      'links',
      'clone',
      'html',
      'href',
      'commits',
      'added',
      'clone_url',
      'before',
    ];
    const key = fc.constantFrom(...names, '__proto__', 'length');
    const { payload } = fc.letrec((tie) => ({
      payload: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>(null, 7, 'text', '', true, undefined),
        fc.array(tie('payload'), { maxLength: 4 }),
        fc.dictionary(key, tie('payload'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(fc.constantFrom(...PROVIDERS), payload, (provider, value) => {
        const { urls: told, paths } = FORGES[provider];
        const found = [...told(value), ...(paths(value) ?? [])];
        for (const text of found) expect(JSON.stringify(value)).toContain(JSON.stringify(text));
      }),
    );
  });
});
