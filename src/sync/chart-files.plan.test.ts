import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planFiles } from './chart-files.plan.ts';

const names = (own: readonly string[], others: readonly string[] = []) => ({
  folder: 'charts/web',
  own: new Set(own),
  refs: new Map([['values', new Set(others)]]),
});
const own = ['charts/web/a.yaml', 'charts/web/b.yaml', 'charts/web/env/c.yaml', 'env/d.yaml', 'top.yaml'];

describe('src/sync/chart-files.plan.ts', () => {
  it.each([
    ['a.yaml', ['charts/web/a.yaml']],
    ['./env/../b.yaml', ['charts/web/b.yaml']],
    ['../../top.yaml', ['top.yaml']],
    ['/env/d.yaml', ['env/d.yaml']],
    ['*.yaml', ['charts/web/a.yaml', 'charts/web/b.yaml']],
    ['**/*.yaml', ['charts/web/a.yaml', 'charts/web/b.yaml', 'charts/web/env/c.yaml']],
    ['/**/[cd].yaml', ['charts/web/env/c.yaml', 'env/d.yaml']],
    ['gone.yaml', []],
    ['$values/prod/?.yaml', ['values:prod/x.yaml']],
  ])('finds what %s names', (written, expected) => {
    const plan = planFiles(written, names(own, ['prod/x.yaml', 'prod/xy.yaml']));
    expect(plan.type).toBe('files');
    if (plan.type === 'files')
      expect(plan.files.map(({ ref, path }) => (ref === undefined ? path : `${ref}:${path}`))).toEqual(expected);
  });

  it.each([
    ['../../../a.yaml', 'leads out of the repository'],
    ['$values/../a.yaml', 'leads out of the repository'],
    ['$other/a.yaml', 'names the ref "other"'],
    ['$values', 'must be $name/path'],
    ['https://host/a.yaml', 'is no file of a repository'],
    ['[a', 'is not a valid pattern'],
  ])('refuses %s', (written, expected) => {
    expect(planFiles(written, names(own))).toMatchObject({ message: expect.stringContaining(expected) });
  });

  it('names nothing but files that are there', () => {
    const part = fc.constantFrom('..', '.', '*', '**', 'a.yaml', 'env', '?.yaml', '{a,b}.yaml', '', 'charts', 'web');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const plan = planFiles(parts.join('/'), names(own));
        if (plan.type === 'files') for (const { path } of plan.files) expect(own).toContain(path);
      }),
    );
  });
});
