import type { Timer } from '#base';
import { runHook } from './hooks.ts';
import type { ContainerSpec, PodAction } from './pod.types.ts';
import type { PodContext } from './pod-context.ts';
import type { PodPlace } from './pod-place.ts';

/** A stop hook leaves the process at least so long, in seconds. Source: kuberuntime_container.go, minimumGracePeriodInSeconds (v1.32). */
const MIN_GRACE_SECONDS = 2;

type Stop = Omit<Extract<PodAction, { type: 'stopContainer' }>, 'type'>;

/** One that waits for others to end before it gets its signal. */
interface Waiting {
  readonly after: readonly string[];
  readonly go: () => void;
}

/** Stops one pod's containers: hook, its turn, signal, and SIGKILL at the deadline. */
export class ContainerStopper {
  readonly #context: PodContext;
  readonly #place: PodPlace;
  readonly #stopping = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();

  constructor(context: PodContext, place: PodPlace) {
    this.#context = context;
    this.#place = place;
  }

  /** Ids of containers that are being stopped, with the time at which they will be killed, of the clock that does not jump. */
  get stopping(): ReadonlyMap<string, number> {
    return this.#stopping;
  }

  /** A second call for the same container brings the deadline forward. */
  stop(action: Stop): void {
    const { id, graceSeconds, after = [] } = action;
    const { clock, runtime, view } = this.#context.deps;
    const isFirst = !this.#stopping.has(id);
    const deadlineMs = clock.monotonicMs() + graceSeconds * 1000;
    this.#stopping.set(id, deadlineMs);
    const task = () =>
      this.#context.attempt(id, 'a container could not be stopped', async () => {
        if (isFirst) await this.#prepare(action);
        await this.#turn(after, deadlineMs);
        const left = Math.ceil((deadlineMs - clock.monotonicMs()) / 1000);
        await runtime.stopContainer(id, Math.max(isFirst ? MIN_GRACE_SECONDS : 1, left));
        await view.refresh(id);
      });
    this.#context.beside(task, () => {
      if (this.#stopping.get(id) === deadlineMs) this.#stopping.delete(id);
    });
  }

  /** To be told at each look: whose turn has come goes on. */
  see(): void {
    for (const { after, go } of this.#waiting) if (!this.#anyRuns(after)) go();
  }

  /** Resolves when none of them runs any more, or at the deadline. */
  #turn(after: readonly string[], deadlineMs: number): Promise<void> {
    if (!this.#anyRuns(after)) return Promise.resolve();
    const { clock } = this.#context.deps;
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const waiting: Waiting = {
        after,
        go: () => {
          timer?.cancel();
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      this.#waiting.add(waiting);
      timer = clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), waiting.go);
    });
  }

  #anyRuns(ids: readonly string[]): boolean {
    return this.#place.containers().some(({ id, state }) => state === 'running' && ids.includes(id));
  }

  async #prepare({ id, name, graceSeconds, why, event }: Stop): Promise<void> {
    const spec = this.#context.specOf(name);
    this.#context.log.info({ container: name, why, graceSeconds }, 'stopping a container');
    this.#context.tell('Normal', 'Killing', event ?? `Stopping container ${name}`, spec);
    if (spec !== undefined) await this.#runHook(spec, id, graceSeconds);
  }

  async #runHook(spec: ContainerSpec, containerId: string, graceSeconds: number): Promise<void> {
    const handler = spec.lifecycle?.preStop;
    if (!handler) return;
    const { runtime, clock, node } = this.#context.deps;
    const { podIP } = this.#place;
    const { clusterCidr } = node;
    const { pod } = this.#context;
    const hook = { runtime, clock, pod, spec, containerId, podIP, timeoutMs: graceSeconds * 1000, clusterCidr };
    const why = await runHook(hook, handler);
    if (why === undefined) return;
    this.#context.log.info({ container: spec.name, why }, 'a stop hook failed');
    // What the hook said stays out of the event: it may be a secret. Source: kuberuntime_container.go (v1.32).
    this.#context.tell('Warning', 'FailedPreStopHook', 'PreStopHook failed', spec);
  }
}
