import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson, type GoMap, RenderError, Templates } from '../../template/index.ts';
import { helmFunctions } from './index.ts';

const FUNCTIONS = helmFunctions({ seed: 'seed', nowMs: 0 });
const DOC = readFileSync(fileURLToPath(new URL('../../../../docs/helm.md', import.meta.url)), 'utf8');

const ARGUMENTS = [
  ...[
    '"a"',
    '""',
    '"a,b"',
    '"-1"',
    '"1.5"',
    '"["',
    '"2006-01-02"',
    '"a: [1]"',
    '"{{ . }}"',
    '0',
    '1',
    '-1',
    '3',
    '1.5',
    '1e300',
    'true',
    'nil',
  ],
  ...[
    '.',
    '.list',
    '.map',
    '.none',
    '.text',
    '(list 1 "a" nil)',
    '(dict "a" 1)',
    '(list)',
    '(dict)',
    '(now)',
    '(int64 5)',
  ],
];

describe('src/render/helm/functions/index.ts', () => {
  it('is what docs/helm.md lists', () => {
    const listed = DOC.slice(DOC.indexOf('<!-- functions -->'))
      .split('\n')
      .slice(1)
      .join(' ')
      .split(/[\s,]+/)
      .filter((word) => word !== '');
    expect(listed).toEqual([...FUNCTIONS.keys()].sort());
  });

  it('answers or throws a RenderError, whatever a function is given', () => {
    const call = fc.tuple(
      fc.constantFrom(...FUNCTIONS.keys()),
      fc.array(fc.constantFrom(...ARGUMENTS), { maxLength: 4 }),
      fc.option(fc.constantFrom('toYaml', 'toJson', 'quote', 'len', 'b64enc', 'join ","'), { nil: undefined }),
    );
    const data = fromJson({ list: ['b', 'a'], map: { x: { y: 1 } }, none: null, text: 'some text' }) as GoMap;
    fc.assert(
      fc.property(call, ([name, args, then]) => {
        const templates = new Templates(FUNCTIONS, { limits: { steps: 100_000, depth: 10, bytes: 1_000_000 } });
        const source = `{{ ${name} ${args.join(' ')}${then === undefined ? '' : ` | ${then}`} }}`;
        try {
          templates.add(source, { name: 'x', path: 'x' });
          templates.render('x', data);
        } catch (error) {
          if (!(error instanceof RenderError)) throw new Error(source, { cause: error });
        }
      }),
      { numRuns: 3_000 },
    );
  });

  const TWICE = '{{ $a := list 1 }}{{ range until 40 }}{{ $a = list $a $a }}{{ end }}';
  const LONG = '{{ $t := repeat 8000000 "a" }}{{ range until 1000 }}';
  it.each([
    ['a copy of lists that hold a list twice', `${TWICE}{{ $b := deepCopy $a }}`],
    ['their YAML', `${TWICE}{{ $b := toYaml $a }}`],
    ['their JSON', `${TWICE}{{ $b := toJson $a }}`],
    ['their text', `${TWICE}{{ $b := printf "%v" $a }}`],
    ['what is written of them', `${TWICE}{{ $a }}`],
    ['whether they are equal', `${TWICE}{{ $b := deepEqual $a (list $a 1) }}{{ $c := has $a (list $a) }}`],
    ['a thousand long texts', `{{ $l := list }}${LONG}{{ $l = append $l (upper $t) }}{{ end }}`],
    ['a thousand long texts, one after the other', `${LONG}{{ $b := trim $t }}{{ end }}`],
  ])('bounds what %s cost', (_what, source) => {
    const templates = new Templates(FUNCTIONS);
    templates.add(source, { name: 'x', path: 'x' });
    const from = performance.now();
    expect(() => templates.render('x', fromJson({}) as GoMap)).toThrow(
      expect.objectContaining({ code: 'TemplateTooCostly' }),
    );
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  it('wraps a word without blanks at a cost that grows with its length alone', () => {
    const wrapped = (length: number) => {
      const templates = new Templates(FUNCTIONS);
      templates.add(`{{ wrapWith 1 "-" (repeat ${length} "a") | len }}`, { name: 'x', path: 'x' });
      const from = performance.now();
      expect(templates.render('x', fromJson({}) as GoMap).text).toBe(String(2 * length - 1));
      return performance.now() - from;
    };
    wrapped(1_000); // warm
    const [short, long] = [wrapped(10_000), wrapped(100_000)];
    expect(long).toBeLessThan(Math.max(short, 5) * 40); // Quadratic would be a hundred times.
  });
});
