import { spawnSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { install, uninstall } from './install.ts';
import { type InstallInput, planInstall, planUninstall, unitProblem, word } from './units.plan.ts';

const inputOf = (more: Partial<InstallInput> = {}): InstallInput => ({
  program: [process.execPath, '/opt/plumbline/dist/cli/main.js'],
  parts: ['server', 'agent'],
  stateDir: '/var/lib/plumbline',
  user: 'plumbline',
  serverArgs: ['up', 'https://git.example.com/team/cluster.git', '--no-agent'],
  agentArgs: ['--docker-host', 'unix:///var/run/docker.sock'],
  ...more,
});
const AGENT = '/etc/systemd/system/plumbline-agent.service';
const SYSUSERS = '/etc/sysusers.d/plumbline.conf';
const TMPFILES = '/etc/tmpfiles.d/plumbline.conf';
const SERVER = '/etc/systemd/system/plumbline-server.service';
const unitOf = (file: string, input = inputOf()) =>
  planInstall(input).files.find((one) => one.path === file)?.text ?? '';
const value = (text: string, key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

describe('src/app/install/units.plan.ts', () => {
  it('starts the agent after Docker and before the control plane, as root and as nobody in particular', () => {
    const [agent, server] = [unitOf(AGENT), unitOf(SERVER)];
    expect(value(agent, 'After')).toBe('docker.service network-online.target');
    expect(value(server, 'After')).toBe('network-online.target plumbline-agent.service');
    expect(value(server, 'Wants')).toContain('plumbline-agent.service');
    expect([value(agent, 'User'), value(server, 'User')]).toEqual(['root', 'plumbline']);
    expect(value(agent, 'ExecStart')).toContain(' agent --agent-dir /var/lib/plumbline/agent --docker-host unix://');
    expect(value(server, 'ExecStart')).toMatch(/ up https:\/\/git.example.com\/team\/cluster.git --no-agent$/);
    for (const unit of [agent, server]) {
      expect(value(unit, 'Restart')).toBe('always');
      expect(value(unit, 'StartLimitIntervalSec')).toBe('0');
      expect(value(unit, 'NoNewPrivileges')).toBe('yes');
    }
  });

  it('leaves the agent in the mount namespace of the machine, and lets it set the group of volumes', () => {
    const forbidden =
      /^(Private|Protect|ReadWritePaths|ReadOnlyPaths|InaccessiblePaths|Mount|Root|RestrictSUIDSGID|BindPaths|TemporaryFileSystem|StateDirectory)/m;
    expect(unitOf(AGENT)).not.toMatch(forbidden);
    expect(value(unitOf(AGENT), 'UMask')).toBe('0022');
  });

  it('lets the control plane write its state and nothing else', () => {
    expect(value(unitOf(SERVER), 'ProtectSystem')).toBe('strict');
    expect(value(unitOf(SERVER), 'ReadWritePaths')).toBe('/var/lib/plumbline');
    expect(value(unitOf(SERVER, inputOf({ stateDir: '/srv/plumb line' })), 'ReadWritePaths')).toBe('"/srv/plumb line"');
    expect(value(unitOf(SERVER, inputOf({ stateDir: '/srv/$a' })), 'Environment')).toBe('"HOME=/srv/$a"');
  });

  it('makes the state folder before the units start, wherever it lies, and gives nobody what lies below', () => {
    for (const stateDir of ['/var/lib/plumbline', '/srv/state']) {
      const input = inputOf({ stateDir });
      expect(unitOf(TMPFILES, input)).toBe(`d ${stateDir} 0700 plumbline - -\n`);
      // systemd would hand over the pods' volumes, too: systemd.exec(5).
      expect(unitOf(SERVER, input)).not.toMatch(/^(State|Cache|Logs|Runtime|Configuration)Directory/m);
      expect(planInstall(input).commands.slice(0, 2)).toEqual([
        ['systemd-sysusers', SYSUSERS],
        ['systemd-tmpfiles', '--create', TMPFILES],
      ]);
    }
    expect(unitOf(TMPFILES, inputOf({ stateDir: '/srv/50% "$x"', user: 'root' }))).toBe(
      'd "/srv/50%% \\"$x\\"" 0700 root - -\n',
    );
  });

  it.each([
    [['agent'], [AGENT], 'plumbline-agent.service'],
    [['server'], [SYSUSERS, TMPFILES, SERVER], 'plumbline-server.service'],
    [['server', 'agent'], [SYSUSERS, TMPFILES, AGENT, SERVER], 'plumbline-agent.service plumbline-server.service'],
  ] as const)('installs %j', (parts, files, units) => {
    const plan = planInstall(inputOf({ parts }));
    expect(plan.files.map((file) => file.path)).toEqual(files);
    expect(plan.commands.slice(-2).map((one) => one.join(' '))).toEqual([
      `systemctl enable ${units}`,
      `systemctl restart ${units}`,
    ]);
  });

  it('ends the control plane first, and removes what is there only', () => {
    const all = planUninstall(() => true);
    expect(all.commandsBefore).toEqual([
      ['systemctl', 'disable', '--now', 'plumbline-server.service', 'plumbline-agent.service'],
    ]);
    expect(all.files).toEqual([SERVER, AGENT, SYSUSERS, TMPFILES]);
    expect(planUninstall(() => false)).toEqual({ commandsBefore: [], files: [], commandsAfter: [] });
  });

  it.each([
    ['plain', 'plain'],
    ['a b', '"a b"'],
    ['50%', '50%%'],
    ['$HOME', '"$$HOME"'],
    ['say "x"\\', '"say \\"x\\"\\\\"'],
    ['', '""'],
  ])('quotes %j', (text, quoted) => {
    expect(word(text)).toBe(quoted);
  });

  it.each([
    ['https://ada:secret@git.example.com/x', 'holds a password'],
    ['two\nlines', 'control character'],
  ])('refuses %j', (text, problem) => {
    expect(unitProblem(['up', text])).toContain(problem);
    expect(unitProblem(['up', text])).not.toContain('secret');
  });

  it.each(['https://git.example.com/x', 'git@github.com:team/x.git', 'ssh://git@host:22/x', '/srv/a@b:c'])(
    'takes %s',
    (text) => {
      expect(unitProblem([text])).toBeUndefined();
    },
  );
});

describe('src/app/install/install.ts', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'plumb-units-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('writes units that everybody may read, again the same, and takes them away', async () => {
    const files = await install({ ...inputOf(), root });
    expect(files).toContain(path.join(root, AGENT));
    expect((await stat(path.join(root, AGENT))).mode & 0o777).toBe(0o644);
    const before = await readFile(path.join(root, SERVER), 'utf8');
    await install({ ...inputOf(), root });
    expect(await readFile(path.join(root, SERVER), 'utf8')).toBe(before);
    expect(await uninstall({ root })).toHaveLength(4);
    expect(await uninstall({ root })).toEqual([]);
  });

  it('writes no secret', async () => {
    const serverArgs = ['up', 'https://ada:secret@git.example.com/x'];
    await expect(install({ ...inputOf({ serverArgs }), root })).rejects.toMatchObject({ code: 'InvalidFlag' });
  });

  const tmpfiles = spawnSync('systemd-tmpfiles', ['--version']).status === 0 && process.getuid?.() === 0;

  it.skipIf(!tmpfiles)('gives the control plane its folder, and leaves the pods their files', async () => {
    const image = await mkdtemp(path.join(root, 'image-'));
    const stateDir = '/srv/plumb % $line';
    const volume = path.join(image, stateDir, 'agent/volumes');
    const create = () =>
      spawnSync('systemd-tmpfiles', ['--create', `--root=${image}`, path.join(image, TMPFILES)], { encoding: 'utf8' });
    await install({ ...inputOf({ stateDir, user: '4711' }), root: image });
    expect(create()).toMatchObject({ status: 0, stderr: '' });
    await mkdir(volume, { recursive: true });
    await chown(volume, 999, 999);
    await chown(path.join(image, stateDir), 0, 0);
    expect(create()).toMatchObject({ status: 0, stderr: '' });
    const folder = await stat(path.join(image, stateDir));
    expect([folder.uid, folder.mode & 0o777, (await stat(volume)).uid]).toEqual([4711, 0o700, 999]);
  });

  const analyzer = spawnSync('systemd-analyze', ['--version']).status === 0;
  it.skipIf(!analyzer)('writes units that systemd understands in every line', async () => {
    // Programs and users of this machine stand in for those of the installed one.
    const program = [process.execPath, '/dev/null'];
    await install({ ...inputOf({ program, user: 'root', stateDir: '/var/lib/plumb % line' }), root });
    const units = [AGENT, SERVER].map((file) => path.join(root, file));
    const told = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...units], {
      encoding: 'utf8',
    });
    const ours = told.stderr
      .split('\n')
      .filter((line) => line.includes('plumbline-') && !line.includes('docker.service'));
    expect(ours).toEqual([]);
    expect(told.status).toBe(0);
  });
});
