import type { ApplicationSource } from '#api';
import { compileGlob } from './glob.ts';

/** Which files of a directory are manifests, and what could not be decided. */
export interface FileSelection<T> {
  readonly files: readonly T[];
  /** A pattern that cannot be read, and the like: the source as a whole cannot be loaded then. */
  readonly problem?: string;
}

const MANIFEST = /\.(ya?ml|json)$/i;
/** Files that make a directory something else than plain manifests. Source: argo-cd util/app/discovery (v3.0). */
const OTHER_TOOLS: readonly (readonly [RegExp, string])[] = [
  [/^Chart\.yaml$/, 'a Helm chart, which is rendered only where spec.source.directory is not set'],
  [
    /^(kustomization\.ya?ml|Kustomization)$/,
    'a kustomization, which is built only where spec.source.directory is not set',
  ],
];

/**
 * The manifests below `base`: `.yaml`, `.yml`, `.json`, in the directory itself or, with `recurse`, below it; `include`
 * narrows, `exclude` takes away, both on the path from `base`. Source: argo-cd docs/user-guide/directory.md.
 */
export function selectFiles<T extends { readonly path: string }>(
  files: readonly T[],
  base: string,
  directory: ApplicationSource['directory'] = {},
): FileSelection<T> {
  const include = directory.include === undefined ? undefined : compileGlob(directory.include);
  const exclude = directory.exclude === undefined ? undefined : compileGlob(directory.exclude);
  if (directory.include !== undefined && include === undefined) return unreadable('include', directory.include);
  if (directory.exclude !== undefined && exclude === undefined) return unreadable('exclude', directory.exclude);
  const selected: T[] = [];
  for (const file of files) {
    const relative = base === '' ? file.path : file.path.slice(base.length + 1);
    const tool = OTHER_TOOLS.find(([pattern]) => pattern.test(relative))?.[1];
    if (tool !== undefined && directory.include === undefined) {
      return {
        files: [],
        problem: `${file.path} makes this ${tool}`,
      };
    }
    if (!MANIFEST.test(relative)) continue;
    if (directory.recurse !== true && relative.includes('/')) continue;
    if (include?.(relative) === false || exclude?.(relative) === true) continue;
    selected.push(file);
  }
  return { files: selected };
}

function unreadable(field: string, pattern: string): { readonly files: []; readonly problem: string } {
  return { files: [], problem: `spec.source.directory.${field} is not a valid pattern: ${pattern.slice(0, 200)}` };
}
