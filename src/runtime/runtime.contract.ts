import { afterEach, describe, expect, it } from 'vitest';
import { isRuntimeError } from './errors.ts';
import type { ContainerConfig, PodIdentity, Runtime, RuntimeContainer, RuntimeEvent } from './runtime.ts';

/** What a runtime's test brings: a fresh runtime, an image that is there, and programs of that image. */
export interface RuntimeHarness {
  readonly runtime: Runtime;
  /** The name of an image that is present. */
  readonly image: string;
  readonly programs: {
    /** Runs until stopped, and ends with 0 on the stop signal. */
    readonly patient: readonly string[];
    /** Ignores the stop signal. */
    readonly stubborn: readonly string[];
    /** Says `hello`, then `world` on standard error, and ends with 3. */
    readonly failing: readonly string[];
    /** A command that outlasts every timeout of the tests. */
    readonly endless: readonly string[];
    /** A command that ends with 0. */
    readonly happy: readonly string[];
    /** A command that says again what it reads, and ends with 0 at the end of it. */
    readonly echoing: readonly string[];
  };
  /** Ends the process of a running container from outside. */
  kill(container: RuntimeContainer): Promise<void>;
  clean(): Promise<void>;
}

const DEADLINE_MS = 10_000;

/** Polls until the condition holds; the deadline is far beyond any healthy engine. */
async function eventually<T>(read: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error('the condition never held');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Promises of `Runtime` that the rest of the product relies on, whatever stands behind it. */
export function runtimeContract(name: string, start: () => Promise<RuntimeHarness>): void {
  describe(name, () => {
    let harness: RuntimeHarness | undefined;
    let pods = 0;

    const begin = async (): Promise<RuntimeHarness> => {
      harness = await start();
      return harness;
    };

    afterEach(async () => {
      await harness?.clean();
      harness = undefined;
    });

    const newPod = (): PodIdentity => {
      pods += 1;
      return {
        namespace: 'contract',
        name: `pod-${pods}`,
        uid: `00000000-0000-0000-0000-${String(pods).padStart(12, '0')}`,
      };
    };

    const sandboxOf = (runtime: Runtime, pod: PodIdentity, attempt = 0) =>
      runtime.runSandbox({ pod, hostname: pod.name, attempt, network: 'pod', annotations: { 'pod-ip': '10.0.0.7' } });

    const configOf = (
      pod: PodIdentity,
      sandboxId: string,
      image: string,
      command: readonly string[],
      more: Partial<ContainerConfig> = {},
    ): ContainerConfig => ({
      pod,
      sandboxId,
      name: 'app',
      attempt: 0,
      image,
      command,
      env: [['GREETING', 'hello']],
      mounts: [],
      resources: {},
      annotations: { hash: 'abc' },
      ...more,
    });

    const running = async (
      { runtime, image }: RuntimeHarness,
      command: readonly string[],
      more: Partial<ContainerConfig> = {},
    ): Promise<RuntimeContainer> => {
      const pod = more.pod ?? newPod();
      const sandbox = await sandboxOf(runtime, pod);
      const container = await runtime.createContainer(configOf(pod, sandbox.id, image, command, more));
      await runtime.startContainer(container.id);
      return container;
    };

    const ended = (runtime: Runtime, id: string) =>
      eventually(async () => {
        const status = await runtime.containerStatus(id);
        return status?.state === 'exited' ? status : undefined;
      });

    it('finds sandboxes and containers again with everything they were made with', async () => {
      const { runtime, image, programs } = await begin();
      const pod = newPod();
      const seen: string[] = [];
      const sandbox = await runtime.runSandbox(
        { pod, hostname: 'host-name', attempt: 2, network: 'pod', annotations: { 'pod-ip': '10.0.0.7' } },
        { onCreated: (id) => seen.push(id) },
      );
      expect(seen).toEqual([sandbox.id]);
      const container = await runtime.createContainer(
        configOf(pod, sandbox.id, image, programs.patient, { attempt: 4 }),
      );
      expect(await runtime.listSandboxes()).toEqual([
        { ...sandbox, pod, attempt: 2, state: 'ready', annotations: { 'pod-ip': '10.0.0.7' } },
      ]);
      expect(sandbox.pid).toBeGreaterThan(0);
      const [found] = await runtime.listContainers();
      expect(found).toMatchObject({
        id: container.id,
        pod,
        sandboxId: sandbox.id,
        name: 'app',
        attempt: 4,
        state: 'created',
        annotations: { hash: 'abc' },
      });
      expect(await runtime.containerStatus(container.id)).toEqual(found);
    });

    it('tells the state, exit code and times of a container', async () => {
      const h = await begin();
      const container = await running(h, h.programs.failing);
      const status = await ended(h.runtime, container.id);
      expect(status).toMatchObject({ exitCode: 3, oomKilled: false, pid: 0 });
      // Docker's times come from different processes and may cross by a hair.
      const hairMs = 50;
      expect(status.startedAtMs).toBeGreaterThanOrEqual(status.createdAtMs - hairMs);
      expect(status.finishedAtMs).toBeGreaterThanOrEqual((status.startedAtMs ?? Number.POSITIVE_INFINITY) - hairMs);
    });

    it('refuses a second container of the same name and attempt', async () => {
      const { runtime, image, programs } = await begin();
      const pod = newPod();
      const sandbox = await sandboxOf(runtime, pod);
      const config = configOf(pod, sandbox.id, image, programs.patient);
      await runtime.createContainer(config);
      await expect(runtime.createContainer(config)).rejects.toMatchObject({ code: 'ContainerNameInUse' });
      await runtime.createContainer({ ...config, attempt: 1 });
    });

    it('says so when the image is not there', async () => {
      const { runtime, programs } = await begin();
      expect(await runtime.imageStatus('plumbline.test/absent:1')).toBeUndefined();
      const pod = newPod();
      const sandbox = await sandboxOf(runtime, pod);
      const config = configOf(pod, sandbox.id, 'plumbline.test/absent:1', programs.patient);
      await expect(runtime.createContainer(config)).rejects.toMatchObject({ code: 'ImageNotFound' });
    });

    it('knows an image that is there', async () => {
      const { runtime, image } = await begin();
      const status = await runtime.imageStatus(image);
      expect(status?.id).toMatch(/^sha256:/);
      expect(status?.user).toBe('');
    });

    it('lists every image by its complete name, and names those that containers are made of', async () => {
      const h = await begin();
      const status = await h.runtime.imageStatus(h.image);
      const images = await h.runtime.listImages();
      const [listed] = images.filter(({ id }) => id === status?.id);
      expect(listed?.tags.length).toBeGreaterThan(0);
      expect(listed?.sizeBytes).toBe(status?.sizeBytes);
      for (const tag of listed?.tags ?? []) expect(await h.runtime.imageStatus(tag)).toMatchObject({ id: status?.id });
      await running(h, h.programs.patient);
      expect(await h.runtime.usedImages()).toContain(status?.id);
    });

    it('does not remove an image that a container is made of, and counts removing what is not there as success', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      await h.runtime.stopContainer(container.id, 5);
      await expect(h.runtime.removeImage(h.image)).rejects.toMatchObject({ code: 'ImageInUse' });
      expect(await h.runtime.imageStatus(h.image)).toBeDefined();
      await h.runtime.removeImage('plumbline.test/absent:1');
    });

    it('tells what containers hold of the disk, without those that are gone', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      const [held, ...others] = await h.runtime.diskUsage([container.id, 'absent']);
      expect(held).toMatchObject({ id: container.id, pod: container.pod, name: 'app' });
      expect(held?.layerBytes).toBeGreaterThanOrEqual(0);
      expect(others).toEqual([]);
    });

    it('stops a container by its signal, and kills it after the grace period', async () => {
      const h = await begin();
      const polite = await running(h, h.programs.patient);
      await h.runtime.stopContainer(polite.id, 30);
      expect(await h.runtime.containerStatus(polite.id)).toMatchObject({ state: 'exited', exitCode: 0 });

      const stubborn = await running(h, h.programs.stubborn);
      await h.runtime.stopContainer(stubborn.id, 1);
      expect(await h.runtime.containerStatus(stubborn.id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    it('hastens a stop under way by one with less time', async () => {
      const h = await begin();
      const stubborn = await running(h, h.programs.stubborn);
      const first = h.runtime.stopContainer(stubborn.id, 600);
      await h.runtime.stopContainer(stubborn.id, 1);
      await first;
      expect(await h.runtime.containerStatus(stubborn.id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    it('counts stopping and removing what is gone as success', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      await h.runtime.stopContainer(container.id, 5);
      await h.runtime.stopContainer(container.id, 5);
      await h.runtime.removeContainer(container.id);
      await h.runtime.removeContainer(container.id);
      await h.runtime.stopContainer(container.id, 5);
      await h.runtime.removeSandbox(container.sandboxId);
      await h.runtime.removeSandbox(container.sandboxId);
      expect(await h.runtime.containerStatus(container.id)).toBeUndefined();
      expect(await h.runtime.listSandboxes()).toEqual([]);
    });

    it('does not start a container whose sandbox is gone', async () => {
      const h = await begin();
      const pod = newPod();
      const sandbox = await sandboxOf(h.runtime, pod);
      const container = await h.runtime.createContainer(configOf(pod, sandbox.id, h.image, h.programs.patient));
      await h.runtime.removeSandbox(sandbox.id);
      await expect(h.runtime.startContainer(container.id)).rejects.toSatisfy((error) => isRuntimeError(error));
    });

    it('gives the log: whole, its tail, with times, and as it grows', async () => {
      const h = await begin();
      const container = await running(h, h.programs.failing);
      await ended(h.runtime, container.id);
      const whole = await collect(h.runtime.logs(container.id, {}));
      expect(whole.split('\n').sort()).toEqual(['', 'hello', 'world']);
      expect((await collect(h.runtime.logs(container.id, { tailLines: 1 }))).trim()).toMatch(/^(hello|world)$/);
      expect(await collect(h.runtime.logs(container.id, { tailLines: 0 }))).toBe('');
      expect(await collect(h.runtime.logs(container.id, { timestamps: true }))).toMatch(
        /^\d{4}-\d\d-\d\dT\S+Z hello$/m,
      );
      expect(await collect(h.runtime.logs(container.id, { sinceMs: Date.now() + 3_600_000 }))).toBe('');
      expect((await collect(h.runtime.logs(container.id, { follow: true }))).length).toBe(whole.length);
    });

    it('ends a followed log when asked to', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      const abort = new AbortController();
      const reading = collect(h.runtime.logs(container.id, { follow: true, signal: abort.signal }));
      abort.abort();
      await reading;
    });

    it('runs a command and tells how it ended, or that it did not', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      expect(await h.runtime.exec(container.id, h.programs.happy, 5_000)).toMatchObject({ exitCode: 0 });
      await expect(h.runtime.exec(container.id, h.programs.endless, 300)).rejects.toMatchObject({
        code: 'ExecTimeout',
      });
    });

    it('has a session with a command: what it reads, what it says, how it ends', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      const streams = { tty: false, stdin: true, stdout: true, stderr: true };
      const session = await h.runtime.openProcess(container.id, { ...streams, command: h.programs.echoing });
      await session.write(Buffer.from('ping\n'));
      session.endInput();
      let said = '';
      for await (const { stream, bytes } of session.output()) said += `${stream}:${Buffer.from(bytes).toString()}`;
      expect(said).toContain('ping\n');
      expect(await session.exitCode()).toBe(0);
      session.close();
    });

    it('refuses a session with what does not run', async () => {
      const h = await begin();
      const container = await running(h, h.programs.failing);
      await ended(h.runtime, container.id);
      const streams = { tty: false, stdin: false, stdout: true, stderr: true };
      const command = h.programs.happy;
      await expect(h.runtime.openProcess(container.id, { ...streams, command })).rejects.toSatisfy((error) =>
        isRuntimeError(error),
      );
      await expect(h.runtime.attach(container.id, streams)).rejects.toMatchObject({ code: 'ContainerNotFound' });
    });

    it('tells every start, death and removal, after a first resync', async () => {
      const h = await begin();
      const abort = new AbortController();
      const events: RuntimeEvent[] = [];
      const listening = (async () => {
        for await (const event of h.runtime.events(abort.signal)) events.push(event);
      })();
      await eventually(async () => events.length > 0);
      expect(events).toEqual([{ type: 'resync' }]);

      const container = await running(h, h.programs.patient);
      await h.kill(container);
      await h.runtime.removeContainer(container.id);
      const ours = () => events.filter((event) => event.type !== 'resync' && event.id === container.id);
      await eventually(async () => ours().length === 3);
      expect(ours().map(({ type }) => type)).toEqual(['started', 'died', 'removed']);
      expect(ours()[0]).toMatchObject({ pod: container.pod, containerName: 'app' });
      expect(events).toContainEqual({
        type: 'started',
        id: container.sandboxId,
        pod: container.pod,
        containerName: undefined,
      });
      abort.abort();
      await listening;
    });

    it('makes a volume once, and removes it when no container has it', async () => {
      const h = await begin();
      const volume = { name: `plumbline-contract-${process.pid}`, driver: 'local', options: {} };
      await h.runtime.ensureVolume(volume);
      await h.runtime.ensureVolume(volume);
      const mounts = [{ hostPath: '', volume: volume.name, containerPath: '/data', readOnly: false }];
      const container = await running(h, h.programs.patient, { mounts });
      await expect(h.runtime.removeVolume(volume.name)).rejects.toMatchObject({ code: 'EngineRefused' });
      await h.runtime.removeContainer(container.id);
      expect(await h.runtime.removeVolume(volume.name)).toBe(true);
      expect(await h.runtime.removeVolume(volume.name)).toBe(true);
    });

    it('samples what runs', async () => {
      const h = await begin();
      const container = await running(h, h.programs.patient);
      const [sample] = await h.runtime.stats();
      expect(sample).toMatchObject({ id: container.id, pod: container.pod, name: 'app' });
      expect(sample?.atMs).toBeGreaterThanOrEqual(container.createdAtMs - 1);
      expect(sample?.processes).toBeGreaterThan(0);
    });

    it('describes itself', async () => {
      const { runtime } = await begin();
      const version = await runtime.version();
      expect(version.cpus).toBeGreaterThan(0);
      expect(version.memoryBytes).toBeGreaterThan(0);
      expect(version.operatingSystem).toBe('linux');
    });
  });
}
