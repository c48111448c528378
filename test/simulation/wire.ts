import { ApiError, EVENTS, type ResourceType, type StoredObject } from '#api';
import { AsyncQueue, PlumblineError } from '#base';
import type { Client, WatchEvent } from '#client';
import type { Chance } from './chance.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** What can go wrong on the way between a process and the API, each as often as it was asked for. */
export interface WireFaults {
  /** Writes that are refused because somebody else was faster. */
  conflicts: number;
  /** Calls that never reach the server. */
  lostRequests: number;
  /** Writes that are done and whose answer never comes back. */
  lostAnswers: number;
  /** Calls that take so long, and events that come so late. */
  slowCalls: number;
  lateEvents: number;
  slowMs: number;
}

export type FaultKind =
  | 'conflict'
  | 'lost request'
  | 'lost answer'
  | 'slow call'
  | 'late event'
  | 'broken watch'
  | 'expired watch'
  | 'crash';

export const NO_FAULTS: Readonly<WireFaults> = {
  conflicts: 0,
  lostRequests: 0,
  lostAnswers: 0,
  slowCalls: 0,
  lateEvents: 0,
  slowMs: 0,
};

export interface Write {
  readonly verb: 'create' | 'update' | 'patch' | 'apply' | 'delete';
  readonly resource: ResourceType;
  readonly subresource?: string | undefined;
}

export interface WireOptions {
  readonly process: SimulatedProcess;
  /** The API as it stands; undefined while nobody serves it. */
  readonly server: () => Client | undefined;
  readonly chance: Chance;
  /** Longest that a call or an event travels when nothing is wrong, ms. */
  readonly travelMs: number;
  readonly told: (fault: FaultKind) => void;
  /** Before each write that counts. */
  readonly wrote?: (write: Write) => void;
  /** Whether the write that was just told of is the last: the process dies before it reads the answer. */
  readonly isLast?: () => boolean;
  readonly die?: () => void;
  /** What its owner speaks through instead, made from the right one. */
  readonly sabotage?: (client: Client) => Client;
}

/** Events that wait for one watcher. */
const MAX_EVENTS = 10_000;

/** A process's way to the API: in this process, with the delays and the losses of a network. */
export class Wire {
  readonly faults: WireFaults = { ...NO_FAULTS };
  readonly #options: WireOptions;
  readonly #watches = new Set<AsyncQueue<WatchEvent<StoredObject>>>();
  #cut = false;
  readonly client: Client;

  constructor(options: WireOptions) {
    this.#options = options;
    const client = this.#makeClient();
    this.client = options.sabotage?.(client) ?? client;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** Nothing passes until it is mended; open watches break. */
  cut(): void {
    this.#cut = true;
    this.breakWatches();
  }

  mend(): void {
    this.#cut = false;
    Object.assign(this.faults, NO_FAULTS);
  }

  /** Ends every open watch: with `expired` its reader has to list again. Answers how many there were. */
  breakWatches(expired = false): number {
    const watches = [...this.#watches];
    const error = expired ? new ApiError('Expired', 'too old resource version') : unreachable();
    for (const watch of watches) watch.end(error);
    return watches.length;
  }

  #makeClient(): Client {
    const { process } = this.#options;
    const read = <T>(call: (server: Client) => Promise<T>) => process.wait(() => this.#call(call));
    const write = <T>(what: Write, call: (server: Client) => Promise<T>) =>
      process.wait(() => (what.resource.kind === EVENTS.kind ? this.#call(call) : this.#write(what, call)));
    return {
      get: (resource, key, options) => read((server) => server.get(resource, key, options)),
      list: (resource, options) => read((server) => server.list(resource, options)),
      watch: (resource, options) =>
        process.stream((signal) => this.#watch(resource, { ...options, signal }), options.signal),
      create: (resource, object, options) =>
        write({ verb: 'create', resource }, (server) => server.create(resource, object, options)),
      update: (resource, object, options) =>
        write({ verb: 'update', resource, subresource: options?.subresource }, (server) =>
          server.update(resource, object, options),
        ),
      patch: (resource, key, patch, options) =>
        write({ verb: 'patch', resource, subresource: options?.subresource }, (server) =>
          server.patch(resource, key, patch, options),
        ),
      apply: (resource, object, options) =>
        options.dryRun === true
          ? read((server) => server.apply(resource, object, options))
          : write({ verb: 'apply', resource, subresource: options.subresource }, (server) =>
              server.apply(resource, object, options),
            ),
      delete: (resource, key, options) =>
        write({ verb: 'delete', resource }, (server) => server.delete(resource, key, options)),
      requestToken: (account, spec, options) => read((server) => server.requestToken(account, spec, options)),
      logs: (pod, options) => process.stream(() => this.#server().logs(pod, options), options?.signal),
    };
  }

  #server(): Client {
    const server = this.#cut ? undefined : this.#options.server();
    if (server === undefined) throw unreachable();
    return server;
  }

  async #call<T>(call: (server: Client) => Promise<T>): Promise<T> {
    await this.#travel('slowCalls');
    if (this.#takes('lostRequests')) {
      this.#options.told('lost request');
      throw unreachable();
    }
    const answer = await call(this.#server());
    await this.#travel();
    if (this.#cut) throw unreachable();
    return answer;
  }

  async #write<T>(what: Write, call: (server: Client) => Promise<T>): Promise<T> {
    return this.#call(async (server) => {
      if (what.verb !== 'create' && this.#takes('conflicts')) {
        this.#options.told('conflict');
        throw new ApiError('Conflict', 'the object has been modified; please apply your changes to the latest version');
      }
      this.#options.wrote?.(what);
      const dies = this.#options.isLast?.() === true;
      const answer = await call(server).then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error;
        },
      );
      if (dies) {
        this.#options.told('crash');
        this.#options.die?.();
      } else if (this.#takes('lostAnswers')) {
        this.#options.told('lost answer');
        throw unreachable();
      }
      return answer();
    });
  }

  async *#watch<T extends StoredObject>(
    resource: ResourceType<T>,
    options: Parameters<Client['watch']>[1] & { readonly signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<T>> {
    await this.#travel();
    const source = this.#server().watch(resource, options);
    const queue = new AsyncQueue<WatchEvent<StoredObject>>(MAX_EVENTS);
    this.#watches.add(queue);
    const done = this.#pump(source as AsyncIterable<WatchEvent<StoredObject>>, queue);
    try {
      yield* queue as AsyncIterable<WatchEvent<T>>;
    } finally {
      this.#watches.delete(queue);
      await done.return?.();
    }
  }

  /** Carries events over in their order, each with its delay. Answers how to stop. */
  #pump(
    source: AsyncIterable<WatchEvent<StoredObject>>,
    queue: AsyncQueue<WatchEvent<StoredObject>>,
  ): { return?: () => Promise<unknown> } {
    const events = source[Symbol.asyncIterator]();
    const { clock } = this.#options.process;
    let arrivesMs = 0;
    const deliver = (work: () => void) => {
      arrivesMs = Math.max(arrivesMs, clock.monotonicMs() + this.#delayMs('lateEvents'));
      clock.after(arrivesMs - clock.monotonicMs(), work);
    };
    const next = (): void => {
      events.next().then(
        ({ done, value }) => {
          if (done === true) deliver(() => queue.end());
          else {
            deliver(() => {
              if (!queue.push(value)) queue.end();
            });
            next();
          }
        },
        (error: unknown) => deliver(() => queue.end(error)),
      );
    };
    next();
    return { return: async () => events.return?.() };
  }

  #takes(fault: keyof WireFaults): boolean {
    if (this.faults[fault] <= 0) return false;
    this.faults[fault] -= 1;
    return true;
  }

  #delayMs(fault?: 'slowCalls' | 'lateEvents'): number {
    const { chance, travelMs, told } = this.#options;
    if (fault !== undefined && this.#takes(fault)) {
      told(fault === 'slowCalls' ? 'slow call' : 'late event');
      return this.faults.slowMs;
    }
    return travelMs === 0 ? 0 : chance.below(travelMs + 1);
  }

  async #travel(fault?: 'slowCalls'): Promise<void> {
    const delayMs = this.#delayMs(fault);
    if (delayMs === 0) return;
    await new Promise<void>((resolve) => {
      this.#options.process.clock.after(delayMs, resolve);
    });
  }
}

/** As the real client says it. */
function unreachable(): PlumblineError {
  return new PlumblineError('https://server: connect ECONNREFUSED', { code: 'ServerUnreachable', retryable: true });
}
