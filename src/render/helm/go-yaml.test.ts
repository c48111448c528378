import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYamlBody } from '#api';
import { fromJson } from '../template/index.ts';
import { compareKeys, goYaml } from './go-yaml.ts';

const WORDS = [
  '',
  'a',
  'yes',
  '1',
  '1.5',
  '0x1f',
  'null',
  '- a',
  'a: b',
  'a #b',
  ' a',
  'a ',
  'a\nb',
  'a\n',
  '\n\n',
  "it's",
  '"',
  '\t',
  'é',
  '\u2028x',
  'a\u2029b',
  '😀',
  'x '.repeat(60),
];

describe('src/render/helm/go-yaml.ts', () => {
  it('reads back as what it was written from', () => {
    const text = fc.oneof(
      fc.constantFrom(...WORDS),
      fc.string({ maxLength: 100 }),
      fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', ':', '#', '\\', '-', '\n'), maxLength: 120 }),
    );
    const key = fc
      .oneof(fc.constantFrom('a', 'b10', 'b9', 'yes', '1', 'x y', 'a: b'), fc.string({ minLength: 1, maxLength: 8 }))
      .filter((word) => word !== '<<' && !word.includes('\n'));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.boolean(),
        fc.constant(null),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(key, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (json) => {
        const plain: unknown = JSON.parse(JSON.stringify(json, (_, inner) => (Object.is(inner, -0) ? 0 : inner)));
        expect(parseYamlBody(goYaml(fromJson(plain))).value).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });

  it('sorts keys as people count', () => {
    expect(['b', 'a10', 'a2', 'B', '10', '9', '_y', '-x', 'a'].sort(compareKeys)).toEqual([
      '-x',
      '_y',
      '9',
      '10',
      'B',
      'a',
      'a2',
      'a10',
      'b',
    ]);
  });
});
