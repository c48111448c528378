import { compileGlob } from '../glob.ts';
import type { JsonObject } from './json.ts';
import { normalizeName } from './names.ts';

/** What one entry of a git generator selects, or takes out again. */
export interface PathRule {
  readonly path: string;
  readonly exclude: boolean;
}

/**
 * Folders that the rules select: `*` is any name of one folder, and takes out win over takes in.
 * Source: Go path.Match, as argo-cd applicationset/generators/git.go uses it (v3.0).
 */
export function selectFolders(files: Iterable<string>, rules: readonly PathRule[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
      const folder = file.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  const included = rules.filter(({ exclude }) => !exclude).map(({ path }) => folderTest(path));
  const excluded = rules.filter(({ exclude }) => exclude).map(({ path }) => folderTest(path));
  const isHidden = (folder: string) => folder.split('/').some((part) => part.startsWith('.'));
  return [...folders]
    .filter(
      (folder) => !isHidden(folder) && included.some((test) => test(folder)) && !excluded.some((test) => test(folder)),
    )
    .sort();
}

function folderTest(pattern: string): (folder: string) => boolean {
  const parts = trimSlashes(pattern)
    .split('/')
    .map((part) => compileGlob(part));
  return (folder) => {
    const names = folder.split('/');
    return names.length === parts.length && names.every((name, index) => parts[index]?.(name) === true);
  };
}

/** Files that the rules select: `*` may also stand for folders; the name of a folder means all that is below it. Source: gitglossary(7), pathspec. */
export function selectRuleFiles(files: Iterable<string>, rules: readonly PathRule[]): readonly string[] {
  const included = rules.filter(({ exclude }) => !exclude).map(({ path }) => fileTest(path));
  const excluded = rules.filter(({ exclude }) => exclude).map(({ path }) => fileTest(path));
  return [...files]
    .filter((file) => included.some((test) => test(file)) && !excluded.some((test) => test(file)))
    .sort();
}

function fileTest(pattern: string): (file: string) => boolean {
  const wanted = trimSlashes(pattern);
  const glob = compileGlob(wanted);
  return (file) => file === wanted || file.startsWith(`${wanted}/`) || glob?.(file) === true;
}

function trimSlashes(path: string): string {
  return path.replaceAll(/^\.?\/+|\/+$/g, '');
}

/** What a template may say of a folder, below `prefix` where there is one. */
export function folderParameters(folder: string, prefix: string, goTemplate: boolean): JsonObject {
  const segments = folder === '' ? [] : folder.split('/');
  const basename = segments.at(-1) ?? '.';
  if (goTemplate) {
    const path = { path: folder, basename, basenameNormalized: normalizeName(basename), segments };
    return prefix === '' ? { path } : { [prefix]: { path } };
  }
  const at = prefix === '' ? 'path' : `${prefix}.path`;
  return {
    [at]: folder,
    [`${at}.basename`]: basename,
    [`${at}.basenameNormalized`]: normalizeName(basename),
    ...Object.fromEntries(segments.map((segment, index) => [`${at}[${index}]`, segment])),
  };
}

/** The same of a file: its folder, and its name. */
export function fileParameters(file: string, prefix: string, goTemplate: boolean): JsonObject {
  const slash = file.lastIndexOf('/');
  const filename = file.slice(slash + 1);
  const parameters = folderParameters(slash < 0 ? '' : file.slice(0, slash), prefix, goTemplate);
  const names = { filename, filenameNormalized: normalizeName(filename) };
  if (!goTemplate) {
    const at = prefix === '' ? 'path' : `${prefix}.path`;
    return {
      ...parameters,
      [`${at}.filename`]: names.filename,
      [`${at}.filenameNormalized`]: names.filenameNormalized,
    };
  }
  const holder = (prefix === '' ? parameters : parameters[prefix]) as { path: JsonObject };
  const path = { ...holder.path, ...names };
  return prefix === '' ? { path } : { [prefix]: { path } };
}
