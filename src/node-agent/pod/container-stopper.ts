import { runHook } from './hooks.ts';
import type { ContainerSpec, PodAction } from './pod.types.ts';
import type { PodContext } from './pod-context.ts';
import type { PodPlace } from './pod-place.ts';

/** A stop hook leaves the process at least so long, in seconds. Source: kuberuntime_container.go, minimumGracePeriodInSeconds (v1.32). */
const MIN_GRACE_SECONDS = 2;

/** Stops one pod's containers: hook, signal, and SIGKILL at the deadline. */
export class ContainerStopper {
  readonly #context: PodContext;
  readonly #place: PodPlace;
  readonly #stopping = new Map<string, number>();

  constructor(context: PodContext, place: PodPlace) {
    this.#context = context;
    this.#place = place;
  }

  /** Ids of containers that are being stopped, with the time at which they will be killed. */
  get stopping(): ReadonlyMap<string, number> {
    return this.#stopping;
  }

  /** A second call for the same container brings the deadline forward. */
  stop({ id, name, graceSeconds, why }: Extract<PodAction, { type: 'stopContainer' }>): void {
    const { clock, runtime, view } = this.#context.deps;
    const isFirst = !this.#stopping.has(id);
    const deadlineMs = clock.nowMs() + graceSeconds * 1000;
    this.#stopping.set(id, deadlineMs);
    const task = () =>
      this.#context.attempt(id, 'a container could not be stopped', async () => {
        if (isFirst) await this.#prepare(id, name, graceSeconds, why);
        const left = Math.ceil((deadlineMs - clock.nowMs()) / 1000);
        await runtime.stopContainer(id, Math.max(isFirst ? MIN_GRACE_SECONDS : 1, left));
        await view.refresh(id);
      });
    this.#context.beside(task, () => {
      if (this.#stopping.get(id) === deadlineMs) this.#stopping.delete(id);
    });
  }

  async #prepare(id: string, name: string, graceSeconds: number, why: string): Promise<void> {
    const spec = this.#context.specOf(name);
    this.#context.log.info({ container: name, why, graceSeconds }, 'stopping a container');
    const words = why.startsWith('Container ') ? why : `Stopping container ${name}`;
    this.#context.tell('Normal', 'Killing', words, spec);
    if (spec !== undefined) await this.#runHook(spec, id, graceSeconds);
  }

  async #runHook(spec: ContainerSpec, containerId: string, graceSeconds: number): Promise<void> {
    const handler = spec.lifecycle?.preStop;
    if (!handler) return;
    const { runtime, clock } = this.#context.deps;
    const { podIP } = this.#place;
    const hook = { runtime, clock, pod: this.#context.pod, spec, containerId, podIP, timeoutMs: graceSeconds * 1000 };
    const why = await runHook(hook, handler);
    if (why !== undefined) this.#context.tell('Warning', 'FailedPreStopHook', `PreStopHook failed: ${why}`, spec);
  }
}
