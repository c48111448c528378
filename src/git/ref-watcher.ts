import { join, resolve } from 'node:path';
import { watch } from 'chokidar';
import { type Clock, errorMessage, type Log } from '#base';
import { GitError } from './errors.ts';
import { createGitCommand, writeGitConfig } from './git-command.ts';
import { parseRepositoryUrl } from './repository-url.ts';

export interface RefWatcher {
  close(): Promise<void>;
}

export interface RefWatcherOptions {
  /** The local repository, as the operator named it: bare, with a work tree, or a linked work tree. */
  readonly url: string;
  /** A directory of ours for git's configuration. */
  readonly dir: string;
  /** Called after refs may have changed. Many quick changes may be one call; a call may be for nothing. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Changes within so long are told as one, ms. Packing refs fires a second event about 100 ms after the first. */
const SETTLE_MS = 10;

/**
 * Tells when refs of a local repository change, within some 20 ms. Only a hint: chokidar loses changes made within
 * about 50 ms of its start, and now and then one that follows another at once, so `onChange` is called once more after
 * each, and callers poll anyway.
 */
export async function createRefWatcher({ url, dir, onChange, clock, log }: RefWatcherOptions): Promise<RefWatcher> {
  const path = parseRepositoryUrl(url, { allowLocal: true }).path;
  if (path === undefined) throw new GitError('RepositoryUrlNotAllowed', 'only local repositories can be watched');
  const gitDir = await commonGitDirectory(path, dir, clock);
  const pending = new Set<{ cancel(): void }>();
  let closed = false;
  const soon = (delayMs: number) => {
    if (closed || pending.size >= 2) return;
    const timer = clock.after(delayMs, () => {
      pending.delete(timer);
      if (!closed) onChange();
    });
    pending.add(timer);
  };
  const watcher = watch(
    ['refs', 'packed-refs', 'HEAD', 'reftable'].map((name) => join(gitDir, name)),
    { ignoreInitial: true, ignored: (name) => name.endsWith('.lock') },
  );
  let again: { cancel(): void } | undefined;
  watcher.on('all', () => {
    soon(SETTLE_MS);
    if (closed || again !== undefined) return;
    again = clock.after(AGAIN_MS, () => {
      again = undefined;
      if (!closed) onChange();
    });
  });
  watcher.on('error', (error) => log.warn({ repository: path, reason: errorMessage(error) }, 'ref watcher failed'));
  await new Promise<void>((ready) => watcher.once('ready', ready));
  soon(0);
  soon(AFTER_READY_MS);
  return {
    async close() {
      closed = true;
      for (const timer of pending) timer.cancel();
      again?.cancel();
      await watcher.close();
    },
  };
}

/** When what was lost behind a change that was told is looked for, ms: chokidar reads a folder once a second at most. */
const AGAIN_MS = 1_500;
/** When what was lost around chokidar's start is looked for, ms. Measured: lost within 50 ms of `ready`. */
const AFTER_READY_MS = 250;

async function commonGitDirectory(path: string, dir: string, clock: Clock): Promise<string> {
  await writeGitConfig(dir, [path, `${path}/.git`]);
  const git = createGitCommand({ directory: dir, protocols: 'file', clock });
  for (const candidate of [`${path}/.git`, path]) {
    try {
      const out = await git.run(['rev-parse', '--git-common-dir'], { env: { GIT_DIR: candidate } });
      return resolve(candidate, out.trim());
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
    }
  }
  throw new GitError('RepositoryUnreachable', `${path} is not a git repository`);
}
