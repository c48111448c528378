import type { StoredObject } from '#api';
import type { Clock } from '#base';
import { ReconcileError } from './errors.ts';
import type { Informer } from './informer.ts';
import { keyOf, revisionOf } from './keys.ts';

type Seen = Pick<Informer, 'revision' | 'until' | 'get'>;

/**
 * Longest wait for an informer to show our own write, ms; then the key backs off. In one process it takes a
 * millisecond or two, over a network one round trip.
 */
const PATIENCE_MS = 5_000;

/**
 * What a controller wrote and has not seen yet, by the key it was working on. No decision is made for a key on a view
 * older than the controller's own last writes: it would create or delete the same thing twice.
 * Source of the idea: kubernetes KEP-5647, staleness by resource version instead of counting.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #pending = new Map<string, Map<Seen, { revision: number; readonly gone: Map<string, string> }>>();

  constructor(clock: Clock, patienceMs = PATIENCE_MS) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /** The write made `object`, as the server answered it. Returns it. */
  wrote<T extends StoredObject>(key: string, informer: Seen, object: T): T {
    const expected = this.#of(key, informer);
    expected.revision = Math.max(expected.revision, revisionOf(object.metadata.resourceVersion));
    return object;
  }

  /** `object` was deleted; `lingering` is what the server answered, undefined when nothing is left of it. */
  removed(key: string, informer: Seen, object: StoredObject, lingering: StoredObject | undefined): void {
    if (lingering !== undefined) this.wrote(key, informer, lingering);
    else this.#of(key, informer).gone.set(keyOf(object), object.metadata.uid);
  }

  /** Resolves when the informers show everything that was written for this key. Throws `StaleCache` after 5 s. */
  async settled(key: string, signal: AbortSignal): Promise<void> {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    for (const [informer, { revision, gone }] of pending) {
      const shown = () =>
        informer.revision >= revision && [...gone].every(([at, uid]) => informer.get(at)?.metadata.uid !== uid);
      if (!shown()) await this.#wait(key, informer, shown, signal);
    }
    this.#pending.delete(key);
  }

  #of(key: string, informer: Seen) {
    const byInformer = this.#pending.get(key) ?? new Map();
    const expected = byInformer.get(informer) ?? { revision: 0, gone: new Map<string, string>() };
    byInformer.set(informer, expected);
    this.#pending.set(key, byInformer);
    return expected;
  }

  async #wait(key: string, informer: Seen, shown: () => boolean, signal: AbortSignal): Promise<void> {
    const patience = new AbortController();
    const stop = () => patience.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const timer = this.#clock.after(this.#patienceMs, () =>
      patience.abort(new ReconcileError('StaleCache', `own writes for ${key} are not visible yet`)),
    );
    try {
      await informer.until(shown, patience.signal);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    }
  }
}
