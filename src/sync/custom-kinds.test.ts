import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, isApiError, type ResourceType } from '#api';
import { definitionObject, schemaOfSpec, versionOf } from '../../test/support/definitions.ts';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

const CRON_TABS: ResourceType = {
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  plural: 'crontabs',
  namespaced: true,
};
const FLEETS: ResourceType = { ...CRON_TABS, kind: 'Fleet', plural: 'fleets', namespaced: false };
const definition = (parts: object = {}) =>
  JSON.stringify(definitionObject({ version: { subresources: { status: {} } }, ...parts }));
const fleets = definition({ plural: 'fleets', kind: 'Fleet', scope: 'Cluster' });
const cronTab = (name: string, spec: object = { image: 'a' }, annotations: object = {}) =>
  JSON.stringify({
    apiVersion: 'stable.example.com/v1',
    kind: 'CronTab',
    metadata: { name, annotations },
    spec,
  });
const wave = (number: number) => ({ 'argocd.argoproj.io/sync-wave': String(number) });

describe('src/sync: custom kinds', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed();
  });
  afterEach(() => bed.close());

  const at = (name: string) => ({ namespace: 'default', name });
  /** Undefined too while the kind is not served. */
  const tab = (name: string) =>
    bed.client.get(CRON_TABS, at(name)).catch((error: unknown) => {
      if (!isApiError(error, 'NotFound')) throw error;
      return undefined;
    });
  const conditions = async (name = 'web') => (await bed.application(name))?.status?.conditions ?? [];

  it('makes the kind before its objects, whatever wave and file they stand in', async () => {
    const commit = await bed.repo.commit({
      'web/a-first.json': cronTab('early', { image: 'a' }, wave(-3)),
      'web/b.json': JSON.stringify({
        apiVersion: 'stable.example.com/v1',
        kind: 'Fleet',
        metadata: { name: 'all', namespace: 'nonsense' },
        spec: { image: 'b' },
      }),
      'web/x-kinds.yaml': `${definition()}\n---\n${fleets}\n`,
    });
    await bed.apply('web');
    const { status } = await bed.synced('web', commit);
    expect(status?.conditions).toEqual([]);
    expect((await bed.client.get(CRON_TABS, at('early')))?.['spec']).toEqual({ image: 'a', replicas: 1 });
    expect((await bed.client.get(FLEETS, { name: 'all' }))?.['spec']).toMatchObject({ image: 'b' });
    expect(
      status?.resources?.map(({ kind, namespace, name, origin }) => [kind, namespace, name, origin?.path]),
    ).toEqual(
      expect.arrayContaining([
        ['CronTab', 'default', 'early', 'web/a-first.json'],
        ['Fleet', expect.toBeOneOf([undefined, '']), 'all', 'web/b.json'],
      ]),
    );
    const [run] = await bed.runs('web');
    expect(run?.status?.results?.map(({ kind, wave: at }) => [kind, at])).toEqual([
      ['CustomResourceDefinition', -3],
      ['CronTab', -3],
      ['CustomResourceDefinition', 0],
      ['Fleet', 0],
    ]);
  });

  it('finds what people change, puts it back, and leaves what a controller says', async () => {
    const commit = await bed.repo.commit({ 'web/kind.json': definition(), 'web/tab.json': cronTab('a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    const person = bed.as('alice', 'kubectl');
    await person.patch(
      CRON_TABS,
      at('a'),
      { type: 'merge', body: { status: { lastRun: 'now' } } },
      { subresource: 'status' },
    );
    await person.patch(CRON_TABS, at('a'), { type: 'merge', body: { spec: { image: 'hers', cronSpec: '* * * * *' } } });
    await bed.until('it is as Git says', async () => {
      const { spec } = (await bed.client.get(CRON_TABS, at('a'))) as { spec?: object };
      return JSON.stringify(spec) === JSON.stringify({ image: 'a', replicas: 1 });
    });
    expect((await bed.client.get(CRON_TABS, at('a')))?.['status']).toEqual({ lastRun: 'now' });
    const heal = await bed.until('the heal is on record', async () =>
      (await bed.runs('web')).find(({ spec }) => spec.trigger === 'self-heal'),
    );
    expect(JSON.stringify(heal)).toContain('spec.cronSpec');
    expect(JSON.stringify(heal)).toContain('alice');
  });

  it('tells of a kind that nobody defines, with file and line, and takes it in as soon as somebody does', async () => {
    const commit = await bed.repo.commit({ 'web/c.yaml': configMap('c'), 'web/tab.json': `\n\n${cronTab('a')}` });
    await bed.apply('web');
    await bed.until('the rest is there', () => bed.get({ kind: 'ConfigMap', name: 'c' }));
    const told = await bed.until('it is told', async () =>
      (await conditions()).find(({ type }) => type === 'UnsupportedKind'),
    );
    expect(told.message).toContain('stable.example.com/v1 CronTab a: this kind is not served here');
    expect(told.message).toContain('web/tab.json:3');
    await bed.as('bob', 'kubectl').create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject());
    await bed.until('the object is made', () => tab('a'));
    expect((await bed.synced('web', commit)).status?.conditions).toEqual([]);
  });

  it('says which versions there are', async () => {
    const versions = [
      versionOf('v2', schemaOfSpec({ image: { type: 'string' } })),
      versionOf('v1', schemaOfSpec({ image: { type: 'string' } }), { served: false, storage: false }),
    ];
    await bed.repo.commit({ 'web/kind.json': definition({ versions }), 'web/tab.json': cronTab('a') });
    await bed.apply('web');
    const told = await bed.until('it is told', async () =>
      (await conditions()).find(({ type }) => type === 'UnsupportedKind'),
    );
    expect(told.message).toContain('this version is not served; use stable.example.com/v2');
  });

  it('speaks the version that Git speaks, and finds no difference in it', async () => {
    const schema = schemaOfSpec({ image: { type: 'string' } });
    const versions = [versionOf('v1', schema, { storage: false }), versionOf('v2', schema)];
    const commit = await bed.repo.commit({ 'web/kind.json': definition({ versions }), 'web/tab.json': cronTab('a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    expect(await bed.client.get({ ...CRON_TABS, version: 'v2' }, at('a'))).toMatchObject({ spec: { image: 'a' } });
    const next = await bed.repo.commit({ 'web/tab.json': cronTab('a', { image: 'b' }) });
    await bed.synced('web', next);
    expect((await bed.runs('web')).map(({ spec, status }) => [spec.trigger, status?.phase])).toEqual([
      ['commit', 'Succeeded'],
      ['commit', 'Succeeded'],
    ]);
  });

  it('comes to rest where the version that Git speaks has other fields and defaults, also after a restart', async () => {
    const image = { image: { type: 'string' } };
    const versions = [
      versionOf('v1', schemaOfSpec(image), { storage: false, subresources: { status: {} } }),
      versionOf('v2', schemaOfSpec({ ...image, more: { type: 'string', default: 'x' } }), {
        subresources: { status: {} },
      }),
    ];
    const commit = await bed.repo.commit({ 'web/kind.json': definition({ versions }), 'web/tab.json': cronTab('a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    await bed.restart();
    const inV2 = { ...CRON_TABS, version: 'v2' };
    const operator = bed.as('operator', 'operator');
    for (const step of ['1', '2', '3']) {
      await operator.patch(inV2, at('a'), { type: 'merge', body: { status: { step } } }, { subresource: 'status' });
      const next = await bed.repo.commit({ 'web/c.yaml': configMap('c', { step }) });
      await bed.synced('web', next);
    }
    expect((await bed.runs('web')).map(({ spec }) => spec.trigger)).toEqual(Array(4).fill('commit'));
  });

  it('refuses a field that the kind does not have, at its line, and nothing else', async () => {
    const wrong =
      'apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: a}\nspec:\n  image: a\n  imgae: b\n';
    await bed.repo.commit({ 'web/kind.json': definition(), 'web/tab.yaml': wrong, 'web/b.json': cronTab('b') });
    await bed.apply('web');
    await bed.until('the other is there', () => tab('b'));
    const run = await bed.until('the run has ended', async () =>
      (await bed.runs('web')).find(({ status }) => status?.phase === 'Failed'),
    );
    const failed = run.status?.results?.find(({ action }) => action === 'failed');
    expect(failed).toMatchObject({
      kind: 'CronTab',
      name: 'a',
      message: expect.stringContaining('unknown field "spec.imgae"'),
    });
    expect(failed?.origin?.path).toBe('web/tab.yaml');
  });

  it('waits in its wave until a controller says Ready', async () => {
    await bed.repo.commit({
      'web/kind.json': definition(),
      'web/tab.json': cronTab('a', { image: 'a' }, wave(1)),
      'web/late.yaml': configMap('late', {}, '  annotations: {argocd.argoproj.io/sync-wave: "2"}\n'),
    });
    const blocker = bed.as('operator', 'operator');
    await blocker.create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject({ version: { subresources: { status: {} } } }));
    await bed.until('the kind is served', () =>
      blocker
        .create(CRON_TABS, { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: at('a'), spec: {} })
        .catch(() => undefined),
    );
    const says = (status: string, generation: number) =>
      blocker.patch(
        CRON_TABS,
        at('a'),
        {
          type: 'merge',
          body: {
            status: { observedGeneration: generation, conditions: [{ type: 'Ready', status, message: 'building' }] },
          },
        },
        { subresource: 'status' },
      );
    await says('False', 2);
    await bed.apply('web');
    await bed.until('the run waits for it', async () =>
      JSON.stringify((await bed.runs('web')).at(-1)?.status ?? {}).includes('building'),
    );
    expect(await bed.client.get(CONFIG_MAPS, at('late'))).toBeUndefined();
    await says('True', 2);
    await bed.until('the next wave has come', () => bed.client.get(CONFIG_MAPS, at('late')));
    await bed.until('the run has succeeded', async () => (await bed.runs('web')).at(-1)?.status?.phase === 'Succeeded');
  });

  it('deletes an object that left Git, and asks before it deletes a kind with all there is of it', async () => {
    await bed.repo.commit({
      'web/c.yaml': configMap('c'),
      'web/kind.json': definition(),
      'web/a.json': cronTab('a'),
      'web/b.json': cronTab('b'),
    });
    await bed.apply('web');
    await bed.until('they are there', () => tab('b'));
    const second = await bed.repo.commit({ 'web/a.json': null });
    await bed.synced('web', second);
    expect(await bed.client.get(CRON_TABS, at('a'))).toBeUndefined();

    await bed.repo.commit({ 'web/kind.json': null, 'web/b.json': null });
    const blocked = await bed.until('it asks', async () =>
      (await bed.runs('web')).find(({ status }) => status?.phase === 'PruneBlocked'),
    );
    expect(blocked.status?.message).toContain('CustomResourceDefinition/crontabs.stable.example.com');
    expect(await bed.client.get(CRON_TABS, at('b'))).toBeDefined();
  });

  it('makes everything anew when somebody deletes the kind', async () => {
    const commit = await bed.repo.commit({ 'web/kind.json': definition(), 'web/a.json': cronTab('a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    const before = await bed.client.get(CRON_TABS, at('a'));
    await bed.as('eve', 'kubectl').delete(CUSTOM_RESOURCE_DEFINITIONS, { name: 'crontabs.stable.example.com' });
    await bed.until('there is another', async () => {
      const now = await tab('a');
      return now !== undefined && now.metadata.uid !== before?.metadata.uid;
    });
    await bed.synced('web', commit);

    // In another version this time, which the old definition could not become.
    const versions = [versionOf('v2', schemaOfSpec({ image: { type: 'string' } }))];
    const next = await bed.repo.commit({
      'web/kind.json': definition({ versions }),
      'web/a.json': cronTab('a').replace('/v1', '/v2'),
    });
    await bed.until('the change is refused', async () => (await bed.runs('web')).at(-1)?.status?.phase === 'Failed');
    await bed.as('eve', 'kubectl').delete(CUSTOM_RESOURCE_DEFINITIONS, { name: 'crontabs.stable.example.com' });
    await bed.synced('web', next);
    const inV2 = { ...CRON_TABS, version: 'v2' };
    await bed.as('eve', 'kubectl').patch(inV2, at('a'), { type: 'merge', body: { spec: { image: 'hers' } } });
    await bed.until('it is as Git says', async () => {
      const { spec } = (await bed.client.get(inV2, at('a'))) as { spec?: { image?: string } };
      return spec?.image === 'a';
    });
    // Nothing is left behind that would stop an ordinary end.
    await bed.client.delete(APPLICATIONS, { namespace: 'argocd', name: 'web' });
  });
});
