import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, canonicalJson, errorCode, type Log } from '#base';
import { CatFile } from './cat-file.ts';
import { parseCommit } from './commit-object.ts';
import { type GitAccess, grantAccess } from './credentials.ts';
import { GitError } from './errors.ts';
import { createGitCommand, type GitCommand, writeGitConfig } from './git-command.ts';
import { LAST_CHANGES_FORMAT, readLastChanges } from './last-changes.ts';
import {
  type CommitInfo,
  type GitMirror,
  gitLimits,
  type RepositoryCredentials,
  type TreeListing,
} from './repository.ts';
import { parseRepositoryUrl, type RepositoryUrl } from './repository-url.ts';
import { isCommitId, newestTag, normalizeTreePath, revisionCandidates, versionRange } from './revision.ts';
import { type CommitTrust, type SignedObject, signatureProblem } from './signature.ts';
import { listTree } from './tree.ts';
import { lazyTree, readWholeTree, type TreeSource } from './tree-source.ts';

export interface MirrorOptions {
  readonly url: string;
  /** The mirror's own directory; nothing else may write there. */
  readonly dir: string;
  readonly credentials?: RepositoryCredentials;
  /** Whether the operator named this path of the machine: only then is a local repository read. */
  readonly allowLocal: boolean;
  /** Whose signatures commits need now; asked at each `resolve`. Undefined: none. */
  readonly trust?: () => CommitTrust | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Objects that are read whole: blobs up to the limit of a file, and trees and commits, which are small. */
const MAX_OBJECT_BYTES = 4 * gitLimits.fileBytes;
const HEAD_REF = 'refs/plumbline/HEAD';
const KEEP_PREFIX = 'refs/plumbline/keep/';
/** How often the size of a growing mirror is looked at, ms. */
const SIZE_CHECK_MS = 1_000;
/** Packs after which the mirror is repacked. Source: git's gc.autoPackLimit. */
const PACKS_BEFORE_GC = 50;
/** Objects nobody refers to any more live so long. */
const PRUNE_AFTER = '2.weeks.ago';
/** Paths whose last change is remembered, for each of so many commits. */
const REMEMBERED_CHANGES = 65_536;
const REMEMBERED_HISTORIES = 4;
/** Checked signatures, and warnings, that are remembered. */
const REMEMBERED_SIGNATURES = 256;
/** A checked signature is checked again after this: keys expire. ms */
const SIGNATURE_MS = 600_000;
/** Tags of one commit that are looked at for a signature. */
const TAGS_OF_COMMIT = 16;
/** Commits whose tree is kept in memory. */
const REMEMBERED_TREES = 3;

/** Opens (and makes, where it is not there) the bare mirror of one repository. Reaches no network. */
export async function openMirror(options: MirrorOptions): Promise<GitMirror> {
  const url = parseRepositoryUrl(options.url, options);
  await prepareDirectory(options.dir, url);
  await removeLeftovers(options.dir);
  const mirror = new Mirror(options, url);
  await mirror.recallKept();
  return mirror;
}

class Mirror implements GitMirror {
  readonly url: string;
  readonly #dir: string;
  readonly #repository: RepositoryUrl;
  readonly #credentials: RepositoryCredentials;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #git: GitCommand;
  readonly #catFile: CatFile;
  readonly #trust: () => CommitTrust | undefined;
  /** Why a signature does not count, by what was asked, oldest first. */
  readonly #signatures = new Map<string, Promise<string | undefined>>();
  /** By commit, oldest first. */
  readonly #signatureWarnings = new Map<string, string>();
  /** Commits with a keep ref, oldest use first. */
  readonly #kept = new Set<string>();
  #fetching: Promise<void> | undefined;
  /** Names of all tags, as of the last fetch; asked for when a range of versions is. */
  #tags: Promise<readonly string[]> | undefined;
  /** By commit, oldest first. */
  readonly #trees = new Map<string, Promise<TreeSource>>();
  /** A commit was too large to be listed whole; the next one will be too. */
  #isLarge = false;
  /** By commit, oldest question first. */
  readonly #changes = new Map<string, Promise<ReadonlyMap<string, string>>>();

  constructor(options: MirrorOptions, repository: RepositoryUrl) {
    this.url = options.url;
    this.#dir = options.dir;
    this.#repository = repository;
    this.#credentials = options.credentials ?? {};
    this.#trust = options.trust ?? (() => undefined);
    this.#clock = options.clock;
    this.#log = options.log.child({ repository: repository.identity });
    const protocols = repository.kind === 'local' ? 'file' : repository.kind;
    this.#git = createGitCommand({ directory: options.dir, protocols, clock: options.clock });
    this.#catFile = new CatFile(() => this.#git.spawn(['cat-file', '--batch']), MAX_OBJECT_BYTES);
  }

  /** Commits kept by an earlier process. */
  async recallKept(): Promise<void> {
    const refs = await this.#git.run(['for-each-ref', '--sort=committerdate', '--format=%(objectname)', KEEP_PREFIX]);
    for (const id of refs.split('\n')) if (isCommitId(id)) this.#kept.add(id);
  }

  /** One fetch at a time: who asks while one runs gets that one's outcome. */
  fetch(signal?: AbortSignal): Promise<void> {
    this.#fetching ??= this.#fetchOnce(signal).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchOnce(signal: AbortSignal | undefined): Promise<void> {
    // Again: an operator may have deleted the mirror, which costs no more than a fresh fetch.
    await prepareDirectory(this.#dir, this.#repository);
    const access = await grantAccess(this.#repository, this.#credentials);
    try {
      await this.#fetchRefs(access, signal);
    } catch (error) {
      if (!(error instanceof GitError) || error.code !== 'GitObjectInvalid') throw error;
      // Either the server's objects are bad, or a crash left ours half written. A fresh mirror tells which, and what
      // can still be read stays where it is until the fresh one is whole.
      if (await this.#isSound()) throw error;
      this.#log.warn({ code: error.code }, 'mirror is damaged, made anew');
      await this.#startOver();
      await this.#fetchRefs(access, signal);
    } finally {
      this.#tags = undefined;
      await access.release();
    }
    await this.#repackIfNeeded();
  }

  async #fetchRefs(access: GitAccess, signal: AbortSignal | undefined): Promise<void> {
    const branches = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
    try {
      await this.#fetchRefspecs([...branches, `+HEAD:${HEAD_REF}`], access, signal);
    } catch (error) {
      // A repository without commits, or whose HEAD names a branch that does not exist.
      if (!(error instanceof GitError) || error.code !== 'RevisionNotFound') throw error;
      await this.#fetchRefspecs(branches, access, signal);
      await this.#git.run(['update-ref', '-d', HEAD_REF]);
    }
  }

  async #fetchRefspecs(refspecs: readonly string[], access: GitAccess, signal: AbortSignal | undefined): Promise<void> {
    const grown = new AbortController();
    const watch = this.#watchSize(grown);
    const attempt = () =>
      this.#git.run(
        [
          'fetch',
          '--progress',
          '--prune',
          '--no-tags',
          '--no-write-fetch-head',
          '--no-auto-maintenance',
          '--no-recurse-submodules',
          '--end-of-options',
          this.#repository.url,
          ...refspecs,
        ],
        {
          signal: signal === undefined ? grown.signal : AbortSignal.any([signal, grown.signal]),
          silentMs: gitLimits.fetchTimeoutMs,
          totalMs: gitLimits.fetchTotalMs,
          env: access.env,
          secrets: access.secrets,
        },
      );
    try {
      await attempt().catch(async (error: unknown) => {
        if (!(error instanceof GitError) || !/\.lock'?: File exists/.test(error.message)) throw error;
        await removeLeftovers(this.#dir);
        await attempt();
      });
    } finally {
      watch.stop();
    }
  }

  #watchSize(grown: AbortController): { stop(): void } {
    let timer = this.#clock.after(SIZE_CHECK_MS, check);
    let stopped = false;
    const directory = join(this.#dir, 'objects', 'pack');
    function again(tick: () => void, clock: Clock): void {
      if (!stopped) timer = clock.after(SIZE_CHECK_MS, tick);
    }
    const clock = this.#clock;
    function check(): void {
      directoryBytes(directory).then(
        (bytes) => {
          if (bytes > gitLimits.mirrorBytes) {
            grown.abort(new GitError('TreeTooLarge', `the repository is over ${gitLimits.mirrorBytes} bytes`));
          } else again(check, clock);
        },
        () => again(check, clock),
      );
    }
    return {
      stop() {
        stopped = true;
        timer.cancel();
      },
    };
  }

  async #isSound(): Promise<boolean> {
    try {
      await this.#git.run(['rev-list', '--quiet', '--all', '--objects'], { totalMs: gitLimits.fetchTotalMs });
      return true;
    } catch (error) {
      if (error instanceof GitError) return false;
      throw error;
    }
  }

  async #startOver(): Promise<void> {
    this.#catFile.restart();
    this.#kept.clear();
    this.#changes.clear();
    this.#trees.clear();
    await rm(this.#dir, { recursive: true, force: true });
    await prepareDirectory(this.#dir, this.#repository);
  }

  /** Packs of many small fetches become one. What is kept by a ref stays; the rest goes two weeks after it was dropped. */
  async #repackIfNeeded(): Promise<void> {
    const files = await readdir(join(this.#dir, 'objects', 'pack'));
    if (files.filter((name) => name.endsWith('.pack')).length < PACKS_BEFORE_GC) return;
    try {
      await this.#git.run(['gc', '--quiet', `--prune=${PRUNE_AFTER}`], { totalMs: gitLimits.fetchTotalMs });
      this.#catFile.restart();
    } catch (error) {
      // The fetch itself is good; the next one tries to repack again.
      this.#log.warn({ err: error }, 'mirror could not be repacked');
    }
  }

  async resolve(revision: string): Promise<string> {
    const range = versionRange(revision);
    const tag = range === undefined ? undefined : newestTag(await this.#tagNames(), range);
    for (const candidate of tag === undefined ? namesOf(revision, range) : [`refs/tags/${tag}`]) {
      const commit = await this.#catFile.read(`${candidate}^{commit}`);
      if (commit?.type === 'commit') {
        await this.#checkSignature(candidate, commit.id);
        await this.#keep(commit.id);
        return commit.id;
      }
    }
    const what = range === undefined ? 'branch, tag or commit' : 'tag whose version is in the range';
    throw new GitError('RevisionNotFound', `the repository has no ${what} "${revision || 'HEAD'}"`);
  }

  #tagNames(): Promise<readonly string[]> {
    if (this.#tags !== undefined) return this.#tags;
    const count = `--count=${gitLimits.tags}`;
    const tags = this.#git
      .run(['for-each-ref', count, '--sort=-version:refname', '--format=%(refname:lstrip=2)', 'refs/tags/'])
      .then((names) => names.split('\n').filter((name) => name !== ''));
    this.#tags = tags;
    tags.catch(() => {
      if (this.#tags === tags) this.#tags = undefined;
    });
    return tags;
  }

  signatureWarning(commit: string): string | undefined {
    return this.#signatureWarnings.get(commit);
  }

  async #checkSignature(candidate: string, commit: string): Promise<void> {
    this.#signatureWarnings.delete(commit);
    const trust = this.#trust();
    if (trust === undefined) return;
    const problem = await this.#untrusted(candidate, commit, trust);
    if (problem === undefined) return;
    const message = `commit ${commit.slice(0, 12)}: ${problem}`;
    if (trust.mode === 'enforce') throw new GitError('SignatureInvalid', `${message}; nothing is changed`);
    this.#signatureWarnings.set(commit, message);
    forgetOldest(this.#signatureWarnings, REMEMBERED_SIGNATURES);
  }

  /** A tag that was asked for by name counts by its own signature, a commit by its own or that of a tag on it. */
  async #untrusted(candidate: string, commit: string, trust: CommitTrust): Promise<string | undefined> {
    const asked = await this.#tagProblem(candidate, commit, trust);
    if (asked.isTag) return asked.problem;
    const problem = await this.#signatureProblem({ type: 'commit', id: commit }, trust);
    if (problem === undefined || !isCommitId(candidate)) return problem;
    const format = ['--format=%(refname)', `--count=${TAGS_OF_COMMIT}`, `--points-at=${commit}`, 'refs/tags'];
    const tags = (await this.#git.run(['for-each-ref', ...format])).split('\n').filter((name) => name !== '');
    for (const name of tags) {
      const tag = await this.#tagProblem(name, commit, trust);
      if (tag.isTag && tag.problem === undefined) return undefined;
    }
    return problem;
  }

  async #tagProblem(
    name: string,
    commit: string,
    trust: CommitTrust,
  ): Promise<{ readonly isTag: boolean; readonly problem?: string | undefined }> {
    const tag = name.startsWith('refs/tags/') ? await this.#catFile.read(name) : undefined;
    if (tag?.type !== 'tag') return { isTag: false };
    // By its id from here on: a fetch may move the ref at any moment.
    if ((await this.#catFile.read(`${tag.id}^{commit}`))?.id !== commit) {
      return { isTag: true, problem: 'the tag was moved while it was read' };
    }
    // The name is signed too: a good tag under another name is a tag that somebody moved.
    const signedName = /^tag (.+)$/m.exec(Buffer.from(tag.bytes).toString('utf8').split('\n\n', 1)[0] ?? '')?.[1];
    if (`refs/tags/${signedName}` !== name) {
      return { isTag: true, problem: `the tag was signed under another name than ${name}` };
    }
    return { isTag: true, problem: await this.#signatureProblem({ type: 'tag', id: tag.id }, trust) };
  }

  #signatureProblem(object: SignedObject, trust: CommitTrust): Promise<string | undefined> {
    const key = canonicalJson([object.id, Math.floor(this.#clock.nowMs() / SIGNATURE_MS), trust]);
    const known = this.#signatures.get(key);
    if (known !== undefined) return known;
    const problem = signatureProblem({ git: this.#git, clock: this.#clock }, object, trust);
    this.#signatures.set(key, problem);
    problem.catch(() => this.#signatures.delete(key)); // Whoever waits hears why; the next one asks again.
    forgetOldest(this.#signatures, REMEMBERED_SIGNATURES);
    return problem;
  }

  /** Holds on to a commit that was handed out, whatever the server drops later. */
  async #keep(commit: string): Promise<void> {
    if (this.#kept.delete(commit)) {
      this.#kept.add(commit);
      return;
    }
    this.#kept.add(commit);
    await this.#git.run(['update-ref', `${KEEP_PREFIX}${commit}`, commit]);
    for (const oldest of this.#kept) {
      if (this.#kept.size <= gitLimits.keptCommits) break;
      this.#kept.delete(oldest);
      await this.#git.run(['update-ref', '-d', `${KEEP_PREFIX}${oldest}`]);
    }
  }

  async listTree(commit: string, path: string, maxFiles?: number): Promise<TreeListing | undefined> {
    requireCommit(commit);
    const directory = normalizeTreePath(path);
    if (directory === undefined) return undefined;
    return listTree({ catFile: this.#catFile, source: await this.#treeOf(commit) }, commit, directory, maxFiles);
  }

  /** A commit's tree is listed once, for however many Applications are in it. */
  #treeOf(commit: string): Promise<TreeSource> {
    const known = this.#trees.get(commit);
    if (known !== undefined) return known;
    const tree = this.#openTree(commit);
    this.#trees.set(commit, tree);
    tree.catch(() => this.#trees.delete(commit));
    for (const oldest of this.#trees.keys()) {
      if (this.#trees.size <= REMEMBERED_TREES) break;
      this.#trees.delete(oldest);
    }
    return tree;
  }

  async #openTree(commit: string): Promise<TreeSource> {
    const spawn = (args: readonly string[]) => this.#git.spawn(args);
    const whole = this.#isLarge ? undefined : await readWholeTree(spawn, commit);
    if (whole !== undefined) return whole;
    this.#isLarge = true;
    return lazyTree(spawn, commit);
  }

  async readBlobs(blobIds: readonly string[], signal?: AbortSignal): Promise<readonly Uint8Array[]> {
    signal?.throwIfAborted();
    return Promise.all(
      blobIds.map(async (id) => {
        requireCommit(id);
        const object = await this.#catFile.read(id);
        signal?.throwIfAborted();
        if (object?.type !== 'blob') throw new GitError('GitObjectInvalid', `the mirror has no blob ${id}`);
        return object.bytes;
      }),
    );
  }

  async commitInfo(commit: string): Promise<CommitInfo> {
    requireCommit(commit);
    const object = await this.#catFile.read(commit);
    if (object?.type !== 'commit') throw new GitError('RevisionNotFound', `the mirror has no commit ${commit}`);
    return parseCommit(commit, object.bytes);
  }

  /** One walk serves every question about a commit; the next commit costs the commits in between. */
  async lastChanges(commit: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    requireCommit(commit);
    const all = await this.#changesAt(commit);
    const asked = new Map<string, string>();
    for (const path of paths) {
      const last = all.get(path);
      if (last !== undefined) asked.set(path, last);
    }
    return asked;
  }

  #changesAt(commit: string): Promise<ReadonlyMap<string, string>> {
    const known = this.#changes.get(commit);
    if (known !== undefined) return known;
    const changes = this.#findChanges(commit, [...this.#changes].reverse());
    this.#changes.set(commit, changes);
    changes.catch(() => this.#changes.delete(commit));
    for (const oldest of this.#changes.keys()) {
      if (this.#changes.size <= REMEMBERED_HISTORIES) break;
      this.#changes.delete(oldest);
    }
    return changes;
  }

  async #findChanges(
    commit: string,
    known: readonly (readonly [string, Promise<ReadonlyMap<string, string>>])[],
  ): Promise<ReadonlyMap<string, string>> {
    for (const [earlier, changes] of known) {
      if (!(await this.isAncestor(earlier, commit))) continue;
      const since = await this.#walk(`${earlier}..${commit}`);
      return new Map([...(await changes), ...since]);
    }
    return this.#walk(commit);
  }

  async #walk(range: string): Promise<ReadonlyMap<string, string>> {
    const over = new AbortController();
    const timer = this.#clock.after(gitLimits.historyMs, () => over.abort());
    try {
      const limits = [`--max-count=${gitLimits.historyCommits}`, '--end-of-options', range, '--'];
      const child = this.#git.spawn(['log', ...LAST_CHANGES_FORMAT, ...limits]);
      return await readLastChanges(child, REMEMBERED_CHANGES, over.signal);
    } finally {
      timer.cancel();
    }
  }

  async isAncestor(ancestor: string, commit: string): Promise<boolean> {
    return ancestor === commit || (await this.#mergeBase(ancestor, commit)) === ancestor;
  }

  async isRelated(left: string, right: string): Promise<boolean> {
    return left === right || (await this.#mergeBase(left, right)) !== undefined;
  }

  async #mergeBase(left: string, right: string): Promise<string | undefined> {
    requireCommit(left);
    requireCommit(right);
    for (const id of [left, right]) if ((await this.#catFile.read(id))?.type !== 'commit') return undefined;
    // Exit 1 without a word says that there is none; simple-git reports that as empty output.
    const base = (await this.#git.run(['merge-base', left, right])).trim();
    return isCommitId(base) ? base : undefined;
  }

  async close(): Promise<void> {
    this.#catFile.close();
    await this.#fetching?.catch(() => undefined);
  }
}

/** A bare repository made by hand: no template, no hooks. Locks left by a process that was killed are taken away. */
async function prepareDirectory(dir: string, url: RepositoryUrl): Promise<void> {
  const path = url.path;
  await writeGitConfig(dir, path === undefined ? [] : [path, `${path}/.git`]);
  for (const inner of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']) {
    await mkdir(join(dir, inner), { recursive: true, mode: 0o700 });
  }
  await writeIfAbsent(join(dir, 'HEAD'), 'ref: refs/heads/main\n');
  await writeIfAbsent(
    join(dir, 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tlogAllRefUpdates = false\n',
  );
}

async function writeIfAbsent(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/**
 * The mirror has one owner, which runs one fetch at a time: a lock found when none runs is nobody's. The refs that hold
 * on to commits are written beside a fetch and are left alone.
 */
async function removeLeftovers(dir: string): Promise<void> {
  await removeMatching(dir, (name) => name.endsWith('.lock'));
  for (const refs of ['heads', 'tags']) {
    await removeMatching(join(dir, 'refs', refs), (name) => name.endsWith('.lock'), true);
  }
  await removeMatching(join(dir, 'objects', 'pack'), (name) => name.startsWith('tmp_'));
}

async function removeMatching(dir: string, matches: (name: string) => boolean, recursive = false): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true, recursive })) {
    if (entry.isFile() && matches(entry.name)) await rm(join(entry.parentPath, entry.name), { force: true });
  }
}

async function directoryBytes(dir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(dir)) {
    try {
      bytes += (await stat(join(dir, name))).size;
    } catch (error) {
      // Packs are renamed while they are counted.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  return bytes;
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) break;
    map.delete(oldest);
  }
}

/** What is looked for without a tag in the range: a branch may be called `1.x`, but none `>=1 <2`. */
function namesOf(revision: string, range: unknown): readonly string[] {
  try {
    return revisionCandidates(revision);
  } catch (error) {
    if (range === undefined || !(error instanceof GitError)) throw error;
    return [];
  }
}

function requireCommit(id: string): void {
  if (!isCommitId(id)) throw new GitError('RevisionNotFound', 'not an object id');
}
