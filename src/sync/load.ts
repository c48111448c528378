import type { ApplicationSource, CustomKind } from '#api';
import { canonicalJson, errorCode, sha256Hex } from '#base';
import { type CommitInfo, GitError, type GitMirror, gitLimits, type TreeFile } from '#git';
import {
  assemble,
  type Diagnostic,
  kustomizationIn,
  type Rendered,
  type RenderedHook,
  type RenderedObject,
  type SourceFile,
  selectFiles,
  type UnreadFile,
} from '#render';
import type { ApplicationSettings, Source } from './application.plan.ts';
import { type CommitFiles, loadChartSource } from './load-chart.ts';
import type { Renderer } from './renderer.ts';
import type { Repositories } from './repositories.ts';

/** Everything an Application's commit says. */
export interface Loaded {
  /** Commit of the first source: what the Application's status shows as its revision. */
  readonly commit: string;
  readonly commits: readonly { readonly repoURL: string; readonly commit: string }[];
  /** What was asked for: the same commits read otherwise give other objects. */
  readonly question: string;
  readonly info: CommitInfo;
  readonly objects: readonly RenderedObject[];
  readonly hooks: readonly RenderedHook[];
  readonly byId: ReadonlyMap<string, RenderedObject>;
  readonly diagnostics: readonly Diagnostic[];
  /** Kinds that only definitions can serve, and, as text, what the cluster's definitions said of them. */
  readonly customKinds: Rendered['customKinds'];
  readonly customKindsSaid: string;
  readonly failedPaths: readonly string[];
  readonly heldIds: readonly string[];
  readonly digest: string;
  /** A source's folder is not in its commit. */
  readonly pathMissing: boolean;
}

/** Three-valued: what was loaded, be it nothing; or why nothing could be. Only `loaded` may ever lead to a deletion. */
export type LoadResult =
  | { readonly type: 'loaded'; readonly loaded: Loaded; readonly signatureWarnings: readonly string[] }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface LoadDeps {
  readonly repositories: Repositories;
  readonly renderer: Renderer;
  readonly kinds: { customKindOf(group: string, kind: string): CustomKind | undefined };
}

export interface LoadRequest {
  readonly settings: ApplicationSettings;
  /** Commits to load instead of what the sources' revisions name now, by the index of the source. */
  readonly pinned?: readonly string[];
  /** Whether the Application has had objects from below this folder: then that it is gone means that it was emptied. */
  hadObjectsBelow(path: string): boolean;
  /** The last result: answered again when nothing has changed. */
  readonly previous?: Loaded;
  readonly signal: AbortSignal;
}

/** Blobs that are read from Git at once. */
const BLOBS_AT_ONCE = 128;

export async function loadApplication(deps: LoadDeps, request: LoadRequest): Promise<LoadResult> {
  try {
    const { commits, signatureWarnings } = await resolveAll(deps, request);
    const { previous } = request;
    if (
      previous?.question === questionOf(request) &&
      sameCommits(previous.commits, commits) &&
      previous.customKindsSaid === said(deps, previous.customKinds)
    ) {
      return { type: 'loaded', loaded: previous, signatureWarnings };
    }
    return { type: 'loaded', loaded: await loadCommits(deps, request, commits), signatureWarnings };
  } catch (error) {
    request.signal.throwIfAborted();
    if (error instanceof LoadProblem) return { type: 'failed', code: error.problem, message: error.message };
    if (!(error instanceof GitError)) throw error;
    return { type: 'failed', code: error.code, message: error.message };
  }
}

function said({ kinds }: LoadDeps, looked: Rendered['customKinds']): string {
  return looked.length === 0
    ? ''
    : canonicalJson(looked.map(({ group, kind }) => kinds.customKindOf(group, kind) ?? null));
}

function questionOf({ settings: { sources, namespace } }: LoadRequest): string {
  return canonicalJson({ sources, namespace });
}

/** The source as a whole cannot be loaded. Caught here; never leaves this file. */
class LoadProblem extends Error {
  readonly problem: string;

  constructor(problem: string, message: string) {
    super(message);
    this.problem = problem;
  }
}

type Commits = Loaded['commits'];

interface Resolved {
  readonly commits: Commits;
  /** Why signatures do not count, where that is only to be told. */
  readonly signatureWarnings: readonly string[];
}

async function resolveAll({ repositories }: LoadDeps, { settings, pinned }: LoadRequest): Promise<Resolved> {
  const warnings = new Set<string>();
  const commits = await Promise.all(
    settings.sources.map(async ({ repoURL, revision }, index) => {
      const repository = repositories.use(repoURL);
      const mirror = await repository.mirror();
      try {
        const commit = await mirror.resolve(pinned?.[index] ?? revision);
        const warning = mirror.signatureWarning(commit);
        if (warning !== undefined) warnings.add(`${repoURL}: ${warning}`);
        return { repoURL, commit };
      } catch (error) {
        // Nothing fetched yet, or not this revision: why the fetch failed tells more than that it is not there.
        const { failure } = repository;
        if (failure === undefined || errorCode(error) !== 'RevisionNotFound') throw error;
        throw new LoadProblem(failure.code, `${repoURL}: ${failure.message}`);
      }
    }),
  );
  return { commits, signatureWarnings: [...warnings].sort() };
}

function sameCommits(left: Commits, right: Commits): boolean {
  return (
    left.length === right.length &&
    left.every(({ repoURL, commit }, index) => right[index]?.commit === commit && right[index]?.repoURL === repoURL)
  );
}

async function loadCommits(deps: LoadDeps, request: LoadRequest, commits: Commits): Promise<Loaded> {
  const files: SourceFile[] = [];
  const unread: UnreadFile[] = [];
  let pathMissing = false;
  for (const [index, source] of request.settings.sources.entries()) {
    const mirror = await deps.repositories.use(source.repoURL).mirror();
    const commit = commits[index]?.commit ?? '';
    if (source.isOnlyRef) continue;
    const refs = () => refsOf(deps, request, commits);
    const read = await readSource({ renderer: deps.renderer, mirror, commit, refs }, source, request);
    if (read === undefined) pathMissing = true;
    else {
      files.push(...read.files);
      unread.push(...read.unread);
    }
  }
  const rendered: Rendered = assemble(files, unread, (group, kind) => deps.kinds.customKindOf(group, kind));
  const first = request.settings.sources[0];
  const mirror = await deps.repositories.use(first?.repoURL ?? '').mirror();
  const commit = commits[0]?.commit ?? '';
  return {
    commit,
    commits,
    question: questionOf(request),
    info: await mirror.commitInfo(commit),
    ...rendered,
    customKindsSaid: said(deps, rendered.customKinds),
    byId: new Map(rendered.objects.map((object) => [object.id, object])),
    digest: pathMissing ? sha256Hex(`${rendered.digest} path missing`) : rendered.digest,
    pathMissing,
  };
}

interface ReadSource {
  readonly files: readonly SourceFile[];
  readonly unread: readonly UnreadFile[];
}

/** The sources that have a name, by it. */
async function refsOf(
  { repositories }: LoadDeps,
  { settings: { sources } }: LoadRequest,
  commits: Commits,
): Promise<ReadonlyMap<string, CommitFiles>> {
  const refs = new Map<string, CommitFiles>();
  for (const [index, { ref, repoURL }] of sources.entries()) {
    if (ref === undefined) continue;
    const mirror = await repositories.use(repoURL).mirror();
    refs.set(ref, { mirror, files: await wholeTree(mirror, commits[index]?.commit ?? '') });
  }
  return refs;
}

interface SourceReader {
  readonly renderer: Renderer;
  readonly mirror: GitMirror;
  readonly commit: string;
  refs(): Promise<ReadonlyMap<string, CommitFiles>>;
}

async function readSource(
  { renderer, mirror, commit, refs }: SourceReader,
  source: Source,
  { settings, hadObjectsBelow, signal }: LoadRequest,
): Promise<ReadSource | undefined> {
  const listing = await mirror.listTree(commit, source.path);
  const isPlain = Object.keys(source.directory).length > 0;
  const tree = treeOf(listing?.files ?? []);
  // A folder that is both is a kustomization, unless told otherwise. Source: argo-cd util/app/discovery/discovery.go (v3.1).
  const isKustomization = !isPlain && source.helm === undefined && kustomizationIn(tree, source.path) !== undefined;
  const isChart = source.helm !== undefined || (!isPlain && tree.has(join(source.path, 'Chart.yaml')));
  if (listing !== undefined && isChart && !isKustomization) {
    const own = { mirror, files: await wholeTree(mirror, commit) };
    const { namespace } = settings;
    const chart = { renderer, source, namespace, listing, own, refs: await refs(), signal };
    const answer = await loadChartSource(chart);
    if (answer.type === 'failed') throw new LoadProblem(answer.code, answer.message);
    return { files: answer.files, unread: [] };
  }
  if (listing !== undefined && isKustomization) {
    return { files: await buildSource(renderer, mirror, commit, source, settings.namespace, signal), unread: [] };
  }
  if (listing === undefined) {
    if (hadObjectsBelow(source.path)) return undefined;
    throw new LoadProblem('PathNotFound', `${source.repoURL} has no folder "${source.path}" at ${commit.slice(0, 12)}`);
  }
  const selection = select(listing.files, source.path, source.directory);
  // A folder that became a submodule or a broken symlink hides what stood below it.
  const hidden = listing.skipped.filter(({ path }) => hadObjectsBelow(path));
  const unread = [...new Set([...select(listing.skipped, source.path, source.directory), ...hidden])];
  const bytes = selection.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (bytes > gitLimits.applicationBytes) throw tooLarge(bytes);
  return { files: await prepareAll(renderer, mirror, selection, settings.namespace, signal), unread };
}

const join = (folder: string, path: string) => (folder === '' ? path : `${folder}/${path}`);

function treeOf(files: readonly TreeFile[]): { has(path: string): boolean } {
  const paths = new Set(files.map(({ path }) => path));
  return { has: (path) => paths.has(path) };
}

/** A folder with a kustomization: all of it, or a failure. What it names may lie anywhere in the commit. */
async function buildSource(
  renderer: Renderer,
  mirror: GitMirror,
  commit: string,
  source: Source,
  defaultNamespace: string,
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const byPath = await wholeTree(mirror, commit);
  let bytes = 0;
  const answer = await renderer.kustomize({
    folder: source.path,
    paths: [...byPath.keys()],
    defaultNamespace,
    async read(paths) {
      const wanted = paths.flatMap((path) => byPath.get(path) ?? []);
      bytes += wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (bytes > gitLimits.applicationBytes) throw tooLarge(bytes);
      return await mirror.readBlobs(
        wanted.map(({ blobId }) => blobId),
        signal,
      );
    },
  });
  if (answer.type === 'built') return answer.files;
  const { path, line, message } = answer.problem;
  throw new LoadProblem('KustomizeFailed', `${path}${line === 0 ? '' : `:${line}`}: ${message}`);
}

/** The files of the commit that was asked for last: many Applications are folders of one repository. */
const lastTrees = new WeakMap<
  GitMirror,
  { readonly commit: string; readonly files: Promise<ReadonlyMap<string, TreeFile>> }
>();

function wholeTree(mirror: GitMirror, commit: string): Promise<ReadonlyMap<string, TreeFile>> {
  const last = lastTrees.get(mirror);
  if (last?.commit === commit) return last.files;
  const files = mirror
    .listTree(commit, '', gitLimits.filesPerRepository)
    .then((listing) => new Map((listing?.files ?? []).map((file) => [file.path, file] as const)));
  lastTrees.set(mirror, { commit, files });
  files.catch(() => lastTrees.delete(mirror)); // Whoever waits for it hears why; the next one asks again.
  return files;
}

function tooLarge(bytes: number): LoadProblem {
  return new LoadProblem(
    'TreeTooLarge',
    `the manifests have ${bytes} bytes, over the limit of ${gitLimits.applicationBytes}`,
  );
}

function select<T extends { readonly path: string }>(
  files: readonly T[],
  base: string,
  directory: ApplicationSource['directory'],
): readonly T[] {
  const { files: selected, problem } = selectFiles(files, base, directory);
  if (problem !== undefined) throw new LoadProblem('UnsupportedSource', problem);
  return selected;
}

/** Reads from Git only what is not known by content already: cost follows the change. */
async function prepareAll(
  renderer: Renderer,
  mirror: GitMirror,
  files: readonly TreeFile[],
  namespace: string,
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const prepared = new Map<string, SourceFile['prepared']>();
  const missing = new Set<string>();
  for (const { blobId } of files) {
    const known = renderer.known(blobId, namespace);
    if (known === undefined) missing.add(blobId);
    else prepared.set(blobId, known);
  }
  const wanted = [...missing];
  for (let start = 0; start < wanted.length; start += BLOBS_AT_ONCE) {
    const ids = wanted.slice(start, start + BLOBS_AT_ONCE);
    const blobs = await mirror.readBlobs(ids, signal);
    const results = await Promise.all(
      ids.map((blobId, index) => renderer.prepare({ blobId, bytes: blobs[index] ?? new Uint8Array() }, namespace)),
    );
    for (const [index, blobId] of ids.entries()) {
      const result = results[index];
      if (result !== undefined) prepared.set(blobId, result);
    }
  }
  return files.map(({ path, blobId }) => {
    const result = prepared.get(blobId);
    if (result === undefined) throw new GitError('GitFailed', `blob ${blobId} was not read`);
    return { path, prepared: result };
  });
}
