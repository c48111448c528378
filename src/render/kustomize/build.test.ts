import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BuildResult, buildKustomization } from './index.ts';
import { KUSTOMIZATION, type Shape } from './shape.ts';

const encoder = new TextEncoder();

/** A commit of these files. `atHand`: those whose bytes were fetched. */
function commit(files: Readonly<Record<string, string | Uint8Array>>, atHand: readonly string[] = Object.keys(files)) {
  return {
    has: (path: string) => Object.hasOwn(files, path),
    isDirectory: (folder: string) => folder === '' || Object.keys(files).some((path) => path.startsWith(`${folder}/`)),
    read(path: string) {
      const content = Object.hasOwn(files, path) && atHand.includes(path) ? files[path] : undefined;
      return typeof content === 'string' ? encoder.encode(content) : content;
    },
  };
}

const configMap = (name: string, more = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${more}`;
const build = (kustomization: string, files: Readonly<Record<string, string | Uint8Array>> = {}) =>
  buildKustomization(commit({ 'app/kustomization.yaml': kustomization, ...files }), 'app');
const problemOf = (result: BuildResult) => (result.type === 'failed' ? result.problem : result);
const namesOf = (result: BuildResult) =>
  result.type === 'built'
    ? result.objects.map(({ object }) => (object as { metadata: { name: string } }).metadata.name)
    : result;

describe('src/render/kustomize/build.ts', () => {
  it('asks for the files that it comes to, layer by layer, and builds when they are there', () => {
    const files = {
      'top/kustomization.yml': 'resources: [../base, own.yaml]\nconfigMapGenerator: [{name: g, files: [f.txt]}]',
      'top/own.yaml': configMap('own'),
      'top/f.txt': 'text',
      'base/Kustomization': 'resources: [a.yaml, b.yaml]',
      'base/a.yaml': configMap('a'),
      'base/b.yaml': configMap('b'),
    };
    const asked: (readonly string[])[] = [];
    const atHand: string[] = [];
    for (;;) {
      const result = buildKustomization(commit(files, atHand), 'top');
      if (result.type !== 'needs') {
        expect(namesOf(result)).toEqual(['a', 'b', 'g-92mghk4b9g', 'own']);
        break;
      }
      asked.push(result.paths);
      atHand.push(...result.paths);
    }
    expect(asked).toEqual([
      ['top/kustomization.yml'],
      ['top/own.yaml', 'base/Kustomization', 'top/f.txt'],
      ['base/a.yaml', 'base/b.yaml'],
    ]);
  });

  it('says of each object from which file and line it comes', () => {
    const result = build('resources:\n  - two.yaml\nconfigMapGenerator:\n  - name: made\n    literals: [a=b]\n', {
      'app/two.yaml': `${configMap('one')}---\n${configMap('two')}`,
    });
    const origins = result.type === 'built' ? result.objects.map(({ origin }) => origin) : result;
    expect(origins).toEqual([
      { path: 'app/kustomization.yaml', line: 4 },
      { path: 'app/two.yaml', line: 1 },
      { path: 'app/two.yaml', line: 5 },
    ]);
  });

  it('never reads outside of the commit, and fetches nothing', () => {
    for (const [entry, why] of [
      ['../../etc/passwd', 'leads out of the repository'],
      ['/etc/passwd', 'must be a path below the repository'],
      ['https://example.com/all.yaml', 'not fetched'],
      ['github.com/owner/repository//base?ref=v1', 'not fetched'],
      ['git@example.com:owner/repository', 'not fetched'],
      ['absent.yaml', 'there is no file or folder app/absent.yaml'],
      ['""', 'must be a path below the repository'],
    ]) {
      expect(problemOf(build(`resources:\n  - ${entry}\n`))).toEqual({
        path: 'app/kustomization.yaml',
        line: 2,
        message: expect.stringContaining(why ?? ''),
      });
    }
    expect(problemOf(build('configMapGenerator: [{name: a, files: [../../../etc/shadow]}]'))).toMatchObject({
      message: expect.stringContaining('leads out of the repository'),
    });
  });

  it('tells what is wrong, in which file and line, and what to do', () => {
    const own = { 'app/a.yaml': configMap('a') };
    for (const [text, files, problem] of [
      ['', {}, { line: 0, message: 'the kustomization file is empty' }],
      ['- a', {}, { line: 1, message: 'a kustomization must be a map' }],
      ['resources: a.yaml', own, { line: 1, message: 'resources must be a list' }],
      ['resources: []\nresuorces: []', {}, { line: 2, message: 'unknown field resuorces' }],
      ['kind: Deployment', {}, { line: 1, message: 'kind must be Kustomization or Component' }],
      ['resources: [a.yaml]\ntransformers: [a.yaml]', own, { line: 2, message: 'plugins are not run' }],
      ['helmCharts: [{name: a}]', {}, { line: 1, message: 'give the chart a source of its own' }],
      ['resources: [a.yaml, a.yaml]', own, { line: 1, message: 'is there already, from app/a.yaml:1' }],
      ['resources: [b.yaml]', { 'app/b.yaml': 'a: [' }, { path: 'app/b.yaml', line: 1 }],
      ['resources: [b.yaml]', { 'app/b.yaml': Uint8Array.of(255) }, { path: 'app/b.yaml', message: 'not UTF-8' }],
      ['resources: [a.yaml]\npatches:\n  - patch: "a: ["\n', own, { line: 3, message: 'line 1 of the patch' }],
      ['patches: [{patch: "[{op: add, path: /a, value: 1}]"}]', {}, { message: 'needs a target' }],
      ['patches: [{patch: "kind: ConfigMap\\nmetadata: {name: x}"}]', {}, { message: 'no object' }],
      [
        'resources: [a.yaml]\npatches: [{target: {kind: "("}, patch: "[]"}]',
        own,
        { message: 'not a regular expression' },
      ],
      [
        'resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: "[{op: remove, path: /data/x}]"}]',
        own,
        { message: 'ConfigMap a' },
      ],
      ['replicas: [{name: a, count: 1}]', {}, { message: 'nothing that is scaled is called a' }],
      ['configMapGenerator: [{name: a, literals: [b]}]', {}, { message: 'literal 1 must be key=value' }],
      ['configMapGenerator: [{name: a, literals: [b=1, b=2]}]', {}, { message: 'repeats the key "b"' }],
      [
        'configMapGenerator: [{name: a, literals: ["b c=1"]}]',
        {},
        { message: 'literal 1 gives a key with other characters' },
      ],
      ['configMapGenerator: [{literals: [b=1]}]', {}, { message: 'must have a name' }],
      ['configMapGenerator: [{name: a, behavior: merge}]', {}, { message: 'does not exist; cannot merge' }],
      [
        'components: [../part]',
        { 'part/kustomization.yaml': 'kind: Kustomization' },
        { path: 'part/kustomization.yaml' },
      ],
      [
        'resources: [../part]',
        { 'part/kustomization.yaml': 'kind: Component' },
        { message: 'name it under components' },
      ],
      ['resources: [../part]', { 'part/x.yaml': '' }, { path: 'part', message: 'has no kustomization.yaml' }],
      ['resources: [.]', {}, { message: 'a circle of kustomizations: app → app' }],
      ['replacements: [{source: {kind: Pod}, targets: []}]', {}, { message: 'no object is the source' }],
      ['vars: [{name: A, objref: {kind: Pod, name: x}}]', {}, { message: 'no object is what the var A means' }],
      ['openapi: {path: a.yaml}', own, { path: 'app/a.yaml', message: 'OpenAPI document' }],
    ] as const) {
      const { message, ...where } = problem as { path?: string; line?: number; message?: string };
      expect(problemOf(build(text, files)), text).toMatchObject({
        ...where,
        message: expect.stringContaining(message ?? ''),
      });
    }
  });

  it('asks for what layers beside each other need in one go', () => {
    const layers = Array.from({ length: 50 }, (_, index) => `l${index}`);
    const files = {
      'kustomization.yaml': `resources: [${layers.join(', ')}]`,
      ...Object.fromEntries(
        layers.flatMap((layer) => [
          [`${layer}/kustomization.yaml`, 'resources: [a.yaml]\npatches: [{path: p.yaml}]'],
          [`${layer}/a.yaml`, configMap(layer)],
          [`${layer}/p.yaml`, configMap(layer, 'data: {a: b}')],
        ]),
      ),
    };
    const atHand: string[] = [];
    let rounds = 0;
    for (let result = buildKustomization(commit(files), ''); ; rounds += 1) {
      result = buildKustomization(commit(files, atHand), '');
      if (result.type !== 'needs') {
        expect(namesOf(result)).toHaveLength(50);
        break;
      }
      atHand.push(...result.paths);
    }
    expect(rounds).toBe(3);
  });

  it('repeats nothing in its messages that a generator may be given in secret', () => {
    const pem = '-----BEGIN KEY-----\nAbC+/dEf\n-----END KEY-----\n';
    for (const [text, files] of [
      ['secretGenerator: [{name: a, literals: ["=hunter2"]}]', {}],
      ['secretGenerator: [{name: a, literals: [hunter2]}]', {}],
      ['secretGenerator: [{name: a, literals: ["hunter2 x=1"]}]', {}],
      ['secretGenerator: [{name: a, envs: [key.env]}]', { 'app/key.env': `A=1\n${pem}` }],
      [
        'secretGenerator: [{name: a, literals: [p=hunter2]}]\nreplacements: [{source: {kind: Secret, fieldPath: data.p, options: {delimiter: x, index: 9}}, targets: []}]',
        {},
      ],
    ] as const) {
      const problem = JSON.stringify(problemOf(build(text, files)));
      expect(problem).toContain('"message"');
      expect(problem).not.toMatch(/hunter2|aHVudGVyMg|BEGIN|AbC/);
    }
  });

  it('builds thousands of objects in about as many steps', () => {
    const many = (count: number) => {
      const objects = Array.from({ length: count }, (_, index) => configMap(`c${index}`));
      const pods = Array.from(
        { length: count / 10 },
        (_, index) =>
          `apiVersion: v1\nkind: Pod\nmetadata: {name: p${index}}\nspec: {containers: [{name: c, image: c, envFrom: [{configMapRef: {name: c${index}}}]}]}`,
      );
      const files = commit({
        'base/kustomization.yaml': 'resources: [all.yaml]',
        'base/all.yaml': [...objects, ...pods].join('\n---\n'),
        'top/kustomization.yaml':
          'resources: [../base]\nnamespace: one\nnamePrefix: a-\nlabels: [{pairs: {tier: web}}]',
      });
      const from = performance.now();
      expect(buildKustomization(files, 'top')).toMatchObject({ type: 'built' });
      return performance.now() - from;
    };
    many(100); // warm
    const [few, more] = [many(300), many(3_000)];
    expect(more).toBeLessThan(few * 40); // In steps of each with each it would be a hundred times.
  });

  it('bounds layers and kustomizations: neither a tower nor a doubling of bases goes on for ever', () => {
    const tower = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`l${index}/kustomization.yaml`, `resources: [../l${index + 1}]`]),
    );
    expect(problemOf(buildKustomization(commit(tower), 'l0'))).toMatchObject({ message: 'more than 32 layers' });
    const doubling = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `d${index}/kustomization.yaml`,
        `resources: [../d${index + 1}, ../d${index + 1}/.]`,
      ]),
    );
    expect(
      problemOf(buildKustomization(commit({ ...doubling, 'd20/kustomization.yaml': '{}\n' }), 'd0')),
    ).toMatchObject({
      message: 'more than 500 kustomizations in one build',
    });
  });

  it('answers whatever a kustomization says, and builds the same from the same', () => {
    const word = fc.constantFrom(
      'a',
      'b',
      'ConfigMap',
      'data.k',
      'a.yaml',
      'x=y',
      '(',
      '[name=a]',
      '__proto__',
      '$(A)',
      '',
      '..',
    );
    const patch = fc.constantFrom(
      '[{"op": "add", "path": "/data", "value": {}}]',
      'kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: null',
      '{"kind": "ConfigMap", "metadata": {"name": "a"}, "__proto__": {"name": 1}, "$patch": "delete"}',
    );
    const odd = fc.oneof(
      { weight: 19, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
    );
    const valueFor = (shape: Shape): fc.Arbitrary<unknown> => {
      const fittingShape = (): fc.Arbitrary<unknown> => {
        if (shape === 'text') return fc.oneof({ weight: 4, arbitrary: word }, patch);
        if (shape === 'number') return fc.integer({ min: -2, max: 3 });
        if (shape === 'boolean') return fc.boolean();
        if (shape === 'textMap' || shape === 'map') return fc.dictionary(word, word, { maxKeys: 2 });
        if ('list' in shape) return fc.array(valueFor(shape.list), { maxLength: 2 });
        const fields = Object.entries(shape.fields).map(([name, inner]) => [name, valueFor(inner)] as const);
        return fc.record(Object.fromEntries(fields), { requiredKeys: [...(shape.required ?? [])] });
      };
      return fc.tuple(odd, fittingShape()).map(([instead, value]) => (instead === undefined ? value : instead));
    };
    const kustomization = fc
      .subarray(Object.keys(KUSTOMIZATION), { minLength: 1, maxLength: 3 })
      .chain((names) =>
        fc.record(Object.fromEntries(names.map((name) => [name, valueFor(KUSTOMIZATION[name] ?? 'map')]))),
      );
    let built = 0;
    fc.assert(
      fc.property(kustomization, (given) => {
        const text = JSON.stringify({ resources: ['a.yaml'], ...given });
        const first = build(text, { 'app/a.yaml': configMap('a', 'data: {k: $(A)}\n') });
        expect(build(text, { 'app/a.yaml': configMap('a', 'data: {k: $(A)}\n') })).toEqual(first);
        expect(({} as Record<string, unknown>)['name']).toBeUndefined();
        if (first.type === 'built') built += 1;
      }),
      { numRuns: 600 },
    );
    expect(built).toBeGreaterThan(60);
  });
});
