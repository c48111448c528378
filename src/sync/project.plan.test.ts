import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppProject, AppProjectSpec, SyncWindow } from '#api';
import { objectProblem, projectProblems } from './project.plan.ts';
import { judgeWindows } from './sync-window.plan.ts';

const projectOf = (spec: AppProjectSpec): AppProject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name: 'shop', namespace: 'argocd', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec,
});

const HERE = { server: 'https://kubernetes.default.svc', namespace: '*' };
const settingsOf = (repoURL: string, namespace = 'shop') => ({
  sources: [{ repoURL, path: '', revision: '', directory: {} }],
  namespace,
});

describe('src/sync/project.plan', () => {
  it.each<[string, readonly string[], string, boolean]>([
    ['any repository', ['*'], 'https://git.example/a.git', true],
    ['the very one', ['https://git.example/a.git'], 'https://git.example/a.git', true],
    ['the same, written otherwise', ['https://GIT.example/a'], 'https://git.example/a.git', true],
    ['one of a folder', ['https://git.example/shop/*'], 'https://git.example/shop/a.git', true],
    ['not deeper than the star', ['https://git.example/*'], 'https://git.example/shop/a.git', false],
    ['as deep as two stars', ['https://git.example/**'], 'https://git.example/shop/a.git', true],
    ['another host', ['https://git.example/*'], 'https://evil.example/a.git', false],
    ['one that is taken out', ['*', '!https://git.example/a.git'], 'https://git.example/a.git', false],
    ['none', [], 'https://git.example/a.git', false],
  ])('judges the source: %s', (_what, sourceRepos, url, allowed) => {
    const project = projectOf({ sourceRepos: [...sourceRepos], destinations: [HERE] });
    const problems = projectProblems(project, { name: 'shop', settings: settingsOf(url) });
    expect(problems).toEqual(
      allowed ? [] : [`spec.source.repoURL: ${url} is not among the sourceRepos of the project "shop"`],
    );
  });

  it.each<[string, AppProjectSpec['destinations'], string, boolean]>([
    ['any namespace', [HERE], 'shop', true],
    ['the cluster by name', [{ name: 'in-cluster', namespace: 'shop' }], 'shop', true],
    ['a pattern of namespaces', [{ server: '*', namespace: 'shop-*' }], 'shop-eu', true],
    ['another namespace', [{ server: '*', namespace: 'shop' }], 'kube-system', false],
    ['another cluster', [{ server: 'https://elsewhere:6443', namespace: '*' }], 'shop', false],
    ['a namespace that is taken out', [HERE, { server: '*', namespace: '!kube-system' }], 'kube-system', false],
    ['none', [], 'shop', false],
  ])('judges the destination: %s', (_what, destinations = [], namespace, allowed) => {
    const project = projectOf({ sourceRepos: ['*'], destinations });
    const problems = projectProblems(project, { name: 'shop', settings: settingsOf('https://a/b', namespace) });
    expect(problems.length === 0).toBe(allowed);
    const object = { group: '', kind: 'ConfigMap', namespace };
    expect(objectProblem(project, object) === undefined).toBe(allowed);
  });

  it('knows no project that nobody made but the default one', () => {
    expect(projectProblems(undefined, { name: 'default', settings: settingsOf('https://a/b') })).toEqual([]);
    expect(projectProblems(undefined, { name: 'shop', settings: settingsOf('https://a/b') })).toEqual([
      'spec.project: the project "shop" does not exist',
    ]);
  });

  const role = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: '' };
  const secret = { group: '', kind: 'Secret', namespace: 'shop' };
  it.each<[string, AppProjectSpec, typeof role, string | undefined]>([
    ['nothing without a namespace unless listed', {}, role, 'which has no namespace'],
    ['what is listed', { clusterResourceWhitelist: [{ group: 'rbac.*', kind: '*' }] }, role, undefined],
    [
      'what is listed and taken out',
      { clusterResourceWhitelist: [{ group: '*', kind: '*' }], clusterResourceBlacklist: [role] },
      role,
      'ClusterRole.rbac.authorization.k8s.io',
    ],
    ['anything in a namespace', {}, secret, undefined],
    ['only what is listed', { namespaceResourceWhitelist: [{ group: 'apps', kind: '*' }] }, secret, 'allow Secret'],
    ['nothing of an empty list', { namespaceResourceWhitelist: [] }, secret, 'allow Secret'],
    [
      'all but what is taken out',
      { namespaceResourceBlacklist: [{ group: '', kind: 'Secret' }] },
      secret,
      'allow Secret',
    ],
  ])('allows %s', (_what, spec, object, problem) => {
    const found = objectProblem(projectOf({ destinations: [HERE], ...spec }), object);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });

  it('allows no object in a namespace to which no destination leads, whatever the patterns', () => {
    const namespace = fc.stringMatching(/^[a-z]{1,4}$/);
    fc.assert(
      fc.property(fc.array(namespace, { maxLength: 4 }), namespace, (allowed, asked) => {
        const destinations = allowed.map((one) => ({ server: '*', namespace: one }));
        const problem = objectProblem(projectOf({ destinations }), { group: '', kind: 'Pod', namespace: asked });
        expect(problem === undefined).toBe(allowed.includes(asked));
      }),
    );
  });
});

describe('src/sync/sync-window.plan', () => {
  const at = (text: string) => Date.parse(text);
  const nightly: SyncWindow = { kind: 'allow', schedule: '0 22 * * *', duration: '2h', applications: ['shop-*'] };
  const freeze: SyncWindow = { kind: 'deny', schedule: '0 12 * * 5', duration: '1h', namespaces: ['shop'] };
  const judge = (syncWindows: SyncWindow[], time: string, application = 'shop-web') =>
    judgeWindows({ project: projectOf({ syncWindows }), application, namespace: 'shop', nowMs: at(time) });

  it.each<[string, SyncWindow[], string, object]>([
    ['always without windows', [], '2026-01-02T12:00:00Z', { automatic: true, manual: true }],
    [
      'in a window that allows',
      [nightly],
      '2026-01-02T22:00:00Z',
      { automatic: true, manual: true, changesAtMs: at('2026-01-03T00:00:00Z') },
    ],
    [
      'not outside of it, and says when',
      [nightly],
      '2026-01-02T12:00:00Z',
      {
        automatic: false,
        manual: false,
        reason: 'waits for a sync window, which opens at 2026-01-02T22:00:00Z',
        changesAtMs: at('2026-01-02T22:00:00Z'),
      },
    ],
    [
      'not at the moment at which it ends',
      [nightly],
      '2026-01-03T00:00:00Z',
      {
        automatic: false,
        manual: false,
        reason: 'waits for a sync window, which opens at 2026-01-03T22:00:00Z',
        changesAtMs: at('2026-01-03T22:00:00Z'),
      },
    ],
    [
      'by hand where all closed windows let people',
      [{ ...nightly, manualSync: true }],
      '2026-01-02T12:00:00Z',
      {
        automatic: false,
        manual: true,
        reason: 'waits for a sync window, which opens at 2026-01-02T22:00:00Z',
        changesAtMs: at('2026-01-02T22:00:00Z'),
      },
    ],
    [
      'not while one denies, whatever another allows',
      [{ ...nightly, schedule: '0 12 * * *' }, freeze],
      '2026-01-02T12:30:00Z',
      {
        automatic: false,
        manual: false,
        reason: 'a sync window denies syncs until 2026-01-02T13:00:00Z',
        changesAtMs: at('2026-01-02T13:00:00Z'),
      },
    ],
    [
      'after a denial is over',
      [freeze],
      '2026-01-02T13:00:00Z',
      { automatic: true, manual: true, changesAtMs: at('2026-01-09T12:00:00Z') },
    ],
    [
      'by the clock of a place',
      [{ ...nightly, timeZone: 'America/New_York' }],
      '2026-01-03T03:30:00Z',
      { automatic: true, manual: true, changesAtMs: at('2026-01-03T05:00:00Z') },
    ],
    [
      'never where a window cannot be read',
      [{ ...nightly, duration: 'soon' }],
      '2026-01-02T22:00:00Z',
      { automatic: false, manual: false, reason: 'a sync window cannot be read: "soon" is not a duration' },
    ],
  ])('lets a sync begin %s', (_what, windows, time, expected) => {
    expect(judge(windows, time)).toEqual(expected);
  });

  it.each<[string, Partial<SyncWindow>, boolean]>([
    ['the name', { applications: ['shop-*'] }, true],
    ['another name', { applications: ['cart'] }, false],
    ['one of two', { applications: ['cart'], namespaces: ['shop'] }, true],
    ['both of two, and one does not', { applications: ['cart'], namespaces: ['shop'], andOperator: true }, false],
    ['both of two', { applications: ['*-web'], namespaces: ['shop'], andOperator: true }, true],
    ['the cluster', { clusters: ['in-cluster'] }, true],
  ])('concerns an Application by %s', (_what, selectors, concerned) => {
    const window: SyncWindow = { kind: 'deny', schedule: '0 0 * * *', duration: '24h', ...selectors };
    expect(judge([window], '2026-01-02T12:00:00Z').automatic).toBe(!concerned);
  });

  it('tells the next moment at which it may judge otherwise, and judges the same until then', () => {
    const window = fc.record({
      kind: fc.constantFrom('allow', 'deny'),
      schedule: fc.constantFrom('0 22 * * *', '30 */6 * * *', '0 12 * * 5'),
      duration: fc.constantFrom('30m', '5h', '26h'),
      applications: fc.constant<string[]>(['*']),
    });
    const start = at('2026-01-01T00:00:00Z');
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), fc.nat(7 * 24 * 60), (windows, minutes) => {
        const nowMs = start + minutes * 60_000;
        const question = { project: projectOf({ syncWindows: windows }), application: 'a', namespace: 'b' };
        const { automatic, changesAtMs = nowMs + 1 } = judgeWindows({ ...question, nowMs });
        expect(changesAtMs).toBeGreaterThan(nowMs);
        for (const share of [0.3, 0.9]) {
          const between = Math.floor(nowMs + (changesAtMs - 1 - nowMs) * share);
          expect(judgeWindows({ ...question, nowMs: between }).automatic).toBe(automatic);
        }
      }),
      { numRuns: 60 },
    );
  });
});
