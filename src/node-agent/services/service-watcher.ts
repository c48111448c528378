import { ENDPOINT_SLICES, type EndpointSlice, SERVICES, type Service } from '#api';
import { backoffMs, type Clock, equalJson, type Log, sleep } from '#base';
import type { Client } from '#client';
import type { Network } from '#network';
import { createInformer, type Informer } from '#reconcile';
import { RECONNECT_MAX_MS } from '../reconnect.ts';
import type { StateFile } from '../state/saved-state.ts';
import { planDns } from './dns.plan.ts';
import { withoutPods } from './endpoints.plan.ts';
import { planRoutes } from './services.plan.ts';
import type { ServicePortRoute, ServicesSnapshot } from './services.types.ts';

export interface ServiceWatcherDeps {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly network: Pick<Network, 'setServices' | 'setDnsRecords'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: StateFile;
  readonly clusterDomain: string;
}

/** Changes within this time become one change of the kernel's tables, in ms. */
const DEBOUNCE_MS = 5;
const RETRY = { initialMs: 50, maxMs: 5_000 };

/** Keeps the kernel's Service routes and the DNS as the API says; as it last said while it is out of reach. */
export class ServiceWatcher {
  readonly #deps: ServiceWatcherDeps;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  #known: ServicesSnapshot | undefined;
  #applied: readonly ServicePortRoute[] | undefined;
  #wake: (() => void) | undefined;
  #dirty = false;
  /** Pods of this node that may get no connections, whatever the API says of them. */
  readonly #down = new Set<string>();

  constructor(deps: ServiceWatcherDeps) {
    this.#deps = deps;
    const { client, clock, log } = deps;
    this.#services = createInformer({ client, clock, log, maxPauseMs: RECONNECT_MAX_MS }, SERVICES);
    this.#slices = createInformer({ client, clock, log, maxPauseMs: RECONNECT_MAX_MS }, ENDPOINT_SLICES);
  }

  /** Services as the API says, or said. Waits for its first word, at most `timeoutMs`. */
  async services(timeoutMs: number): Promise<readonly Service[]> {
    if (!this.#services.synced && this.#known === undefined) {
      const abort = new AbortController();
      const timer = this.#deps.clock.after(timeoutMs, () => abort.abort());
      await this.#services.until(() => this.#services.synced, abort.signal).catch(() => undefined);
      timer.cancel();
    }
    return this.#services.synced ? this.#services.list() : (this.#known?.services ?? []);
  }

  /** What the node itself sees of one of its pods; true also when it has left. The API's word counts for the rest. */
  setReady(podUid: string, ready: boolean): void {
    if (this.#down.has(podUid) === !ready) return;
    if (ready) this.#down.delete(podUid);
    else this.#down.add(podUid);
    this.#changed();
  }

  /** Runs until the signal aborts. The tables are left as they are. */
  async run(known: ServicesSnapshot, signal: AbortSignal): Promise<void> {
    if (known.services.length > 0) this.#known = known;
    const changed = () => this.#changed();
    this.#services.onChange(changed);
    this.#slices.onChange(changed);
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    const informers = [this.#services.run(signal), this.#slices.run(signal)];
    // Nothing in the API is an answer too, and no change tells of it.
    const answered = Promise.all(
      [this.#services, this.#slices].map((informer) => informer.until(() => informer.synced, signal)),
    ).then(changed, () => undefined);
    if (this.#known !== undefined) this.#dirty = true;
    await this.#apply(signal);
    await Promise.all([...informers, answered]);
  }

  #changed(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  get #synced(): boolean {
    return this.#services.synced && this.#slices.synced;
  }

  async #apply(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      if (!this.#dirty) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        await sleep(this.#deps.clock, DEBOUNCE_MS, signal).catch(() => undefined);
        continue;
      }
      this.#dirty = false;
      const snapshot = this.#snapshot();
      if (snapshot === undefined) continue;
      try {
        await this.#set(snapshot);
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#dirty = true;
        this.#deps.log.warn({ err: error, failures }, 'service routes cannot be set, they are tried again');
        await sleep(this.#deps.clock, backoffMs(failures, RETRY), signal).catch(() => undefined);
      }
    }
  }

  /** Half a picture is no picture: a Service without its endpoints would lose its backends. */
  #snapshot(): ServicesSnapshot | undefined {
    if (!this.#synced) return this.#known;
    return { services: this.#services.list(), slices: this.#slices.list() };
  }

  async #set(snapshot: ServicesSnapshot): Promise<void> {
    const { network, state, clusterDomain } = this.#deps;
    const seen = { ...snapshot, slices: withoutPods(snapshot, this.#down) };
    const routes = planRoutes(seen);
    network.setDnsRecords(planDns(seen, clusterDomain));
    if (!equalJson(this.#applied, routes)) await network.setServices(routes);
    this.#applied = routes;
    if (this.#synced) state.save({ services: snapshot.services, slices: snapshot.slices });
  }
}
