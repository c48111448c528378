import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS } from '#api';
import { type AgentBed, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const versions = ['1.30', '1.31', '1.32', '1.33'].flatMap((minor) => {
  const binary = findKubectl(minor);
  return binary?.endsWith(minor) ? [{ minor, binary }] : [];
});
const [newest] = versions.slice(-1);

if (docker.ok && newest !== undefined) {
  const { runtime, image } = docker;
  const { binary } = newest;

  describe('src/node-agent/streams, asked by stock kubectl', () => {
    let bed: AgentBed;

    beforeAll(async () => {
      bed = await startAgentBed(runtime);
      const second = { name: 'second', image, command: ['/bin/sh', '-c', 'echo here; exec sleep 1000'] };
      await bed.run(bedPod('web', image));
      await bed.run(
        bedPod('pair', image, {}, { containers: [{ name: 'first', image, command: ['sleep', '1000'] }, second] }),
      );
    });
    afterAll(async () => {
      await bed?.close();
      await runtime.removeAll();
    });

    const kubectlOf = (file: string) => createKubectl(file, bed.kubeconfig, path.join(bed.server.directory, 'cache'));
    const start = (args: readonly string[]): ChildProcess =>
      spawn(binary, [...args], {
        env: { ...process.env, KUBECONFIG: bed.kubeconfig, HOME: bed.server.directory },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    /** Of the process with this command line, wherever it runs on this machine. */
    const bytesWrittenBy = async (commandLine: string): Promise<number> => {
      for (const pid of await readdir('/proc')) {
        const line = /^\d+$/.test(pid) ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
        if (!line.startsWith(commandLine)) continue;
        return Number(/^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);
      }
      return 0;
    };
    const processes = async () => {
      const [web] = (await runtime.listContainers()).filter(({ pod }) => pod.name === 'web');
      return (await runtime.exec(web?.id ?? '', ['/bin/ps'], 5_000)).output;
    };

    describe.each(versions)('kubectl $minor', ({ binary: file }) => {
      it('runs a command: both outputs, its input to the end, and its exit code', async () => {
        const kubectl = kubectlOf(file);
        const script = 'cat; echo problem >&2; exit 3';
        const result = await kubectl(['exec', '-i', 'web', '--', 'sh', '-c', script], { input: 'question\n' });
        expect(result).toMatchObject({ stdout: 'question\n', code: 3 });
        expect(result.stderr).toBe('problem\ncommand terminated with exit code 3\n');
        expect(await kubectl(['exec', 'web', '--', 'true'])).toEqual({ stdout: '', stderr: '', code: 0 });
      });

      it('chooses the container, and says which there are', async () => {
        const kubectl = kubectlOf(file);
        const second = await kubectl(['exec', 'pair', '-c', 'second', '--', 'ps']);
        expect(second.stdout).toContain('sleep 1000');
        const other = await kubectl(['exec', 'pair', '-c', 'nope', '--', 'true']);
        expect(other).toMatchObject({ code: 1 });
        expect(other.stderr).toContain('container nope is not valid for pod pair');
        expect((await kubectl(['exec', 'missing', '--', 'true'])).stderr).toContain('pods "missing" not found');
      });
    });

    it('says why a command cannot be run', async () => {
      const kubectl = kubectlOf(binary);
      const unknown = await kubectl(['exec', 'web', '--', 'no-such-program']);
      expect(unknown.code).not.toBe(0);
      expect(unknown.stdout + unknown.stderr).toContain('no-such-program');

      await bed.client.create(PODS, bedPod('waiting', 'plumbline.test/absent:1'));
      await until('its image is missed', async () => {
        const pod = await bed.client.get(PODS, { namespace: 'default', name: 'waiting' });
        return pod?.status?.containerStatuses?.[0]?.state?.waiting !== undefined;
      });
      const early = await kubectl(['exec', 'waiting', '--', 'true']);
      expect(early).toMatchObject({ code: 1 });
      expect(early.stderr).toContain('container "app" in pod "waiting" is not running: it has not started yet');
    });

    it('carries 50 MB there and back unharmed', async () => {
      const bytes = randomBytes(50 * 1024 * 1024);
      const child = start(['exec', '-i', 'web', '--', 'cat']);
      const hash = createHash('sha256');
      let length = 0;
      child.stdout?.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      child.stdin?.end(bytes);
      expect(await ended).toBe(0);
      expect(length).toBe(bytes.length);
      expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    });

    it('does not hold in memory what nobody reads', async () => {
      const heldBefore = process.memoryUsage().rss;
      const child = start(['exec', 'web', '--', 'cat', '/dev/zero', 'unread']);
      child.stdout?.pause();
      const ended = new Promise((resolve) => child.once('close', resolve));
      let before = -1;
      await until('the command is blocked', async () => {
        const written = await bytesWrittenBy('cat\0/dev/zero\0unread');
        const stands = written > 0 && written === before;
        before = written;
        return stands;
      });
      expect(process.memoryUsage().rss - heldBefore).toBeLessThan(128 * 1024 * 1024);
      child.kill();
      await ended;
    });

    it('gives a terminal, follows its size, and hands ctrl-p through', async () => {
      const inner = `stty cols 97 rows 31; '${binary}' exec -it web -- sh -c 'echo begin; read -r line; until [ "$(stty size 2>/dev/null)" = "31 97" ]; do sleep 0.05; done; stty size; echo "got:$line"; exit 4'; echo "code:$?"`;
      const child = spawn('script', ['-qfec', inner, '/dev/null'], {
        env: { ...process.env, KUBECONFIG: bed.kubeconfig, HOME: bed.server.directory },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      await until('the terminal is open', () => output.includes('begin'));
      child.stdin.write('answer\n');
      await until('it has ended', () => output.includes('code:'));
      child.stdin.end();
      expect(output).toContain('31 97');
      expect(output).toContain('got:answer');
      expect(output).toContain('code:4');
    });

    // kubectl 1.30 speaks SPDY alone, newer ones WebSockets.
    it.each(versions.filter(({ minor }) => minor === '1.30' || minor === newest.minor))(
      'joins a terminal, and follows its size, with kubectl $minor',
      async ({ minor, binary: file }) => {
        const name = `screen-${minor.replace('.', '-')}`;
        const script = 'while read -r line; do echo "$line:$(busybox stty size)"; done';
        await bed.run(bedPod(name, image, { command: ['/bin/sh', '-c', script], stdin: true, tty: true }));
        const inner = `tty; stty cols 97 rows 31; '${file}' attach -it ${name}`;
        const child = spawn('script', ['-qfec', inner, '/dev/null'], {
          env: { ...process.env, KUBECONFIG: bed.kubeconfig, HOME: bed.server.directory },
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
        const ended = new Promise((resolve) => child.once('close', resolve));
        const sees = (word: string, size: string) =>
          until(`inside it is ${size}`, () => {
            child.stdin.write(`${word}\n`);
            return output.includes(`${word}:${size}`);
          });
        await sees('first', '31 97');
        // The person's window grows: whoever holds his terminal is told by a signal, as kubectl is here.
        const terminal = /\/dev\/pts\/\d+/.exec(output)?.[0] ?? '';
        spawnSync('stty', ['-F', terminal, 'cols', '120', 'rows', '40']);
        await sees('second', '40 120');
        child.kill();
        await ended;
        const [joined] = (await runtime.listContainers()).filter(({ pod }) => pod.name === name);
        expect(joined).toMatchObject({ state: 'running' });
      },
    );

    it('copies files there and back', async () => {
      const kubectl = kubectlOf(binary);
      const bytes = randomBytes(3 * 1024 * 1024);
      const [there, back] = ['there', 'back'].map((name) => path.join(bed.server.directory, name));
      await writeFile(there ?? '', bytes);
      await kubectl(['exec', 'web', '--', 'ln', '-s', '/bin/busybox', '/bin/tar']);
      expect(await kubectl(['cp', there ?? '', 'web:/tmp/copied'])).toMatchObject({ code: 0 });
      expect(await kubectl(['cp', 'web:/tmp/copied', back ?? ''])).toMatchObject({ code: 0 });
      expect((await readFile(back ?? '')).equals(bytes)).toBe(true);
    });

    it('joins a container: its output from now on, and its input', async () => {
      const script = 'while read -r line; do echo "heard $line"; done; echo over; sleep 1000';
      await bed.run(bedPod('listener', image, { command: ['/bin/sh', '-c', script], stdin: true, stdinOnce: true }));
      const child = start(['attach', '-i', 'listener']);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.stdin?.end('you\n');
      await until('it has heard all of it', () => output.includes('heard you\nover\n'));
      child.kill();
      const [joined] = (await runtime.listContainers()).filter(({ pod }) => pod.name === 'listener');
      expect(joined).toMatchObject({ state: 'running' });
    });

    it('ends the command when its caller leaves', async () => {
      const child = start(['exec', '-i', 'web', '--', 'sleep', '4321']);
      await until('the command runs', async () => (await processes()).includes('sleep 4321'));
      child.kill('SIGKILL');
      await until('the command is gone', async () => !(await processes()).includes('sleep 4321'));
    });

    it('ends the session when its pod dies', async () => {
      await bed.run(bedPod('mortal', image));
      const child = start(['exec', 'mortal', '--', 'sh', '-c', 'echo up; exec sleep 4321']);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      await until('the command runs', () => output === 'up\n');
      await bed.client.delete(PODS, { namespace: 'default', name: 'mortal' });
      expect(await ended).toBe(137);
    });
  });
} else {
  describe('src/node-agent/streams, asked by stock kubectl', () => {
    it.skip(`needs Docker and kubectl (${docker.ok ? 'no kubectl' : docker.reason})`, () => undefined);
  });
}
