import { AsyncQueue, type Clock, type Timer } from '#base';
import { RuntimeError } from '../errors.ts';
import { parseImageReference } from '../image/reference.ts';
import {
  type ContainerConfig,
  type EngineVolume,
  type ImageStatus,
  type LogRequest,
  type ProcessRequest,
  type Runtime,
  type RuntimeContainer,
  type RuntimeEvent,
  type RuntimeSession,
  runtimeLimits,
  type Sandbox,
  type SandboxConfig,
  type StreamRequest,
} from '../runtime.ts';
import { HollowSession } from './hollow-session.ts';

/** How a pretended process behaves. */
export interface HollowProcess {
  /** Ends by itself after so long; runs for ever when absent. */
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  /** What it says at its start. */
  readonly output?: string;
  /** Ends on the stop signal, with this code; when absent it must be killed (137, after the grace period). */
  readonly stopCode?: number;
  /** Exit code of every command run in it. */
  readonly execCode?: number;
  readonly memoryBytes?: number;
  /** What it has written into its own layer. */
  readonly layerBytes?: number;
}

export interface HollowRuntimeOptions {
  readonly clock: Clock;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  /** How long a start takes, in ms. */
  readonly startMs?: number;
  /** Stops at once by the signal when absent. */
  readonly behave?: (config: ContainerConfig) => HollowProcess;
  /** Images that are present; every name is when absent. */
  readonly images?: readonly string[];
  /** Images that a pull can bring. */
  readonly registry?: readonly string[];
}

type Operation = 'runSandbox' | 'createContainer' | 'startContainer' | 'stopContainer' | 'pullImage' | 'version';

/** What a test or a simulation does to the pretended containers. */
export interface HollowControl {
  /** The process ends by itself. */
  exit(containerId: string, exitCode: number, how?: { readonly oomKilled?: boolean }): void;
  /** The sandbox's process dies; its containers go on, as under Docker. */
  killSandbox(id: string): void;
  /** The next call of this operation fails so. */
  failNext(operation: Operation, error: RuntimeError): void;
  /** The machine loses its power: whatever runs ends with code 137, and what is on its way never comes. */
  halt(): void;
  /** Tells the listeners that events were lost. */
  resync(): void;
  /** Every container, as it is at this moment. */
  containers(): readonly RuntimeContainer[];
  /** Calls so far, by operation. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface HollowRuntime extends Runtime {
  readonly control: HollowControl;
}

/** Events that wait for one listener. */
const MAX_EVENTS = 10_000;
const HOLLOW_IMAGE_BYTES = 1;
/** Kept output per container, in bytes. */
const MAX_OUTPUT = 1024 * 1024;

interface HollowContainer {
  state: RuntimeContainer;
  readonly process: HollowProcess;
  readonly config: ContainerConfig;
  readonly lines: { readonly atMs: number; readonly text: string }[];
  timer: Timer | undefined;
  readonly exited: (() => void)[];
}

/** Pretends: no process runs. Deterministic under a fake clock. For scale runs, simulation and tests; never the default. */
export function createHollowRuntime(options: HollowRuntimeOptions): HollowRuntime {
  return new Hollow(options);
}

class Hollow implements HollowRuntime {
  readonly #options: HollowRuntimeOptions;
  readonly #clock: Clock;
  readonly #images: Set<string> | undefined;
  readonly #sandboxes = new Map<string, Sandbox>();
  /** Drivers by the volume's name. */
  readonly #volumes = new Map<string, string>();
  readonly #containers = new Map<string, HollowContainer>();
  readonly #listeners = new Set<AsyncQueue<RuntimeEvent>>();
  readonly #failures = new Map<Operation, RuntimeError[]>();
  readonly #calls = new Map<string, number>();
  #nextId = 1;
  #boots = 0;
  readonly control: HollowControl;

  constructor(options: HollowRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#images = options.images === undefined ? undefined : new Set(options.images.map(fullName));
    this.control = {
      exit: (id, exitCode, how) => this.#exit(id, exitCode, how?.oomKilled ?? false),
      killSandbox: (id) => this.#killSandbox(id),
      failNext: (operation, error) => {
        this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), error]);
      },
      halt: () => this.#halt(),
      resync: () => this.#tell({ type: 'resync' }),
      containers: () => [...this.#containers.values()].map(({ state }) => state),
      calls: this.#calls,
    };
  }

  async version() {
    this.#begin('version');
    return {
      name: 'hollow',
      version: '1.0.0',
      apiVersion: '1',
      operatingSystem: 'linux',
      osImage: 'hollow (nothing runs here)',
      kernelVersion: 'none',
      architecture: 'amd64',
      cpus: this.#options.cpus ?? 4,
      memoryBytes: this.#options.memoryBytes ?? 8 * 2 ** 30,
      appArmor: false,
    };
  }

  async runSandbox(config: SandboxConfig, observer?: { onCreated(id: string): void }): Promise<Sandbox> {
    this.#begin('runSandbox');
    const id = this.#id();
    const taken = [...this.#sandboxes.values()].some(
      ({ pod, attempt }) => pod.uid === config.pod.uid && attempt === config.attempt,
    );
    if (taken)
      throw new RuntimeError('ContainerNameInUse', `the sandbox ${config.attempt} of ${config.pod.name} exists`);
    observer?.onCreated(id);
    await this.#pass(this.#options.startMs ?? 0);
    const sandbox: Sandbox = {
      id,
      pod: config.pod,
      attempt: config.attempt,
      state: 'ready',
      pid: this.#nextId,
      createdAtMs: this.#clock.nowMs(),
      annotations: config.annotations ?? {},
    };
    this.#sandboxes.set(id, sandbox);
    this.#tell({ type: 'started', id, pod: config.pod, containerName: undefined });
    return sandbox;
  }

  async removeSandbox(id: string): Promise<void> {
    this.#begin('removeSandbox');
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    this.#sandboxes.delete(id);
    this.#tell({ type: 'removed', id, pod: sandbox.pod, containerName: undefined });
  }

  async listSandboxes(): Promise<readonly Sandbox[]> {
    this.#begin('listSandboxes');
    return [...this.#sandboxes.values()];
  }

  async createContainer(config: ContainerConfig): Promise<RuntimeContainer> {
    this.#begin('createContainer');
    const image = await this.imageStatus(config.image);
    if (image === undefined) throw new RuntimeError('ImageNotFound', `no such image: ${config.image}`);
    for (const { state } of this.#containers.values()) {
      if (state.pod.uid === config.pod.uid && state.name === config.name && state.attempt === config.attempt) {
        throw new RuntimeError('ContainerNameInUse', `the container ${config.name} ${config.attempt} exists`);
      }
    }
    const state: RuntimeContainer = {
      id: this.#id(),
      pod: config.pod,
      sandboxId: config.sandboxId,
      name: config.name,
      attempt: config.attempt,
      state: 'created',
      image: config.image,
      imageId: image.id,
      pid: 0,
      createdAtMs: this.#clock.nowMs(),
      annotations: config.annotations ?? {},
    };
    const process = this.#options.behave?.(config) ?? { stopCode: 0 };
    this.#containers.set(state.id, { state, process, config, lines: [], timer: undefined, exited: [] });
    return state;
  }

  async startContainer(id: string): Promise<void> {
    this.#begin('startContainer');
    const container = this.#existing(id);
    const isAlone = container.config.standAlone !== undefined;
    if (!isAlone && this.#sandboxes.get(container.state.sandboxId)?.state !== 'ready') {
      throw new RuntimeError('ContainerStartFailed', 'cannot join the network of a sandbox that does not run');
    }
    await this.#pass(this.#options.startMs ?? 0);
    const startedAtMs = this.#clock.nowMs();
    container.state = { ...container.state, state: 'running', pid: this.#nextId, startedAtMs };
    this.#tell({ type: 'started', id, pod: container.state.pod, containerName: container.state.name });
    const { output, exitAfterMs, exitCode = 0 } = container.process;
    if (output !== undefined) this.#write(container, output);
    if (exitAfterMs !== undefined) {
      container.timer = this.#clock.after(exitAfterMs, () => this.#exit(id, exitCode, false));
    }
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    this.#begin('stopContainer');
    const container = this.#containers.get(id);
    if (container === undefined || container.state.state !== 'running') return;
    const { stopCode } = container.process;
    if (stopCode !== undefined) return this.#exit(id, stopCode, false);
    const exited = new Promise<void>((resolve) => container.exited.push(resolve));
    this.#clock.after(graceSeconds * 1000, () => this.#exit(id, 137, false));
    await exited;
  }

  async removeContainer(id: string): Promise<void> {
    this.#begin('removeContainer');
    const container = this.#containers.get(id);
    if (container === undefined) return;
    this.#exit(id, 137, false);
    this.#containers.delete(id);
    this.#tell({ type: 'removed', id, pod: container.state.pod, containerName: container.state.name });
  }

  async listContainers(): Promise<readonly RuntimeContainer[]> {
    this.#begin('listContainers');
    return [...this.#containers.values()].map(({ state }) => state);
  }

  async containerStatus(id: string): Promise<RuntimeContainer | undefined> {
    this.#begin('containerStatus');
    return this.#containers.get(id)?.state;
  }

  async exec(id: string, command: readonly string[], timeoutMs: number) {
    this.#begin('exec');
    const container = this.#existing(id);
    if (container.state.state !== 'running') throw new RuntimeError('EngineRefused', 'the container is not running');
    const { execCode } = container.process;
    if (command[0] === 'sleep') {
      await this.#pass(timeoutMs);
      throw new RuntimeError('ExecTimeout', `the command did not end within ${timeoutMs} ms`);
    }
    return { exitCode: execCode ?? 0, output: command.join(' ').slice(0, runtimeLimits.execOutputBytes) };
  }

  async openProcess(id: string, { command, stdin }: ProcessRequest): Promise<RuntimeSession> {
    this.#begin('openProcess');
    const { state, process } = this.#existing(id);
    if (state.state !== 'running') throw new RuntimeError('EngineRefused', 'the container is not running');
    return new HollowSession({ says: `${command.join(' ')}\n`, echoes: stdin, exitCode: process.execCode ?? 0 });
  }

  async attach(id: string, { stdin }: StreamRequest): Promise<RuntimeSession> {
    this.#begin('attach');
    const { state } = this.#existing(id);
    if (state.state !== 'running') throw new RuntimeError('ContainerNotFound', 'the container does not run');
    return new HollowSession({ says: '', echoes: stdin });
  }

  async *logs(id: string, { tailLines, sinceMs, timestamps, follow, signal }: LogRequest): AsyncIterable<Uint8Array> {
    this.#begin('logs');
    const container = this.#existing(id);
    const wanted = container.lines.filter(({ atMs }) => sinceMs === undefined || atMs >= sinceMs);
    const tail = tailLines === undefined ? wanted : tailLines === 0 ? [] : wanted.slice(-tailLines);
    for (const { atMs, text } of tail) {
      yield Buffer.from(timestamps ? `${new Date(atMs).toISOString()} ${text}\n` : `${text}\n`);
    }
    if (!follow || container.state.state !== 'running') return;
    await new Promise<void>((resolve) => {
      container.exited.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async imageStatus(ref: string): Promise<ImageStatus | undefined> {
    this.#begin('imageStatus');
    const name = fullName(ref);
    if (this.#images !== undefined && !this.#images.has(name)) return undefined;
    return { ref: name, id: `sha256:hollow-${name}`, user: '', sizeBytes: HOLLOW_IMAGE_BYTES };
  }

  async pullImage(ref: string): Promise<ImageStatus> {
    this.#begin('pullImage');
    const name = fullName(ref);
    if (!(this.#options.registry ?? []).map(fullName).includes(name)) {
      throw new RuntimeError('ImageNotFound', `pulling ${ref}: manifest unknown`);
    }
    this.#images?.add(name);
    return { ref: name, id: `sha256:hollow-${name}`, user: '', sizeBytes: HOLLOW_IMAGE_BYTES };
  }

  async listImages() {
    this.#begin('listImages');
    return [...(this.#images ?? [])].map((name) => ({
      id: `sha256:hollow-${name}`,
      tags: [name],
      digests: [],
      sizeBytes: HOLLOW_IMAGE_BYTES,
    }));
  }

  async usedImages() {
    this.#begin('usedImages');
    return new Set([...this.#containers.values()].map(({ state }) => state.imageId));
  }

  async removeImage(name: string): Promise<void> {
    this.#begin('removeImage');
    const ref = fullName(name);
    if (this.#images?.has(ref) !== true) return;
    const user = [...this.#containers.values()].find(({ config }) => fullName(config.image) === ref);
    if (user !== undefined) throw new RuntimeError('ImageInUse', `the container ${user.state.id} is made of ${name}`);
    this.#images.delete(ref);
  }

  async ensureVolume({ name, driver }: EngineVolume): Promise<void> {
    this.#begin('ensureVolume');
    const known = this.#volumes.get(name);
    if (known !== undefined && known !== driver)
      throw new RuntimeError('EngineRefused', `the volume ${name} is there, by the driver ${known}`);
    this.#volumes.set(name, driver);
  }

  async removeVolume(name: string): Promise<boolean> {
    this.#begin('removeVolume');
    const user = [...this.#containers.values()].find(({ config }) =>
      config.mounts.some(({ volume }) => volume === name),
    );
    if (user !== undefined)
      throw new RuntimeError('EngineRefused', `the container ${user.state.id} has volume ${name}`);
    this.#volumes.delete(name);
    return true;
  }

  async diskUsage(ids: readonly string[]) {
    this.#begin('diskUsage');
    return ids.flatMap((id) => {
      const container = this.#containers.get(id);
      if (container === undefined) return [];
      const { pod, name } = container.state;
      return [{ id, pod, name, layerBytes: container.process.layerBytes ?? 0, logBytes: 0 }];
    });
  }

  async stats() {
    this.#begin('stats');
    const atMs = this.#clock.nowMs();
    const running = [...this.#containers.values()].filter(({ state }) => state.state === 'running');
    return running.map(({ state: { id, pod, name }, process: { memoryBytes = 0 } }) => {
      return { id, pod, name, atMs, cpuNanos: 0, memoryBytes, processes: 1 };
    });
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const queue = new AsyncQueue<RuntimeEvent>(MAX_EVENTS);
    const end = () => queue.end();
    this.#listeners.add(queue);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    queue.push({ type: 'resync' });
    try {
      yield* queue;
    } finally {
      this.#listeners.delete(queue);
      signal.removeEventListener('abort', end);
    }
  }

  #begin(operation: string): void {
    this.#calls.set(operation, (this.#calls.get(operation) ?? 0) + 1);
    const failure = this.#failures.get(operation as Operation)?.shift();
    if (failure !== undefined) throw failure;
  }

  #exit(id: string, exitCode: number, oomKilled: boolean): void {
    const container = this.#containers.get(id);
    if (container === undefined || container.state.state !== 'running') return;
    container.timer?.cancel();
    const finishedAtMs = this.#clock.nowMs();
    container.state = { ...container.state, state: 'exited', pid: 0, finishedAtMs, exitCode, oomKilled };
    for (const wake of container.exited.splice(0)) wake();
    this.#tell({ type: 'died', id, pod: container.state.pod, containerName: container.state.name });
  }

  #halt(): void {
    this.#boots += 1;
    for (const id of this.#containers.keys()) this.#exit(id, 137, false);
    for (const id of this.#sandboxes.keys()) this.#killSandbox(id);
  }

  #killSandbox(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    this.#sandboxes.set(id, { ...sandbox, state: 'notReady', pid: 0 });
    this.#tell({ type: 'died', id, pod: sandbox.pod, containerName: undefined });
  }

  #write(container: HollowContainer, output: string): void {
    const atMs = this.#clock.nowMs();
    const lines = output.slice(0, MAX_OUTPUT).replace(/\n$/, '').split('\n');
    for (const text of lines) container.lines.push({ atMs, text });
  }

  #tell(event: RuntimeEvent): void {
    for (const queue of this.#listeners) {
      if (!queue.push(event)) queue.end(new RangeError('a listener is too slow for the events of the hollow runtime'));
    }
  }

  #existing(id: string): HollowContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeError('ContainerNotFound', `no such container: ${id}`);
    return container;
  }

  #id(): string {
    return `hollow-${this.#nextId++}`;
  }

  /** Resolves after so long, unless the machine loses its power before. */
  #pass(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    const boots = this.#boots;
    return new Promise((resolve) => {
      this.#clock.after(ms, () => {
        if (this.#boots === boots) resolve();
      });
    });
  }
}

function fullName(ref: string): string {
  return parseImageReference(ref)?.full ?? ref;
}
