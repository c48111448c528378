import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '#base';
import { GitError } from './errors.ts';
import type { RepositoryCredentials } from './repository.ts';
import type { RepositoryUrl } from './repository-url.ts';

/** What one command of git gets to know of a repository's credentials. */
export interface GitAccess {
  readonly env: Readonly<Record<string, string>>;
  /** Values that must not appear in messages. */
  readonly secrets: readonly string[];
  /** Removes what was written for the command. */
  release(): Promise<void>;
}

/** Held in memory where the machine has it, so that a key is not left on a disk. */
const MEMORY_DIRECTORY = '/dev/shm';
/** User name for a bare token: what GitHub documents, and GitLab, Gitea and Forgejo ignore. */
const TOKEN_USER = 'x-access-token';

/**
 * Credentials as environment of one git command, never as arguments, and bound to the repository's own host: with
 * redirects off, no other server sees them. An SSH key is a 0600 file for as long as the command runs.
 */
export async function grantAccess(url: RepositoryUrl, credentials: RepositoryCredentials): Promise<GitAccess> {
  if (url.kind === 'ssh') return grantSsh(credentials);
  if (url.kind === 'local') return { env: {}, secrets: [], release: async () => undefined };
  return grantHttp(url, credentials);
}

function grantHttp(url: RepositoryUrl, credentials: RepositoryCredentials): GitAccess {
  const password = credentials.token ?? credentials.password;
  if (password === undefined) return { env: {}, secrets: [], release: async () => undefined };
  const username = credentials.username ?? TOKEN_USER;
  if (/[\r\n\0]/.test(username + password)) {
    throw new GitError('AuthenticationFailed', 'the credentials hold a line break; check the repository Secret');
  }
  const basic = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  return {
    env: {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${new URL(url.url).origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    },
    secrets: [password, basic],
    release: async () => undefined,
  };
}

async function grantSsh({ sshPrivateKey, sshKnownHosts }: RepositoryCredentials): Promise<GitAccess> {
  const directory = await privateDirectory();
  const release = () => rm(directory, { recursive: true, force: true });
  try {
    const knownHosts = join(directory, 'known_hosts');
    await writeFile(knownHosts, sshKnownHosts === undefined ? '' : `${sshKnownHosts.trim()}\n`, { mode: 0o600 });
    const options = [
      '-F /dev/null',
      '-o BatchMode=yes',
      '-o StrictHostKeyChecking=yes',
      `-o UserKnownHostsFile=${knownHosts}`,
      '-o GlobalKnownHostsFile=/dev/null',
      '-o UpdateHostKeys=no',
      '-o ForwardAgent=no',
      '-o ClearAllForwardings=yes',
      '-o ConnectTimeout=15',
      '-o ServerAliveInterval=15',
      '-o ServerAliveCountMax=2',
    ];
    if (sshPrivateKey !== undefined) {
      const key = join(directory, 'key');
      await writeFile(key, `${sshPrivateKey.replaceAll('\r\n', '\n').trim()}\n`, { mode: 0o600 });
      options.push(`-i ${key}`, '-o IdentitiesOnly=yes', '-o IdentityAgent=none');
    }
    return {
      env: { GIT_SSH_COMMAND: `ssh ${options.join(' ')}`, GIT_SSH_VARIANT: 'ssh' },
      secrets: sshPrivateKey === undefined ? [] : [sshPrivateKey],
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** A folder for one command that only this user can look into. Whoever asks removes it. */
export async function privateDirectory(): Promise<string> {
  try {
    return await mkdtemp(join(MEMORY_DIRECTORY, 'plumb-git-'));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return mkdtemp(join(tmpdir(), 'plumb-git-'));
  }
}
