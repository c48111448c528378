import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#base';
import { grantAccess } from './credentials.ts';
import { GitError } from './errors.ts';
import { createGitCommand, writeGitConfig } from './git-command.ts';
import type { RepositoryCredentials } from './repository.ts';
import { parseRepositoryUrl } from './repository-url.ts';

/** What a repository shows to whoever may read it. */
export interface RepositoryAccess {
  /** Short name of the branch that HEAD names; undefined in a repository without commits. */
  readonly defaultBranch?: string;
  readonly branches: readonly string[];
}

/** One key that a server shows. Nothing proves that it is the right one: a person compares the fingerprint. */
export interface HostKey {
  readonly type: string;
  /** `SHA256:…`, as ssh shows it. */
  readonly fingerprint: string;
  /** The line for known_hosts. */
  readonly line: string;
}

/** An answer within so long, or it counts as none, ms. */
const ACCESS_TIMEOUT_MS = 20_000;
/** Most that is read of `ssh-keyscan`'s output, in characters. */
const MAX_KEYSCAN = 65_536;
const MAX_BRANCHES = 1_000;

/** Asks the server for its refs with these credentials. Throws `GitError` that says what is wrong. */
export async function testAccess(
  url: string,
  credentials: RepositoryCredentials,
  options: { readonly allowLocal: boolean; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<RepositoryAccess> {
  const repository = parseRepositoryUrl(url, options);
  const directory = await mkdtemp(join(tmpdir(), 'plumb-access-'));
  const access = await grantAccess(repository, credentials);
  try {
    await writeGitConfig(directory, repository.path === undefined ? [] : [repository.path, `${repository.path}/.git`]);
    const protocols = repository.kind === 'local' ? 'file' : repository.kind;
    const git = createGitCommand({ directory, protocols, clock: options.clock });
    const refs = await git.run(['ls-remote', '--symref', '--end-of-options', repository.url], {
      env: access.env,
      secrets: access.secrets,
      silentMs: ACCESS_TIMEOUT_MS,
      totalMs: ACCESS_TIMEOUT_MS,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return readRefs(refs);
  } finally {
    await access.release();
    await rm(directory, { recursive: true, force: true });
  }
}

function readRefs(text: string): RepositoryAccess {
  const branches: string[] = [];
  let defaultBranch: string | undefined;
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split('\t');
    if (right === 'HEAD' && left.startsWith('ref: refs/heads/')) defaultBranch = left.slice('ref: refs/heads/'.length);
    if (right.startsWith('refs/heads/') && branches.length < MAX_BRANCHES) branches.push(right.slice(11));
  }
  return { branches, ...(defaultBranch === undefined ? {} : { defaultBranch }) };
}

/** The keys that an SSH server shows now. Throws `RepositoryUnreachable` when it shows none. */
export async function scanHostKeys(url: string): Promise<readonly HostKey[]> {
  const { kind, host, port } = parseRepositoryUrl(url, { allowLocal: false });
  if (kind !== 'ssh' || host === undefined)
    throw new GitError('RepositoryUrlNotAllowed', 'only SSH servers have host keys');
  const bare = host.replace(/^\[|\]$/g, '');
  const args = ['-T', '10', ...(port === undefined ? [] : ['-p', String(port)]), '--', bare];
  const lines = (await output('ssh-keyscan', args)).split('\n');
  const keys = lines.flatMap((line) => {
    const [name, type, key] = line.trim().split(/\s+/);
    if (name === undefined || type === undefined || key === undefined || name.startsWith('#')) return [];
    const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '');
    return [{ type, fingerprint: `SHA256:${digest}`, line: `${name} ${type} ${key}` }];
  });
  if (keys.length === 0) throw new GitError('RepositoryUnreachable', `${bare} shows no SSH host key`);
  return keys;
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'ignore'], timeout: ACCESS_TIMEOUT_MS });
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      if (text.length < MAX_KEYSCAN) text += chunk;
    });
    child.on('error', (error) => reject(new GitError('GitFailed', `${command} is not installed`, error)));
    child.on('close', () => resolve(text));
  });
}
