import { compileGlob } from '#render';

/** A file of the repository of the source (`ref` undefined) or of another one. */
export interface NamedFile {
  readonly ref: string | undefined;
  /** From the root of that repository. */
  readonly path: string;
}

export type FilePlan =
  | { readonly type: 'files'; readonly files: readonly NamedFile[] }
  | { readonly type: 'problem'; readonly message: string };

export interface FileNames {
  /** The chart's folder, from which relative paths go. */
  readonly folder: string;
  /** All files of the source's repository. */
  readonly own: { has(path: string): boolean; keys(): Iterable<string> };
  /** Those of the sources with a `ref`, by it. */
  readonly refs: ReadonlyMap<string, { has(path: string): boolean; keys(): Iterable<string> }>;
}

/** Value files that the patterns of one source may come to. */
const MAX_FILES = 200;

/**
 * What an entry of `valueFiles` or `fileParameters` names: from the chart's folder, with a leading `/` from the root of the
 * repository, with `$name/` from the root of the source with that `ref`. `*` stays in its folder, `**` crosses folders; what
 * a pattern matches comes in the order of names. Source: argo-cd docs/user-guide/helm.md, multiple_sources.md.
 */
export function planFiles(written: string, names: FileNames): FilePlan {
  const problem = (message: string): FilePlan => ({ type: 'problem', message: `"${written}" ${message}` });
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written))
    return problem('is no file of a repository; what is elsewhere is not fetched');
  const [, ref, inRef] = /^\$([^/]*)\/(.*)$/s.exec(written) ?? [];
  if (written.startsWith('$') && ref === undefined)
    return problem('must be $name/path, with the ref of another source');
  const tree = ref === undefined ? names.own : names.refs.get(ref);
  if (tree === undefined) return problem(`names the ref "${ref}", which no source in spec.sources has`);
  const isFromRoot = ref !== undefined || written.startsWith('/');
  const segments = resolved(isFromRoot ? [] : names.folder.split('/'), inRef ?? written);
  if (segments === undefined) return problem('leads out of the repository');
  const path = segments.join('/');
  if (!/[*?[{]/.test(path)) {
    return tree.has(path) ? { type: 'files', files: [{ ref, path }] } : { type: 'files', files: [] };
  }
  const matches = compileSegments(segments);
  if (matches === undefined) return problem('is not a valid pattern');
  const found = [...tree.keys()].filter(matches).sort();
  if (found.length > MAX_FILES) return problem(`matches ${found.length} files; ${MAX_FILES} are read at most`);
  return { type: 'files', files: found.map((match) => ({ ref, path: match })) };
}

function resolved(from: readonly string[], path: string): readonly string[] | undefined {
  const segments: string[] = [];
  for (const part of [...from, ...path.split('/')]) {
    if (part === '' || part === '.') continue;
    if (part !== '..') segments.push(part);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments;
}

/** Segment by segment, so that no pattern takes longer than its length times that of the path. */
function compileSegments(pattern: readonly string[]): ((path: string) => boolean) | undefined {
  const tests: (((segment: string) => boolean) | '**')[] = [];
  for (const segment of pattern) {
    const test = segment === '**' ? '**' : compileGlob(segment);
    if (test === undefined) return undefined;
    tests.push(test);
  }
  return (path) => {
    const segments = path.split('/');
    // Whether the first so many segments can be what the tests up to here take.
    let reached = [true, ...segments.map(() => false)];
    for (const test of tests) {
      const next: boolean[] = reached.map(() => false);
      for (const [count, isReached] of reached.entries()) {
        if (test === '**') next[count] = isReached || next[count - 1] === true;
        else if (isReached && count < segments.length && test(segments[count] ?? '')) next[count + 1] = true;
      }
      reached = next;
    }
    return reached.at(-1) === true;
  };
}
