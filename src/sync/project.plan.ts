import type { AppProject, ObjectKey } from '#api';
import { compileGlob } from '#render';
import type { ApplicationSettings, Source } from './application.plan.ts';

/** What one Application asks its project for. */
export interface ProjectQuestion {
  readonly name: string;
  /** A source that only lends its value files counts as well. */
  readonly settings: Pick<ApplicationSettings, 'namespace'> & { readonly sources: readonly Pick<Source, 'repoURL'>[] };
}

/** Names and address of the one cluster there is, as destinations may name it. */
const THIS_CLUSTER = { name: 'in-cluster', server: 'https://kubernetes.default.svc' };

/** The project that exists also where nobody made it, and then allows all. Source: argo-cd, DefaultAppProjectName. */
export const DEFAULT_PROJECT = 'default';

/** Why an Application may not be synced at all; empty when it may. `undefined`: its project does not exist. */
export function projectProblems(
  project: AppProject | undefined,
  { name, settings }: ProjectQuestion,
): readonly string[] {
  if (project === undefined) {
    return name === DEFAULT_PROJECT ? [] : [`spec.project: the project "${name}" does not exist`];
  }
  const { sourceRepos = [] } = project.spec;
  const problems = [...new Set(settings.sources.map(({ repoURL }) => repoURL))]
    .filter((url) => !isListed(sourceRepos, (pattern) => matchesUrl(pattern, url)))
    .map((url) => `spec.source.repoURL: ${url} is not among the sourceRepos of the project "${name}"`);
  if (!mayGoTo(project, settings.namespace)) {
    problems.push(`spec.destination: the project "${name}" allows no objects in the namespace "${settings.namespace}"`);
  }
  return problems;
}

/** Why one object may not be made; undefined when it may. */
export function objectProblem(
  project: AppProject | undefined,
  { group, kind, namespace }: Pick<ObjectKey, 'group' | 'kind' | 'namespace'>,
): string | undefined {
  if (project === undefined) return undefined;
  const { metadata, spec } = project;
  const named = { group, kind };
  const what = group === '' ? kind : `${kind}.${group}`;
  if (namespace === '') {
    // Nothing is allowed that is not listed. Source: argo-cd app_project_types.go, IsGroupKindPermitted (v3.0).
    const isAllowed =
      listsKind(spec.clusterResourceWhitelist ?? [], named) && !listsKind(spec.clusterResourceBlacklist ?? [], named);
    return isAllowed ? undefined : `the project "${metadata.name}" does not allow ${what}, which has no namespace`;
  }
  const { namespaceResourceWhitelist: white, namespaceResourceBlacklist: black = [] } = spec;
  if ((white !== undefined && !listsKind(white, named)) || listsKind(black, named)) {
    return `the project "${metadata.name}" does not allow ${what}`;
  }
  if (mayGoTo(project, namespace)) return undefined;
  return `the project "${metadata.name}" allows no objects in the namespace "${namespace}"`;
}

/** Whether some pattern lists it, and none that begins with `!` takes it out. Source: argo-cd app_project_types.go (v3.0). */
function isListed(patterns: readonly string[], matches: (pattern: string) => boolean): boolean {
  const denied = patterns.filter((pattern) => pattern.startsWith('!'));
  if (denied.some((pattern) => matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}

function mayGoTo({ spec: { destinations = [] } }: AppProject, namespace: string): boolean {
  let isAllowed = false;
  for (const destination of destinations) {
    const isDenied = [destination.server, destination.name, destination.namespace].some((text) =>
      text?.startsWith('!'),
    );
    const isThere = matchesCluster(destination) && matchesGlob(withoutMark(destination.namespace ?? ''), namespace);
    if (!isThere) continue;
    if (isDenied) return false;
    isAllowed = true;
  }
  return isAllowed;
}

function matchesCluster({ server, name }: { readonly server?: string; readonly name?: string }): boolean {
  if (server !== undefined && server !== '') return matchesGlob(withoutMark(server), THIS_CLUSTER.server);
  return name !== undefined && matchesGlob(withoutMark(name), THIS_CLUSTER.name);
}

const withoutMark = (pattern: string) => (pattern.startsWith('!') ? pattern.slice(1) : pattern);

function listsKind(
  kinds: readonly { readonly group: string; readonly kind: string }[],
  { group, kind }: { readonly group: string; readonly kind: string },
): boolean {
  return kinds.some((one) => matchesGlob(one.group, group) && matchesGlob(one.kind, kind));
}

/** As in Argo CD a star in a URL stands for no slash unless it is the whole pattern, or doubled. */
function matchesUrl(pattern: string, url: string): boolean {
  if (pattern === '*') return true;
  const wanted = trimUrl(pattern).split('/');
  const parts = trimUrl(url).split('/');
  const rest = wanted.indexOf('**');
  const head = rest < 0 ? wanted : wanted.slice(0, rest);
  if (rest < 0 ? wanted.length !== parts.length : parts.length < head.length) return false;
  return head.every((part, index) => matchesGlob(part, parts[index] ?? ''));
}

/** `.git` at the end and capital letters in front of the path mean nothing. Source: argo-cd util/git, NormalizeGitURL. */
function trimUrl(url: string): string {
  return url
    .trim()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/^[a-z+]+:\/\/[^/]*/i, (start) => start.toLowerCase());
}

function matchesGlob(pattern: string, text: string): boolean {
  return pattern === text || compileGlob(pattern)?.(text) === true;
}
