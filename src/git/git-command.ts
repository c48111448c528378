import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SimpleGitOptions, simpleGit } from 'simple-git';
import type { Clock } from '#base';
import { GitError, gitErrorFrom } from './errors.ts';

/** A running git whose bytes are read by us: simple-git has no stdin and decodes what it reads. */
export type GitChild = ChildProcessWithoutNullStreams;

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Ends git when it has said nothing for so long. */
  readonly silentMs?: number;
  /** Ends git in any case. */
  readonly totalMs?: number;
  /** Added to git's environment: credentials, never in argv. */
  readonly env?: Readonly<Record<string, string>>;
  /** Values that must not appear in an error. */
  readonly secrets?: readonly string[];
}

/** Runs git in one directory, cut off from the machine's configuration, hooks, helpers and terminal. */
export interface GitCommand {
  /** Standard output of one short command. Throws `GitError`. */
  run(args: readonly string[], options?: RunOptions): Promise<string>;
  /** A child for streams. The caller ends it. */
  spawn(args: readonly string[], env?: Readonly<Record<string, string>>): GitChild;
}

/** Variables of the operator that say how to reach the world; nothing else of the environment reaches git. */
const PASSED_ON = [
  'PATH',
  'TMPDIR',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
];

/** Killed after this when the caller gives no limit of its own, ms. */
const DEFAULT_TOTAL_MS = 60_000;

/**
 * Git's whole configuration. A file of our own, since `-c` does not reach the upload-pack child of a local fetch.
 * Source: the bad-input rows B05–B18: fsck on, no bundle URIs, no redirects, no helpers, no hooks, no submodules.
 */
export function gitConfigText(safeDirectories: readonly string[]): string {
  const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`;
  const safe = safeDirectories.map((directory) => `\tdirectory = ${quoted(directory)}`);
  return [
    '[core]',
    '\thooksPath = /dev/null',
    '\tfsmonitor = false',
    '\tsymlinks = false',
    '\taskPass =',
    '[credential]',
    '\thelper =',
    '[transfer]',
    '\tfsckObjects = true',
    '\tbundleURI = false',
    '[fetch]',
    '\trecurseSubmodules = false',
    '\twriteCommitGraph = false',
    '[submodule]',
    '\trecurse = false',
    '[http]',
    '\tfollowRedirects = false',
    '\tlowSpeedLimit = 1000',
    '\tlowSpeedTime = 30',
    '[protocol]',
    '\tallow = never',
    '[protocol "https"]',
    '\tallow = always',
    '[protocol "ssh"]',
    '\tallow = always',
    ...(safe.length === 0 ? [] : ['[safe]', ...safe]),
    '',
  ].join('\n');
}

export interface GitCommandOptions {
  readonly directory: string;
  /** Protocols git may speak, `:`-separated: overrides every configuration. */
  readonly protocols: string;
  readonly clock: Clock;
}

/** Where our own configuration of git lies inside a mirror. */
export const CONFIG_FILE = 'plumbline.gitconfig';

/** Writes git's configuration into `directory`, whole or not at all. */
export async function writeGitConfig(directory: string, safeDirectories: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, CONFIG_FILE);
  await writeFile(`${file}.new`, gitConfigText(safeDirectories), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export function createGitCommand({ directory, protocols, clock }: GitCommandOptions): GitCommand {
  const baseEnv = gitEnvironment(directory, protocols);
  return {
    async run(args, { signal, silentMs, totalMs = DEFAULT_TOTAL_MS, env = {}, secrets = [] } = {}) {
      const timeout = new AbortController();
      const timer = clock.after(totalMs, () => timeout.abort());
      const abort = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
      let stderr = '';
      try {
        const whole = { ...baseEnv, ...env };
        return await simpleGit(commandOptions(directory, whole, abort, silentMs))
          .env(whole)
          .outputHandler((_command, _stdout, errors) => {
            errors.on('data', (chunk: Buffer) => {
              stderr = (stderr + chunk.toString('utf8')).slice(-MAX_STDERR);
            });
          })
          .raw([...args]);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (timeout.signal.aborted) throw new GitError('GitTimeout', `git took longer than ${totalMs} ms`, error);
        throw commandError(error, stderr, secrets, silentMs);
      } finally {
        timer.cancel();
      }
    },
    spawn: (args, env = {}) =>
      spawn('git', [...args], { cwd: directory, env: { ...baseEnv, ...env }, stdio: ['pipe', 'pipe', 'pipe'] }),
  };
}

/** Bytes of stderr that are kept: its end tells why. */
const MAX_STDERR = 16_384;

function commandOptions(
  directory: string,
  env: Readonly<Record<string, string>>,
  abort: AbortSignal,
  silentMs: number | undefined,
): Partial<SimpleGitOptions> {
  return {
    baseDir: directory,
    abort,
    ...(silentMs === undefined ? {} : { timeout: { block: silentMs } }),
    // Every variable below is built by us from checked parts; nothing of a repository reaches it.
    allowEnvironment: Object.keys(env).filter((name) => /^(GIT_|SSH_|PREFIX)/.test(name)),
    unsafe: { allowUnsafeConfigPaths: true, allowUnsafeConfigEnvCount: true, allowUnsafeSshCommand: true },
  };
}

function gitEnvironment(directory: string, protocols: string): Record<string, string> {
  const env: Record<string, string> = {
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_DIR: '.',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(directory, CONFIG_FILE),
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_ALLOW_PROTOCOL: protocols,
  };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function commandError(error: unknown, stderr: string, secrets: readonly string[], silentMs?: number): GitError {
  const words = error instanceof Error ? error.message : String(error);
  if (/block timeout reached/.test(words)) {
    return new GitError('GitTimeout', `the server said nothing for ${silentMs} ms`, error);
  }
  if (/ENOENT/.test(words)) return new GitError('GitFailed', 'git is not installed, or its directory is gone', error);
  // No cause: what simple-git carries along holds git's words before they were scrubbed.
  return gitErrorFrom(stderr === '' ? words : stderr, secrets);
}
