import { backoffMs, type Clock, type Log, sleep } from '#base';
import { isRuntimeError, RuntimeError } from '../errors.ts';
import { PAUSE_IMAGE } from '../image/pause.ts';
import type { Runtime, RuntimeEvent, RuntimeVersion, Sandbox, SandboxConfig, SandboxObserver } from '../runtime.ts';
import { runtimeLimits } from '../runtime.ts';
import { type DockerCreate, planContainer, planSandbox } from './create.ts';
import { diskUsageOf } from './disk-usage.ts';
import { Engine } from './engine.ts';
import { engineStatus } from './errors.ts';
import { eventsOf } from './events.ts';
import { exec } from './exec.ts';
import { Images } from './images.ts';
import { type DockerInspect, toContainer, toSandbox } from './inspect.ts';
import { type ContainerType, LABEL } from './labels.ts';
import { Limiter } from './limiter.ts';
import { readLogs } from './logs.ts';
import { attach, openProcess } from './session.ts';
import { statsOf } from './stats.ts';
import { Volumes } from './volumes.ts';

export interface DockerRuntimeOptions {
  /** Socket path or DOCKER_HOST-like URL; the environment's when absent. */
  readonly host?: string;
  /** Whose containers these are: cluster id and node name. Others are never listed nor touched. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Where `config.json` with Docker's logins is; `~/.docker` when absent. */
  readonly dockerConfigDir?: string;
  /** Longest time in which a pull gets no further, in ms; a minute when absent. */
  readonly pullStallMs?: number;
}

/** The runtime, and what only Docker's can do. */
export interface DockerRuntime extends Runtime {
  /** Loads an image from a tar, as `docker load`. */
  loadImage(tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  /** Removes every container of this owner, at once and without grace. */
  removeAll(): Promise<void>;
  /** Names of the engine's volumes that this owner made. */
  ownVolumes(): Promise<readonly string[]>;
}

/** Waits before the event stream is opened again. */
const RECONNECT = { initialMs: 100, maxMs: 5_000 };
/** Inspect calls in flight while listing. */
const INSPECTS_AT_ONCE = 8;
/** What the engine may take beyond the grace period to stop a container, in ms. */
const STOP_SLACK_MS = 30_000;
/** Starts in flight per processor. Starting is bound by CPU: more at once only adds latency (4 on 2 cores measured best). */
const STARTS_PER_CPU = 2;

/** The part of Docker's info answer that we read. Source: Docker Engine API v1.41, SystemInfo. */
interface DockerInfo {
  readonly ServerVersion: string;
  readonly OSType: string;
  readonly OperatingSystem: string;
  readonly KernelVersion: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  /** `name=apparmor`, `name=seccomp,profile=default` … */
  readonly SecurityOptions?: readonly string[] | null;
  readonly DockerRootDir: string;
}

/** Containers by a Docker engine. Its own restart policy is always `no`: who restarts is the node agent. */
export function createDockerRuntime({
  host,
  owner,
  clock,
  log,
  dockerConfigDir,
  pullStallMs,
}: DockerRuntimeOptions): DockerRuntime {
  const engine = new Engine({ clock, ...(host === undefined ? {} : { host }) });
  const images = new Images({ engine, clock, log, dockerConfigDir, stallMs: pullStallMs });
  const containers = new OurContainers(engine, owner);
  const volumes = new Volumes(engine, owner);

  const ooms = new RecentIds();
  const read = (found: DockerInspect) => toContainer(found, ooms.has(found.Id));
  let known: RuntimeVersion | undefined;

  const runSandbox = async (config: SandboxConfig, observer?: SandboxObserver): Promise<Sandbox> => {
    await images.ensurePause();
    const body = planSandbox(config, PAUSE_IMAGE, owner);
    const id = await containers.create(body).catch(async (error: unknown) => {
      if (!isRuntimeError(error, 'ImageNotFound')) throw error;
      images.forgetPause();
      await images.ensurePause();
      return await containers.create(body);
    });
    try {
      observer?.onCreated(id);
      await containers.start(id);
      const found = await containers.inspect(id);
      const sandbox = found === undefined ? undefined : toSandbox(found);
      if (sandbox?.state !== 'ready') throw new RuntimeError('ContainerStartFailed', 'the sandbox ended at once');
      return sandbox;
    } catch (error) {
      await containers.remove(id);
      throw error;
    }
  };

  return {
    runSandbox,
    removeSandbox: (id) => containers.remove(id),
    listSandboxes: () => containers.list('sandbox', toSandbox),

    async createContainer(config) {
      const bounds = { fileBytes: runtimeLimits.logFileBytes, files: runtimeLimits.logFiles };
      const imageCommand = config.standAlone === undefined ? {} : await images.command(config.image);
      const id = await containers.create(planContainer(config, owner, { log: bounds, imageCommand }));
      const found = await containers.inspect(id);
      const container = found === undefined ? undefined : read(found);
      if (container === undefined) throw new RuntimeError('ContainerNotFound', 'the container vanished as it was made');
      return container;
    },
    startContainer: (id) => containers.start(id),
    stopContainer: (id, graceSeconds) => containers.stop(id, graceSeconds),
    removeContainer: (id) => containers.remove(id),
    listContainers: () => containers.list('container', read),
    async containerStatus(id) {
      const found = await containers.inspect(id);
      return found === undefined ? undefined : read(found);
    },

    exec: (id, command, timeoutMs) => exec({ engine, clock, log }, id, command, timeoutMs),
    openProcess: (id, request) => openProcess({ engine, clock, log }, id, request),
    attach: (id, request) => attach({ engine, clock, log }, id, request),
    logs: (id, request) => readLogs(engine, id, request),
    imageStatus: (ref) => images.status(ref),
    pullImage: (ref, options) => images.pull(ref, options),
    listImages: () => images.list(),
    usedImages: () => images.used(),
    removeImage: (name) => images.remove(name),
    ensureVolume: (volume) => volumes.ensure(volume),
    removeVolume: (name) => volumes.remove(name),
    loadImage: (tar) => images.load(tar),

    async version() {
      // What the engine is stays; asking again costs it three processes (`runc --version` …), so a ping does.
      if (known !== undefined) await engine.get('/_ping');
      known ??= await describe(engine);
      return known;
    },

    async stats() {
      const filters = { label: [`${LABEL.owner}=${owner}`, `${LABEL.type}=container`] };
      const running = await engine.call((docker, abortSignal) => docker.listContainers({ filters, abortSignal }));
      const samples = await inParallel(running, ({ Id, Labels }) => statsOf(engine, Id, Labels));
      return samples.filter((sample) => sample !== undefined);
    },

    async diskUsage(ids) {
      const found = await inParallel(ids, (id) => diskUsageOf(engine, id));
      return found.filter((one) => one !== undefined);
    },

    events: (signal) => followEvents({ engine, owner, clock, log, signal, onOom: (id) => ooms.add(id) }),

    ownVolumes: () => volumes.names(),

    async removeAll() {
      // Containers first: a joiner whose sandbox is gone keeps running.
      for (const type of ['container', 'sandbox'] as const) {
        await inParallel(await containers.ids(type), (id) => containers.remove(id));
      }
    },
  };
}

async function describe(engine: Engine): Promise<RuntimeVersion> {
  const info = await engine.get<DockerInfo>('/info');
  return {
    name: 'docker',
    version: info.ServerVersion,
    apiVersion: engine.apiVersion,
    operatingSystem: info.OSType,
    osImage: info.OperatingSystem,
    kernelVersion: info.KernelVersion,
    architecture: goArchitecture(info.Architecture),
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    appArmor: (info.SecurityOptions ?? []).some((option) => option.split(',').includes('name=apparmor')),
    dataRoot: info.DockerRootDir,
  };
}

/** Create, start, stop, remove, list: only what carries our owner label. */
class OurContainers {
  readonly #engine: Engine;
  readonly #owner: string;
  #starts: Promise<Limiter> | undefined;

  constructor(engine: Engine, owner: string) {
    this.#engine = engine;
    this.#owner = owner;
  }

  async create(body: DockerCreate): Promise<string> {
    return await this.#engine.call(async (docker, abortSignal) => {
      const created = await docker.createContainer({ ...body, abortSignal });
      return created.id;
    });
  }

  async start(id: string): Promise<void> {
    const limiter = await this.#startLimiter();
    try {
      await limiter.run(() =>
        this.#engine.call((docker, abortSignal) => docker.getContainer(id).start({ abortSignal })),
      );
    } catch (error) {
      if (engineStatus(error) === 304) return;
      if (!isRuntimeError(error, 'EngineRefused', 'InvalidContainerConfig')) throw error;
      throw new RuntimeError('ContainerStartFailed', error.message, error);
    }
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    const t = Math.max(0, Math.ceil(graceSeconds));
    try {
      await this.#engine.call((docker, abortSignal) => docker.getContainer(id).stop({ t, abortSignal }), {
        timeoutMs: t * 1000 + STOP_SLACK_MS,
      });
    } catch (error) {
      // 304: it had stopped already.
      if (engineStatus(error) !== 304 && !isRuntimeError(error, 'ContainerNotFound')) throw error;
    }
  }

  async remove(id: string): Promise<void> {
    const options = { force: true, v: true };
    try {
      await this.#engine.call((docker, abortSignal) => docker.getContainer(id).remove({ ...options, abortSignal }));
    } catch (error) {
      // 409: its removal is under way, which is what was asked for.
      if (engineStatus(error) !== 409 && !isRuntimeError(error, 'ContainerNotFound')) throw error;
    }
  }

  async inspect(id: string): Promise<DockerInspect | undefined> {
    try {
      return await this.#engine.call(async (docker, abortSignal): Promise<DockerInspect> => {
        return await docker.getContainer(id).inspect({ abortSignal });
      });
    } catch (error) {
      if (isRuntimeError(error, 'ContainerNotFound')) return undefined;
      throw error;
    }
  }

  async ids(type: ContainerType): Promise<readonly string[]> {
    const filters = { label: [`${LABEL.owner}=${this.#owner}`, `${LABEL.type}=${type}`] };
    const found = await this.#engine.call((docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    return found.map(({ Id }) => Id);
  }

  async list<T>(type: ContainerType, read: (found: DockerInspect) => T | undefined): Promise<readonly T[]> {
    const found = await inParallel(await this.ids(type), (id) => this.inspect(id));
    const values = found.map((one) => (one === undefined ? undefined : read(one)));
    return values.filter((value) => value !== undefined);
  }

  #startLimiter(): Promise<Limiter> {
    this.#starts ??= this.#engine
      .get<DockerInfo>('/info')
      .then((info) => new Limiter(STARTS_PER_CPU * info.NCPU))
      .catch((error: unknown) => {
        this.#starts = undefined;
        throw error;
      });
    return this.#starts;
  }
}

/** Containers that are remembered to have run out of memory: the newest so many. */
const MAX_RECENT = 1_000;

class RecentIds {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= MAX_RECENT) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}

interface FollowEvents {
  readonly engine: Engine;
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onOom: (id: string) => void;
}

/** Events of ours, for ever. `resync` is told after the stream stands: what is listed then has no gap to what follows. */
async function* followEvents({ engine, owner, clock, log, signal, onOom }: FollowEvents): AsyncGenerator<RuntimeEvent> {
  const filters = JSON.stringify({ type: ['container'], label: [`${LABEL.owner}=${owner}`] });
  let failures = 0;
  while (!signal.aborted) {
    try {
      const stream = await engine.stream('/events', { filters }, signal);
      failures = 0;
      yield { type: 'resync' };
      yield* eventsOf(stream, onOom);
      log.warn({}, 'the event stream of the container engine ended');
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, 'the event stream of the container engine broke');
    }
    failures += 1;
    await sleep(clock, backoffMs(failures, RECONNECT), signal).catch(() => undefined);
  }
}

async function inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const limiter = new Limiter(INSPECTS_AT_ONCE);
  return await Promise.all(items.map((item) => limiter.run(() => task(item))));
}

/** uname's word for the processor, as Docker answers, to Go's, as Kubernetes shows. */
function goArchitecture(machine: string): string {
  const names: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm', i686: '386' };
  return names[machine] ?? machine;
}
