import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RenderError } from '../template/index.ts';
import {
  type ChartFile,
  formatManifests,
  loadSchemaValidator,
  mergeValues,
  orderManifests,
  readValues,
  renderChart,
  setValues,
} from './index.ts';

const GOLDEN = fileURLToPath(new URL('../../../test/golden/helm/', import.meta.url));

interface GoldenCase {
  readonly name: string;
  readonly chart: string;
  readonly release: string;
  readonly namespace?: string;
  readonly values?: readonly string[];
  readonly set?: readonly string[];
}

const CASES = JSON.parse(readFileSync(path.join(GOLDEN, 'cases.json'), 'utf8')) as readonly GoldenCase[];
const schemaValidator = await loadSchemaValidator();
const capabilities = { kubeVersion: 'v1.32.0', apiVersions: ['v1', 'apps/v1'] };

function readChart(name: string): readonly ChartFile[] {
  const root = path.join(GOLDEN, 'charts', name);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return { path: path.relative(root, file), bytes: readFileSync(file) };
    });
}

function valuesOf({ values = [], set = [] }: GoldenCase) {
  let merged = new Map();
  for (const name of values)
    merged = mergeValues(merged, readValues(readFileSync(path.join(GOLDEN, 'values', name)), name));
  for (const text of set) setValues(merged, text);
  return merged;
}

const rendering = (one: GoldenCase) =>
  renderChart({
    files: readChart(one.chart),
    path: `charts/${one.chart}`,
    values: valuesOf(one),
    release: { name: one.release, namespace: one.namespace ?? 'default' },
    capabilities,
    seed: one.name,
    nowMs: 0,
    schemaValidator,
  });

describe('src/render/helm/render-chart.ts', () => {
  it.each(CASES)('renders $name as helm does, byte for byte', (one) => {
    const expected = readFileSync(path.join(GOLDEN, `${one.name}.golden`), 'utf8');
    expect(formatManifests(orderManifests(rendering(one).files))).toBe(expected);
  });
});

const EXPRESSIONS = JSON.parse(readFileSync(path.join(GOLDEN, 'expressions.golden.json'), 'utf8')) as readonly {
  readonly template: string;
  readonly output: string;
}[];

const request = (files: Readonly<Record<string, string>>, more: Partial<Parameters<typeof renderChart>[0]> = {}) => ({
  files: Object.entries({ 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n', ...files }).map(
    ([file, text]) => ({
      path: file,
      bytes: Buffer.from(text),
    }),
  ),
  path: 'charts/c',
  values: new Map(),
  release: { name: 'rel', namespace: 'ns' },
  capabilities,
  seed: 'seed',
  nowMs: 0,
  schemaValidator,
  ...more,
});

const textOfChart = (files: Readonly<Record<string, string>>, more: Partial<Parameters<typeof renderChart>[0]> = {}) =>
  renderChart(request(files, more))
    .files.map(({ text }) => text)
    .join('');

const setting = (text: string) => {
  const values = new Map();
  setValues(values, text);
  return values;
};

describe('functions of Helm', () => {
  it.each(EXPRESSIONS)('render as helm does: $template', ({ template, output }) => {
    const files = [...readChart('expressions'), { path: 'templates/x.yaml', bytes: Buffer.from(template) }];
    const { files: rendered } = renderChart({
      ...request({}),
      files,
      path: '',
      capabilities: { kubeVersion: 'v1.32.0', apiVersions: ['v1', 'apps/v1'] },
    });
    expect(rendered.map(({ text }) => text.trim()).join('')).toBe(output);
  });
});

// Where helm 3.6.2 would answer otherwise: read from the sources of v3.17.
describe('charts', () => {
  const subchart = (name: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({ 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n`, ...files }).map(
        ([file, text]) => [`charts/${name}/${file}`, text],
      ),
    );
  const PRINT = { 'templates/v.yaml': '{{ toJson .Values }}' };

  it.each<[string, Readonly<Record<string, string>>, string, string]>([
    ['takes a key away by null', { 'values.yaml': 'a: {b: 1, c: 2}\n', ...PRINT }, 'a.b=null', '{"a":{"c":2}}'],
    ['replaces lists whole', { 'values.yaml': 'a: [1, 2, 3]\n', ...PRINT }, 'a={x}', '{"a":["x"]}'],
    [
      "takes a subchart's key away by null in the parent's values",
      { 'values.yaml': 's: {a: null}\n', ...subchart('s', { 'values.yaml': 'a: {x: 1}\nb: 2\n', ...PRINT }) },
      '',
      '{"b":2,"global":{}}',
    ],
    [
      'gives globals down, the upper ones winning',
      { 'values.yaml': 'global: {a: 1}\n', ...subchart('s', { 'values.yaml': 'global: {a: 2, b: 3}\n', ...PRINT }) },
      'global.c=true',
      '{"global":{"a":1,"b":3,"c":true}}',
    ],
    [
      'makes a float of a number and an int of a --set',
      { 'values.yaml': 'a: 1234567\n', 'templates/v.yaml': '{{ .Values.a }} {{ .Values.b }} {{ kindOf .Values.b }}' },
      'b=1234567',
      '1.234567e+06 1234567 int64',
    ],
    [
      'knows its subcharts',
      {
        'templates/v.yaml': '{{ .Subcharts.s.Values.a }} {{ .Subcharts.s.Chart.Name }} {{ .Chart.IsRoot }}',
        ...subchart('s', { 'values.yaml': 'a: 5\n' }),
      },
      '',
      '5 s true',
    ],
    ['reads lines without the last break', { 'templates/v.yaml': '{{ .Files.Lines "a" }}', a: 'x\ny\n' }, '', '[x y]'],
    [
      'lets a chart redefine what its subchart defines',
      {
        'templates/_h.tpl': '{{ define "n" }}upper{{ end }}',
        ...subchart('s', {
          'templates/_h.tpl': '{{ define "n" }}lower{{ end }}',
          'templates/v.yaml': '{{ include "n" . }}',
        }),
      },
      '',
      'upper',
    ],
    [
      'imports values of a subchart below its own',
      {
        'Chart.yaml':
          'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: s, version: "*", import-values: [{child: x, parent: into}, z]}\n',
        'values.yaml': 'into: {a: mine}\n',
        'templates/v.yaml': '{{ toJson .Values.into }} {{ .Values.q }}',
        ...subchart('s', { 'values.yaml': 'x: {a: 1, b: 2}\nexports: {z: {q: 3}}\n' }),
      },
      '',
      '{"a":"mine","b":2} 3',
    ],
    [
      'leaves out what .helmignore names',
      {
        '.helmignore': '*.bak\n/secret/\n',
        'templates/v.yaml': '{{ .Files.Get "a.bak" }}{{ .Files.Get "secret/x" }}{{ .Files.Get "b" }}',
        'a.bak': 'A',
        'secret/x': 'X',
        b: 'B',
      },
      '',
      'B',
    ],
    [
      'renders no library, but what it defines',
      {
        'templates/v.yaml': '{{ include "lib" . }}',
        ...subchart('lib', {
          'Chart.yaml': 'apiVersion: v2\nname: lib\nversion: 0.1.0\ntype: library\n',
          'templates/_l.tpl': '{{ define "lib" }}L{{ end }}',
          'templates/bad.yaml': '{{ fail "no" }}',
        }),
      },
      '',
      'L',
    ],
    [
      'answers lookup with nothing',
      { 'templates/v.yaml': '{{ lookup "v1" "Secret" "a" "b" }}{{ (lookup "v1" "Secret" "a" "b").data }}' },
      '',
      'map[]',
    ],
  ])('%s', (_name, files, set, expected) => {
    expect(textOfChart(files, { values: setting(set) }).trim()).toBe(expected);
  });

  it.each<[string, Readonly<Record<string, string>>, string, string]>([
    [
      'a missing dependency',
      { 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: gone, version: "1"}\n' },
      'ChartInvalid charts/c/Chart.yaml:1',
      'found in Chart.yaml, but missing in charts/ directory: gone',
    ],
    [
      'a library',
      { 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\ntype: library\n' },
      'ChartInvalid charts/c/Chart.yaml:1',
      'library charts are not installable',
    ],
    [
      'a name that leads out',
      { 'Chart.yaml': 'apiVersion: v2\nname: ../x\nversion: 1.0.0\n' },
      'ChartInvalid charts/c/Chart.yaml:1',
      'is invalid',
    ],
    [
      'a version that is none',
      { 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: latest\n' },
      'ChartInvalid charts/c/Chart.yaml:1',
      '"latest" is invalid',
    ],
    [
      'a Kubernetes that does not fit',
      { 'Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: "<1.20"\n' },
      'ChartInvalid charts/c/Chart.yaml:1',
      'incompatible with Kubernetes v1.32.0',
    ],
    ['values that are not YAML', { 'values.yaml': 'a: 1\nb: [\n' }, 'ValuesInvalid charts/c/values.yaml:', ''],
    [
      'values against the schema',
      {
        'values.yaml': 'port: x\n',
        'values.schema.json':
          '{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"port":{"type":"integer"}}}',
      },
      'ValuesInvalid charts/c/values.schema.json:1',
      'c: port: must be integer',
    ],
    [
      'a required value',
      { 'templates/v.yaml': 'a: 1\nb: {{ required "b is needed" .Values.b }}\n' },
      'TemplateFailed charts/c/templates/v.yaml:2',
      'b is needed',
    ],
    [
      'notes that fail',
      { 'templates/NOTES.txt': '{{ fail "wrong values" }}' },
      'TemplateFailed charts/c/templates/NOTES.txt:1',
      'wrong values',
    ],
    [
      'a function that is not known',
      { 'templates/v.yaml': '\n\n{{ genCA "x" 1 }}' },
      'TemplateInvalid charts/c/templates/v.yaml:3',
      'function "genCA" not defined',
    ],
    [
      'an archive that is none',
      { 'charts/s-1.tgz': 'no gzip' },
      'ChartInvalid charts/c/charts/s-1.tgz:0',
      'cannot be unpacked',
    ],
  ])('tells %s, with its place', (_name, files, at, message) => {
    const error = problemOf(() => renderChart(request(files)));
    expect(`${error.code} ${error.place?.path}:${error.place?.line}`).toContain(at);
    expect(error.message).toContain(message);
  });

  it('draws by lot from a seed: the same each time, another for each call and Application; and warns once a line', () => {
    const files = {
      'templates/v.yaml': '{{ randAlphaNum 8 }}\n{{ randAlphaNum 8 }}\n{{ uuidv4 }}\n{{ now | date "2006" }}\n',
    };
    const lines = (seed: string) => textOfChart(files, { seed }).trim().split('\n');
    expect(lines('one')).toEqual(lines('one'));
    expect(new Set([...lines('one').slice(0, 2), ...lines('two').slice(0, 2)]).size).toBe(4);
    expect(lines('one')[2]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(lines('one')[3]).toBe('1970');
    expect(renderChart(request(files)).warnings.map(({ place }) => place.line)).toEqual([1, 2, 3, 4]);
  });

  it('keeps definitions of crds/ as they stand, those of subcharts after', () => {
    const crd = 'kind: {{ not a template }}\n';
    const { crds } = renderChart(request({ 'crds/a.yaml': crd, ...subchart('s', { 'crds/b.yaml': crd }) }));
    expect(crds.map(({ path: file, name, text }) => [file, name, text])).toEqual([
      ['charts/c/crds/a.yaml', 'c/crds/a.yaml', crd],
      ['charts/c/charts/s/crds/b.yaml', 'c/charts/s/crds/b.yaml', crd],
    ]);
  });

  it.each<[string, unknown]>([
    ['a=1,b=x,c=true,d=null,e=0,f=01,g=1.5', { a: 1, b: 'x', c: true, d: null, e: 0, f: '01', g: '1.5' }],
    ['a.b.c=1,a.b.d=2', { a: { b: { c: 1, d: 2 } } }],
    ['a[1].b=x,a[0]=y', { a: ['y', { b: 'x' }] }],
    ['a={1,b,true},c=d', { a: [1, 'b', true], c: 'd' }],
    ['a=b\\,c,d\\.e=f', { a: 'b,c', 'd.e': 'f' }],
    ['a[0][1]=x', { a: [[null, 'x']] }],
    ['a=', { a: '' }],
  ])('reads --set %s', (text, expected) => {
    const { files } = renderChart(
      request({ 'templates/v.yaml': '{{ toJson .Values.r }}' }, { values: new Map([['r', setting(text)]]) }),
    );
    expect(JSON.parse(files[0]?.text ?? '')).toEqual(expected);
  });

  it.each(['a', 'a,b=1', 'a[x]=1', 'a[99999999]=1', 'a={1', 'a.=', `${'a.'.repeat(40)}b=1`])(
    'refuses --set %s',
    (text) => {
      expect(problemOf(() => setting(text)).code).toBe('ValuesInvalid');
    },
  );
});

// Each of these would take all memory there is, or for ever.
describe('hostile charts', () => {
  const chartFile = (name: string, dependency = '', aliases = 0) => {
    const listed = Array.from({ length: aliases }, (_, at) => `- {name: ${dependency}, version: "*", alias: a${at}}\n`);
    return `apiVersion: v2\nname: ${name}\nversion: 1.0.0\ndependencies:\n${listed.join('')}`;
  };
  /** The archive of a chart with a file of so many zeros, or so many files. */
  const archive = (name: string, zeros: number, files = 1): Buffer => {
    const entry = (file: string, content: Buffer) => {
      const header = Buffer.alloc(512);
      header.write(`${name}/${file}`);
      header.write(content.length.toString(8), 124);
      header.write('0', 156);
      return Buffer.concat([header, content, Buffer.alloc(-content.length & 511)]);
    };
    const more = Array.from({ length: files }, (_, at) => entry(`f${at}`, Buffer.alloc(zeros)));
    return gzipSync(Buffer.concat([entry('Chart.yaml', Buffer.from(chartFile(name))), ...more]), { level: 1 });
  };
  const withArchives = (...archives: readonly Buffer[]) => {
    const packed = archives.map((bytes, at) => ({ path: `charts/s${at}.tgz`, bytes }));
    return renderChart({ ...request({}), files: [...request({}).files, ...packed] });
  };

  it.each<[string, string, () => unknown]>([
    [
      'aliases of aliases',
      'more than 500 charts',
      () =>
        renderChart(
          request({
            'Chart.yaml': chartFile('c', 'x', 1_000),
            'charts/x/Chart.yaml': chartFile('x', 'inner', 1_000),
            'charts/x/charts/inner/Chart.yaml': chartFile('inner', 'z', 1_000),
            'charts/x/charts/inner/charts/z/Chart.yaml': chartFile('z'),
          }),
        ),
    ],
    [
      'aliases of a chart with many values',
      'more than 1000000 values',
      () =>
        renderChart(
          request({
            'Chart.yaml': chartFile('c', 'x', 200),
            'charts/x/Chart.yaml': chartFile('x'),
            'charts/x/values.yaml': `{a: [${'1,'.repeat(10_000)}]}`,
          }),
        ),
    ],
    [
      'archives that are large together',
      'cannot be unpacked',
      () => withArchives(archive('x', 30 << 20), archive('w', 30 << 20), archive('z', 30 << 20)),
    ],
    [
      'archives that hold many files together',
      'more than 10000 files',
      () => withArchives(archive('x', 0, 6_000), archive('w', 0, 6_000)),
    ],
    [
      'files that are large together',
      'more than 67108864 bytes',
      () =>
        renderChart({ ...request({}), files: [...request({}).files, { path: 'x', bytes: Buffer.alloc(65 << 20) }] }),
    ],
    [
      'a schema that refers to itself',
      'call stack',
      () => renderChart(request({ 'values.schema.json': '{"allOf":[{"$ref":"#"}]}' })),
    ],
  ])('refuses %s', (_name, message, act) => {
    const error = problemOf(act);
    expect(error.code).toBe('ChartInvalid');
    expect(error.message).toContain(message);
  });

  it('takes many aliases, of charts that have their own', () => {
    const { files } = renderChart(
      request({
        'Chart.yaml': chartFile('c', 'x', 20),
        'charts/x/Chart.yaml': chartFile('x', 'inner', 20),
        'charts/x/charts/inner/Chart.yaml': chartFile('inner'),
        'charts/x/charts/inner/templates/v.yaml': '{{ .Chart.Name }}',
      }),
    );
    expect(files.map(({ name }) => name)).toContain('c/charts/a19/charts/a7/templates/v.yaml');
    expect(files).toHaveLength(400);
  });
});

function problemOf(act: () => unknown): RenderError {
  try {
    act();
  } catch (error) {
    if (error instanceof RenderError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
