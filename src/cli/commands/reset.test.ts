import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
  const resetBySomebody = (more: { dockerHost?: string } = {}) =>
    reset({ stateDir, yes: true, ...more }, output, SOMEBODY);

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
    await reset({ stateDir, yes: true }, output, (process.getuid?.() ?? 0) + 1);
    expect(existsSync(path.join(directory, 'asked'))).toBe(true);
  });

  it('needs nobody where no agent ran, and says what stays', async () => {
    expect(await reset({ stateDir, yes: true }, output)).toBe(0);
    expect(existsSync(stateDir)).toBe(false);
    expect(written.join('')).toContain('What stays: images in Docker');
  });
});
