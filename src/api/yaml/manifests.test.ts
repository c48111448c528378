import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../meta/object.ts';
import { parseYamlBody } from './body.ts';
import { formatYaml } from './format.ts';
import { lineOfField } from './locate.ts';
import { parseManifests } from './manifests.ts';

const cm = (name: string, rest = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${rest}`;

/** Names with the lines they stand on, then messages with theirs. */
function summary(text: string) {
  const { objects, diagnostics } = parseManifests(text, 'dir/a.yaml');
  return {
    objects: objects.map(({ object, line, path }) => `${path}:${line} ${object.metadata.name}`),
    diagnostics: diagnostics.map(({ path, line, message }) => `${path}:${line} ${message}`),
  };
}

describe('src/api/yaml/manifests.ts', () => {
  it('reads several documents, skips comments, and knows where each object begins', () => {
    const text = `# head\n${cm('a')}---\n# only a comment\n---\n\n---\n# of b\n${cm('b')}...\n`;
    expect(summary(text)).toEqual({ objects: ['dir/a.yaml:2 a', 'dir/a.yaml:11 b'], diagnostics: [] });
  });

  it('expands lists, also lists of lists', () => {
    const text = [
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- apiVersion: v1',
      '  kind: Secret',
      '  metadata: {name: a}',
      '- kind: ConfigMapList',
      '  apiVersion: v1',
      '  items:',
      '  - {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}',
    ].join('\n');
    expect(summary(text)).toEqual({ objects: ['dir/a.yaml:4 a', 'dir/a.yaml:10 b'], diagnostics: [] });
    expect(summary('{apiVersion: v1, kind: List, items: []}')).toEqual({ objects: [], diagnostics: [] });
  });

  it('reads JSON, CRLF and a byte order mark', () => {
    expect(summary('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}').objects).toEqual(['dir/a.yaml:1 a']);
    expect(summary(`\ufeff${cm('a').replaceAll('\n', '\r\n')}`).objects).toEqual(['dir/a.yaml:1 a']);
  });

  it.each([
    ['', []],
    ['# nothing\n', []],
    ['---\n---\n', []],
    ['just text', ['1 not a Kubernetes object: a map with apiVersion, kind and metadata is expected']],
    ['a: 1', ['1 not a Kubernetes object: apiVersion is missing']],
    ['\n\nimage: x\nreplicas: 2', ['3 not a Kubernetes object: apiVersion is missing']],
    ['apiVersion: v1\nkind:', ['1 not a Kubernetes object: kind is missing']],
    ['apiVersion: 1\nkind: X', ['1 apiVersion must be text']],
    ['apiVersion: v1\nkind: X', ['1 metadata.name is missing']],
    ['apiVersion: v1\nkind: X\nmetadata: [a]', ['1 metadata must be a map']],
    [cm('123'), ['1 metadata.name must be text: write "123" in quotes']],
    [cm('on'), ['1 metadata.name must be text: write "true" in quotes']],
    [
      'apiVersion: v1\nkind: X\nmetadata: {generateName: a-}',
      [
        '1 metadata.generateName names a new object each time; objects in Git need metadata.name, unless they are hooks',
      ],
    ],
    [cm('a', 'data:\n  x: 1\n  y: 2\n  x: 3'), ['7 duplicate key "x"']],
    [cm('a', 'kind: Secret'), ['4 duplicate key "kind"']],
    [cm('a', 'x: !!js/function "f"'), ['4 an unknown tag (a value that begins with ! needs quotes)']],
    [cm('a', 'x: !env HOME'), ['4 an unknown tag (a value that begins with ! needs quotes)']],
    [cm('a', 'x: !!set {a}'), ['4 an unknown tag (a value that begins with ! needs quotes)']],
    [cm('a', 'x: .nan'), ['4 ".nan" is not a finite number: quote it if it is meant as text']],
    [cm('a', 'x: 9007199254740993'), ['4 the integer 9007199254740993 is beyond ±2^53 and cannot be kept exact']],
    [cm('a', '? [x]\n: 1'), ['4 a list or map cannot be a key']],
    [cm('a', '~: 1'), ['4 a key is missing or null']],
    [cm('a', 'x: *nope'), ['4 an unknown alias (a value that begins with * needs quotes)']],
    [cm('a', 'x: &x [*x]'), ['4 the alias *x is part of itself']],
    [cm('a', '<<: 3'), ['4 "<<" needs a map or a list of maps']],
    [cm('a', 'x: "\u0000"'), ['4 the control character U+0000 is not allowed']],
    [']', ['1 Unexpected flow-seq-end token in YAML document: "]"']],
  ])('%j gives %j', (text, messages) => {
    expect(summary(text).diagnostics).toEqual(messages.map((message) => `dir/a.yaml:${message}`));
  });

  it.each(['x: [1, 2', 'a:\n\t- b', 'a: "open', '%bad\n', 'a: b: c', '- a\nb', '@a'])(
    'never loads %j in silence',
    (text) => {
      expect(parseManifests(text, 'f').diagnostics).not.toEqual([]);
    },
  );

  it('keeps the good documents beside a broken one, and tells of the broken one', () => {
    const text = `${cm('a')}---\nx: [1\n---\n${cm('c')}`;
    const { objects, diagnostics } = summary(text);
    expect(objects).toEqual(['dir/a.yaml:1 a', 'dir/a.yaml:7 c']);
    expect(diagnostics.every((text) => text.startsWith('dir/a.yaml:6 '))).toBe(true);
    expect(diagnostics).not.toEqual([]);
  });

  it('takes merge keys and aliases as kubectl does', () => {
    const { objects } = parseManifests(
      cm(
        'a',
        'base: &b {x: 1, z: 2}\nover: {<<: *b, x: 3}\nunder: {x: 3, <<: *b}\nmany: {<<: [{x: 7}, *b]}\ntext: {"<<": 1}',
      ),
      'f',
    );
    expect(objects[0]?.object).toMatchObject({
      over: { x: 3, z: 2 },
      under: { x: 1, z: 2 },
      many: { x: 7, z: 2 },
      text: { '<<': 1 },
    });
  });

  it('gives every use of an alias a value of its own', () => {
    const object = parseManifests(cm('a', 'x: &x {k: [1]}\nz: *x'), 'f').objects[0]?.object;
    expect(object?.['z']).toEqual(object?.['x']);
    expect(object?.['z']).not.toBe(object?.['x']);
  });

  it('turns keys into text as kubectl does', () => {
    const object = parseManifests(cm('a', 'data: {on: 1, 0777: 2, 1.50: 3, "0777": 4}'), 'f').objects[0]?.object;
    expect(object?.['data']).toEqual({ true: 1, 511: 2, 1.5: 3, '0777': 4 });
  });

  it('keeps keys of the prototype as data', () => {
    const text = cm('a', 'data: {__proto__: x, constructor: y}\nm: {<<: {__proto__: {polluted: 1}}}');
    const object = parseManifests(text, 'f').objects[0]?.object;
    expect(Object.keys(object?.['data'] as object)).toEqual(['__proto__', 'constructor']);
    expect(JSON.stringify(object?.['m'])).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  describe('refuses at once', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [index, key] of [...'bcdefghi'].entries()) {
      bomb.push(`${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`);
    }
    it.each([
      ['an alias bomb', bomb.join('\n'), /values, aliases expanded/],
      ['20,000 open lists', '['.repeat(20_000), /nested deeper than 100/],
      ['20,000 block lists', '- '.repeat(20_000), /nested deeper than 100/],
      ['1,000 block maps', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), /deeper/],
      [
        'aliases stacked deep',
        `a0: &a0 [1]\n${Array.from({ length: 150 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`).join('\n')}`,
        /deeper/,
      ],
      ['2 MiB', `a: ${'x'.repeat(2 * 1024 * 1024)}`, /larger than 1048576 bytes/],
    ])('%s', (_name, text, message) => {
      const before = performance.now();
      const { objects, diagnostics } = parseManifests(text, 'f');
      expect(performance.now() - before).toBeLessThan(3000);
      expect(objects).toEqual([]);
      expect(diagnostics).toHaveLength(1);
      expect(diagnostics[0]?.message).toMatch(message);
    });

    it('more documents or values than the limits allow', () => {
      const limits = { maxBytes: 1000, maxNodes: 20, maxDepth: 5, maxDocuments: 2 };
      const messages = (text: string) =>
        parseManifests(text, 'f', { limits }).diagnostics.map(({ message }) => message);
      expect(messages('---\n---\n---\n')).toEqual(['more than 2 documents']);
      expect(messages(cm('a', `x: [${'1,'.repeat(30)}]`))).toEqual(['more than 20 values, aliases expanded']);
      // The budget is the file's, not each document's.
      expect(messages(`${cm('a', 'x: [1,2,3]')}\n---\n${cm('b', 'x: [1,2,3]')}`)).toEqual([
        'more than 20 values, aliases expanded',
      ]);
    });
  });

  it('answers, whatever the text', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        ': ',
        '\n',
        '  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '&a ',
        '*a',
        '!!str ',
        '|\n',
        '>-\n',
        '"',
        "'",
        '#',
        '---\n',
        '%',
        '<<',
      ],
      ...['? ', '\t', '0x', '~', '\r\n', '...\n', '__proto__', '\\', '!'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { diagnostics } = parseManifests(pieces.join(''), 'f');
        for (const { line } of diagnostics) expect(line).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('src/api/yaml/format.ts', () => {
  it('reads back as the same value, whatever the texts look like', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'yes',
        'NO',
        '0400',
        '0o17',
        '1e3',
        '1:30',
        '.5',
        '~',
        '',
        'null',
        '<<',
        '2001-01-01',
        '- a',
        'a: b',
        '1_0',
      ),
    );
    const printable = text.filter((value) => !/[^\t\n\r\x20-\x7e\u00a0-\ud7ff]/.test(value) && !value.includes('\r'));
    const leaf = fc.oneof(printable, fc.integer(), fc.boolean(), fc.constant(null));
    const { value } = fc.letrec<{ value: Json }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(printable, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (json) => {
        expect(parseYamlBody(formatYaml(json))).toEqual({ value: json, duplicates: [] });
      }),
      { numRuns: 300 },
    );
  });
});

describe('src/api/yaml/body.ts', () => {
  it('says where a body is broken', () => {
    expect(() => parseYamlBody('a: 1\n{a: 2')).toThrow(
      expect.objectContaining({ reason: 'BadRequest', message: expect.stringContaining('line 2, column ') }),
    );
  });

  it('tells where a key stands twice, and takes the last', () => {
    const text = 'a: 1\nb:\n  - c: 1\n  - c: {d: 1, d: 2}\n    c: 3\na: 2\na: 3';
    expect(parseYamlBody(text)).toEqual({
      value: { a: 3, b: [{ c: 1 }, { c: 3 }] },
      duplicates: ['b[1].c.d', 'b[1].c', 'a', 'a'],
    });
  });

  it('takes one document', () => {
    expect(parseYamlBody('a: 1')).toEqual({ value: { a: 1 }, duplicates: [] });
    expect(parseYamlBody('# nothing').value).toBeNull();
  });
});

describe('src/api/yaml/locate.ts', () => {
  const text = [
    'apiVersion: v1', // 1
    'kind: List',
    'items:',
    '- apiVersion: apps/v1', // 4
    '  kind: Deployment',
    '  metadata:',
    '    name: web',
    '    labels: {app.kubernetes.io/name: web}', // 8
    '  spec:',
    '    replicas: 3', // 10
    '    containers:',
    '    - name: web',
    '      env:',
    '      - name: A', // 14
    '        value: x',
    '      ports:',
    '      - containerPort: 80', // 17
  ].join('\n');

  it.each([
    ['spec.replicas', 10],
    ['metadata.labels[app.kubernetes.io/name]', 8],
    ['spec.containers[name=web]', 12],
    ['spec.containers[name=web].env[name=A].value', 15],
    ['spec.containers[name=web].ports[containerPort=80,protocol=TCP]', 17],
    ['spec.containers[0].env[0]', 14],
    ['spec.containers[name=web].image', 12],
    ['spec.containers[name=other].image', 11],
    ['spec.paused', 9],
    ['status', 4],
    ['not a [path', 4],
  ])('finds %s on line %d', (path, line) => {
    const [manifest] = parseManifests(text, 'a.yaml').objects;
    expect(lineOfField(manifest as NonNullable<typeof manifest>, path)).toBe(line);
  });

  it.each([
    ['data.user', 5],
    ['data.password', 7],
    ['data.token', 6],
  ])('finds %s of a Secret in stringData too, on line %d', (path, line) => {
    const secret =
      'kind: Secret\napiVersion: v1\nmetadata: {name: s}\ndata:\n  user: eA==\nstringData:\n  password: y\n';
    const [manifest] = parseManifests(secret, 's.yaml').objects;
    expect(lineOfField(manifest as NonNullable<typeof manifest>, path)).toBe(line);
  });

  it('points at an alias, a merge and the text of a JSON file, not behind them', () => {
    const lines = (file: string, paths: readonly string[]) => {
      const [manifest] = parseManifests(file, 'a.yaml').objects;
      return paths.map((path) => lineOfField(manifest as NonNullable<typeof manifest>, path));
    };
    const aliased =
      'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\n  labels: &l\n    a: b\n  annotations: *l\ndata:\n  <<: *l\n  c: d\n';
    expect(lines(aliased, ['metadata.labels.a', 'metadata.annotations.a', 'data.a', 'data.c'])).toEqual([6, 7, 8, 10]);
    const json = '{"kind": "ConfigMap", "apiVersion": "v1",\n"metadata": {"name": "a"},\n"data": {\n"a": "b"}}';
    expect(lines(json, ['metadata.name', 'data.a', 'data.__proto__', 'data.constructor'])).toEqual([2, 4, 3, 3]);
  });
});
