import { EVENTS, type StoredObject } from '#api';
import { type Clock, errorCode, type Log, type Timer } from '#base';
import { type Store, storeLimits } from '#store';
import type { WatchCache } from '../watch-cache/watch-cache.ts';
import { type CompactionRules, planCompaction, planEventExpiry, type RevisionSample } from './housekeeping.plan.ts';
import { resourceName, storeKey } from './keys.ts';

export interface HousekeepingOptions extends CompactionRules {
  readonly everyMs: number;
  readonly eventTtlMs: number;
}

export const housekeepingDefaults: HousekeepingOptions = {
  everyMs: 60_000,
  keepMs: 600_000,
  keepRevisions: 10_000,
  /** Source: kube-apiserver's flag --event-ttl (v1.32). */
  eventTtlMs: 3_600_000,
};

export interface Housekeeping {
  /** One round, now. */
  run(): Promise<void>;
  close(): Promise<void>;
}

interface HousekeepingDeps {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly log: Log;
}

/** Forgets what nobody asks for any more: old revisions of the store, and Events past their time. */
export function startHousekeeping(deps: HousekeepingDeps, options = housekeepingDefaults): Housekeeping {
  const { store, cache, clock, log } = deps;
  let samples: readonly RevisionSample[] = [];
  let timer: Timer | undefined;
  let closed = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    await expireEvents();
    await compact();
  }

  async function compact(): Promise<void> {
    const now = { atMs: clock.monotonicMs(), revision: cache.revision };
    const revision = planCompaction(samples, now, options);
    // One sample past the limit stays: it is the one that the next round may compact to.
    const stale = samples.filter((sample) => sample.atMs <= now.atMs - options.keepMs).slice(0, -1);
    samples = [...samples.filter((sample) => !stale.includes(sample)), now];
    if (revision !== undefined) await store.compact(revision);
  }

  async function expireEvents(): Promise<void> {
    const events = cache.resource(resourceName(EVENTS));
    const expired = planEventExpiry(events.page('', Number.POSITIVE_INFINITY).items, clock.nowMs(), options.eventTtlMs);
    for (let from = 0; from < expired.length && !closed; from += storeLimits.operationsPerCommit)
      await removeAll(expired.slice(from, from + storeLimits.operationsPerCommit));
  }

  /** Together, or (when one was seen again meanwhile) in the next round. */
  async function removeAll(events: readonly StoredObject[]): Promise<void> {
    await store.commit(
      events.map(({ metadata }) => ({
        type: 'delete',
        key: storeKey(EVENTS, metadata.namespace ?? '', metadata.name),
        ifRevision: Number(metadata.resourceVersion),
      })),
    );
  }

  function schedule(): void {
    timer = clock.after(options.everyMs, () => {
      running = run()
        .catch((error: unknown) => log.error({ err: error, code: errorCode(error) }, 'housekeeping failed'))
        .finally(() => {
          if (!closed) schedule();
        });
    });
  }

  schedule();
  return {
    run,
    async close() {
      closed = true;
      timer?.cancel();
      await running;
    },
  };
}
