import { describe, expect, it } from 'vitest';
import { unsupportedRules } from './ignore.ts';
import { parseJqRule, parsePointerRule } from './ignore-path.ts';

const key = (name: string) => ({ type: 'key', key: name });
const each = { type: 'each' };

describe('src/diff/ignore-path.ts', () => {
  it.each([
    ['.spec.replicas', [key('spec'), key('replicas')]],
    [' .spec.replicas ', [key('spec'), key('replicas')]],
    ['.spec.replicas?', [key('spec'), key('replicas')]],
    ['.spec.containers[].image', [key('spec'), key('containers'), each, key('image')]],
    ['.spec.containers[]?.image', [key('spec'), key('containers'), each, key('image')]],
    ['.spec.containers[0].image', [key('spec'), key('containers'), { type: 'index', index: 0 }, key('image')]],
    ['.metadata.annotations["a.b/c"]', [key('metadata'), key('annotations'), key('a.b/c')]],
    ['.metadata.annotations."a.b/c"', [key('metadata'), key('annotations'), key('a.b/c')]],
    ['.metadata | .annotations', [key('metadata'), key('annotations')]],
    ['.["spec"]', [key('spec')]],
    ['.a[] | select(.name == "x")', [key('a'), each, { type: 'select', field: ['name'], value: 'x' }]],
    ['.a[]?|select(.b.c==3)|.d', [key('a'), each, { type: 'select', field: ['b', 'c'], value: 3 }, key('d')]],
    ['.data."with \\"quote\\""', [key('data'), key('with "quote"')]],
  ])('reads %s', (expression, steps) => {
    expect(parseJqRule(expression)).toEqual(steps);
  });

  it.each([
    '',
    '.',
    'spec',
    '.spec[',
    '.spec[-1]',
    '.a | length',
    '.a[] | select(.name | test("x"))',
    '.a | select(.b == 1)',
    'select(.a == 1)',
    '.a, .b',
    '..',
    '.a[1:2]',
    '.a as $x | .b',
    '."\\q"',
    `.${'a.'.repeat(10_000)}`,
  ])('cannot read %.40s', (expression) => {
    expect(parseJqRule(expression)).toBeUndefined();
  });

  it('is quick on anything', () => {
    const before = performance.now();
    for (const text of [
      '.a[]?'.repeat(200),
      `.a | ${' '.repeat(900)}`,
      `.["${'\\'.repeat(900)}`,
      `.a[] | select(${'.a'.repeat(400)}`,
    ])
      parseJqRule(text);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it.each([
    ['/spec/replicas', [key('spec'), key('replicas')]],
    ['/a~1b/~0c/0', [key('a/b'), key('~c'), key('0')]],
    ['', undefined],
    ['spec', undefined],
    ['/a~2', undefined],
  ])('reads the pointer %j', (pointer, steps) => {
    expect(parsePointerRule(pointer)).toEqual(steps);
  });

  it('names what it cannot read', () => {
    expect(
      unsupportedRules([{ kind: 'X', jsonPointers: ['/a', 'b'], jqPathExpressions: ['.a', '.a | length'] }]),
    ).toEqual(['b', '.a | length']);
  });
});
