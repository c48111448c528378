import { errorMessage, sleep } from '#base';
import { NO_SANDBOX, type RuntimeContainer, type Sandbox, type StandAlone } from '#runtime';
import { kernelNameOf } from '../network/host-files.plan.ts';
import { canStandAlone, currentSandbox } from './containers.plan.ts';
import { ANNOTATION, type StartProblem } from './pod.types.ts';
import type { PodContext } from './pod-context.ts';
import { StartError } from './start-error.ts';

/**
 * Where a pod's containers live: a sandbox with the pod's network, or, for a pod that stands alone, its only container's
 * own network. The rest of the agent sees a sandbox either way.
 */
export class PodPlace {
  readonly #context: PodContext;
  /** Sandboxes, and containers that stand alone, whose network this run has seen stand. */
  readonly #attached = new Set<string>();
  /** The address of a pod that stands alone, while it has its place. */
  #aloneAt: { readonly address: string } | undefined;
  #busy = false;
  #problem: StartProblem | undefined;

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** A place is being made or taken over. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Why there is none yet. */
  get problem(): StartProblem | undefined {
    return this.#problem;
  }

  sandboxes(): readonly Sandbox[] {
    const { deps, uid, identity } = this.#context;
    if (!this.#isAlone) return deps.view.sandboxes(uid);
    if (this.#aloneAt === undefined) return [];
    const annotations = { [ANNOTATION.podIP]: this.#aloneAt.address };
    return [{ id: NO_SANDBOX, pod: identity, attempt: 0, state: 'ready', pid: 0, createdAtMs: 0, annotations }];
  }

  /** The pod's containers. One that waits behind its gate runs nothing yet: nobody is to be told that it does. */
  containers(): readonly RuntimeContainer[] {
    const containers = this.#context.deps.view.containers(this.#context.uid);
    if (this.#context.isLeaving) return containers;
    return containers.map((container) => {
      const isAlone = container.state === 'running' && container.sandboxId === NO_SANDBOX && !isJoined(container);
      return isAlone && !this.#attached.has(container.id) ? { ...container, state: 'created' } : container;
    });
  }

  /** The pod's address, once its network stands. */
  get podIP(): string | undefined {
    const current = currentSandbox(this.sandboxes());
    if (current === undefined || !this.#attached.has(current.id)) return undefined;
    return current.annotations[ANNOTATION.podIP];
  }

  /**
   * Takes over what an earlier run of the agent left: its network is made to stand, should that run have ended before.
   * True while the pod must wait for it.
   */
  adopt(starting: ReadonlySet<string>): boolean {
    if (this.#context.isLeaving) return false;
    const found = this.#isAlone ? this.#runningAlone(starting) : currentSandbox(this.sandboxes());
    const address = found?.annotations[ANNOTATION.podIP];
    if (found === undefined || this.#attached.has(found.id)) return false;
    if (this.#busy) return true;
    const { network } = this.#context.deps;
    if (address !== undefined && this.#context.pod.spec.hostNetwork !== true) network.adopt(this.#context.uid, address);
    this.#run(async () => {
      try {
        if (this.#isAlone) await this.#attachAlone(found, address ?? '');
        else await this.#attach(found);
      } catch (error) {
        const delayMs = this.#failed(error);
        await sleep(this.#context.deps.clock, delayMs, this.#context.leaving).catch(() => undefined);
      }
    });
    return true;
  }

  /** Makes the place. `onCreated` hears of the sandbox before it stands. */
  take(
    attempt: number,
    onCreated: (sandbox: { readonly id: string; readonly attempt: number }, address?: string) => void,
  ) {
    if (this.#isAlone) this.#takeAddress();
    else this.#run(() => this.#makeSandbox(attempt, onCreated));
  }

  /** Gives a started container that stands alone its network. One that gets none is stopped: it would wait for ever. */
  async connect(containerId: string): Promise<void> {
    const { runtime } = this.#context.deps;
    const started = await runtime.containerStatus(containerId);
    // It ended at once: nothing to connect.
    if (started === undefined || started.state !== 'running') return;
    try {
      await this.#attachAlone(started, started.annotations[ANNOTATION.podIP] ?? '');
    } catch (error) {
      await runtime.stopContainer(containerId, 0);
      throw error;
    }
  }

  /** What the container must know to stand alone; nothing for one in a sandbox. */
  standAlone(sandboxId: string): { standAlone?: StandAlone } {
    const { gate } = this.#context.deps;
    if (sandboxId !== NO_SANDBOX || gate === undefined) return {};
    return { standAlone: { hostname: this.#hostname, gate, ...this.#sysctls() } };
  }

  /** Takes the network away, and the sandbox. */
  async remove(sandboxId: string): Promise<void> {
    const { network, runtime } = this.#context.deps;
    await network.detach(this.#context.uid);
    if (sandboxId === NO_SANDBOX) this.#aloneAt = undefined;
    else await runtime.removeSandbox(sandboxId);
    this.#attached.delete(sandboxId);
  }

  /**
   * Whether the pod's container does without a sandbox. What is found decides; what is new stands alone where it can,
   * on nodes that have a gate and a network to wait for.
   */
  get #isAlone(): boolean {
    const { deps, uid, pod } = this.#context;
    const [container] = deps.view.containers(uid);
    if (container !== undefined) return container.sandboxId === NO_SANDBOX;
    if (this.#aloneAt !== undefined) return true;
    return deps.gate !== undefined && canStandAlone(pod) && deps.view.sandboxes(uid).length === 0;
  }

  #runningAlone(starting: ReadonlySet<string>): RuntimeContainer | undefined {
    const { deps, uid } = this.#context;
    const found = deps.view.containers(uid).find((one) => one.state === 'running' && !isJoined(one));
    // What is being started gets its network from who starts it.
    return found === undefined || starting.has(found.name) ? undefined : found;
  }

  #run(task: () => Promise<void>): void {
    this.#busy = true;
    this.#context.beside(task, () => {
      this.#busy = false;
    });
  }

  /** A pod that stands alone needs an address, no more. */
  #takeAddress(): void {
    try {
      void this.#hostname; // A name that cannot be given is told before anything is made.
      const address = this.#context.deps.network.addressOf(this.#context.pod);
      if (address === undefined) throw new StartError('ContainerCreating', 'the node has no addresses to give', 0);
      this.#aloneAt = { address };
      this.#attached.add(NO_SANDBOX);
      this.#stands();
    } catch (error) {
      this.#failed(error);
    }
    this.#context.kick();
  }

  async #makeSandbox(attempt: number, onCreated: Parameters<PodPlace['take']>[1]): Promise<void> {
    const { deps, pod, identity } = this.#context;
    try {
      const address = deps.network.addressOf(pod);
      const sandbox = await deps.runtime.runSandbox(
        {
          pod: identity,
          hostname: this.#hostname,
          attempt,
          network: pod.spec.hostNetwork === true ? 'host' : 'pod',
          annotations: address === undefined ? {} : { [ANNOTATION.podIP]: address },
          ...this.#sysctls(),
        },
        { onCreated: (id) => onCreated({ id, attempt }, address) },
      );
      await this.#attachNew(sandbox);
      deps.view.putSandbox(sandbox);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A sandbox that gets no network is of no use: nothing may start in it. */
  async #attachNew(sandbox: Sandbox): Promise<void> {
    try {
      await this.#attach(sandbox);
    } catch (error) {
      await this.#context.deps.runtime.removeSandbox(sandbox.id);
      throw error;
    }
  }

  async #attach({ id, pid, annotations }: Pick<Sandbox, 'id' | 'pid' | 'annotations'>): Promise<void> {
    const address = annotations[ANNOTATION.podIP];
    if (address !== undefined) await this.#context.deps.network.attach(this.#context.pod, address, pid);
    this.#attached.add(id);
    this.#stands();
  }

  async #attachAlone({ id, pid }: Pick<RuntimeContainer, 'id' | 'pid'>, address: string): Promise<void> {
    await this.#context.deps.network.attach(this.#context.pod, address, pid);
    this.#attached.add(id);
    this.#attached.add(NO_SANDBOX);
    this.#aloneAt = { address };
    this.#stands();
  }

  #stands(): void {
    this.#problem = undefined;
    this.#context.succeeded('place');
  }

  /** Answers how long to wait. */
  #failed(error: unknown): number {
    const { count, delayMs } = this.#context.failed('place');
    const nowMs = this.#context.deps.clock.nowMs();
    const message = `Failed to create pod sandbox: ${errorMessage(error)}`;
    this.#problem = { reason: 'ContainerCreating', message, failedAtMs: nowMs, retryAtMs: nowMs + delayMs };
    this.#context.log.warn({ err: error, failures: count }, 'a pod gets no place in the network');
    this.#context.tell('Warning', 'FailedCreatePodSandBox', message);
    return delayMs;
  }

  get #hostname(): string {
    return kernelNameOf(this.#context.pod, this.#context.deps.node.clusterDomain);
  }

  #sysctls(): { sysctls?: Readonly<Record<string, string>> } {
    const wanted = this.#context.pod.spec.securityContext?.sysctls ?? [];
    return wanted.length === 0 ? {} : { sysctls: Object.fromEntries(wanted.map(({ name, value }) => [name, value])) };
  }
}

/** An ephemeral container: its network is another's. */
function isJoined({ annotations }: RuntimeContainer): boolean {
  return annotations[ANNOTATION.ephemeral] !== undefined;
}
