import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PROGRAM, readPattern } from './linear-pattern.ts';

const compiled = (pattern: string) => {
  const read = readPattern(pattern);
  if ('problem' in read) throw new Error(read.problem);
  return read;
};
const matches = (pattern: string, text: string, steps = 1_000_000) => compiled(pattern).matches(text, { steps });

describe('src/api/custom/linear-pattern.ts', () => {
  it.each([
    ['^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', '* * * * */5', true],
    ['^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$', '* * * *', false],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'my-name', true],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'my-name-', false],
    ['^((25[0-5]|(2[0-4]|1\\d|[1-9]|)\\d)\\.?\\b){4}$', '10.96.0.1', true],
    ['^((25[0-5]|(2[0-4]|1\\d|[1-9]|)\\d)\\.?\\b){4}$', '10.96.0.256', false],
    ['^(?i)yes|no$', 'YES', true],
    ['^(?i:y)es$', 'YES', false],
    ['^(?P<year>\\d{4})-\\d{2}$', '2026-11', true],
    ['^[^\\-]+$', 'a-b', false],
    ['^[[:alpha:]_]{2,3}$', 'a_b', true],
    ['^[[:^alpha:]]$', 'a', false],
    ['^\\p{L}+$', 'Käse', true],
    ['^\\pN$', 'x', false],
    ['^\\x41\\x{1F600}$', 'A😀', true],
    ['^\\Qa.b\\E$', 'a.b', true],
    ['^\\Qa.b\\E$', 'axb', false],
    ['^.$', '\n', false],
    ['(?s)^.$', '\n', true],
    ['a$', 'a\n', false],
    ['(?m)^b$', 'a\nb', true],
    ['^a{,2}$', 'a{,2}', true],
    ['^[]a]+$', ']a', true],
    ['', '', true],
    ['^(a|b|)$', '', true],
    ['^(a*)*$', 'aaab', false],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\Bfoo', 'a foo', false],
  ])('%s on %j: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it.each(
    [
      ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
      ['(?<!a)', 'invalid or unsupported Perl syntax: `(?<`'],
      ['(a)\\1', 'invalid escape sequence: `\\1`'],
      ['[z-a]', 'invalid character class range: `z-a`'],
      ['a{1001}', 'invalid repeat count: `{1001}`'],
      ['a**', 'invalid nested repetition operator'],
      ['*', 'missing argument to repetition operator: `*`'],
      ['(a', 'missing closing )'],
      ['a)', 'unexpected )'],
      ['[a', 'missing closing ]'],
      ['\\p{Nonsense}', 'invalid character class range: `\\p{Nonsense}`'],
      ['(((a{1000}){1000}){1000})', 'expression too large'],
      ['('.repeat(500) + ')'.repeat(500), 'expression nests too deeply'],
      ['a'.repeat(20_000), 'longer than 10000 characters'],
    ].map(([pattern = '', problem = '']) => ({ shown: pattern.slice(0, 30), pattern, problem })),
  )('refuses $shown: $problem', ({ pattern, problem }) => {
    expect(readPattern(pattern)).toEqual({ problem });
  });

  it('agrees with JavaScript where the two languages agree', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '(a|b)', '(?:ab|)', '(?:\\b)');
    const part = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}')).map((both) => both.join(''));
    const pattern = fc.tuple(fc.constantFrom('', '^'), fc.array(part, { maxLength: 5 }), fc.constantFrom('', '$'));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' '), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, ([start, parts, end], value) => {
        const source = start + parts.join('') + end;
        expect(matches(source, value)).toBe(new RegExp(source, 'u').test(value));
      }),
      { numRuns: 500 },
    );
  });

  it('takes steps in proportion to the text on what would take JavaScript years', () => {
    const used = (length: number) => {
      const budget = { steps: 10_000_000 };
      expect(compiled('^(([a-z])+.)+[A-Z]([a-z])+$').matches('a'.repeat(length), budget)).toBe(false);
      return 10_000_000 - budget.steps;
    };
    expect(used(2_000) / used(200)).toBeLessThan(12);
  });

  it('stops when its steps are used up, whatever the text', () => {
    expect(matches(`(a?){900}b`, 'a'.repeat(100_000), 50_000)).toBeUndefined();
    expect(compiled('(a?){900}b').size).toBeLessThan(MAX_PROGRAM);
  });

  it('never throws anything but its own error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab(){}[]\\|*+?^$.-:PQx0,1i<>'.split('')), maxLength: 30 }),
        (text) => {
          if (!('problem' in readPattern(text))) expect(matches(text, 'ab1', 100_000)).toBeTypeOf('boolean');
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
