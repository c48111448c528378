import { readFile, rm } from 'node:fs/promises';
import { PODS, type Pod, type Service } from '#api';
import { backoffMs, type Clock, errorMessage, type Log, sleep, type Timer } from '#base';
import type { Client } from '#client';
import type { EventRecorder, RecordedEvent } from '#reconcile';
import {
  type ContainerConfig,
  isRuntimeError,
  NO_SANDBOX,
  type Runtime,
  type RuntimeContainer,
  type Sandbox,
  type StandAlone,
} from '#runtime';
import { hostnameOf } from '../network/host-files.plan.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { Prober } from '../probes/prober.ts';
import type { ReferenceStore } from '../references/reference-store.ts';
import type { PodFolders } from '../volumes/pod-folders.ts';
import { type ReadyVolume, setUpVolumes } from '../volumes/volumes.ts';
import { buildContainer, lastWordsFile, type NodeFacts } from './container-builder.ts';
import { canStandAlone, currentSandbox, initContainersOf, isTerminating } from './containers.plan.ts';
import { runHook } from './hooks.ts';
import type { ImagePuller } from './image-puller.ts';
import { planPod } from './pod.plan.ts';
import {
  ANNOTATION,
  type ContainerSpec,
  type PodAction,
  type PodSnapshot,
  type ProbeView,
  type StartProblem,
} from './pod.types.ts';
import { referencesOf } from './references.plan.ts';
import type { RuntimeView } from './runtime-view.ts';
import { StartError } from './start-error.ts';
import { planStatus } from './status.plan.ts';
import { StatusWriter } from './status-writer.ts';

export interface PodWorkerDeps {
  readonly client: Pick<Client, 'get' | 'patch' | 'delete'>;
  readonly runtime: Runtime;
  readonly runtimeName: string;
  readonly view: RuntimeView;
  readonly network: PodNetwork;
  readonly prober: Prober;
  readonly references: ReferenceStore;
  readonly images: ImagePuller;
  readonly folders: PodFolders;
  /** Host path of the gate program; absent where every pod gets a sandbox. */
  readonly gate: string | undefined;
  readonly recorder: EventRecorder;
  readonly node: NodeFacts;
  /** Services as known; resolves once they are, or were before. */
  readonly services: () => Promise<readonly Service[]>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Nothing of a pod that left the API is there any more. */
  readonly onEnd: (podUid: string) => void;
}

/** How long a container waits for the first answer about what it refers to, in ms. */
const REFERENCES_TIMEOUT_MS = 10_000;
/** Waits after a failure that is nobody's fault: the engine, the network, a volume. */
const RETRY = { initialMs: 500, maxMs: 60_000 };
/** Wait before a pod's last write is tried again. */
const DELETE_RETRY = { initialMs: 50, maxMs: 5_000 };
/** A stop hook leaves the process at least so long, in seconds. Source: kuberuntime_container.go, minimumGracePeriodInSeconds (v1.32). */
const MIN_GRACE_SECONDS = 2;
/** Longest last words that are read, in bytes. Source: core/v1 types.go, MaxPodTerminationMessageLogLength / containers (v1.32). */
const MAX_LAST_WORDS = 4_096;
/** A failed pull is shown as such before it is shown as waiting, in ms. */
const SHOW_PULL_ERROR_MS = 1_000;

/** One task per thing at a time, and what is known of each. */
interface Work {
  sandbox: boolean;
  readonly starting: Set<string>;
  readonly stopping: Map<string, number>;
  readonly removing: Set<string>;
}

/**
 * Keeps one pod as its spec says: looks, decides (pod.plan.ts), and begins what is to be done. Looking takes no time and
 * waits for nothing; what takes time runs beside, and each end of it makes the worker look again.
 */
export class PodWorker {
  readonly #deps: PodWorkerDeps;
  readonly #uid: string;
  readonly #log: Log;
  readonly #status: StatusWriter;
  readonly #work: Work = { sandbox: false, starting: new Set(), stopping: new Map(), removing: new Set() };
  readonly #problems = new Map<string, StartProblem>();
  readonly #failures = new Map<string, number>();
  readonly #attached = new Set<string>();
  readonly #prepared = new Map<string, Promise<RuntimeContainer>>();
  readonly #lastWords = new Map<string, string>();
  /** Ends starts under way when the pod is to go. */
  readonly #leaving = new AbortController();
  #pod: Pod;
  #gone = false;
  #ended = false;
  #finishing = false;
  /** The API was told that the pod has ended; what still holds it there is not ours. */
  #reported = false;
  #scheduled = false;
  #volumes: Promise<readonly ReadyVolume[]> | undefined;
  #sandboxProblem: StartProblem | undefined;
  /** The address of a pod that stands alone, while it has its place. */
  #aloneAt: { readonly address: string } | undefined;
  #timer: Timer | undefined;

  constructor(deps: PodWorkerDeps, pod: Pod) {
    this.#deps = deps;
    this.#pod = pod;
    this.#uid = pod.metadata.uid;
    this.#log = deps.log.child({ pod: pod.metadata.name, namespace: pod.metadata.namespace, uid: this.#uid });
    const { client, clock, log, signal } = deps;
    const onFresh = (fresh: Pod) => this.update(fresh);
    this.#status = new StatusWriter({ client, clock, log, signal, onFresh }, pod);
    deps.references.hold(this.#uid, referencesOf(pod));
    this.kick();
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The pod as the API has it now. */
  update(pod: Pod): void {
    if (this.#gone || Number(pod.metadata.resourceVersion) < Number(this.#pod.metadata.resourceVersion)) return;
    this.#pod = pod;
    this.#status.saw(pod);
    this.kick();
  }

  /** The pod is no longer in the API. */
  remove(): void {
    this.#gone = true;
    this.kick();
  }

  /** What the pod refers to changed: mounted files follow, and what waited for it is tried again. */
  referencesChanged(): void {
    for (const [name, problem] of this.#problems) {
      if (problem.reason === 'CreateContainerConfigError' || problem.reason === 'ContainerCreating') {
        this.#problems.delete(name);
      }
    }
    if (this.#volumes !== undefined) this.#refreshVolumes();
    this.kick();
  }

  /** Looks soon; many calls become one look. */
  kick(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#deps.signal.aborted && this.#deps.view.listed) this.#look();
    });
  }

  /** Ends the looking; what runs goes on running. */
  close(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#leaving.abort();
  }

  #look(): void {
    if (this.#gone || isTerminating(this.#pod)) {
      this.#leaving.abort();
      this.#dropPrepared();
    }
    this.#followContainers();
    if (this.#adoptAlone()) return;
    const snapshot = this.#snapshot();
    const sandbox = currentSandbox(snapshot.sandboxes);
    const isLeaving = this.#gone || isTerminating(this.#pod);
    if (sandbox !== undefined && !isLeaving && !this.#attached.has(sandbox.id)) {
      // Found, not made: an earlier run of the agent may have ended before the pod had its network.
      if (!this.#work.sandbox) this.#adopt(sandbox);
      return;
    }
    const plan = planPod(snapshot);
    for (const action of plan.actions) this.#begin(action);
    if (!this.#gone) this.#status.want(planStatus(this.#snapshot()));
    this.#wakeAt(plan.wakeAtMs);
    if (!plan.down) return;
    this.#deps.network.release(this.#uid);
    if (this.#gone) this.#clean();
    else if (isTerminating(this.#pod)) this.#finish();
  }

  #snapshot(): PodSnapshot {
    const { clock, node, runtimeName } = this.#deps;
    const sandboxes = this.#sandboxes();
    const containers = this.#containers().map((container) => this.#withLastWords(container));
    const current = currentSandbox(sandboxes);
    const podIP =
      current !== undefined && this.#attached.has(current.id) ? current.annotations[ANNOTATION.podIP] : undefined;
    return {
      pod: this.#pod,
      gone: this.#gone,
      sandboxes,
      containers,
      probes: this.#probes(containers),
      problems: this.#problems,
      work: this.#work,
      hostIP: node.hostIP,
      runtimeName,
      nowMs: clock.nowMs(),
      ...(podIP === undefined ? {} : { podIP }),
      ...(this.#sandboxProblem === undefined ? {} : { sandboxProblem: this.#sandboxProblem }),
    };
  }

  /**
   * Whether the pod's container does without a sandbox. What is found decides; what is new stands alone where it can,
   * on nodes that have a gate and a network to wait for.
   */
  get #isAlone(): boolean {
    const { view, gate } = this.#deps;
    const [container] = view.containers(this.#uid);
    if (container !== undefined) return container.sandboxId === NO_SANDBOX;
    if (this.#aloneAt !== undefined) return true;
    return gate !== undefined && canStandAlone(this.#pod) && view.sandboxes(this.#uid).length === 0;
  }

  /** The pod's sandboxes. For one that stands alone its place in the network is as good as one. */
  #sandboxes(): readonly Sandbox[] {
    if (!this.#isAlone) return this.#deps.view.sandboxes(this.#uid);
    if (this.#aloneAt === undefined) return [];
    return [
      {
        id: NO_SANDBOX,
        pod: this.#identity(),
        attempt: 0,
        state: 'ready',
        pid: 0,
        createdAtMs: 0,
        annotations: { [ANNOTATION.podIP]: this.#aloneAt.address },
      },
    ];
  }

  /** The pod's containers. One that waits behind its gate runs nothing yet: nobody is to be told that it does. */
  #containers(): readonly RuntimeContainer[] {
    const containers = this.#deps.view.containers(this.#uid);
    if (this.#gone || isTerminating(this.#pod)) return containers;
    return containers.map((container) => {
      const waits =
        container.state === 'running' && container.sandboxId === NO_SANDBOX && !this.#attached.has(container.id);
      return waits ? { ...container, state: 'created' } : container;
    });
  }

  /** A container that stands alone, found running: it gets its network again, should it have none. True when it waits for that. */
  #adoptAlone(): boolean {
    if (!this.#isAlone || this.#gone || isTerminating(this.#pod)) return false;
    const found = this.#deps.view.containers(this.#uid).find(({ state }) => state === 'running');
    const address = found?.annotations[ANNOTATION.podIP];
    if (found === undefined || address === undefined || this.#attached.has(found.id)) return false;
    if (this.#work.starting.has(found.name)) return false;
    if (this.#work.sandbox) return true;
    this.#work.sandbox = true;
    this.#deps.network.adopt(this.#uid, address);
    const task = async () => {
      try {
        await this.#attachAlone(found, address);
        this.#failures.delete('sandbox');
      } catch (error) {
        this.#sandboxFailed(error);
        const count = this.#failures.get('sandbox') ?? 1;
        await sleep(this.#deps.clock, backoffMs(count, RETRY), this.#leaving.signal).catch(() => undefined);
      }
    };
    this.#beside(task, () => {
      this.#work.sandbox = false;
    });
    return true;
  }

  async #attachAlone(container: RuntimeContainer, address: string): Promise<void> {
    await this.#deps.network.attach(this.#pod, address, container.pid);
    this.#attached.add(container.id);
    this.#attached.add(NO_SANDBOX);
    this.#aloneAt = { address };
  }

  #probes(containers: readonly RuntimeContainer[]): ReadonlyMap<string, ProbeView> {
    const views = new Map<string, ProbeView>();
    for (const { id, state } of containers) {
      const view = state === 'running' ? this.#deps.prober.view(id) : undefined;
      if (view !== undefined) views.set(id, view);
    }
    return views;
  }

  /** Probes what runs, and forgets what does not. */
  #followContainers(): void {
    const { prober, runtimeName } = this.#deps;
    const current = currentSandbox(this.#sandboxes());
    const told = [...(this.#pod.status?.containerStatuses ?? []), ...(this.#pod.status?.initContainerStatuses ?? [])];
    for (const container of this.#containers()) {
      const spec = this.#specOf(container.name);
      if (container.state !== 'running' || spec === undefined) {
        prober.forget(container.id);
        if (container.state === 'exited') this.#readLastWords(container, spec);
        continue;
      }
      const knownReady = told.some(
        ({ containerID, ready }) => ready && containerID === `${runtimeName}://${container.id}`,
      );
      const podIP = current?.annotations[ANNOTATION.podIP];
      prober.follow(this.#pod, spec, container, { podIP, knownReady });
    }
  }

  #specOf(name: string): ContainerSpec | undefined {
    return [...this.#pod.spec.containers, ...initContainersOf(this.#pod)].find((spec) => spec.name === name);
  }

  #wakeAt(atMs: number | undefined): void {
    this.#timer?.cancel();
    const nowMs = this.#deps.clock.nowMs();
    const shown = [...this.#problems.values()]
      .filter(({ reason }) => reason === 'ErrImagePull')
      .map(({ failedAtMs }) => failedAtMs + SHOW_PULL_ERROR_MS)
      .filter((ms) => ms > nowMs);
    const nextMs = Math.min(atMs ?? Number.POSITIVE_INFINITY, ...shown);
    if (Number.isFinite(nextMs)) this.#timer = this.#deps.clock.after(nextMs - nowMs, () => this.kick());
  }

  #begin(action: PodAction): void {
    switch (action.type) {
      case 'startSandbox':
        this.#startSandbox(action.attempt);
        break;
      case 'startContainer':
        this.#startContainer(action);
        break;
      case 'stopContainer':
        this.#stopContainer(action);
        break;
      case 'removeContainer':
        this.#remove(action.id, () => this.#removeContainer(action.id));
        break;
      case 'removeSandbox':
        this.#remove(action.id, () => this.#removeSandbox(action.id));
        break;
    }
  }

  async #removeContainer(id: string): Promise<void> {
    this.#deps.prober.forget(id);
    await this.#deps.runtime.removeContainer(id);
    await this.#dropLastWords(id);
  }

  async #removeSandbox(id: string): Promise<void> {
    await this.#deps.network.detach(this.#uid);
    if (id === NO_SANDBOX) this.#aloneAt = undefined;
    else await this.#deps.runtime.removeSandbox(id);
    this.#attached.delete(id);
  }

  /** Runs beside; at its end the worker looks again. `task` handles its own failures. */
  #beside(task: () => Promise<void>, atEnd: () => void): void {
    void task()
      .catch((error: unknown) => this.#log.error({ err: error }, 'a task of a pod failed unexpectedly'))
      .finally(() => {
        atEnd();
        this.kick();
      });
  }

  /** A pod that stands alone needs an address, no more. */
  #takePlace(): void {
    try {
      const address = this.#deps.network.addressOf(this.#pod);
      if (address === undefined) throw new StartError('ContainerCreating', 'the node gives no addresses', 0);
      this.#aloneAt = { address };
      this.#attached.add(NO_SANDBOX);
      this.#sandboxProblem = undefined;
    } catch (error) {
      this.#sandboxFailed(error);
    }
    this.kick();
  }

  #startSandbox(attempt: number): void {
    if (this.#isAlone) {
      this.#takePlace();
      return;
    }
    this.#work.sandbox = true;
    const task = async () => {
      try {
        const address = this.#deps.network.addressOf(this.#pod);
        const sandbox = await this.#deps.runtime.runSandbox(
          {
            pod: this.#identity(),
            hostname: hostnameOf(this.#pod),
            attempt,
            network: this.#pod.spec.hostNetwork === true ? 'host' : 'pod',
            annotations: address === undefined ? {} : { [ANNOTATION.podIP]: address },
            ...this.#sysctls(),
          },
          { onCreated: (id) => this.#prepareFirst({ id, attempt }, address) },
        );
        await this.#attachNew(sandbox);
        this.#deps.view.putSandbox(sandbox);
        this.#sandboxProblem = undefined;
        this.#failures.delete('sandbox');
      } catch (error) {
        this.#sandboxFailed(error);
      }
    };
    this.#beside(task, () => {
      this.#work.sandbox = false;
    });
  }

  #adopt(sandbox: Sandbox): void {
    this.#work.sandbox = true;
    const address = sandbox.annotations[ANNOTATION.podIP];
    if (address !== undefined && this.#pod.spec.hostNetwork !== true) this.#deps.network.adopt(this.#uid, address);
    const task = async () => {
      try {
        await this.#attach(sandbox);
        this.#failures.delete('sandbox');
      } catch (error) {
        this.#sandboxFailed(error);
        const count = this.#failures.get('sandbox') ?? 1;
        await sleep(this.#deps.clock, backoffMs(count, RETRY), this.#leaving.signal).catch(() => undefined);
      }
    };
    this.#beside(task, () => {
      this.#work.sandbox = false;
    });
  }

  /** A sandbox that gets no network is of no use: nothing may start in it. */
  async #attachNew(sandbox: Sandbox): Promise<void> {
    try {
      await this.#attach(sandbox);
    } catch (error) {
      await this.#deps.runtime.removeSandbox(sandbox.id);
      throw error;
    }
  }

  async #attach(sandbox: Sandbox): Promise<void> {
    const address = sandbox.annotations[ANNOTATION.podIP];
    if (address !== undefined) await this.#deps.network.attach(this.#pod, address, sandbox.pid);
    this.#attached.add(sandbox.id);
  }

  #sandboxFailed(error: unknown): void {
    this.#dropPrepared();
    const count = (this.#failures.get('sandbox') ?? 0) + 1;
    this.#failures.set('sandbox', count);
    const nowMs = this.#deps.clock.nowMs();
    const message = `Failed to create pod sandbox: ${errorMessage(error)}`;
    const retryAtMs = nowMs + backoffMs(count, RETRY);
    this.#sandboxProblem = { reason: 'ContainerCreating', message, failedAtMs: nowMs, retryAtMs };
    this.#log.warn({ err: error, failures: count }, 'a pod sandbox cannot be made');
    this.#tell('Warning', 'FailedCreatePodSandBox', message);
  }

  #sysctls(): { sysctls?: Readonly<Record<string, string>> } {
    const wanted = this.#pod.spec.securityContext?.sysctls ?? [];
    return wanted.length === 0 ? {} : { sysctls: Object.fromEntries(wanted.map(({ name, value }) => [name, value])) };
  }

  /** While the sandbox starts, the first containers are made: they join it by its id, and start when it stands. */
  #prepareFirst(sandbox: { readonly id: string; readonly attempt: number }, podIP: string | undefined): void {
    const isFirst = this.#deps.view.containers(this.#uid).length === 0 && !ranBefore(this.#pod);
    if (!isFirst || this.#leaving.signal.aborted) return;
    const [firstInit] = initContainersOf(this.#pod);
    for (const spec of firstInit === undefined ? this.#pod.spec.containers : [firstInit]) {
      const made = this.#make(spec, { sandbox, attempt: 0, nextBackoffMs: 0, podIP });
      made.catch(() => undefined); // Whoever starts it hears of it.
      this.#prepared.set(spec.name, made);
    }
  }

  /** What was made for a sandbox that will not stand is removed. */
  #dropPrepared(): void {
    for (const [name, prepared] of this.#prepared) {
      this.#prepared.delete(name);
      const task = async () => {
        const made = await prepared.catch(() => undefined); // Never made: nothing to remove.
        if (made === undefined) return;
        await this.#deps.runtime.removeContainer(made.id);
      };
      this.#beside(task, () => undefined);
    }
  }

  #startContainer(action: Extract<PodAction, { type: 'startContainer' }>): void {
    const spec = this.#specOf(action.name);
    const sandbox = this.#sandboxes().find(({ id }) => id === action.sandboxId);
    if (spec === undefined || sandbox === undefined) return;
    this.#work.starting.add(spec.name);
    this.#beside(
      async () => {
        try {
          await this.#start(spec, sandbox, action);
          this.#problems.delete(spec.name);
          this.#failures.delete(spec.name);
        } catch (error) {
          if (!this.#leaving.signal.aborted) this.#startFailed(spec, error);
        }
      },
      () => this.#work.starting.delete(spec.name),
    );
  }

  async #start(
    spec: ContainerSpec,
    sandbox: Sandbox,
    { attempt, nextBackoffMs }: Extract<PodAction, { type: 'startContainer' }>,
  ): Promise<void> {
    const { runtime, view } = this.#deps;
    const prepared = this.#prepared.get(spec.name);
    this.#prepared.delete(spec.name);
    const podIP = sandbox.annotations[ANNOTATION.podIP];
    const container = await (prepared ?? this.#make(spec, { sandbox, attempt, nextBackoffMs, podIP }));
    try {
      if (container.sandboxId !== sandbox.id) {
        await runtime.removeContainer(container.id);
        throw new StartError('ContainerCreating', 'its sandbox was made anew', 0);
      }
      if (this.#leaving.signal.aborted) {
        await runtime.removeContainer(container.id);
        return;
      }
      await runtime.startContainer(container.id);
      if (sandbox.id === NO_SANDBOX) await this.#connect(container.id, podIP ?? '');
      this.#tell('Normal', 'Started', `Started container ${spec.name}`, spec);
    } catch (error) {
      if (!isRuntimeError(error, 'ContainerStartFailed')) throw error;
      // It counts as a run that ended at once: the next one waits its turn.
      this.#tell('Warning', 'Failed', `Error: ${error.message}`, spec);
    } finally {
      await view.refresh(container.id);
    }
    await this.#afterStart(spec, container.id, podIP);
  }

  /** Puts the network where the started container waits for it. One that gets none is stopped: it would wait for ever. */
  async #connect(containerId: string, address: string): Promise<void> {
    const { runtime } = this.#deps;
    const started = await runtime.containerStatus(containerId);
    // It ended at once: nothing to connect.
    if (started === undefined || started.state !== 'running') return;
    try {
      await this.#attachAlone(started, address);
    } catch (error) {
      await runtime.stopContainer(containerId, 0);
      throw error;
    }
  }

  /** Makes a container with all it needs; nothing runs yet. */
  async #make(
    spec: ContainerSpec,
    where: {
      readonly sandbox: { readonly id: string; readonly attempt: number };
      readonly attempt: number;
      readonly nextBackoffMs: number;
      readonly podIP: string | undefined;
    },
  ): Promise<RuntimeContainer> {
    const { images, references, services, node, folders } = this.#deps;
    const held = referencesOf(this.#pod);
    const ready = (async () => {
      await references.settled(held, REFERENCES_TIMEOUT_MS, this.#leaving.signal);
      this.#volumes ??= this.#setUpVolumes(where.podIP);
      return await this.#volumes;
    })();
    const [image, volumes, known] = await Promise.all([
      images.ensure({
        image: spec.image ?? '',
        policy: spec.imagePullPolicy,
        signal: this.#leaving.signal,
        tell: (type, reason, message) => this.#tell(type, reason, message, spec),
      }),
      ready,
      services(),
    ]);
    const config = await buildContainer({
      pod: this.#pod,
      spec,
      image,
      volumes,
      references: references.read(held),
      services: known,
      node,
      folders,
      ...where,
      ...this.#standAlone(where.sandbox.id),
    });
    return await this.#create(spec, config);
  }

  #standAlone(sandboxId: string): { standAlone?: StandAlone } {
    const { gate } = this.#deps;
    if (sandboxId !== NO_SANDBOX || gate === undefined) return {};
    return { standAlone: { hostname: hostnameOf(this.#pod), gate, ...this.#sysctls() } };
  }

  async #create(spec: ContainerSpec, config: ContainerConfig): Promise<RuntimeContainer> {
    try {
      const container = await this.#deps.runtime.createContainer(config);
      this.#tell('Normal', 'Created', `Created container: ${spec.name}`, spec);
      return container;
    } catch (error) {
      // Somebody (an earlier run of ours) made it already: look at what is there.
      if (isRuntimeError(error, 'ContainerNameInUse')) await this.#deps.view.relist();
      if (!isRuntimeError(error) || error.code === 'EngineUnavailable') throw error;
      throw new StartError('CreateContainerError', error.message, RETRY.initialMs, error);
    }
  }

  async #setUpVolumes(podIP: string | undefined): Promise<readonly ReadyVolume[]> {
    const { references, node, folders } = this.#deps;
    try {
      const facts = { references: references.read(referencesOf(this.#pod)), podIP, hostIP: node.hostIP, node };
      const { ready } = await setUpVolumes(folders, this.#pod, facts);
      return ready;
    } catch (error) {
      this.#volumes = undefined;
      this.#tell('Warning', 'FailedMount', errorMessage(error));
      throw error;
    }
  }

  /** Brings mounted files up to date. What cannot be made now stays as it was: running containers are not disturbed. */
  #refreshVolumes(): void {
    const current = currentSandbox(this.#sandboxes());
    const before = this.#volumes;
    const next = (async () => {
      const kept = await before?.catch(() => undefined);
      try {
        return await this.#setUpVolumes(current?.annotations[ANNOTATION.podIP]);
      } catch (error) {
        if (kept === undefined) throw error;
        this.#log.warn({ err: error }, 'mounted files cannot be brought up to date, they stay as they were');
        return kept;
      }
    })();
    next.catch(() => undefined); // Told by setUpVolumes; whoever needs the volumes asks again.
    this.#volumes = next;
  }

  async #afterStart(spec: ContainerSpec, containerId: string, podIP: string | undefined): Promise<void> {
    const handler = spec.lifecycle?.postStart;
    if (!handler) return;
    const { runtime, clock } = this.#deps;
    const timeoutMs = REFERENCES_TIMEOUT_MS;
    const why = await runHook({ runtime, clock, pod: this.#pod, spec, containerId, podIP, timeoutMs }, handler);
    if (why === undefined) return;
    this.#tell('Warning', 'FailedPostStartHook', `PostStartHook failed: ${why}`, spec);
    await runtime.stopContainer(containerId, MIN_GRACE_SECONDS);
  }

  #startFailed(spec: ContainerSpec, error: unknown): void {
    const nowMs = this.#deps.clock.nowMs();
    const count = (this.#failures.get(spec.name) ?? 0) + 1;
    this.#failures.set(spec.name, count);
    const isOurs = error instanceof StartError;
    const retryAfterMs = isOurs ? error.retryAfterMs : backoffMs(count, RETRY);
    const reason = isOurs ? error.code : 'ContainerCreating';
    this.#log.info({ err: error, container: spec.name, reason, retryAfterMs }, 'a container cannot be started yet');
    this.#problems.set(spec.name, {
      reason,
      message: errorMessage(error),
      failedAtMs: nowMs,
      ...(retryAfterMs === undefined ? {} : { retryAtMs: nowMs + retryAfterMs }),
    });
    if (reason.startsWith('CreateContainer')) this.#tell('Warning', 'Failed', `Error: ${errorMessage(error)}`, spec);
  }

  #stopContainer({ id, name, graceSeconds, why }: Extract<PodAction, { type: 'stopContainer' }>): void {
    const { runtime, view, clock } = this.#deps;
    const isFirst = !this.#work.stopping.has(id);
    const deadlineMs = clock.nowMs() + graceSeconds * 1000;
    this.#work.stopping.set(id, deadlineMs);
    const spec = this.#specOf(name);
    const task = async () => {
      try {
        if (isFirst) {
          this.#log.info({ container: name, why, graceSeconds }, 'stopping a container');
          this.#tell('Normal', 'Killing', why.startsWith('Container ') ? why : `Stopping container ${name}`, spec);
          if (spec !== undefined) await this.#beforeStop(spec, id, graceSeconds);
        }
        const left = Math.ceil((deadlineMs - clock.nowMs()) / 1000);
        await runtime.stopContainer(id, isFirst ? Math.max(MIN_GRACE_SECONDS, left) : Math.max(1, left));
        await view.refresh(id);
        this.#failures.delete(id);
      } catch (error) {
        const count = (this.#failures.get(id) ?? 0) + 1;
        this.#failures.set(id, count);
        this.#log.warn({ err: error, container: name, failures: count }, 'a container could not be stopped');
        await sleep(clock, backoffMs(count, RETRY), this.#deps.signal).catch(() => undefined);
      }
    };
    this.#beside(task, () => {
      if (this.#work.stopping.get(id) === deadlineMs) this.#work.stopping.delete(id);
    });
  }

  async #beforeStop(spec: ContainerSpec, containerId: string, graceSeconds: number): Promise<void> {
    const handler = spec.lifecycle?.preStop;
    if (!handler) return;
    const { runtime, clock } = this.#deps;
    const podIP = currentSandbox(this.#sandboxes())?.annotations[ANNOTATION.podIP];
    const timeoutMs = graceSeconds * 1000;
    const why = await runHook({ runtime, clock, pod: this.#pod, spec, containerId, podIP, timeoutMs }, handler);
    if (why !== undefined) this.#tell('Warning', 'FailedPreStopHook', `PreStopHook failed: ${why}`, spec);
  }

  #remove(id: string, remove: () => Promise<void>): void {
    this.#work.removing.add(id);
    const task = async () => {
      try {
        await remove();
        this.#deps.view.drop(id);
        this.#failures.delete(id);
      } catch (error) {
        const count = (this.#failures.get(id) ?? 0) + 1;
        this.#failures.set(id, count);
        this.#log.warn({ err: error, id, failures: count }, 'a leftover could not be removed');
        await sleep(this.#deps.clock, backoffMs(count, RETRY), this.#deps.signal).catch(() => undefined);
      }
    };
    this.#beside(task, () => this.#work.removing.delete(id));
  }

  /** Everything is down: the last status is written, then the pod is taken out of the API. */
  #finish(): void {
    if (this.#finishing || this.#reported) return;
    this.#finishing = true;
    const { client, clock, signal } = this.#deps;
    const { namespace = '', name, uid } = this.#pod.metadata;
    const task = async () => {
      await this.#status.flush();
      for (let failures = 0; !signal.aborted; ) {
        try {
          await client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid }, signal });
          this.#reported = true;
          return;
        } catch (error) {
          failures += 1;
          this.#log.warn({ err: error, failures }, 'a pod that ended cannot be deleted, it is tried again');
          await sleep(clock, backoffMs(failures, DELETE_RETRY), signal).catch(() => undefined);
        }
      }
    };
    this.#beside(task, () => {
      this.#finishing = false;
    });
  }

  /** The pod has left the API and nothing of it runs: its records and folders go too. */
  #clean(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    const { runtime, view, folders, references } = this.#deps;
    const task = async () => {
      try {
        for (const { id } of view.containers(this.#uid)) {
          await runtime.removeContainer(id);
          view.drop(id);
        }
        await this.#deps.network.detach(this.#uid);
        await folders.remove(this.#uid);
        references.release(this.#uid);
        this.close();
        this.#deps.onEnd(this.#uid);
      } catch (error) {
        const count = (this.#failures.get('clean') ?? 0) + 1;
        this.#failures.set('clean', count);
        this.#log.warn({ err: error, failures: count }, 'a pod that left could not be cleaned up');
        await sleep(this.#deps.clock, backoffMs(count, RETRY), this.#deps.signal).catch(() => undefined);
      }
    };
    this.#beside(task, () => {
      this.#finishing = false;
    });
  }

  #identity() {
    const { namespace = '', name } = this.#pod.metadata;
    return { namespace, name, uid: this.#uid };
  }

  #tell(type: RecordedEvent['type'], reason: string, message: string, spec?: ContainerSpec): void {
    if (this.#gone) return;
    const field = spec !== undefined && initContainersOf(this.#pod).includes(spec) ? 'initContainers' : 'containers';
    const fieldPath = spec === undefined ? {} : { fieldPath: `spec.${field}{${spec.name}}` };
    this.#deps.recorder.record(this.#pod, { type, reason, message, ...fieldPath });
  }

  /** Told by the prober. */
  probeFailed(container: string, kind: string, message: string): void {
    const spec = this.#specOf(container);
    const word = kind.slice(0, 1).toUpperCase() + kind.slice(1);
    this.#tell('Warning', 'Unhealthy', `${word} probe failed: ${message}`, spec);
  }

  /** What a container left behind as its last words, as its termination message. */
  #withLastWords(container: RuntimeContainer): RuntimeContainer {
    const words = this.#lastWords.get(container.id);
    return words === undefined || words === '' ? container : { ...container, message: words };
  }

  async #dropLastWords(containerId: string): Promise<void> {
    this.#lastWords.delete(containerId);
    const container = this.#deps.view.containers(this.#uid).find(({ id }) => id === containerId);
    if (container === undefined) return;
    await rm(lastWordsFile(this.#deps.folders, this.#uid, container.name, container.attempt), { force: true });
  }

  #readLastWords(container: RuntimeContainer, spec: ContainerSpec | undefined): void {
    if (this.#lastWords.has(container.id)) return;
    this.#lastWords.set(container.id, '');
    const { folders, runtime } = this.#deps;
    const file = lastWordsFile(folders, this.#uid, container.name, container.attempt);
    const task = async () => {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      let words = bytes.subarray(0, MAX_LAST_WORDS).toString('utf8');
      const fallsBack = spec?.terminationMessagePolicy === 'FallbackToLogsOnError' && container.exitCode !== 0;
      if (words === '' && fallsBack) words = await lastLines(runtime, container.id);
      this.#lastWords.set(container.id, words);
    };
    this.#beside(task, () => undefined);
  }
}

/** The status remembers containers whose records are gone. */
function ranBefore({ status }: Pod): boolean {
  const told = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return told.some(({ containerID }) => containerID !== undefined && containerID !== '');
}

/** Source: core/v1 TerminationMessageFallbackToLogsOnError: 80 lines, 2048 bytes (v1.32). */
async function lastLines(runtime: Runtime, containerId: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of runtime.logs(containerId, { tailLines: 80 })) chunks.push(chunk);
  return Buffer.concat(chunks).subarray(-2_048).toString('utf8');
}
