import type { Application } from '#api';
import { compileGlob } from '#render';
import { readApplication } from './application.plan.ts';

const GENERATE_PATHS = 'argocd.argoproj.io/manifest-generate-paths';
/** Paths read of one annotation. */
const MAX_PATHS = 64;

/**
 * Whether one of these changed files can matter to an Application. Its folders are known only when it names them, in
 * `manifest-generate-paths`: an overlay may read a base anywhere in the repository. `.` is its source's path, `/a` is from
 * the root, all else from the source's path; a pattern may stand for many. Without the annotation every file matters.
 * Source: argo-cd util/app/path/path.go, GetAppRefreshPaths and AppFilesHaveChanged (v3.0).
 */
export function isTouched(application: Application, changed: readonly string[]): boolean {
  const annotation = application.metadata.annotations?.[GENERATE_PATHS];
  if (annotation === undefined || annotation.trim() === '') return true;
  const named = annotation
    .split(';', MAX_PATHS + 1)
    .map((path) => path.trim())
    .filter((path) => path !== '');
  // What is not read in full may name anything.
  if (named.length > MAX_PATHS) return true;
  const wanted = readApplication(application).sources.flatMap((source) =>
    named.map((path) => normalized(path.startsWith('/') ? path : `${source.path}/${path}`)),
  );
  return wanted.length === 0 || wanted.some((path) => changed.some((file) => covers(path, normalized(file))));
}

function covers(path: string, file: string): boolean {
  if (path === '' || file === path || file.startsWith(`${path}/`)) return true;
  if (!/[*?[]/.test(path)) return false;
  const parts = path.split('/');
  const others = file.split('/');
  // As in Go's filepath.Match no wildcard goes across a slash; a pattern that cannot be read names anything.
  return parts.length === others.length && parts.every((part, index) => fits(part, others[index] ?? ''));
}

function fits(pattern: string, name: string): boolean {
  const glob = compileGlob(pattern);
  return glob === undefined || glob(name);
}

/** Without `.`, `..` (which stops at the root), doubled and outer slashes. */
function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
