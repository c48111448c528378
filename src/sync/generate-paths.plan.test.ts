import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Application } from '#api';
import { isTouched } from './generate-paths.plan.ts';

const GENERATE_PATHS = 'argocd.argoproj.io/manifest-generate-paths';

function application(annotation: string | undefined, ...paths: readonly string[]): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: 'shop',
      namespace: 'argocd',
      ...(annotation === undefined ? {} : { annotations: { [GENERATE_PATHS]: annotation } }),
    },
    spec: {
      project: 'default',
      destination: { namespace: 'shop' },
      sources: paths.map((path) => ({ repoURL: 'https://git.example/shop.git', path })),
    },
  } as unknown as Application;
}

describe('src/sync/generate-paths.plan.ts', () => {
  it.each<[string, string | undefined, string, boolean]>([
    ['no annotation', undefined, 'other/a.yaml', true],
    ['an empty annotation', ' ', 'other/a.yaml', true],
    ['its own folder', '.', 'apps/shop/a.yaml', true],
    ['a folder below its own', '.', 'apps/shop/deep/a.yaml', true],
    ['another folder', '.', 'apps/cart/a.yaml', false],
    ['a folder whose name begins alike', '.', 'apps/shopping/a.yaml', false],
    ['a folder beside its own', '../base', 'apps/base/a.yaml', true],
    ['a folder from the root', '/base', 'base/a.yaml', true],
    ['the root', '/', 'anything.yaml', true],
    ['a path that leaves the repository', '../../../../base', 'base/a.yaml', true],
    ['the second of several', '.;/base', 'base/a.yaml', true],
    ['none of several', '.;/base;', 'bases/a.yaml', false],
    ['a file', '/base/a.yaml', 'base/a.yaml', true],
    ['the file beside it', '/base/a.yaml', 'base/b.yaml', false],
    ['a pattern', '/base/*.yaml', 'base/a.yaml', true],
    ['a pattern across a slash', '/base/*.yaml', 'base/deep/a.yaml', false],
    ['a pattern for folders', '/apps/*/a.yaml', 'apps/cart/a.yaml', true],
    ['a pattern that cannot be read', '/base/[', 'base/a.yaml', true],
    ['more paths than are read', Array(80).fill('/x').join(';'), 'base/a.yaml', true],
  ])('%s', (_what, annotation, file, expected) => {
    expect(isTouched(application(annotation, 'apps/shop'), ['README.md', file].slice(1))).toBe(expected);
  });

  it('counts each path from each source', () => {
    const both = application('.', 'apps/shop', 'apps/cart');
    expect([isTouched(both, ['apps/cart/a']), isTouched(both, ['apps/other/a'])]).toEqual([true, false]);
  });

  it('is touched by every file below each path that it names', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 5 }), path, fc.nat(), (named, below, pick) => {
        const chosen = named[pick % named.length];
        const annotation = named.map((each) => `/${each}`).join(';');
        expect(isTouched(application(annotation, 'shop'), [`${chosen}/${below}`])).toBe(true);
      }),
    );
  });
});
