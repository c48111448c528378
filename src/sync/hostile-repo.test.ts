import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, SYNC_RUNS } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';

/** What must be seen of hostile and broken input: the rest converges, nothing is deleted, the message has file:line. */
describe('src/sync: hostile and broken repositories', () => {
  let bed: SyncBed;
  beforeEach(async () => {
    bed = await createSyncBed({ pollMs: 1_000 });
  });
  afterEach(() => bed.close());

  const start = async (files: Record<string, string>, spec: Parameters<SyncBed['apply']>[1] = {}) => {
    const commit = await bed.repo.commit(files);
    await bed.apply('web', spec);
    await bed.synced('web', commit);
    return commit;
  };

  const condition = (type: string, name = 'web') =>
    bed.until(`a condition ${type}`, async () => {
      return (await bed.application(name))?.status?.conditions?.find((one) => one.type === type);
    });

  const value = async (name: string) =>
    ((await bed.get({ kind: 'ConfigMap', name }))?.['data'] as { key: string } | undefined)?.key;

  const blocked = (name = 'web') =>
    bed.until('a run waits for approval', async () => {
      return (await bed.runs(name)).findLast(({ status }) => status?.phase === 'PruneBlocked');
    });

  const approve = (run: string) =>
    bed
      .as('ada', 'plumb')
      .patch(
        SYNC_RUNS,
        { namespace: 'argocd', name: run },
        { type: 'merge', body: { status: { approval: { by: 'ada', at: '2026-11-23T00:00:00Z' } } } },
        { subresource: 'status' },
      );

  it('invalid YAML in one file: the others converge, its own live objects stay, the error has file:line', async () => {
    await start({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b'), 'web/c.yaml': configMap('c') });
    const commit = await bed.repo.commit({
      'web/a.yaml': configMap('a', { key: 'new' }),
      'web/b.yaml': `${configMap('b', { key: 'new' })}---\nkind: [unclosed\n`,
      'web/c.yaml': null,
    });
    await bed.until('the good file is applied', async () => (await value('a')) === 'new');
    expect((await condition('InvalidManifest')).message).toMatch(/^web\/b\.yaml:\d+: /);
    const application = await bed.until('the commit is looked at', async () => {
      const found = await bed.application('web');
      return found?.status?.sync?.revision === commit && found.status.run?.phase !== 'Running' && found;
    });
    expect(application.status?.sync?.status).toBe('Unknown');
    expect(await value('b')).toBe('value');
    expect(await value('c')).toBe('value');
    const repaired = await bed.repo.commit({ 'web/b.yaml': configMap('b', { key: 'new' }) });
    await bed.synced('web', repaired);
    expect(await value('b')).toBe('new');
    expect(await value('c')).toBeUndefined();
  });

  it('an unknown field: that object is not changed, the others are', async () => {
    await start({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
    await bed.repo.commit({
      'web/a.yaml': configMap('a', { key: 'new' }),
      'web/b.yaml': `${configMap('b', { key: 'new' })}datta: {}\n`,
    });
    await bed.until('the good object is applied', async () => (await value('a')) === 'new');
    expect((await condition('InvalidManifest')).message).toBe('web/b.yaml:6: ConfigMap b: unknown field datta');
    expect(await value('b')).toBe('value');
  });

  it('what the API refuses is told with file:line, and applied once it is right', async () => {
    const service = (type: string) =>
      `apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: ${type}, ports: [{port: 80}]}\n`;
    await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/s.yaml': service('Nonsense') });
    await bed.apply('web');
    await bed.until('the good object is applied', () => value('a'));
    expect((await condition('SyncError')).message).toMatch(/^(web\/s\.yaml:1|run )/);
    expect(
      (await bed.runs('web'))
        .at(-1)
        ?.status?.results?.map(({ name, action }) => [name, action])
        .sort(),
    ).toEqual([
      ['a', 'created'],
      ['s', 'failed'],
    ]);
    const commit = await bed.repo.commit({ 'web/s.yaml': service('ClusterIP') });
    await bed.synced('web', commit);
  });

  it('a kind that is not served stops only itself', async () => {
    await bed.repo.commit({
      'web/a.yaml': `${configMap('a')}---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: i}\nspec: {}\n`,
    });
    await bed.apply('web');
    await bed.until('the other object is applied', () => value('a'));
    expect((await condition('UnsupportedKind')).message).toBe(
      'web/a.yaml:7: gateway.networking.k8s.io/v1 Gateway i: this kind is not served here',
    );
  });

  it('an object in two files: none is applied, both places are named', async () => {
    await start({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
    await bed.repo.commit({
      'web/again.yaml': configMap('a', { key: 'other' }),
      'web/a.yaml': configMap('a', { key: 'new' }),
      'web/b.yaml': configMap('b', { key: 'new' }),
    });
    await bed.until('the other object is applied', async () => (await value('b')) === 'new');
    const messages = await bed.until('both are named', async () => {
      const all = (await bed.application('web'))?.status?.conditions?.filter(
        ({ type }) => type === 'DuplicateResource',
      );
      return all?.length === 2 && all.map(({ message }) => message);
    });
    expect(messages[0]).toContain('web/a.yaml:1: ConfigMap/default/a is defined again in web/again.yaml:1');
    expect(messages[1]).toContain('web/again.yaml:1: ConfigMap/default/a is defined again in web/a.yaml:1');
    expect(await value('a')).toBe('value');
  });

  it('a symlink out of the tree and a file of 2 MiB are skipped and told; nothing is deleted because of them', async () => {
    await start({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b'), 'web/c.yaml': configMap('c') });
    await bed.repo.git('rm', '-q', 'web/b.yaml');
    await bed.repo.commit({
      'web/a.yaml': configMap('a', { key: 'new' }),
      'web/b.yaml': { symlink: '/etc/passwd' } as never,
      'web/c.yaml': `${configMap('c', { key: 'new' })}# ${'x'.repeat(2 * 1024 * 1024)}\n`,
    });
    await bed.until('the good file is applied', async () => (await value('a')) === 'new');
    const messages = await bed.until('both are told', async () => {
      const all = (await bed.application('web'))?.status?.conditions?.filter(({ type }) => type === 'InvalidManifest');
      return all?.length === 2 && all.map(({ message }) => message);
    });
    expect(messages[0]).toBe('web/b.yaml: the symlink leads out of the repository');
    expect(messages[1]).toMatch(/^web\/c\.yaml: the file has \d+ bytes, over the limit of 1048576$/);
    expect(await value('b')).toBe('value');
    expect(await value('c')).toBe('value');
    expect(JSON.stringify(await bed.application('web'))).not.toContain('root:');
  });

  it('an emptied folder: nothing is deleted before a person approves it', async () => {
    await start({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b'), 'other.txt': 'x' });
    await bed.repo.commit({ 'web/a.yaml': null, 'web/b.yaml': null });
    const run = await blocked();
    expect(run.spec.plan.map(({ action, name }) => [action, name])).toEqual([
      ['prune', 'b'],
      ['prune', 'a'],
    ]);
    expect((await condition('PruneBlocked')).message).toContain('ConfigMap/default/a');
    expect(await value('a')).toBe('value');
    await approve(run.metadata.name);
    await bed.until('both are gone', async () => (await value('a')) === undefined && (await value('b')) === undefined);
    const ended = await bed.until('the run ended', async () => {
      const found = (await bed.runs('web')).find(({ metadata }) => metadata.name === run.metadata.name);
      return found?.status?.phase === 'Succeeded' && found;
    });
    expect(ended.status?.approval).toMatchObject({ by: 'ada' });
    await bed.until('the Application is empty and Synced', async () => {
      const { sync, resources } = (await bed.application('web'))?.status ?? {};
      return sync?.status === 'Synced' && resources?.length === 0;
    });
  });

  it('an empty repository: a commit without files blocks; a repository that lost its commits changes nothing', async () => {
    await start({ 'a.yaml': configMap('a') }, { source: { path: '.' } });
    await bed.repo.commit({ 'a.yaml': null });
    await blocked();
    expect(await value('a')).toBe('value');
    await rename(bed.repo.path, `${bed.repo.path}.away`);
    const { createGitFixture } = await import('../../test/support/git-fixture.ts');
    const fresh = await createGitFixture();
    await rename(fresh.path, bed.repo.path);
    bed.engine.hint({ id: 'h', urls: [bed.repo.path] });
    expect((await condition('ComparisonError')).reason).toBe('RevisionNotFound');
    expect(await value('a')).toBe('value');
    await (await import('node:fs/promises')).rm(`${bed.repo.path}.away`, { recursive: true });
  });

  it('allowEmpty lets an Application become empty, but not because its folder is gone', async () => {
    await start(
      { 'web/a.yaml': configMap('a'), 'web/keep.txt': 'x' },
      { syncPolicy: { automated: { prune: true, allowEmpty: true } } },
    );
    const emptied = await bed.repo.commit({ 'web/a.yaml': null });
    await bed.synced('web', emptied);
    expect(await value('a')).toBeUndefined();
    const again = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.synced('web', again);
    await bed.repo.commit({ 'web/a.yaml': null, 'web/keep.txt': null });
    const run = await blocked();
    expect(run.status?.message).toContain("the Application's folder is not in the commit");
    expect(await value('a')).toBe('value');
  });

  it('a force-push to an unrelated history: deletions wait for a person, and an approval holds for exactly them', async () => {
    await start({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b'), 'web/c.yaml': configMap('c') });
    await bed.repo.replaceHistory({ 'web/a.yaml': configMap('a', { key: 'new' }), 'web/b.yaml': configMap('b') });
    const first = await blocked();
    expect(first.status?.message).toContain('unrelated history');
    expect(await value('c')).toBe('value');
    // Another deletion joins: the old approval is not for it.
    await bed.repo.commit({ 'web/b.yaml': null });
    const second = await bed.until('another run waits', async () => {
      const runs = await bed.runs('web');
      return runs.find(
        ({ metadata, status }) => metadata.name !== first.metadata.name && status?.phase === 'PruneBlocked',
      );
    });
    await approve(first.metadata.name);
    expect(await value('b')).toBe('value');
    await approve(second.metadata.name);
    await bed.until('both are gone', async () => (await value('b')) === undefined && (await value('c')) === undefined);
    expect(await value('a')).toBe('new');
  });

  it('a repository that is down: nothing changes, the condition tells since when, others go on', async () => {
    const other = await bed.anotherRepo();
    await start({ 'web/a.yaml': configMap('a') });
    await other.commit({ 'x/o.yaml': configMap('o') });
    await bed.apply('x', { source: { repoURL: other.path, path: 'x' } });
    await bed.until('the other is there', () => value('o'));
    await rename(bed.repo.path, `${bed.repo.path}.away`);
    bed.engine.hint({ id: 'h', urls: [bed.repo.path] });
    const first = await condition('RepositoryUnreachable');
    expect(first.lastTransitionTime).toMatch(/^\d{4}-/);
    await bed
      .as('bob', 'kubectl')
      .patch(CONFIG_MAPS, { namespace: 'default', name: 'a' }, { type: 'merge', body: { data: { key: 'edited' } } });
    await bed.until('drift is still healed', async () => (await value('a')) === 'value');
    const commit = await other.commit({ 'x/o.yaml': configMap('o', { key: 'new' }) });
    await bed.synced('x', commit);
    expect((await condition('RepositoryUnreachable')).lastTransitionTime).toBe(first.lastTransitionTime);
    await rename(`${bed.repo.path}.away`, bed.repo.path);
    await bed.until('the condition is gone', async () => {
      const conditions = (await bed.application('web'))?.status?.conditions ?? [];
      return !conditions.some(({ type }) => type === 'RepositoryUnreachable');
    });
  });

  it('a path, a revision and a URL that lead elsewhere are refused in one sentence', async () => {
    await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await expect(bed.apply('path', { source: { path: '../../etc' } })).rejects.toMatchObject({ code: 'Invalid' });
    const evil = bed.apply('evil', { source: { path: 'web', targetRevision: '--output=/tmp/x' } });
    await expect(evil).rejects.toMatchObject({ code: 'Invalid' });
    await bed.apply('revision', { source: { path: 'web', targetRevision: 'no-such-branch' } });
    await bed.apply('url', { source: { repoURL: 'ext::sh -c id', path: 'web' } });
    await bed.apply('local', { source: { repoURL: '/etc', path: 'web' } });
    expect((await condition('ComparisonError', 'revision')).reason).toBe('RevisionNotFound');
    expect((await condition('ComparisonError', 'url')).reason).toBe('RepositoryUrlNotAllowed');
    expect((await condition('ComparisonError', 'local')).reason).toBe('RepositoryUrlNotAllowed');
  });

  it('state that only the cluster holds cannot be written from Git', async () => {
    const file = `apiVersion: plumbline.dev/v1
kind: SyncRun
metadata: {name: forged}
spec: {}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  uid: 00000000-0000-0000-0000-000000000000
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: x, uid: y}]
data: {key: value}
`;
    await bed.repo.commit({ 'web/a.yaml': file });
    await bed.apply('web');
    await bed.until('the ConfigMap is there', () => value('a'));
    expect((await condition('NotAllowed')).message).toContain('web/a.yaml:1: SyncRun forged');
    expect((await condition('NotAllowedWarning')).message).toContain('web/a.yaml:10: ConfigMap a: metadata.');
    expect((await bed.get({ kind: 'ConfigMap', name: 'a' }))?.metadata.ownerReferences).toBeUndefined();
    expect((await bed.runs('web')).every(({ metadata }) => metadata.name !== 'forged')).toBe(true);
  });
});
