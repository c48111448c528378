import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { dockerForTests } from '../../../test/support/images.ts';
import { runtimeContract } from '../runtime.contract.ts';
import { createDockerRuntime } from './docker-runtime.ts';

const docker = await dockerForTests(`test/${randomUUID()}`);

if (docker.ok) {
  const { runtime, image } = docker;
  const kill = async ({ pid }: { readonly pid: number }) => {
    process.kill(pid, 'SIGKILL');
  };

  runtimeContract('src/runtime/docker/docker-runtime.ts', async () => ({
    runtime,
    image,
    programs: {
      patient: ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'],
      stubborn: ['/bin/sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'],
      failing: ['/bin/sh', '-c', 'echo hello; echo world >&2; exit 3'],
      endless: ['/bin/sleep', '1000'],
      happy: ['/bin/true'],
      echoing: ['/bin/cat'],
    },
    kill: async ({ id }) => kill((await runtime.containerStatus(id)) ?? { pid: 0 }),
    clean: () => runtime.removeAll(),
  }));

  describe('src/runtime/docker/docker-runtime.ts, on a real engine', () => {
    const pod = { namespace: 'test', name: 'pod', uid: randomUUID() };

    afterAll(() => runtime.removeAll());

    const output = async (command: string, more: object = {}): Promise<string> => {
      const sandbox = await runtime.runSandbox({ pod, hostname: 'chosen-name', attempt: 0, network: 'pod' });
      const container = await runtime.createContainer({
        pod,
        sandboxId: sandbox.id,
        name: 'app',
        attempt: 0,
        image,
        command: ['/bin/sh', '-c', command],
        env: [
          ['FIRST', '1'],
          ['FIRST', '2'],
        ],
        mounts: [],
        resources: {},
        ...more,
      });
      await runtime.startContainer(container.id);
      const chunks: Uint8Array[] = [];
      for await (const chunk of runtime.logs(container.id, { follow: true })) chunks.push(chunk);
      await runtime.removeContainer(container.id);
      await runtime.removeSandbox(sandbox.id);
      return Buffer.concat(chunks).toString('utf8');
    };

    it('gives the container the hostname of its sandbox, an empty network, and the last of doubled variables', async () => {
      expect(await output('hostname; ls /sys/class/net; echo $FIRST')).toBe('chosen-name\nlo\n2\n');
    });

    it("keeps what a volume holds from one container to the next, and removes nobody else's", async () => {
      const name = `plumbline-test-${randomUUID()}`;
      await runtime.ensureVolume({ name, driver: 'local', options: {} });
      const more = { mounts: [{ hostPath: '', volume: name, containerPath: '/data', readOnly: false }] };
      expect(await output('echo kept > /data/file', more)).toBe('');
      const other = createDockerRuntime({ owner: `test/${randomUUID()}`, clock: systemClock, log: silentLog });
      expect(await other.removeVolume(name)).toBe(false);
      expect([await other.ownVolumes(), await runtime.ownVolumes()]).toEqual([[], [name]]);
      expect(await output('cat /data/file', more)).toBe('kept\n');
      expect(await runtime.removeVolume(name)).toBe(true);
      const strange = { name, driver: 'no-such-driver', options: {} };
      await expect(runtime.ensureVolume(strange)).rejects.toThrow(/no-such-driver/);
    });

    it('gives a volume the options of its driver', async () => {
      const name = `plumbline-test-${randomUUID()}`;
      const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' };
      await runtime.ensureVolume({ name, driver: 'local', options });
      const more = { mounts: [{ hostPath: '', volume: name, containerPath: '/data', readOnly: false }] };
      expect(await output('grep " /data " /proc/mounts', more)).toMatch(/^tmpfs \/data tmpfs .*size=1024k/);
      expect(await runtime.removeVolume(name)).toBe(true);
    });

    it('tells of a volume whose file system the kernel does not know, with the way out', async () => {
      const name = `plumbline-test-${randomUUID()}`;
      await runtime.ensureVolume({ name, driver: 'local', options: { type: 'nosuchfs', device: ':/x', o: 'ro' } });
      const sandbox = await runtime.runSandbox({ pod, hostname: 'mounts', attempt: 20, network: 'pod' });
      const container = await runtime.createContainer({
        ...{ pod, sandboxId: sandbox.id, name: 'mounting', attempt: 0, image, command: ['/bin/true'], env: [] },
        mounts: [{ hostPath: '', volume: name, containerPath: '/data', readOnly: false }],
        resources: {},
      });
      await expect(runtime.startContainer(container.id)).rejects.toMatchObject({
        code: 'ContainerStartFailed',
        message: expect.stringMatching(
          /failed to mount local volume: .*: no such device \(the kernel of this node has no/,
        ),
      });
      await runtime.removeContainer(container.id);
      expect(await runtime.removeVolume(name)).toBe(true);
    });

    it('tells that a container was killed for memory', async () => {
      const sandbox = await runtime.runSandbox({ pod, hostname: 'oom', attempt: 1, network: 'pod' });
      const container = await runtime.createContainer({
        pod,
        sandboxId: sandbox.id,
        name: 'hungry',
        attempt: 0,
        image,
        command: ['/bin/sh', '-c', 'x=0123456789; while :; do x=$x$x; done'],
        env: [],
        mounts: [],
        resources: { memoryLimitBytes: 16 * 2 ** 20 },
      });
      await runtime.startContainer(container.id);
      for await (const _ of runtime.logs(container.id, { follow: true }));
      await expect
        .poll(() => runtime.containerStatus(container.id), { timeout: 10_000 })
        .toMatchObject({ state: 'exited', oomKilled: true });
    });

    it('says why a container cannot be started', async () => {
      const sandbox = await runtime.runSandbox({ pod, hostname: 'broken', attempt: 2, network: 'pod' });
      const container = await runtime.createContainer({
        pod,
        sandboxId: sandbox.id,
        name: 'broken',
        attempt: 0,
        image,
        command: ['/no/such/program'],
        env: [],
        mounts: [],
        resources: {},
      });
      await expect(runtime.startContainer(container.id)).rejects.toMatchObject({
        code: 'ContainerStartFailed',
        message: expect.stringContaining('/no/such/program'),
      });
      expect(await runtime.containerStatus(container.id)).toMatchObject({ state: 'exited', exitCode: 127 });
    });

    it('refuses a bind whose source is missing instead of making a folder', async () => {
      await expect(
        output('true', { mounts: [{ hostPath: '/no/such/path', containerPath: '/data', readOnly: true }] }),
      ).rejects.toMatchObject({ code: 'InvalidContainerConfig' });
    });

    it('kills a command that outlasts its time', async () => {
      const sandbox = await runtime.runSandbox({ pod, hostname: 'exec', attempt: 3, network: 'pod' });
      const container = await runtime.createContainer({
        pod,
        sandboxId: sandbox.id,
        name: 'exec',
        attempt: 0,
        image,
        command: ['/bin/sleep', '1000'],
        env: [],
        mounts: [],
        resources: {},
      });
      await runtime.startContainer(container.id);
      await expect(runtime.exec(container.id, ['/bin/sleep', '777'], 200)).rejects.toMatchObject({
        code: 'ExecTimeout',
      });
      await expect
        .poll(async () => (await runtime.exec(container.id, ['/bin/ps'], 5_000)).output, { timeout: 10_000 })
        .not.toContain('777');
    });

    it('joins the streams of a container, ends its input once, and leaves it alone', async () => {
      const sandbox = await runtime.runSandbox({ pod, hostname: 'joined', attempt: 4, network: 'pod' });
      const container = await runtime.createContainer({
        pod,
        sandboxId: sandbox.id,
        name: 'joined',
        attempt: 0,
        image,
        command: [
          '/bin/sh',
          '-c',
          'while read -r line; do echo "got $line"; echo bad >&2; done; echo over; sleep 1000',
        ],
        env: [],
        mounts: [],
        resources: {},
        stdin: true,
        stdinOnce: true,
      });
      await runtime.startContainer(container.id);
      const session = await runtime.attach(container.id, { tty: false, stdin: true, stdout: true, stderr: true });
      await session.write(Buffer.from('one\n'));
      session.endInput();
      const said = { stdout: '', stderr: '' };
      for await (const { stream, bytes } of session.output()) {
        said[stream] += Buffer.from(bytes).toString();
        if (said.stdout.includes('over')) break;
      }
      session.close();
      expect(said).toEqual({ stdout: 'got one\nover\n', stderr: 'bad\n' });
      expect(await runtime.containerStatus(container.id)).toMatchObject({ state: 'running' });
    });

    it('tells a pull from a registry that is not there', async () => {
      await expect(runtime.pullImage('localhost:1/absent:1')).rejects.toMatchObject({ code: 'ImagePullFailed' });
    });
  });
} else {
  describe('src/runtime/docker/docker-runtime.ts', () => {
    it.skip(`needs a Docker engine (${docker.reason})`, () => undefined);
  });
}
