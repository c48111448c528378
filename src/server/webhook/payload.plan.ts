/** Addresses looked at in one payload; a forge tells two to four. */
const MAX_URLS = 16;
/** Longest address or path looked at. */
const MAX_TEXT = 4_096;
/** Changed files looked at; of a larger push any file counts as changed. */
const MAX_PATHS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

/** A field of what may be anything; undefined unless it is an object's own. */
function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Fields)[name];
}

function texts(values: readonly unknown[], limit: number): readonly string[] {
  return values
    .filter((value) => typeof value === 'string' && value !== '' && value.length <= MAX_TEXT)
    .slice(0, limit) as string[];
}

/** Of `repository`: `clone_url`, `ssh_url`, `html_url`. */
export function repositoryUrls(payload: unknown): readonly string[] {
  const repository = field(payload, 'repository');
  return texts(
    ['clone_url', 'ssh_url', 'html_url'].map((name) => field(repository, name)),
    MAX_URLS,
  );
}

/** Of `project`: `git_http_url`, `git_ssh_url`, `web_url`. */
export function projectUrls(payload: unknown): readonly string[] {
  const project = field(payload, 'project');
  return texts(
    ['git_http_url', 'git_ssh_url', 'web_url'].map((name) => field(project, name)),
    MAX_URLS,
  );
}

/** Of `repository.links`: `html.href`, and `clone[].href`. */
export function linkedUrls(payload: unknown): readonly string[] {
  const links = field(field(payload, 'repository'), 'links');
  const clone = field(links, 'clone');
  const hrefs = (Array.isArray(clone) ? clone.slice(0, MAX_URLS) : []).map((link) => field(link, 'href'));
  return texts([field(field(links, 'html'), 'href'), ...hrefs], MAX_URLS);
}

/**
 * The files that the commits of a push added, changed and removed, where the payload tells all of them: undefined when
 * there are none, when a commit has no lists, and when the payload says that it left commits out or replaced them.
 */
export function changedPaths(payload: unknown): readonly string[] | undefined {
  const commits = field(payload, 'commits');
  if (!Array.isArray(commits) || commits.length === 0) return undefined;
  if (field(payload, 'forced') === true || isZero(field(payload, 'before')) || isZero(field(payload, 'after')))
    return undefined;
  for (const total of ['total_commits', 'total_commits_count']) {
    const count = field(payload, total);
    if (typeof count === 'number' && count > commits.length) return undefined;
  }
  const paths = new Set<string>();
  for (const commit of commits) {
    for (const list of ['added', 'modified', 'removed']) {
      const files = field(commit, list);
      // Gogs' heirs write null for an empty list, and no list at all where they do not know.
      if (files === null) continue;
      if (!Array.isArray(files)) return undefined;
      for (const file of files) {
        if (typeof file !== 'string' || file === '' || file.length > MAX_TEXT) return undefined;
        paths.add(file);
        if (paths.size > MAX_PATHS) return undefined;
      }
    }
  }
  return paths.size === 0 ? undefined : [...paths];
}

/** A branch that is made or deleted has no commit on one side. */
function isZero(commit: unknown): boolean {
  return typeof commit === 'string' && /^0{40,64}$/.test(commit);
}
