import { backoffMs, type Clock, equalJson, type Log } from '#base';
import type { HostPortRoute, Network } from '#network';
import type { Pod } from '../pod/pod.types.ts';
import { planHostPorts } from './host-ports.plan.ts';

export interface HostPortsDeps {
  readonly network: Pick<Network, 'setHostPorts'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Nothing is changed any more once it aborts: the next run takes over what stands. */
  readonly signal: AbortSignal;
}

const RETRY = { initialMs: 50, maxMs: 5_000 };

/** Keeps the ports of the node that lead to its pods, as the pods come, move and go. */
export class HostPorts {
  readonly #deps: HostPortsDeps;
  readonly #byPod = new Map<string, readonly HostPortRoute[]>();
  #busy = false;
  #dirty = false;
  #failures = 0;

  /** `known`: pods of an earlier run, which still run for all that is known. Nothing is changed for them. */
  constructor(deps: HostPortsDeps, known: readonly Pod[]) {
    this.#deps = deps;
    for (const pod of known) {
      const { phase, podIP } = pod.status ?? {};
      if (phase !== 'Succeeded' && phase !== 'Failed') this.#put(pod.metadata.uid, planHostPorts(pod, podIP));
    }
  }

  get routes(): readonly HostPortRoute[] {
    return [...this.#byPod.values()].flat();
  }

  /** The pod is at this address now; nowhere when there is none. */
  set(pod: Pod, podIP: string | undefined): void {
    if (this.#put(pod.metadata.uid, planHostPorts(pod, podIP))) this.#changed();
  }

  /** None but these pods are here. */
  keepOnly(podUids: ReadonlySet<string>): void {
    const gone = [...this.#byPod.keys()].filter((uid) => !podUids.has(uid));
    for (const uid of gone) this.#byPod.delete(uid);
    if (gone.length > 0) this.#changed();
  }

  #put(uid: string, routes: readonly HostPortRoute[]): boolean {
    const before = this.#byPod.get(uid) ?? [];
    if (equalJson(before, routes)) return false;
    if (routes.length === 0) this.#byPod.delete(uid);
    else this.#byPod.set(uid, routes);
    return true;
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#busy) return;
    this.#busy = true;
    // Changes of one moment are one change.
    queueMicrotask(() => void this.#apply());
  }

  async #apply(): Promise<void> {
    const { network, clock, log, signal } = this.#deps;
    while (this.#dirty && !signal.aborted) {
      this.#dirty = false;
      try {
        await network.setHostPorts(this.routes);
        this.#failures = 0;
      } catch (error) {
        this.#failures += 1;
        log.warn({ err: error, failures: this.#failures }, 'host ports cannot be set, they are tried again');
        clock.after(backoffMs(this.#failures, RETRY), () => this.#changed());
        break;
      }
    }
    this.#busy = false;
  }
}
