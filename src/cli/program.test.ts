import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { terminalOutput } from './output.ts';
import { createProgram, main } from './program.ts';
import { version } from './version.ts';

describe('src/cli/program.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-cli-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function plumb(...args: readonly string[]) {
    let written = '';
    let noted = '';
    const code = await main(['--state-dir', directory, ...args], {
      write: (text) => {
        written += `${text}\n`;
      },
      note: (text) => {
        noted += `${text}\n`;
      },
    });
    return { code, written, noted };
  }

  it.each([
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['an unknown flag', ['status', '--frobnicate'], "unknown option '--frobnicate'"],
    ['a misspelt flag of diff, whose 1 means a difference', ['diff', 'web', '--locl', '.'], "unknown option '--locl'"],
    ['a missing argument', ['diff'], "missing required argument 'application'"],
  ])('ends with 2 on %s, and says so on stderr', async (_what, args, words) => {
    const { code, written, noted } = await plumb(...args);
    expect(code).toBe(2);
    expect(noted).toContain(words);
    expect(noted).toContain('plumb help');
    expect(written).toBe('');
  });

  it.each([
    ['https://ghp_secret@github.com/team/cluster.git', 'a URL carries no credentials'],
    ['https://ada:secret@git.example.com/team/cluster.git', 'a URL carries no credentials'],
    ['https://git.example.com/team/cluster.git?access_token=secret', 'no query and no fragment'],
    ['http://git.example.com/team/cluster.git', 'use https://'],
    ['ext::sh -c secret', 'no blanks'],
  ])('installs nothing that follows %s', async (repository, words) => {
    const root = path.join(directory, 'image');
    const { code, written, noted } = await plumb('install', repository, '--root', root);
    expect([code, written, existsSync(root)]).toEqual([2, '', false]);
    expect(noted).toContain(words);
    expect(noted).toContain('plumb repo add');
    expect(noted).not.toContain('secret');
  });

  it.each([
    ['git@github.com:team/cluster.git', 'git@github.com:team/cluster.git'],
    ['.', process.cwd()],
  ])('installs what follows %s', async (repository, followed) => {
    const root = path.join(directory, 'image');
    expect(await plumb('install', repository, '--root', root)).toMatchObject({ code: 0, noted: '' });
    const unit = await readFile(path.join(root, 'etc/systemd/system/plumbline-server.service'), 'utf8');
    expect(unit).toContain(` up ${followed} `);
  });

  it.each([
    [['version']],
    [['repo', 'list']],
    [['status']],
    [['diff', 'web']],
    [['sync', 'web']],
    [['approve', 'web']],
    [['history', 'web']],
    [['app', 'list']],
    [['app', 'plan', 'web']],
    [['app', 'rollback', 'web']],
    [['app', 'suspend', 'web']],
    [['get', 'pods']],
    [['describe', 'pod', 'x']],
    [['logs', 'x']],
    [['login']],
    [['kubeconfig']],
  ])('%j ends with 2 and a hint where there is no kubeconfig', async (args) => {
    const { code, written, noted } = await plumb(...args);
    expect(code).toBe(2);
    expect(noted).toContain(`no kubeconfig at ${directory}/kubeconfig`);
    expect(noted).toContain('plumb up');
    // Of the two versions, one is known.
    expect(written).toEqual(args[0] === 'version' ? expect.stringMatching(/^Client: plumb \S+ .*\n$/) : '');
  });

  it.each([
    ['no kubeconfig', 'token: canary\n'],
    ['no YAML', 'users: [{token: "canary'],
  ])('ends with 2, names the file and quotes nothing of it when it is %s', async (_what, text) => {
    await writeFile(path.join(directory, 'kubeconfig'), text);
    const { code, noted } = await plumb('status');
    expect(code).toBe(2);
    expect(noted).toContain(path.join(directory, 'kubeconfig'));
    expect(noted).not.toContain('canary');
  });

  it.each([
    ['--timeout', ['sync', 'web', '--wait', '--timeout', 'soon']],
    ['--api-port', ['server', '--api-port', 'https']],
    ['--tail', ['logs', 'x', '--tail', 'all']],
  ])('refuses a wrong value of %s before it does anything', async (flag, args) => {
    const { code, noted } = await plumb(...args);
    expect(code).toBe(2);
    expect(noted).toContain(`${flag}: "`);
  });

  it('prints help with examples on stdout and ends with 0', async () => {
    const { code, written, noted } = await plumb('--help');
    expect(code).toBe(0);
    expect(noted).toBe('');
    expect(written).toContain('Examples:\n  plumb up ');
    for (const command of [
      'up',
      'status',
      'diff',
      'sync',
      'approve',
      'history',
      'repo',
      'kubeconfig',
      'login',
      'doctor',
      'version',
      'get',
      'describe',
      'logs',
    ]) {
      expect(written).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });

  it('has an example in the help of every command', async () => {
    const names = (command: Command): readonly (readonly string[])[] =>
      command.commands.flatMap((one) => [[one.name()], ...names(one).map((below) => [one.name(), ...below])]);
    const commands = names(createProgram({ output: terminalOutput, exit: () => undefined }));
    expect(commands).toContainEqual(['repo', 'add']);
    for (const words of commands.filter(([name]) => name !== 'demo')) {
      const { code, written } = await plumb(...words, '--help');
      expect(code).toBe(0);
      expect(written, words.join(' ')).toMatch(
        new RegExp(`^Examples?(, .*)?:\\n(  .*\\n)*  plumb ${words.join(' ')}\\b`, 'm'),
      );
    }
  });

  it('prints the version', async () => {
    expect(await plumb('--version')).toMatchObject({ code: 0, written: `${version}\n` });
  });
});
