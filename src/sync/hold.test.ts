import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APPLICATIONS, PINNED_ANNOTATION, SUSPENDED_ANNOTATION } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

describe('src/sync: what people hold', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed();
  });
  afterEach(() => bed.close());

  const annotate = (name: string, annotation: string, value: string | null) =>
    bed
      .as('ada', 'plumb')
      .patch(
        APPLICATIONS,
        { namespace: 'argocd', name },
        { type: 'merge', body: { metadata: { annotations: { [annotation]: value } } } as never },
        { fieldManager: 'plumb' },
      );
  const condition = (name: string, type: string) =>
    bed.until(`${name} says ${type}`, async () =>
      (await bed.application(name))?.status?.conditions?.find((one) => one.type === type),
    );
  const value = async (name: string) => ((await bed.get({ kind: 'ConfigMap', name }))?.['data'] as never)?.['key'];

  it('begins no sync of a suspended Application, shows what it would change, and goes on when it is resumed', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', first);
    await annotate('web', SUSPENDED_ANNOTATION, 'database moves');
    expect((await condition('web', 'Suspended')).message).toContain('(database moves)');
    const second = await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'new' }) });
    const seen = await bed.until('the commit is seen', async () => {
      const application = await bed.application('web');
      return application?.status?.sync?.revision === second && application;
    });
    expect(seen.status?.sync?.status).toBe('OutOfSync');
    expect(seen.status?.conditions?.map(({ type }) => type)).toEqual(['Suspended']);
    const asked = await bed
      .as('ada', 'plumb')
      .patch(APPLICATIONS, { namespace: 'argocd', name: 'web' }, { type: 'merge', body: { operation: { sync: {} } } });
    const answer = await bed.until('it is answered', async () => {
      const { lastOperation } = (await bed.application('web'))?.status ?? {};
      return lastOperation?.id === asked.operation?.id && lastOperation;
    });
    expect(answer).toMatchObject({ message: expect.stringContaining('plumb app resume web') });
    expect([await value('a'), (await bed.runs('web')).length]).toEqual(['value', 1]);
    await annotate('web', SUSPENDED_ANNOTATION, null);
    expect((await bed.synced('web', second)).status?.conditions).toEqual([]);
    expect(await value('a')).toBe('new');
  });

  it('goes back to a pinned commit and stays there, over newer commits and a restart, until it is unpinned', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'one' }) });
    await bed.apply('web');
    await bed.synced('web', first);
    const second = await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'two' }) });
    await bed.synced('web', second);
    await annotate('web', PINNED_ANNOTATION, first);
    await bed.synced('web', first);
    expect((await condition('web', 'Pinned')).message).toBe(`held at ${first} instead of main, until it is unpinned`);
    await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'three' }) });
    const other = await bed.repo.commit({ 'other/b.yaml': configMap('b') });
    await bed.restart();
    // Another Application of the same repository shows that the newer commits were fetched.
    await bed.apply('other');
    await bed.synced('other', other);
    await bed.synced('web', first);
    expect(await value('a')).toBe('one');
    await annotate('web', PINNED_ANNOTATION, null);
    expect((await bed.synced('web', other)).status?.conditions).toEqual([]);
    expect(await value('a')).toBe('three');
  });

  it('keeps both when the parent of the Application is synced', async () => {
    const child = (extra: string) => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd, annotations: {team: ${extra}}}
spec:
  project: default
  source: {repoURL: ${bed.repo.path}, path: web, targetRevision: main}
  destination: {namespace: default}
  syncPolicy: {automated: {}}
`;
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'root/web.yaml': child('one') });
    await bed.apply('root');
    await bed.synced('root', first);
    await bed.synced('web', first);
    await annotate('web', PINNED_ANNOTATION, first);
    await annotate('web', SUSPENDED_ANNOTATION, 'true');
    const second = await bed.repo.commit({ 'root/web.yaml': child('two') });
    await bed.synced('root', second);
    expect((await bed.application('web'))?.metadata.annotations).toEqual({
      team: 'two',
      [PINNED_ANNOTATION]: first,
      [SUSPENDED_ANNOTATION]: 'true',
    });
    expect((await bed.application('root'))?.status?.sync?.status).toBe('Synced');
  });

  it.each([
    ['a branch', 'main', 'is not the whole id of a commit'],
    ['a short id', 'abcdef1', 'is not the whole id of a commit'],
  ])('refuses a pin to %s, and touches nothing', async (_what, pin, words) => {
    await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web', {}, { annotations: { [PINNED_ANNOTATION]: pin } });
    expect((await condition('web', 'InvalidSpecError')).message).toContain(words);
    expect(await bed.runs('web')).toEqual([]);
  });
});
