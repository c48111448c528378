import { describe, expect, it } from 'vitest';
import { type ApplicationSet, type KubeObject, parseYamlBody } from '#api';
import { type Generated, generateApplications } from './generate.ts';
import type { GeneratorWorld } from './generators.ts';

const REPOSITORY = 'https://git.example/shop.git';
const FILES: Readonly<Record<string, string>> = {
  'README.md': '',
  'apps/cart/kustomization.yaml': '',
  'apps/cart/base/deployment.yaml': '',
  'apps/Web_Shop/deployment.yaml': '',
  'apps/.hidden/deployment.yaml': '',
  'environments/staging/config.json': '{"cluster": {"name": "small"}, "replicas": 1, "hosts": ["a", "b"]}',
  'environments/production/config.json': '{"cluster": {"name": "large"}, "replicas": 3, "hosts": ["c"]}',
  'broken.yaml': 'a: [',
};

function worldOf(files: Readonly<Record<string, string>> = FILES): GeneratorWorld {
  return {
    paths: (repoURL) => (repoURL === REPOSITORY ? Object.keys(files) : undefined),
    file: (_repoURL, _revision, path) => Buffer.from(files[path] ?? ''),
    clusters: [
      { name: 'in-cluster', server: 'https://kubernetes.default.svc', labels: {}, annotations: {} },
      { name: 'Edge_1', server: 'https://edge:6443', labels: { tier: 'edge' }, annotations: {} },
    ],
  };
}

function setOf(spec: string): ApplicationSet {
  const { value } = parseYamlBody(spec);
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name: 'shop', namespace: 'argocd' },
    spec: value,
  } as unknown as ApplicationSet;
}

const generate = (spec: string, world = worldOf()) => generateApplications(setOf(spec), world);

function applicationsOf(generated: Generated): readonly KubeObject[] {
  if (generated.type !== 'generated') throw new Error(JSON.stringify(generated));
  return generated.applications;
}

const names = (generated: Generated) => applicationsOf(generated).map(({ metadata }) => metadata.name);
const spec = (generated: Generated, index = 0) => applicationsOf(generated)[index]?.['spec'];

/** Generators in front of a template that shows what they gave. */
const plain = (generators: string, name: string, extra = '') => `
generators: ${generators}
template:
  metadata: { name: '${name}' }
  spec: { source: { repoURL: '${REPOSITORY}', path: '{{path}}' }, destination: { namespace: '{{name}}' } }
${extra}`;
const go = (generators: string, name: string, extra = '') => `
goTemplate: true
goTemplateOptions: ['missingkey=error']
generators: ${generators}
template:
  metadata: { name: '${name}' }
  spec: { project: default }
${extra}`;

const FOLDERS = `{ git: { repoURL: '${REPOSITORY}', revision: HEAD, directories: [{ path: 'apps/*' }, { path: 'apps/cart', exclude: true }] } }`;
const CONFIGS = `{ git: { repoURL: '${REPOSITORY}', files: [{ path: 'environments/**/config.json' }] } }`;

describe('src/render/application-set/generate', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'each element of a list',
      plain(`[{ list: { elements: [{ name: a }, { name: b }] } }]`, 'x-{{name}}'),
      ['x-a', 'x-b'],
    ],
    [
      'elements that are a text',
      plain(`[{ list: { elementsYaml: "- name: a\\n- name: b" } }]`, '{{name}}'),
      ['a', 'b'],
    ],
    [
      'all generators, one after the other',
      plain(`[{ list: { elements: [{ name: a }] } }, { list: { elements: [{ name: b }] } }]`, '{{ name }}'),
      ['a', 'b'],
    ],
    ['values of an element', plain(`[{ list: { elements: [{ values: { id: 7 } }] } }]`, 'v{{values.id}}'), ['v7']],
    [
      'folders of one level, without those taken out',
      plain(`[${FOLDERS}]`, '{{path.basenameNormalized}}'),
      ['web-shop'],
    ],
    ['parts of a folder', plain(`[${FOLDERS}]`, '{{path[0]}}-{{path.basenameNormalized}}'), ['apps-web-shop']],
    [
      'what files say',
      plain(`[${CONFIGS}]`, '{{path.basename}}-{{cluster.name}}-{{hosts[0]}}'),
      ['production-large-c', 'staging-small-a'],
    ],
    [
      'a prefix of paths',
      plain(
        `[{ git: { repoURL: '${REPOSITORY}', pathParamPrefix: app, directories: [{ path: 'apps/cart' }] } }]`,
        '{{app.path.basename}}',
      ),
      ['cart'],
    ],
    [
      'every pair of a matrix',
      plain(
        `[{ matrix: { generators: [{ list: { elements: [{ a: x }, { a: z }] } }, { list: { elements: [{ b: p }, { b: q }] } }] } }]`,
        '{{a}}-{{b}}',
      ),
      ['x-p', 'x-q', 'z-p', 'z-q'],
    ],
    [
      'a matrix whose second generator reads what the first gave',
      go(
        `[{ matrix: { generators: [{ list: { elements: [{ stage: staging }] } }, { git: { repoURL: '${REPOSITORY}', files: [{ path: 'environments/{{.stage}}/config.json' }] } }] } }]`,
        '{{.stage}}-{{.cluster.name}}',
      ),
      ['staging-small'],
    ],
    [
      'sets of the first generator, overridden by those with the same key',
      plain(
        `[{ merge: { mergeKeys: [name], generators: [{ list: { elements: [{ name: a, id: '1' }, { name: b, id: '1' }] } }, { list: { elements: [{ name: b, id: '2' }, { name: c, id: '2' }] } }] } }]`,
        '{{name}}{{id}}',
      ),
      ['a1', 'b2'],
    ],
    ['clusters', plain('[{ clusters: {} }]', '{{nameNormalized}}'), ['in-cluster', 'edge-1']],
    [
      'clusters that a selector chooses',
      go(
        `[{ clusters: { selector: { matchLabels: { tier: edge } }, values: { kind: '{{.metadata.labels.tier}}-kind' } } }]`,
        '{{.nameNormalized}}-{{.values.kind}}',
      ),
      ['edge-1-edge-kind'],
    ],
    [
      'sets that a selector chooses',
      plain(
        `[{ list: { elements: [{ name: a, env: prod }, { name: b, env: dev }] }, selector: { matchExpressions: [{ key: env, operator: NotIn, values: [dev] }] } }]`,
        '{{name}}',
      ),
      ['a'],
    ],
    [
      'names with functions',
      go(
        `[{ git: { repoURL: '${REPOSITORY}', directories: [{ path: '*/*' }] } }]`,
        '{{index .path.segments 0}}-{{.path.basename | normalize}}',
      ),
      ['apps-web-shop', 'apps-cart', 'environments-production', 'environments-staging'],
    ],
    ['nothing, and says so', plain('[{ list: { elements: [] } }]', 'x'), []],
  ])('makes an Application for %s', (_what, text, expected) => {
    expect(names(generate(text))).toEqual(expected);
  });

  it('fills texts anywhere, and leaves what is no text and what it does not know', () => {
    const made = generate(`
generators: [{ list: { elements: [{ name: a, path: apps/a }] } }]
template:
  metadata: { name: '{{name}}', labels: { app: '{{name}}' }, annotations: { '{{name}}/x': 'y' } }
  spec: { source: { path: '{{path}}' }, retry: { limit: 5 }, list: ['{{name}}', '{{unknown}}'] }
`);
    expect(applicationsOf(made)).toEqual([
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: {
          name: 'a',
          namespace: 'argocd',
          labels: { app: 'a' },
          annotations: { 'a/x': 'y' },
          finalizers: ['resources-finalizer.argocd.argoproj.io'],
        },
        spec: { source: { path: 'apps/a' }, retry: { limit: 5 }, list: ['a', '{{unknown}}'] },
      },
    ]);
  });

  it('lays the template of a generator over the common one, and the patch over both', () => {
    const made = generate(
      go(
        `[{ list: { elements: [{ name: a, prune: true }], template: { metadata: {}, spec: { project: own } } } }]`,
        '{{.name}}',
        `templatePatch: |
  {{- if .prune }}
  spec: { syncPolicy: { automated: { prune: {{ .prune }} } } }
  {{- end }}`,
      ),
    );
    expect(spec(made)).toEqual({ project: 'own', syncPolicy: { automated: { prune: true } } });
  });

  it('lets what is made outlive the Application where that is asked for', () => {
    const made = generate(
      plain(`[{ list: { elements: [{ name: a }] } }]`, '{{name}}', 'syncPolicy: { preserveResourcesOnDeletion: true }'),
    );
    expect(applicationsOf(made)[0]?.metadata.finalizers).toBeUndefined();
  });

  it('asks for what it does not know, and makes nothing before', () => {
    const text = `[{ git: { repoURL: 'https://git.example/other.git', revision: main, directories: [{ path: '*' }] } }]`;
    const needs = [{ repoURL: 'https://git.example/other.git', revision: 'main' }];
    expect(generate(plain(text, 'x'))).toEqual({ type: 'needs', needs });
    const unread = { ...worldOf(), file: () => undefined };
    expect(generate(plain(`[${CONFIGS}]`, 'x'), unread)).toEqual({
      type: 'needs',
      needs: ['production', 'staging'].map((name) => ({
        repoURL: REPOSITORY,
        revision: '',
        path: `environments/${name}/config.json`,
      })),
    });
  });

  it.each<[string, string, string]>([
    [
      'a generator that is not known',
      plain('[{ scmProvider: {} }]', 'x'),
      'spec.generators[0].scmProvider: this generator is not supported: use one of list, git, clusters, matrix, merge',
    ],
    ['two generators in one', plain('[{ list: {}, git: {} }]', 'x'), 'spec.generators[0]: must name one generator'],
    [
      'a parameter that is missing',
      go('[{ list: { elements: [{ name: a }] } }]', '{{.nmae}}'),
      '<.nmae> in "{{.nmae}}": map has no entry for key "nmae"',
    ],
    [
      'two Applications of one name',
      plain('[{ list: { elements: [{ name: a }, { name: a }] } }]', '{{name}}'),
      'two sets of parameters make an Application named "a"',
    ],
    [
      'a name that is none',
      plain('[{ list: { elements: [{ name: A_b }] } }]', '{{name}}'),
      'spec.template.metadata.name: "A_b" is not a valid name of an Application',
    ],
    [
      'a file that cannot be read',
      plain(`[{ git: { repoURL: '${REPOSITORY}', files: [{ path: broken.yaml }] } }]`, 'x'),
      'broken.yaml:1: ',
    ],
    [
      'a matrix of one',
      plain('[{ matrix: { generators: [{ list: { elements: [] } }] } }]', 'x'),
      'spec.generators[0].matrix.generators: must have two generators',
    ],
    [
      'parameters that contradict each other',
      plain(
        `[{ matrix: { generators: [{ list: { elements: [{ a: x }] } }, { list: { elements: [{ a: y }] } }] } }]`,
        'x',
      ),
      'spec.generators[0].matrix: both generators give "a", with different values',
    ],
    [
      'the same merge key twice',
      plain(
        `[{ merge: { mergeKeys: [a], generators: [{ list: { elements: [{ a: x }, { a: x }] } }, { list: { elements: [] } }] } }]`,
        'x',
      ),
      'spec.generators[0].merge.generators[0]: two sets have the same merge keys ["x"]',
    ],
    [
      'a nested value without Go templates',
      plain('[{ list: { elements: [{ a: { b: c } }] } }]', 'x'),
      'spec.generators[0].list.elements[0].a: must be a text unless goTemplate is true',
    ],
    [
      'an option that is not known',
      go('[{ list: { elements: [{}] } }]', 'x').replace('missingkey=error', 'missingkey=oops'),
      'goTemplateOptions: unknown option "missingkey=oops"',
    ],
    [
      'a selector that is none',
      plain(`[{ list: { elements: [] }, selector: { matchExpressions: [{ key: a, operator: Near }] } }]`, 'x'),
      'spec.generators[0].selector: "Near" is not a valid label selector operator',
    ],
    [
      'functions that could look around',
      go('[{ list: { elements: [{}] } }]', '{{ env "HOME" }}'),
      'function "env" not defined',
    ],
    [
      'more Applications than there may be',
      plain(`[{ list: { elementsYaml: "${'- name: a\\n'.repeat(5_001)}" } }]`, '{{name}}'),
      'spec.generators[0].list: gives 5001 Applications, more than 5000',
    ],
    [
      'a template that does not end',
      go(
        '[{ list: { elements: [{}] } }]',
        '{{ range $i := until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}',
      ),
      'steps',
    ],
  ])('refuses %s', (_what, text, message) => {
    const generated = generate(text);
    expect(generated).toMatchObject({ type: 'failed', message: expect.stringContaining(message) });
  });
});
