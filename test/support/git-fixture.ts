import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a commit does to a path: text or bytes to write, `null` to remove, `{ symlink }` to link. */
export type FileChange = string | Uint8Array | null | { readonly symlink: string };

/** A real local Git repository with a work tree, for tests. */
export interface GitFixture {
  /** Absolute path of the work tree: what an Application names as its `repoURL`. */
  readonly path: string;
  /** Writes, adds and commits; answers the commit's id. */
  commit(changes: Readonly<Record<string, FileChange>>, message?: string): Promise<string>;
  /** A commit without parents, put in the branch's place: what a force-push of another history does. */
  replaceHistory(changes: Readonly<Record<string, FileChange>>, message?: string): Promise<string>;
  /** Any git command in the work tree; answers its trimmed output. */
  git(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

const identity = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

export async function createGitFixture(): Promise<GitFixture> {
  const path = await mkdtemp(join(tmpdir(), 'plumb-repo-'));
  const git = async (...args: string[]): Promise<string> => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: path, ...identity };
    const { stdout } = await run('git', args, { cwd: path, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  };
  const write = async (changes: Readonly<Record<string, FileChange>>) => {
    for (const [name, change] of Object.entries(changes)) {
      const file = join(path, name);
      await rm(file, { recursive: true, force: true });
      if (change === null) continue;
      await mkdir(dirname(file), { recursive: true });
      if (typeof change === 'object' && 'symlink' in change) await symlink(change.symlink, file);
      else await writeFile(file, change);
    }
    await git('add', '--all');
  };
  await git('init', '--quiet', '--initial-branch=main');
  return {
    path,
    git,
    async commit(changes, message = 'change') {
      await write(changes);
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    },
    async replaceHistory(changes, message = 'another history') {
      await git('checkout', '--quiet', '--orphan', 'replacement');
      await git('rm', '-rfq', '--ignore-unmatch', '.');
      await write(changes);
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      await git('branch', '--force', 'main', 'HEAD');
      await git('checkout', '--quiet', 'main');
      await git('branch', '--quiet', '-D', 'replacement');
      return git('rev-parse', 'HEAD');
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
