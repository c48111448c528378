import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install } from './install.ts';
import { requireOwnState, requireReachable } from './machine.ts';

const me = userInfo().username;
const isRoot = process.getuid?.() === 0;

describe('src/app/install/machine.ts', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "plumb-own'er-"));
    await mkdir(path.join(folder, 'agent/volumes/agent.json'), { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('takes a folder that is not there yet, and one that the control plane has', async () => {
    await requireOwnState({ stateDir: path.join(folder, 'none'), user: 'nobody' });
    await requireOwnState({ stateDir: folder, user: me });
  });

  it.each([
    ['nobody', false],
    ['plumb-no-such-user', true],
  ])("refuses another user's folder for %s", async (user, isNew) => {
    const refused = await requireOwnState({ stateDir: folder, user }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'StateDirOwner', message: expect.stringContaining(`${folder} belongs`) });
    expect(refused).toMatchObject({ hint: expect.stringContaining(`chown -h '${user}'`) });
    expect((refused as { hint: string }).hint.includes('useradd')).toBe(isNew);
  });

  it.skipIf(!isRoot)('hands over the folder by the line that it shows, but for the files of pods', async () => {
    const { hint } = (await requireOwnState({ stateDir: folder, user: 'nobody' }).catch((error: unknown) => error)) as {
      hint: string;
    };
    execFileSync('sh', ['-c', hint.slice(hint.indexOf('find '))]);
    await requireOwnState({ stateDir: folder, user: 'nobody' });
    const ours = execFileSync('find', [folder, '-user', 'nobody'], { encoding: 'utf8' });
    expect(ours.trim().split('\n')).toEqual([folder, path.join(folder, 'agent')]);
    execFileSync('chown', [me, folder]);
    await expect(requireOwnState({ stateDir: folder, user: me })).rejects.toThrow(`${folder}/agent belongs`);
    execFileSync('chown', [me, path.join(folder, 'agent')]);
  });

  it.skipIf(!isRoot).each(['nobody', 'plumb-no-such-user'])('refuses a program that %s cannot reach', async (user) => {
    const [home, elsewhere] = [path.join(folder, 'home'), path.join(folder, 'elsewhere')];
    for (const place of [home, elsewhere]) {
      await mkdir(place, { recursive: true });
      await copyFile('/bin/true', path.join(place, 'node'));
      await writeFile(path.join(place, 'main.js'), '');
    }
    await chmod(folder, 0o755);
    await chmod(home, 0o750);
    const node = path.join(elsewhere, 'node');
    await requireReachable({ program: [node, '--flag', path.join(elsewhere, 'main.js')], user });
    for (const program of [[path.join(home, 'node')], [node, path.join(home, 'main.js')]]) {
      await requireReachable({ program, user: me });
      const refused = { code: 'ProgramUnreachable', message: expect.stringContaining(program.at(-1) ?? '') };
      await expect(requireReachable({ program, user })).rejects.toMatchObject(refused);
      await expect(
        install({ program, user, parts: ['server'], stateDir: folder, serverArgs: ['\n'], agentArgs: [] }),
      ).rejects.toMatchObject(refused);
    }
  });

  it.skipIf(!isRoot)('keeps the installation from writing', async () => {
    // The line break keeps this test from writing where the folder does not.
    const input = { program: ['/bin/false'], parts: ['server'], serverArgs: ['\n'], agentArgs: [] } as const;
    await expect(install({ ...input, stateDir: folder, user: 'nobody' })).rejects.toMatchObject({
      code: 'StateDirOwner',
    });
  });
});
