import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

/** A chart that prints what it was told, beside other folders of the same repository. */
const CHART = {
  'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  'charts/web/values.yaml': 'from: chart\ncolor: red\nmore: {a: chart, b: chart}\n',
  'charts/web/values-prod.yaml': 'from: file\nmore: {b: file}\n',
  'charts/web/templates/settings.yaml': [
    '{{- /* printed */}}',
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: {{ .Release.Name }}-settings',
    'data:',
    '  from: {{ .Values.from | quote }}',
    '  color: {{ .Values.color | quote }}',
    '  a: {{ .Values.more.a | quote }}',
    '  b: {{ .Values.more.b | quote }}',
    '  namespace: {{ .Release.Namespace }}',
    '',
  ].join('\n'),
};

describe('src/sync/load-chart.ts', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed();
  });
  afterEach(() => bed.close());
  const configMap = (name: string) => bed.get({ kind: 'ConfigMap', name, namespace: 'default' });
  const told = (text: string) =>
    bed.until(`"${text}" is told`, async () => {
      const conditions = JSON.stringify((await bed.application('shop'))?.status?.conditions ?? []);
      return conditions.includes(text) ? conditions : undefined;
    });

  it('renders a folder with a Chart.yaml, with each object at its line of its template', async () => {
    const commit = await bed.repo.commit(CHART);
    await bed.apply('shop', { source: { path: 'charts/web' } });
    const { status } = await bed.synced('shop', commit);
    expect(await configMap('shop-settings')).toMatchObject({
      data: { from: 'chart', color: 'red', a: 'chart', b: 'chart', namespace: 'default' },
    });
    expect(status?.resources?.[0]?.origin).toMatchObject({ path: 'charts/web/templates/settings.yaml', line: 2 });
  });

  it('puts files over the chart, values over files, valuesObject in place of values, and parameters over all', async () => {
    const commit = await bed.repo.commit({ ...CHART, 'env/all.yaml': 'color: green\n' });
    const valueFiles = ['values-prod.yaml', '/env/*.yaml', '../../env/none.yaml'];
    const helm = {
      releaseName: 'one',
      valueFiles,
      ignoreMissingValueFiles: true,
      values: 'from: values\ncolor: values\n',
      valuesObject: { from: 'object' },
      parameters: [{ name: 'more.a', value: '1,2' }],
      fileParameters: [{ name: 'more.b', path: '/env/all.yaml' }],
    };
    await bed.apply('shop', { source: { path: 'charts/web', helm } });
    await bed.synced('shop', commit);
    expect(await configMap('one-settings')).toMatchObject({
      data: { from: 'object', color: 'green', a: '1,2', b: 'color: green\n' },
    });
  });

  it('takes values from another repository, by the ref of its source', async () => {
    const other = await bed.anotherRepo();
    await other.commit({ 'prod/web.yaml': 'from: elsewhere\n', 'ignored.yaml': 'not: applied\n' });
    const commit = await bed.repo.commit(CHART);
    const helm = { valueFiles: ['$values/prod/web.yaml'] };
    const sources = [
      { repoURL: bed.repo.path, path: 'charts/web', helm },
      { repoURL: other.path, ref: 'values' },
    ];
    await bed.apply('shop', { sources });
    await bed.synced('shop', commit);
    expect(await configMap('shop-settings')).toMatchObject({ data: { from: 'elsewhere', color: 'red' } });
    await other.commit({ 'prod/web.yaml': 'from: a later commit\n' });
    await bed.until('the values of the other repository are followed', async () => {
      const found = await configMap('shop-settings');
      return JSON.stringify(found ?? {}).includes('a later commit');
    });
  });

  it('deletes nothing when a chart cannot be rendered, and says which line of which file', async () => {
    await bed.synced('shop', await applied());
    await bed.repo.commit({ 'charts/web/templates/more.yaml': 'a: b\nc: {{ required "say who" .Values.who }}\n' });
    expect(await told('say who')).toContain('charts/web/templates/more.yaml:2: ');
    expect(await configMap('shop-settings')).toBeDefined();
    async function applied() {
      const commit = await bed.repo.commit(CHART);
      await bed.apply('shop', { source: { path: 'charts/web' } });
      return commit;
    }
  });

  it.each([
    [
      'a value file that is not there',
      { valueFiles: ['gone.yaml'] },
      'spec.source.helm.valueFiles[0]: \\"gone.yaml\\"',
    ],
    ['a value file out of the repository', { valueFiles: ['../../../x.yaml'] }, 'leads out of the repository'],
    ['a value file elsewhere', { valueFiles: ['https://host/x.yaml'] }, 'is no file of a repository'],
    ['a ref that no source has', { valueFiles: ['$values/x.yaml'] }, 'names the ref \\"values\\"'],
    ['values that are no map', { values: '[1]' }, 'spec.source.helm.values:1: values must be a map'],
    ['a parameter of no sense', { parameters: [{ name: 'a[x', value: '1' }] }, 'spec.source.helm.parameters[0]: '],
    ['another version of Helm', { version: 'v2' }, 'spec.source.helm.version: only'],
    ['a variable', { parameters: [{ name: 'a', value: '$ARGOCD_APP_NAME' }] }, 'variables of the build environment'],
  ])('tells %s, with the field', async (_what, helm, expected) => {
    await bed.repo.commit(CHART);
    await bed.apply('shop', { source: { path: 'charts/web', helm } });
    expect(await told(expected)).toContain(expected);
    expect(await configMap('shop-settings')).toBeUndefined();
  });

  it('draws by lot the same at every commit, and says that it does', async () => {
    const files = {
      ...CHART,
      'charts/web/templates/lot.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lot}\ndata:\n  lot: {{ randAlphaNum 12 }}\n  at: {{ now | unixEpoch | quote }}\n',
    };
    const first = await bed.repo.commit(files);
    await bed.apply('shop', { source: { path: 'charts/web' } });
    const { status } = await bed.synced('shop', first);
    const before = await configMap('lot');
    const second = await bed.repo.commit({ 'elsewhere/README.md': 'another commit\n' });
    const after = await bed.synced('shop', second);
    expect(after.status?.digest).toBe(status?.digest);
    expect(await configMap('lot')).toEqual(before);
    expect((await bed.runs('shop')).length).toBe(1);
    expect(JSON.stringify(after.status?.conditions)).toContain('draws by lot');
  });

  it("runs a chart's hooks at their phase, and leaves out its tests", async () => {
    const hook = (name: string, event: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  annotations: {helm.sh/hook: ${event}}\n`;
    const commit = await bed.repo.commit({
      ...CHART,
      'charts/web/templates/before.yaml': hook('before', 'pre-install'),
      'charts/web/templates/test.yaml': hook('test', 'test'),
    });
    await bed.apply('shop', { source: { path: 'charts/web', helm: { skipTests: true } } });
    const { status } = await bed.synced('shop', commit);
    const run = (await bed.runs('shop')).at(-1);
    expect(run?.status?.hooks?.map(({ phase, name, state }) => `${phase} ${name} ${state}`)).toEqual([
      'PreSync before Succeeded',
    ]);
    expect(await configMap('test')).toBeUndefined();
    expect(JSON.stringify(status?.conditions ?? [])).not.toContain('helm.sh/hook');
  });
});
