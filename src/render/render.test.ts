import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resourceOfKind } from '#api';
import { compileGlob } from './glob.ts';
import { prepareFile } from './prepare.ts';
import { render } from './render.ts';
import type { Rendered } from './render.types.ts';
import { selectFiles } from './select.plan.ts';

const context = { defaultNamespace: 'web', resourceOf: resourceOfKind };
const map = (name: string, more = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data: {k: v}\n`;
const rendered = (files: Record<string, string>, directory = {}): Rendered => {
  const list = Object.entries(files).map(([path, text]) => ({ path, text }));
  const result = render({ files: list, base: '', directory, context });
  if ('problem' in result) throw new Error(result.problem);
  return result;
};
const told = ({ diagnostics }: Rendered) =>
  diagnostics.map(({ code, path, line, message }) => `${code} ${path}:${line} ${message}`);

describe('src/render/glob.ts', () => {
  it.each([
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', 'dir/a.yaml', true],
    ['*.yaml', 'a.yml', false],
    ['{*.yml,*.yaml}', 'a.yml', true],
    ['{config.json,env-usw2/*}', 'env-usw2/x.yaml', true],
    ['{config.json,env-usw2/*}', 'env-use1/x.yaml', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[abc]x', 'cx', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['{a,{b,c}d}', 'cd', true],
    ['**/x', 'a/b/x', true],
    ['', '', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(compileGlob(pattern)?.(path)).toBe(expected);
  });

  it.each(['{a', '[a', 'a\\', '{a,b}'.repeat(9), 'x'.repeat(2_000)])('refuses %s', (pattern) => {
    expect(compileGlob(pattern)).toBeUndefined();
  });

  it('takes no time over a pattern made to take long', () => {
    const started = performance.now();
    expect(compileGlob(`${'*a'.repeat(200)}b`)?.('a'.repeat(4_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('src/render/select.plan.ts', () => {
  const files = ['web/a.yaml', 'web/b.yml', 'web/c.json', 'web/d.txt', 'web/sub/e.yaml', 'web/sub/f.YAML'].map(
    (path) => ({ path }),
  );
  it.each([
    ['the folder alone', {}, ['web/a.yaml', 'web/b.yml', 'web/c.json']],
    ['all below', { recurse: true }, ['web/a.yaml', 'web/b.yml', 'web/c.json', 'web/sub/e.yaml', 'web/sub/f.YAML']],
    [
      'what is included',
      { recurse: true, include: '{a.yaml,sub/*}' },
      ['web/a.yaml', 'web/sub/e.yaml', 'web/sub/f.YAML'],
    ],
    ['without what is excluded', { recurse: true, exclude: '*.y{a,}ml' }, ['web/c.json', 'web/sub/f.YAML']],
  ])('takes %s', (_name, directory, expected) => {
    expect(selectFiles(files, 'web', directory).files.map(({ path }) => path)).toEqual(expected);
  });

  it.each([
    ['web/Chart.yaml', 'a Helm chart'],
    ['web/kustomization.yaml', 'a kustomization'],
  ])('says that %s is not supported, rather than taking it for manifests', (path, what) => {
    expect(selectFiles([{ path }], 'web').problem).toContain(what);
    expect(selectFiles([{ path: 'web/sub/Chart.yaml' }], 'web', { recurse: true }).problem).toBeUndefined();
  });

  it('says when a pattern cannot be read', () => {
    expect(selectFiles(files, 'web', { include: '{a' }).problem).toContain('directory.include');
  });
});

describe('src/render/render.ts', () => {
  it('fills in the namespace, leaves it off where there is none, and tells the line of each document', () => {
    const result = rendered({
      'a.yaml': `# words\n---\n${map('a')}---\n${map('b', '  namespace: other\n')}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: space, namespace: x}\n`,
    });
    expect(result.objects.map(({ id, origin }) => [id, origin.line])).toEqual([
      ['ConfigMap/other/b', 9],
      ['ConfigMap/web/a', 3],
      ['Namespace/space', 16],
    ]);
    expect(result.objects.at(-1)?.object.metadata).toEqual({ name: 'space' });
  });

  it('brings an older version into the one that is stored, and judges it by its own fields', () => {
    const older = (spec: string) =>
      `apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: d}, ${spec}}\n`;
    const [made] = rendered({ 'a.yaml': older('targetCPUUtilizationPercentage: 60') }).objects;
    const target = { type: 'Utilization', averageUtilization: 60 };
    expect(made?.object).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { maxReplicas: 3, metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] },
    });
    const { objects, diagnostics } = rendered({ 'a.yaml': older('metrics: []') });
    expect(objects).toEqual([]);
    expect(diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining('unknown field spec.metrics')]);
  });

  it('expands lists', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${map('a').replaceAll('\n', '\n  ')}\n- ${map('b').replaceAll('\n', '\n  ')}\n`;
    expect(rendered({ 'l.yaml': list }).objects.map(({ id, origin }) => [id, origin.line])).toEqual([
      ['ConfigMap/web/a', 4],
      ['ConfigMap/web/b', 10],
    ]);
  });

  it.each<[string, string, string]>([
    ['broken YAML', 'a: [', 'InvalidManifest a.yaml:1'],
    ['no object', 'just: words', 'InvalidManifest a.yaml:1'],
    [
      'a name that is made up',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}',
      'InvalidManifest a.yaml:1',
    ],
    ['an unknown field', map('a', '  labls: {}\n'), 'InvalidObject a.yaml:5 ConfigMap a: unknown field metadata.labls'],
    [
      'a wrong type',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: three\n  selector: {}\n  template: {}',
      'InvalidObject a.yaml:5 Deployment d: spec.replicas',
    ],
    [
      'a kind that is not served',
      'apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}',
      'Unsupported a.yaml:1 x.io/v1 Thing t',
    ],
    [
      'a version that is not served',
      'apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: d}',
      'Unsupported a.yaml:1 apps/v1beta1 Deployment d: this version is not served; use apps/v1',
    ],
    [
      'a hook at no phase of a sync',
      map('a', '  annotations: {argocd.argoproj.io/hook: "Sync, Presync"}\n'),
      'Unsupported a.yaml:5 ConfigMap a: a hook runs at PreSync, Sync, PostSync, SyncFail or Skip, not at "Presync"',
    ],
    [
      'a hook that is deleted at no event of one',
      map('a', '  annotations: {argocd.argoproj.io/hook: Sync, argocd.argoproj.io/hook-delete-policy: Never}\n'),
      'Unsupported a.yaml:5 ConfigMap a: a hook is deleted at BeforeHookCreation, HookSucceeded, HookFailed, not at "Never"',
    ],
    [
      "a hook of Helm's that is deleted at no event of one",
      map('a', '  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-suceeded}\n'),
      'Unsupported a.yaml:5 ConfigMap a: a hook of Helm\'s is deleted at before-hook-creation, hook-succeeded, hook-failed, not at "hook-suceeded"',
    ],
    ...['test', 'pre-delete', 'post-rollback,test'].map((event): [string, string, string] => [
      `a hook of Helm's at ${event}, which no sync runs`,
      map('a', `  annotations: {helm.sh/hook: "${event}"}\n`),
      `Unsupported a.yaml:5 ConfigMap a: helm.sh/hook: ${event} is no event of a sync; it is left out`,
    ]),
    [
      'ciphertext',
      `${map('a').replace('ConfigMap', 'Secret')}sops: {mac: x}\n`,
      'Unsupported a.yaml:1 Secret a: is encrypted with SOPS',
    ],
    [
      'state of the cluster',
      'apiVersion: plumbline.dev/v1\nkind: Inventory\nmetadata: {name: i}',
      'NotAllowed a.yaml:1 Inventory i',
    ],
  ])('tells %s, with its place', (_name, text, expected) => {
    const result = rendered({ 'a.yaml': text, 'good.yaml': map('good') });
    expect(told(result)[0]).toContain(expected);
    expect(result.objects.map(({ id }) => id)).toEqual(['ConfigMap/web/good']);
    expect(result.failedPaths).toEqual(expected.startsWith('InvalidManifest') ? ['a.yaml'] : []);
  });

  it('keeps hooks apart from what stays, with their phases and delete policies', () => {
    const hook = (name: string, annotations: string) => map(name, `  annotations: {${annotations}}\n`);
    const named = hook('once', 'argocd.argoproj.io/hook: "PostSync, PreSync"').replace(
      'name: once',
      'generateName: once-',
    );
    const policies =
      'argocd.argoproj.io/hook: SyncFail, argocd.argoproj.io/hook-delete-policy: "HookSucceeded,HookFailed"';
    const result = rendered({ 'a.yaml': [named, hook('b', policies), map('stays')].join('---\n') });
    expect(told(result)).toEqual([]);
    expect(result.objects.map(({ id }) => id)).toEqual(['ConfigMap/web/stays']);
    expect(result.hooks.map(({ id, object, hook: when }) => [id, object.metadata.generateName, when])).toEqual([
      ['ConfigMap/web/b', undefined, { phases: ['SyncFail'], deletePolicies: ['HookSucceeded', 'HookFailed'] }],
      ['ConfigMap/web/once-', 'once-', { phases: ['PreSync', 'PostSync'], deletePolicies: ['BeforeHookCreation'] }],
    ]);
    // A hook that was mended is another try: it counts, though nothing that stays has changed.
    expect(rendered({ 'a.yaml': [hook('b', policies), map('stays')].join('---\n') }).digest).not.toBe(result.digest);
    expect(rendered({ 'a.yaml': [map('b'), hook('b', policies)].join('---\n') })).toMatchObject({
      objects: [],
      hooks: [],
      heldIds: ['ConfigMap/web/b'],
    });
  });

  it("heeds Argo CD's annotation before Helm's, applies what is for crd-install, and fails for no test", () => {
    const hook = (name: string, annotations: string) => map(name, `  annotations: {${annotations}}\n`);
    const skipped = hook('skipped', 'argocd.argoproj.io/hook: Skip, helm.sh/hook: pre-install');
    const result = rendered({
      'a.yaml': [skipped, hook('crd', 'helm.sh/hook: crd-install'), hook('test', 'helm.sh/hook: test')].join('---\n'),
    });
    expect(result.objects.map(({ id }) => id)).toEqual(['ConfigMap/web/crd']);
    expect(result.diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
  });

  it.each([
    ['pre-install', undefined, ['PreSync'], ['BeforeHookCreation']],
    [
      'post-install, pre-upgrade',
      'hook-succeeded, hook-failed',
      ['PreSync', 'PostSync'],
      ['HookSucceeded', 'HookFailed'],
    ],
    ['post-upgrade,post-install,test', 'before-hook-creation', ['PostSync'], ['BeforeHookCreation']],
    ['pre-install,pre-delete', undefined, ['PreSync'], ['BeforeHookCreation']],
  ])("makes a hook of Helm's at %s a hook of a sync", (event, policy, phases, deletePolicies) => {
    const more = policy === undefined ? '' : `, helm.sh/hook-delete-policy: "${policy}"`;
    const result = rendered({ 'a.yaml': map('a', `  annotations: {helm.sh/hook: "${event}"${more}}\n`) });
    expect(result.hooks.map(({ hook }) => hook)).toEqual([{ phases, deletePolicies }]);
    expect(result.objects).toEqual([]);
    expect(told(result)).toEqual([]);
  });

  it('takes no object of a file that is broken anywhere: the rest of it may be older or newer', () => {
    const result = rendered({ 'a.yaml': `${map('a')}---\nb: [\n` });
    expect(result.objects).toEqual([]);
    expect(result.failedPaths).toEqual(['a.yaml']);
  });

  it('leaves out what only the server says, and is silent about what kubectl prints for nothing', () => {
    const printed = rendered({
      'a.yaml': `${map('a', '  creationTimestamp: null\n')}status: {}\n`
        .replace('ConfigMap', 'Namespace')
        .replace('data: {k: v}\n', ''),
    });
    expect(told(printed)).toEqual([]);
    const forged = rendered({
      'a.yaml': map('a', '  uid: x\n  resourceVersion: "1"\n  deletionTimestamp: "2026-01-01T00:00:00Z"\n'),
    });
    expect(forged.objects[0]?.object.metadata).toEqual({ name: 'a', namespace: 'web' });
    expect(told(forged).every((line) => line.startsWith('NotAllowed'))).toBe(true);
    expect(forged.diagnostics.every(({ severity }) => severity === 'warning')).toBe(true);
  });

  it('applies neither of two definitions, names both places, and holds the object', () => {
    const result = rendered({ 'a.yaml': map('same'), 'b.yaml': `${map('other')}---\n${map('same')}` });
    expect(result.objects.map(({ id }) => id)).toEqual(['ConfigMap/web/other']);
    expect(result.heldIds).toEqual(['ConfigMap/web/same']);
    expect(told(result)).toEqual([
      'Duplicate a.yaml:1 ConfigMap/web/same is defined again in b.yaml:7; none of them is applied',
      'Duplicate b.yaml:7 ConfigMap/web/same is defined again in a.yaml:1; none of them is applied',
    ]);
  });

  it('skips a file that asks for it', () => {
    expect(rendered({ 'a.yaml': '# +argocd:skip-file-rendering\nnot: a manifest\n' })).toMatchObject({
      objects: [],
      diagnostics: [],
    });
  });

  it('keeps keys named like parts of JavaScript as data', () => {
    const result = rendered({ 'a.yaml': map('a').replace('{k: v}', '{"__proto__": "p", "constructor": "c"}') });
    expect(Object.keys(result.objects[0]?.object['data'] as object).sort()).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['p']).toBeUndefined();
  });

  it('has one digest for the same objects, wherever they stand, and another for any other', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
    fc.assert(
      fc.property(names, fc.nat(4), fc.boolean(), (all, cut, spaced) => {
        const one = rendered({ 'one.yaml': all.map((name) => map(name)).join('---\n') });
        const [first, second] = [all.slice(0, cut), all.slice(cut)];
        const files = {
          'x.yaml': first.map((name) => map(name)).join('---\n'),
          'y.yaml': second
            .toReversed()
            .map((name) => map(name))
            .join('---\n'),
        };
        const two = rendered(spaced ? { ...files, 'x.yaml': `# words\n\n${files['x.yaml']}` } : files);
        expect(two.digest).toBe(one.digest);
        const other = rendered({ 'one.yaml': all.map((name) => map(name, '  labels: {x: "y"}\n')).join('---\n') });
        expect(other.digest).not.toBe(one.digest);
      }),
      { numRuns: 30 },
    );
  });

  it('changes the digest when a file fails: what is held back is part of what would be done', () => {
    expect(rendered({ 'a.yaml': map('a'), 'b.yaml': 'x: [' }).digest).not.toBe(rendered({ 'a.yaml': map('a') }).digest);
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(() => prepareFile(text, context)).not.toThrow();
      }),
      { numRuns: 200 },
    );
  });
});
