import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type Application } from '#api';
import { definitionObject } from '../../test/support/definitions.ts';
import { configMap, createSyncBed, type SyncBed } from '../../test/support/sync-bed.ts';
import { diffAgainstLive } from './differences.ts';

describe('src/app/differences', () => {
  let bed: SyncBed;
  let folder: string;
  beforeEach(async () => {
    bed = await createSyncBed();
    folder = await mkdtemp(path.join(tmpdir(), 'plumb-diff-'));
  });
  afterEach(async () => {
    await bed.close();
    await rm(folder, { recursive: true, force: true });
  });

  const changes = async () => {
    const application = await bed.application('web');
    if (application === undefined) throw new Error('the Application is not there');
    const { changes: found } = await diffAgainstLive(bed.client, application, folder);
    return found.map(({ key, action }) => [key.name, action]);
  };

  const application = async () => (await bed.application('web')) as Application;

  it('follows links inside the folder, and tells of no deletion while anything could not be read', async () => {
    const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a'), 'web/b.yaml': configMap('b') });
    await bed.apply('web', { source: { directory: { recurse: true } } });
    await bed.synced('web', commit);
    await mkdir(path.join(folder, 'base'));
    await writeFile(path.join(folder, 'base', 'x.txt'), configMap('a'));
    await symlink('base/x.txt', path.join(folder, 'a.yaml'));
    await symlink('..', path.join(folder, 'base', 'circle'));
    expect(await changes()).toEqual([['b', 'prune']]);
    await symlink('/etc', path.join(folder, 'elsewhere'));
    expect(await changes()).toEqual([]);
    await symlink('/etc/hostname', path.join(folder, 'out.yaml'));
    await symlink('nowhere', path.join(folder, 'gone.yaml'));
    await writeFile(path.join(folder, 'large.yaml'), `# ${'x'.repeat(2 * 2 ** 20)}`);
    const { changes: found, diagnostics } = await diffAgainstLive(bed.client, await application(), folder);
    expect(found).toEqual([]);
    expect(diagnostics.map(({ path: file, message }) => [file, message])).toEqual([
      ['gone.yaml', expect.stringContaining('leads nowhere')],
      ['large.yaml', expect.stringContaining('over the limit')],
      ['out.yaml', 'is a link that leads out of the folder'],
      ['elsewhere', 'is a link that leads out of the folder'],
    ]);
  });

  it('leaves the replicas of what is scaled to the autoscaler, as a sync does', async () => {
    const deployment = (replicas: number) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: d, image: "d:1"}]}
`;
    const scaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: d}
spec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}}
`;
    const commit = await bed.repo.commit({ 'web/d.yaml': deployment(1), 'web/h.yaml': scaler });
    await bed.apply('web');
    await bed.until('it is applied', async () => (await bed.application('web'))?.status?.sync?.revision === commit);
    await bed.until('both are there', () =>
      bed.get({ group: 'autoscaling', kind: 'HorizontalPodAutoscaler', name: 'd' }),
    );
    await writeFile(path.join(folder, 'd.yaml'), deployment(4));
    await writeFile(path.join(folder, 'h.yaml'), scaler);
    expect(await changes()).toEqual([]);
    await rm(path.join(folder, 'h.yaml'));
    expect(await changes()).toEqual([
      ['d', 'configure'],
      ['d', 'prune'],
    ]);
  });

  it.each([
    ['a folder that is not there', 'missing', /missing is not a folder/],
    ['a file', 'file.yaml', /file.yaml is not a folder/],
  ])('says clearly what is wrong with %s', async (_what, name, words) => {
    await bed.apply('web');
    await writeFile(path.join(folder, 'file.yaml'), '');
    await expect(diffAgainstLive(bed.client, await application(), path.join(folder, name))).rejects.toThrow(words);
  });

  it('knows custom kinds by the cluster, and those that the folder itself makes', async () => {
    const kind = JSON.stringify(definitionObject());
    const tab = (group: string, image: string) =>
      JSON.stringify({ apiVersion: `${group}/v1`, kind: 'CronTab', metadata: { name: 'a' }, spec: { image } });
    const commit = await bed.repo.commit({ 'web/kind.json': kind, 'web/tab.json': tab('stable.example.com', 'a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    await writeFile(path.join(folder, 'kind.json'), kind);
    await writeFile(path.join(folder, 'tab.json'), tab('stable.example.com', 'a'));
    expect(await changes()).toEqual([]);
    await writeFile(path.join(folder, 'tab.json'), tab('stable.example.com', 'b'));
    await writeFile(path.join(folder, 'new.json'), tab('new.example.com', 'a'));
    await writeFile(path.join(folder, 'nobody.json'), tab('nobody.example.com', 'a'));
    await writeFile(path.join(folder, 'new-kind.json'), JSON.stringify(definitionObject({ group: 'new.example.com' })));
    const { changes: found, diagnostics } = await diffAgainstLive(bed.client, await application(), folder);
    expect(
      found.map(({ key, action, fields }) => [key.group, key.name, action, fields.map((one) => one.path)]),
    ).toEqual([
      ['apiextensions.k8s.io', 'crontabs.new.example.com', 'create', []],
      ['new.example.com', 'a', 'create', []],
      ['stable.example.com', 'a', 'configure', ['spec.image']],
    ]);
    expect(diagnostics.map(({ code, path: file, message }) => [code, file, message])).toEqual([
      ['Unsupported', 'nobody.json', 'nobody.example.com/v1 CronTab a: this kind is not served here'],
    ]);
  });

  it('needs no right to know definitions but for a folder that asks for one, and says then what it cannot know', async () => {
    const commit = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', commit);
    const asked: string[] = [];
    const narrow: typeof bed.client = {
      ...bed.client,
      list: async (resource, options) => {
        asked.push(resource.plural);
        if (resource.plural === 'customresourcedefinitions') throw new ApiError('Forbidden', 'may not list them');
        return bed.client.list(resource, options);
      },
    };
    await writeFile(path.join(folder, 'a.yaml'), configMap('a', { key: 'other' }));
    const plain = await diffAgainstLive(narrow, await application(), folder);
    expect([plain.changes.map(({ action }) => action), plain.diagnostics]).toEqual([['configure'], []]);
    expect(asked).not.toContain('customresourcedefinitions');
    const tab = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'a' }, spec: {} };
    await writeFile(path.join(folder, 'tab.json'), JSON.stringify(tab));
    const told = await diffAgainstLive(narrow, await application(), folder);
    expect(told.changes.map(({ action }) => action)).toEqual(['configure']);
    expect(told.diagnostics.map(({ code, path: file }) => [code, file])).toEqual([['Unsupported', 'tab.json']]);
  });

  it('compares no folder with an Application of several sources', async () => {
    const place = { repoURL: bed.repo.path, targetRevision: 'main' };
    await bed.apply('web', {
      sources: [
        { ...place, path: 'a' },
        { ...place, path: 'b' },
      ],
    });
    await expect(diffAgainstLive(bed.client, await application(), folder)).rejects.toThrow('web has 2 sources');
  });

  it('tells what a folder would create, change and delete, and of a folder like Git nothing', async () => {
    const files = { 'a.yaml': configMap('a', { key: 'one' }), 'b.yaml': configMap('b') };
    const commit = await bed.repo.commit({ 'web/a.yaml': files['a.yaml'], 'web/b.yaml': files['b.yaml'] });
    await bed.apply('web');
    await bed.synced('web', commit);
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    expect(await changes()).toEqual([]);
    await rm(path.join(folder, 'b.yaml'));
    expect(await changes()).toEqual([['b', 'prune']]);
    await writeFile(path.join(folder, 'a.yaml'), configMap('a', { key: 'two' }));
    await writeFile(path.join(folder, 'c.yaml'), configMap('c'));
    expect(await changes()).toEqual([
      ['a', 'configure'],
      ['c', 'create'],
      ['b', 'prune'],
    ]);
  });
});
