import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reset } from './reset.ts';

/** The owner of what this test makes, as somebody who is not root. */
const SOMEBODY = 1_000;

describe('src/cli/commands/reset.ts', () => {
  let directory: string;
  let stateDir: string;
  let written: string[];
  const environment = { ...process.env };
  const output = {
    write: (text: string) => void written.push(text),
    note: (text: string) => void written.push(text),
  };
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-reset-'));
    stateDir = path.join(directory, 'state');
    written = [];
    await mkdir(path.join(stateDir, 'agent'), { recursive: true });
    await mkdir(path.join(directory, 'bin'));
    process.env['PATH'] = path.join(directory, 'bin');
    delete process.env['DOCKER_HOST'];
  });
  afterEach(async () => {
    for (const name of ['PATH', 'DOCKER_HOST']) {
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    }
    await rm(directory, { recursive: true, force: true });
  });

  const agentRan = () => writeFile(path.join(stateDir, 'agent/agent.json'), '{}');
  /** A sudo that writes down what it is to run. */
  const installSudo = async (exitCode: number) => {
    const file = path.join(directory, 'bin/sudo');
    await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/asked\nexit ${exitCode}\n`);
    await chmod(file, 0o755);
  };
  const resetBySomebody = (more: { dockerHost?: string; deleteVolumes?: boolean } = {}) =>
    reset({ stateDir, yes: true, ...more }, output, { uid: SOMEBODY });

  it('goes through sudo where an agent ran, to the same engine', async () => {
    await agentRan();
    await installSudo(0);
    process.env['DOCKER_HOST'] = 'unix:///run/other.sock';
    expect(await resetBySomebody()).toBe(0);
    const asked = (await readFile(path.join(directory, 'asked'), 'utf8')).trim().split('\n');
    expect(asked.slice(0, 2)).toEqual(['--', process.execPath]);
    expect(asked.slice(-6)).toEqual([
      'reset',
      '--state-dir',
      stateDir,
      '--yes',
      '--docker-host',
      'unix:///run/other.sock',
    ]);
    expect(existsSync(stateDir)).toBe(true); // what this process left to root
  });

  it.each([
    ['is not here', undefined, 'sudo is not here; nothing was removed'],
    ['refuses', 1, 'sudo ended with code 1'],
  ])(
    'keeps everything that is needed to find the rules again when sudo %s, and says what stays',
    async (_what, code, words) => {
      await agentRan();
      if (code !== undefined) await installSudo(code);
      await expect(resetBySomebody({ dockerHost: 'unix:///run/d.sock' })).rejects.toMatchObject({
        code: 'RootNeeded',
        message: expect.stringContaining(words),
        hint: expect.stringMatching(
          /kernel rules.* stay until root runs: .*reset --state-dir .* --docker-host unix:\/\/\/run\/d\.sock/,
        ),
      });
      expect(existsSync(path.join(stateDir, 'agent/agent.json'))).toBe(true);
    },
  );

  it("asks root for what is another user's", async () => {
    await installSudo(0);
    await reset({ stateDir, yes: true }, output, { uid: (process.getuid?.() ?? 0) + 1 });
    expect(existsSync(path.join(directory, 'asked'))).toBe(true);
  });

  it('needs nobody where no agent ran, and says what stays', async () => {
    expect(await reset({ stateDir, yes: true }, output)).toBe(0);
    expect(existsSync(stateDir)).toBe(false);
    expect(written.join('')).toContain('What stays: images in Docker');
  });

  describe('where volumes hold data', () => {
    const folder = () => path.join(stateDir, 'agent/volumes');
    const data = () => readFile(path.join(folder(), 'pvc-1/data'), 'utf8').catch(() => undefined);
    beforeEach(async () => {
      await mkdir(path.join(folder(), 'pvc-1'), { recursive: true });
      await mkdir(path.join(folder(), 'pvc-2'));
      await writeFile(path.join(folder(), 'pvc-1/data'), 'kept');
      await writeFile(path.join(stateDir, 'agent/log'), '');
      await writeFile(path.join(stateDir, 'store.sqlite'), '');
    });
    const resetWith = (flags: { deleteVolumes?: boolean }, answer?: boolean | 'none') => {
      const asked: string[] = [];
      const ask = async (question: string) => {
        asked.push(question);
        return answer === 'none' ? undefined : answer;
      };
      const caller = answer === undefined ? {} : { ask };
      return { asked, done: reset({ stateDir, yes: true, ...flags }, output, caller) };
    };

    it.each([
      ['without a terminal', {}, undefined],
      ['when asked and told no', {}, false],
      ['when told so beforehand', { deleteVolumes: false }, true],
    ])('keeps it, and nothing else, %s', async (_what, flags, answer) => {
      expect(await resetWith(flags, answer).done).toBe(0);
      expect([await data(), await readdir(stateDir), await readdir(path.join(stateDir, 'agent'))]).toEqual([
        'kept',
        ['agent'],
        ['volumes'],
      ]);
      expect(written.join('\n')).toContain(`the data of 2 volumes in ${folder()}`);
      // Also when nothing else is left that tells of them.
      expect(await resetWith(flags, answer).done).toBe(0);
      expect(await data()).toBe('kept');
      expect(await resetWith({ deleteVolumes: true }).done).toBe(0);
      expect(existsSync(stateDir)).toBe(false);
    });

    it('asks with how many there are and where, and deletes it when told yes', async () => {
      const { asked, done } = resetWith({}, true);
      expect(await done).toBe(0);
      expect(asked).toEqual([`Delete the data of 2 volumes in ${folder()} too? It cannot be brought back.`]);
      expect(existsSync(stateDir)).toBe(false);
    });

    it('removes nothing when there is no answer', async () => {
      await expect(resetWith({}, 'none').done).rejects.toThrow('nothing was removed');
      expect((await readdir(stateDir)).sort()).toEqual(['agent', 'store.sqlite']);
      expect(await data()).toBe('kept');
    });

    it('finds it where an agent has the whole folder, also when its settings are gone', async () => {
      await rename(path.join(stateDir, 'agent'), path.join(directory, 'alone'));
      expect(await reset({ stateDir: path.join(directory, 'alone'), yes: true }, output)).toBe(0);
      expect(await readdir(path.join(directory, 'alone'))).toEqual(['volumes']);
    });

    it.each([
      [{}, []],
      [{ deleteVolumes: true }, ['--delete-volumes']],
      [{ deleteVolumes: false }, ['--no-delete-volumes']],
    ])('tells root what it was told: %j', async (flags, words) => {
      await agentRan();
      await installSudo(0);
      await resetBySomebody(flags);
      const asked = (await readFile(path.join(directory, 'asked'), 'utf8')).trim().split('\n');
      expect(asked.slice(asked.indexOf('--yes') + 1)).toEqual(words);
    });
  });
});
