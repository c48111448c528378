import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SYSTEM = path.resolve(import.meta.dirname, '../../scripts/lib/system.mjs');
const ENGINE = '/var/run/docker.sock';

/** An engine as far as anybody asks whether it lives; it ends by itself, should nobody end it. */
const answering = (socket: string, answer: string) => `
require('node:net').createServer((s) => s.on('data', () => s.end(${JSON.stringify(answer)}))).listen(${JSON.stringify(socket)});
setTimeout(() => process.exit(), 20_000);`;
const OK = 'HTTP/1.0 200 OK\r\n\r\nOK';

/** What a machine has before, and what `ensureEngine` is to do with it. */
interface Machine {
  readonly env?: Readonly<Record<string, string>>;
  /** Listens on this socket with this answer; `dead`: the file is there, and nobody listens. */
  readonly socket?: { readonly at: string; readonly answer: string | 'dead' };
  readonly hasDockerd?: boolean;
  readonly apt?: 'works' | 'fails' | 'none';
}
interface Outcome {
  readonly answer?: object;
  readonly fails?: RegExp;
  /** Lines of apt-get that were run. */
  readonly apt?: readonly RegExp[];
  readonly startsEngine?: boolean;
}

const cases: [string, Machine, Outcome][] = [
  [
    'uses the engine that runs',
    { socket: { at: ENGINE, answer: OK }, hasDockerd: true },
    { answer: { host: `unix://${ENGINE}`, startedHere: false } },
  ],
  [
    'uses the engine that DOCKER_HOST names',
    { env: { DOCKER_HOST: 'unix:///run/other.sock' }, socket: { at: '/run/other.sock', answer: OK } },
    { answer: { host: 'unix:///run/other.sock', startedHere: false } },
  ],
  [
    'takes an address in DOCKER_HOST at its word',
    { env: { DOCKER_HOST: 'tcp://10.0.0.9:2375' } },
    { answer: { host: 'tcp://10.0.0.9:2375', startedHere: false } },
  ],
  [
    'installs nothing where DOCKER_HOST names an engine that does not answer',
    { env: { DOCKER_HOST: 'unix:///run/none.sock' } },
    { fails: /DOCKER_HOST is unix:\/\/\/run\/none\.sock, but no Docker engine answers there[\s\S]*unset DOCKER_HOST/ },
  ],
  [
    'starts the engine whose package is there',
    { hasDockerd: true },
    { answer: { host: `unix://${ENGINE}`, startedHere: true }, startsEngine: true },
  ],
  [
    'installs an engine where there is none, takes nothing away, and starts it',
    {},
    {
      answer: { host: `unix://${ENGINE}`, startedHere: true },
      apt: [/^-q update$/, /^-y --no-remove --no-install-recommends -q install docker\.io iptables /],
      startsEngine: true,
    },
  ],
  [
    'leaves a socket alone that another engine has left',
    { socket: { at: ENGINE, answer: 'dead' } },
    { fails: /docker\.sock is there, but no engine answers on it \(ECONNREFUSED\)/ },
  ],
  [
    'leaves a socket alone that something else listens on',
    { socket: { at: ENGINE, answer: 'SSH-2.0-x\r\n' } },
    { fails: /docker\.sock is there but does not answer like a Docker engine/ },
  ],
  [
    'names the packages where there is no apt-get',
    { apt: 'none' },
    { fails: /missing on this machine[\s\S]*docker\.io/ },
  ],
  [
    'ends when apt-get cannot install it',
    { apt: 'fails' },
    { fails: /apt-get install docker\.io[\s\S]* failed/, apt: [/update/, /install/] },
  ],
];

const obstacle =
  process.platform !== 'linux' || process.getuid?.() !== 0 || spawnSync('unshare', ['-m', 'true']).status !== 0;

describe.skipIf(obstacle)('scripts/lib/system.mjs on a machine', () => {
  let folder: string;
  let beside: ChildProcess | undefined;
  const inFolder = (name: string) => path.join(folder, name);
  const text = async (name: string) => readFile(inFolder(name), 'utf8').catch(() => '');

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plumbline-engine-'));
    await mkdir(inFolder('bin'));
  });
  afterEach(async () => {
    beside?.kill('SIGKILL');
    const pid = Number(await text('dockerd.pid'));
    if (pid > 0) spawnSync('kill', ['-9', String(pid)]);
    await rm(folder, { recursive: true, force: true });
  });

  async function program(name: string, body: string): Promise<string> {
    await writeFile(inFolder(name), `#!${process.execPath}\n${body}`);
    await chmod(inFolder(name), 0o755);
    return inFolder(name);
  }

  /** Runs `ensureEngine` where only the programs of the machine are, in a mount namespace of its own. */
  async function ensure({ env = {}, socket, hasDockerd = false, apt = 'works' }: Machine) {
    const dockerd = await program(
      'dockerd',
      `require('node:fs').writeFileSync(${JSON.stringify(inFolder('dockerd.pid'))}, String(process.pid));
require('node:fs').writeFileSync(${JSON.stringify(inFolder('dockerd.stat'))}, require('node:fs').readFileSync('/proc/self/stat'));${answering(ENGINE, OK)}`,
    );
    if (apt !== 'none')
      await program(
        'bin/apt-get',
        `const fs = require('node:fs');
fs.appendFileSync(${JSON.stringify(inFolder('apt.log'))}, process.argv.slice(2).join(' ') + '\\n');
if (process.argv.includes('install')) {
  if (${apt === 'fails'}) process.exit(100);
  fs.copyFileSync(${JSON.stringify(dockerd)}, '/usr/sbin/dockerd');
  fs.chmodSync('/usr/sbin/dockerd', 0o755);
}`,
      );
    const listener = socket === undefined ? undefined : await program('listener', answering(socket.at, socket.answer));
    await writeFile(
      inFolder('main.mjs'),
      `import { ensureEngine } from ${JSON.stringify(SYSTEM)};
process.stdout.write('ANSWER ' + JSON.stringify(await ensureEngine(${JSON.stringify(inFolder('state'))})));`,
    );
    const prepare = [
      'set -e; code=0',
      'mount -t tmpfs none /run',
      'mount -t tmpfs none /usr/sbin',
      ...(hasDockerd ? [`cp ${dockerd} /usr/sbin/dockerd`] : []),
      ...(listener === undefined
        ? []
        : [`${listener} & echo $! > ${inFolder('listener.pid')}`, `until [ -S ${socket?.at} ]; do :; done`]),
      ...(socket?.answer === 'dead' ? ['kill -9 $!', 'wait $! || true'] : []),
      `PATH=${inFolder('bin')} ${process.execPath} ${inFolder('main.mjs')} || code=$?`,
      ...(listener === undefined || socket?.answer === 'dead' ? [] : ['kill -9 $!']),
      'exit "$code"',
    ].join('\n');
    return new Promise<{ readonly code: number; readonly stdout: string; readonly all: string }>((resolve) => {
      const { DOCKER_HOST: _, ...rest } = process.env;
      beside = execFile(
        'unshare',
        ['-m', '--propagation', 'private', 'sh', '-c', prepare],
        { env: { ...rest, ...env }, timeout: 30_000 },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, all: stdout + stderr }),
      );
    });
  }

  it.each(cases)('%s', async (_what, machine, { answer, fails, apt = [], startsEngine = false }) => {
    const { code, stdout, all } = await ensure(machine);
    if (fails === undefined) {
      expect(code, all).toBe(0);
      expect(JSON.parse(stdout.split('ANSWER ')[1] ?? 'null')).toEqual(answer);
    } else {
      expect(code, all).not.toBe(0);
      expect(all).toMatch(fails);
    }
    const lines = (await text('apt.log')).split('\n').filter((line) => line !== '');
    expect(lines).toEqual(apt.map((line) => expect.stringMatching(line)));
    if (apt.length > 0) expect(all).toMatch(/About to install Debian packages: docker\.io/);
    const [pid = '', , , , , session = ''] = (await text('dockerd.stat')).split(' ');
    expect(pid !== '').toBe(startsEngine);
    // A session of its own: a Ctrl-C in the terminal that started it does not reach it.
    expect(session).toBe(pid);
  });
});
