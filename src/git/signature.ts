import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#base';
import { privateDirectory } from './credentials.ts';
import { GitError } from './errors.ts';
import type { GitChild, GitCommand } from './git-command.ts';
import { judgeSignature, unexpiredSigners } from './signature.plan.ts';

/** Whose signatures count. Public keys only: said by the operator, never by the repository. */
export interface CommitTrust {
  /** `warn`: a commit that is not well signed is told of. `enforce`: it is not read. */
  readonly mode: 'warn' | 'enforce';
  /** Lines of ssh-keygen's allowed_signers. */
  readonly allowedSigners?: string;
  /** Armored public keys of GPG. */
  readonly gpgKeys?: string;
  /** Why the policy itself cannot be read: then no commit is well signed. */
  readonly problem?: string;
}

export interface SignedObject {
  readonly type: 'commit' | 'tag';
  readonly id: string;
}

/** Longest that one program may take, ms. */
const VERIFY_MS = 30_000;
/** Bytes of a program's words that are read. */
const MAX_WORDS = 65_536;

/** For one check only: no agent, no network, no trust database beside the keys that were imported. */
const GPG_CONFIG = 'batch\nno-autostart\ntrust-model always\nno-auto-key-retrieve\nno-auto-key-locate\n';

/**
 * Why an object's signature does not count; undefined when it does. Keys are files of a folder of their own for as long
 * as it takes; no keyring of this machine is looked at. Throws `SignatureInvalid` where nothing can be checked at all.
 */
export async function signatureProblem(
  { git, clock }: { readonly git: GitCommand; readonly clock: Clock },
  object: SignedObject,
  trust: CommitTrust,
): Promise<string | undefined> {
  if (trust.problem !== undefined) return trust.problem;
  const directory = await privateDirectory();
  try {
    const signers = join(directory, 'allowed_signers');
    const gpgHome = join(directory, 'gnupg');
    await mkdir(gpgHome, { mode: 0o700 });
    await writeFile(join(gpgHome, 'gpg.conf'), GPG_CONFIG, { mode: 0o600 });
    await writeFile(signers, unexpiredSigners(trust.allowedSigners ?? '', clock.nowMs()), { mode: 0o600 });
    if (trust.gpgKeys !== undefined) await importKeys(gpgHome, trust.gpgKeys, clock);
    const options = [`gpg.ssh.allowedSignersFile=${signers}`, 'gpg.x509.program=/nonexistent'];
    const child = git.spawn(
      [...options.flatMap((option) => ['-c', option]), `verify-${object.type}`, '--raw', object.id],
      { GNUPGHOME: gpgHome },
    );
    child.stdin.end();
    return judgeSignature(await finish(child, clock));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function importKeys(gpgHome: string, keys: string, clock: Clock): Promise<void> {
  const child = spawn('gpg', ['--import'], {
    env: { PATH: process.env['PATH'], LC_ALL: 'C', GNUPGHOME: gpgHome },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program that ends before it has read all says so by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(keys);
  const { exitCode } = await finish(child, clock);
  if (exitCode === 0) return;
  throw new GitError(
    'SignatureInvalid',
    'gpg cannot read gpg.asc of the signature policy; it holds armored public keys',
  );
}

interface Finished {
  readonly exitCode: number | null;
  readonly stderr: string;
}

async function finish(child: GitChild, clock: Clock): Promise<Finished> {
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(0, MAX_WORDS);
  });
  child.stdout.resume();
  const timer = clock.after(VERIFY_MS, () => child.kill('SIGKILL'));
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, stderr };
  } catch (error) {
    const program = child.spawnfile;
    throw new GitError(
      'SignatureInvalid',
      `${program} cannot be run, so no signature can be checked; install it`,
      error,
    );
  } finally {
    timer.cancel();
  }
}
