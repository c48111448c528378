import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../program.ts';

describe('src/cli/commands/render.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-render-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function put(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
      await writeFile(path.join(directory, name), text);
    }
  }

  async function render(folder: string, ...args: readonly string[]) {
    const written: string[] = [];
    const noted: string[] = [];
    const code = await main(['render', path.join(directory, folder), ...args], {
      write: (text) => void written.push(text),
      note: (text) => void noted.push(text),
    });
    return { code, written: written.join('\n'), noted: noted.join('\n') };
  }

  const CHART = {
    'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
    'web/values.yaml': 'tag: one\nport: 80\n',
    'web/templates/map.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  all: {{ .Values | toJson | quote }}\n  apps: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}\n',
    'web/crds/a.yaml':
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: gadgets.example.com}\nspec: {group: example.com, names: {kind: Gadget, plural: gadgets}, scope: Cluster, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n',
  };

  it('prints what a chart becomes with its values: files first, then single ones', async () => {
    await put({ ...CHART, 'over.yaml': 'tag: two\nport: 81\n' });
    const { code, written, noted } = await render(
      'web',
      '-f',
      path.join(directory, 'over.yaml'),
      '--set',
      'port=82',
      '--set-string',
      'text=1',
      '--release',
      'demo',
    );
    expect([code, noted]).toEqual([0, '']);
    expect(written).toContain('# Source: web/crds/a.yaml\napiVersion: apiextensions.k8s.io/v1\n');
    expect(written).toContain(
      '# Source: web/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: demo\ndata:\n  all: "{\\"port\\":82,\\"tag\\":\\"two\\",\\"text\\":\\"1\\"}"\n  apps: "true"',
    );
    expect((await render('web', '--no-crds')).written).not.toContain('crds/');
  });

  it('tells mistakes in what a chart renders at the line of the template, and ends with 1', async () => {
    await put({
      ...CHART,
      'web/templates/bad.yaml':
        '{{- if true -}}\napiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  labls: {}\n{{- end }}\n{{ randAlpha 5 | printf "# %s" }}\n',
    });
    const { code, noted } = await render('web');
    expect(code).toBe(1);
    expect(noted).toContain('error: templates/bad.yaml:6: Service x: unknown field metadata.labls');
    expect(noted).toContain('warning: templates/bad.yaml:8: randAlpha draws by lot');
  });

  it.each<[string, Readonly<Record<string, string>>, readonly string[], string]>([
    [
      'a template that fails',
      { 'web/templates/x.yaml': 'a: 1\nb: {{ fail "not like this" }}\n' },
      [],
      'templates/x.yaml:2:7: ',
    ],
    ['a single value that cannot be read', {}, ['--set', 'a[x]=1'], 'error parsing index'],
    ['a file of values that is not there', {}, ['-f', '/no/such/file'], '/no/such/file'],
  ])('ends with 2 on %s', async (_what, files, args, words) => {
    await put({ ...CHART, ...files });
    const { code, written, noted } = await render('web', ...args);
    expect([code, written]).toEqual([2, '']);
    expect(noted).toContain(words);
  });

  it('prints the objects of a plain folder, of unknown kinds as well, and where each stands', async () => {
    await put({
      'plain/a.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\n',
      'plain/below/b.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: v}\n',
      'plain/.hidden.yaml': 'not: read\n',
    });
    const { code, written, noted } = await render('plain', '-n', 'web');
    expect([code, noted]).toEqual([0, '']);
    expect(written.match(/^# Source.*|^kind.*|^ {2}namespace.*/gm)).toEqual(
      [
        ...['# Source: plain/a.yaml:1', 'kind: ConfigMap', '  namespace: web'],
        ...['# Source: plain/below/b.yaml:1', 'kind: ConfigMap', '  namespace: web'],
        ...['# Source: plain/a.yaml:5', 'kind: Gadget', '  namespace: web'],
      ].map((line) => line.replace('plain/', '')),
    );
    expect((await render('plain', '--set', 'a=b')).code).toBe(2);
  });

  const OVERLAY = {
    'repo/base/kustomization.yaml': 'resources: [map.yaml]\n',
    'repo/base/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labls: {}\n',
    'repo/overlays/prod/kustomization.yaml': 'namePrefix: prod-\nresources: [../../base]\n',
  };

  it('builds a kustomization with what it names in its checkout, and tells mistakes where they stand', async () => {
    await put({ ...OVERLAY, 'repo/.git/HEAD': 'ref: refs/heads/main\n' });
    const { code, written, noted } = await render('repo/overlays/prod', '-n', 'web');
    expect([code, noted]).toEqual([1, 'error: base/map.yaml:5: ConfigMap prod-a: unknown field metadata.labls']);
    await put({ 'repo/base/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n' });
    expect(await render('repo/overlays/prod', '-n', 'web')).toEqual({
      code: 0,
      written:
        '---\n# Source: base/map.yaml:1\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: prod-a\n  namespace: web',
      noted: '',
    });
    expect(written).toBe('');
    expect((await render('repo/overlays/prod', '--set', 'a=b')).code).toBe(2);
  });

  it('reads nothing outside of the checkout, by links neither; without Git it ends above the folder', async () => {
    await put({ ...OVERLAY, 'secret.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n' });
    const bare = await render('repo/overlays/prod');
    expect([bare.code, bare.written]).toEqual([2, '']);
    expect(bare.noted).toContain('prod/kustomization.yaml:2: ../../base: leads out of the repository');
    await put({
      'repo/.git': 'gitdir: elsewhere\n',
      'repo/linked/kustomization.yaml': 'resources: [../link.yaml]\n',
    });
    await symlink(path.join(directory, 'secret.yaml'), path.join(directory, 'repo/link.yaml'));
    const linked = await render('repo/linked');
    expect([linked.code, linked.written]).toEqual([2, '']);
    expect(linked.noted).toContain('linked/kustomization.yaml:1: ../link.yaml');
  });
});
