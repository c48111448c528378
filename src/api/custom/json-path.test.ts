import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_JSON_PATH_LENGTH, parseJsonPath } from './json-path.ts';

const object = {
  spec: { replicas: 3, 'a.b': 'dotted', list: [1, 2, 3, 4] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Up', status: 'False', n: 5 },
    ],
  },
};

describe('src/api/custom/json-path.ts', () => {
  it.each([
    ['.spec.replicas', [3]],
    ['{.spec.replicas}', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.nothing', []],
    ['.spec.a\\.b', ['dotted']],
    [".spec['a.b']", ['dotted']],
    ['.spec["replicas","a.b"]', [3, 'dotted']],
    ['.spec.list[0]', [1]],
    ['.spec.list[-1]', [4]],
    ['.spec.list[0,2]', [1, 3]],
    ['.spec.list[1:3]', [2, 3]],
    ['.spec.list[::2]', [1, 3]],
    ['.spec.list[*]', [1, 2, 3, 4]],
    ['.status.conditions[*].type', ['Ready', 'Up']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Up')].status", ['False']],
    ['.status.conditions[?( @.n > 4 )].type', ['Up']],
    ['.status.conditions[?(@.n)].type', ['Up']],
    ['.status.conditions[?(@.type!="Up")].type', ['Ready']],
    ['..type', ['Ready', 'Up']],
    ['.', [object]],
  ])('%s', (path, found) => {
    expect(parseJsonPath(path)?.find(object)).toEqual(found);
  });

  it.each(['.spec[', '.spec..', 'spec', '.a b', '.a[?(@.b==)]', '.a[x]', `.${'a'.repeat(MAX_JSON_PATH_LENGTH)}`])(
    'cannot read %.20s',
    (path) => {
      expect(parseJsonPath(path)).toBeUndefined();
    },
  );

  it('names the fields of a plain path only', () => {
    expect(parseJsonPath('.spec.replicas')?.fields).toEqual(['spec', 'replicas']);
    expect(parseJsonPath('.spec.list[0]')?.fields).toBeUndefined();
  });

  it('never throws, nor answers without end', () => {
    const text = fc.string({ unit: fc.constantFrom(...'.[]?()@*:,\'"ab0-=<>!$\\{} '.split('')), maxLength: 20 });
    fc.assert(
      fc.property(text, fc.jsonValue({ maxDepth: 4 }), (path, value) => {
        expect((parseJsonPath(path)?.find(value) ?? []).length).toBeLessThanOrEqual(1_000);
      }),
      { numRuns: 2_000 },
    );
  });
});
