import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createGitFixture, type GitFixture } from '../../test/support/git-fixture.ts';
import { openMirror } from './mirror.ts';
import type { GitMirror } from './repository.ts';
import { judgeSignature, unexpiredSigners } from './signature.plan.ts';
import type { CommitTrust } from './signature.ts';

const run = promisify(execFile);

describe('src/git/signature.ts', () => {
  let fixture: GitFixture;
  let mirror: GitMirror;
  let dir: string;
  let trust: CommitTrust | undefined;
  let gpg: (...args: string[]) => Promise<string>;
  let signers = '';
  let gpgKeys = '';

  const sshKey = async (name: string) => {
    const file = join(dir, name);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
    return { file, line: `${name}@example.com ${(await readFile(`${file}.pub`, 'utf8')).trim()}` };
  };
  const signWithSsh = async (file: string) => {
    await fixture.git('config', 'gpg.format', 'ssh');
    await fixture.git('config', 'user.signingKey', file);
  };
  const signed = async (text: string) => {
    await fixture.commit({ 'a.yaml': text });
    await fixture.git('commit', '--quiet', '--amend', '--no-edit', '-S');
    return fixture.git('rev-parse', 'HEAD');
  };
  const enforce = (more: Partial<CommitTrust> = {}): CommitTrust => ({
    mode: 'enforce',
    allowedSigners: signers,
    gpgKeys,
    ...more,
  });
  const problemOf = async (revision: string, policy: CommitTrust): Promise<string> => {
    trust = policy;
    await mirror.fetch();
    return mirror.resolve(revision).then(
      () => '',
      (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
    );
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'plumb-sign-'));
    fixture = await createGitFixture();
    const home = join(dir, 'gnupg');
    await run('mkdir', ['-m', '700', home]);
    gpg = async (...args) => (await run('gpg', ['--homedir', home, '--batch', '--passphrase', '', ...args])).stdout;
    await gpg('--quick-gen-key', 'Grace <grace@example.com>', 'ed25519', 'sign', '0');
    gpgKeys = await gpg('--armor', '--export', 'grace@example.com');
    const program = join(dir, 'gpg-of-grace');
    await writeFile(program, `#!/bin/sh\nexec gpg --homedir ${home} --batch --passphrase '' "$@"\n`, { mode: 0o755 });
    await fixture.git('config', 'gpg.openpgp.program', program);
    signers = (await sshKey('ada')).line;
    mirror = await openMirror({
      url: fixture.path,
      dir: join(dir, 'mirror'),
      allowLocal: true,
      trust: () => trust,
      clock: systemClock,
      log: silentLog,
    });
  }, 60_000);
  afterAll(async () => {
    await run('gpgconf', ['--homedir', join(dir, 'gnupg'), '--kill', 'all']);
    await mirror.close();
    await fixture.remove();
    await rm(dir, { recursive: true, force: true });
  });

  it('takes a commit that an allowed SSH key signed, and no other', async () => {
    await signWithSsh(join(dir, 'ada'));
    const good = await signed('ssh');
    expect(await problemOf(good, enforce())).toBe('');
    const { file } = await sshKey('mallory');
    await signWithSsh(file);
    const foreign = await signed('mallory');
    expect(await problemOf(foreign, enforce())).toMatch(
      /^SignatureInvalid: .*not among the allowed signers \(key SHA256:/,
    );
    expect(await problemOf(good, enforce({ allowedSigners: '' }))).toContain('SignatureInvalid');
    const past = signers.replace(' ', ' valid-before="20200101" ');
    expect(await problemOf(good, enforce({ allowedSigners: past }))).toContain('SignatureInvalid');
  });

  it('refuses an unsigned commit, only tells of it where it warns, and takes it where nothing is asked', async () => {
    const plain = await fixture.commit({ 'a.yaml': 'plain' });
    expect(await problemOf(plain, enforce())).toBe(
      `SignatureInvalid: commit ${plain.slice(0, 12)}: it is not signed; nothing is changed`,
    );
    expect(await problemOf('main', enforce({ mode: 'warn' }))).toBe('');
    expect(mirror.signatureWarning(plain)).toContain('it is not signed');
    trust = undefined;
    expect(await mirror.resolve('main')).toBe(plain);
    expect(mirror.signatureWarning(plain)).toBeUndefined();
    expect(await problemOf(plain, enforce({ mode: 'warn', problem: 'no mode' }))).toBe('');
    expect(mirror.signatureWarning(plain)).toContain('no mode');
  });

  it('takes a commit that a known GPG key signed, until the key is unknown or expired', async () => {
    await fixture.git('config', 'gpg.format', 'openpgp');
    await fixture.git('config', 'user.signingKey', 'grace@example.com');
    const good = await signed('gpg');
    expect(await problemOf(good, enforce())).toBe('');
    const { gpgKeys: _none, ...without } = enforce();
    expect(await problemOf(good, without)).toContain('not among those of the signature policy');
    expect(await problemOf(good, enforce({ gpgKeys: 'no key' }))).toContain('gpg cannot read gpg.asc');
    // A signed commit whose content was exchanged keeps its signature, which does not fit any more.
    const text = await fixture.git('cat-file', 'commit', good);
    await writeFile(join(dir, 'forged'), `${text.replace(/\nchange$/, '\nforged')}\n`);
    const forged = await fixture.git('hash-object', '-t', 'commit', '-w', join(dir, 'forged'));
    await fixture.git('branch', '--force', 'forged', forged);
    expect(await problemOf('forged', enforce())).toContain('does not fit what was signed');
    expect(await problemOf(good, enforce())).toBe('');
  });

  it('goes by the tag where a tag is asked for, under its own name', async () => {
    await signWithSsh(join(dir, 'ada'));
    const plain = await fixture.commit({ 'a.yaml': 'tagged' });
    await fixture.git('tag', '-a', '-m', 'one', 'unsigned');
    expect(await problemOf('unsigned', enforce())).toContain('it is not signed');
    expect(await problemOf(plain, enforce())).toContain('it is not signed');
    await fixture.git('tag', '-s', '-m', 'two', 'v2');
    expect(await problemOf('v2', enforce())).toBe('');
    expect(await problemOf(plain, enforce())).toBe('');
    await fixture.git('update-ref', 'refs/tags/v3', await fixture.git('rev-parse', 'refs/tags/v2'));
    expect(await problemOf('v3', enforce())).toContain('signed under another name than refs/tags/v3');
  });
});

describe('src/git/signature.plan.ts', () => {
  const gpgWords = (...words: string[]) => words.map((word) => `[GNUPG:] ${word}`).join('\n');

  it.each([
    ['a revoked key', 0, gpgWords('REVKEYSIG AB Grace', 'VALIDSIG FF'), 'the key was revoked (key AB)'],
    ['an expired key', 0, gpgWords('EXPKEYSIG AB Grace', 'VALIDSIG FF'), 'the key has expired (key AB)'],
    ['an expired signature', 0, gpgWords('EXPSIG AB Grace'), 'the signature has expired (key AB)'],
    ['two signatures', 0, gpgWords('GOODSIG AB', 'VALIDSIG FF', 'GOODSIG CD', 'VALIDSIG EE'), 'cannot be checked'],
    ['a good one, and yet git says no', 1, gpgWords('GOODSIG AB', 'VALIDSIG FF'), 'cannot be checked'],
    ['no gpg', 1, 'error: cannot run gpg: No such file or directory', 'install gnupg'],
    ['no ssh-keygen', 1, 'error: cannot run ssh-keygen: No such file', 'install openssh-client'],
    ['nothing', 1, '', 'it is not signed'],
  ])('does not count %s', (_case, exitCode, stderr, words) => {
    expect(judgeSignature({ exitCode, stderr })).toContain(words);
  });

  it('leaves out signers whose time is over, or whose time cannot be read', () => {
    const lines = ['a ssh-ed25519 A', 'b valid-before="20260101" ssh-ed25519 B', 'c valid-before="soon" k C'];
    expect(unexpiredSigners(lines.join('\n'), Date.UTC(2025, 11, 31))).toBe(`${lines[0]}\n${lines[1]}\n`);
    expect(unexpiredSigners(lines.join('\n'), Date.UTC(2026, 0, 1))).toBe(`${lines[0]}\n`);
  });
});
