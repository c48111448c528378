import { isApiError, type ResourceQuota } from '#api';
import { backoffMs, type Clock, errorCode, type Log, sleep } from '#base';
import type { WatchCache } from '../../watch-cache/watch-cache.ts';
import type { Api } from '../api.ts';
import { SERVER } from '../bootstrap.ts';
import { resourceQuotaRow } from '../rows/limits.ts';
import type { Quotas } from './quotas.ts';

export interface QuotaKeeperDeps {
  readonly api: Pick<Api, 'update'>;
  readonly quotas: Quotas;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly log: Log;
}

export interface QuotaKeeper {
  close(): Promise<void>;
}

/** Between two rounds while things change, in ms: each round counts everything anew. */
const PAUSE_MS = 200;
/** Without any change, for what time alone changes (a grace period that ends), in ms. */
const ROUND_MS = 60_000;
const RETRY = { initialMs: 50, maxMs: 5_000 };

/**
 * Keeps the status of quotas true: counts what there is whenever something changed, and writes only what differs. It reads the
 * server's own cache, where a quota and the objects it counts stand at one revision; so what a write is charged at the
 * same moment is never lost. Source: kubernetes pkg/controller/resourcequota (v1.32).
 */
export function startQuotaKeeper({ api, quotas, cache, clock, log }: QuotaKeeperDeps): QuotaKeeper {
  const stopping = new AbortController();
  let wake: (() => void) | undefined;
  /** Kinds that changed; `undefined` for all. */
  let changed: Set<string> | undefined;
  const stopListening = cache.onChange((kind) => {
    changed?.add(kind);
    wake?.();
  });

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      if (changed?.size === 0) await changeOrRound();
      if (stopping.signal.aborted) return;
      const kinds = changed;
      changed = new Set();
      try {
        for (const quota of quotas.all()) if (isConcerned(quota, kinds)) await keep(quota);
        failures = 0;
        await pause(PAUSE_MS);
      } catch (error) {
        failures += 1;
        changed = undefined;
        log.error({ err: error, code: errorCode(error), failures }, 'quotas cannot be kept');
        await pause(backoffMs(failures, RETRY));
      }
    }
  }

  async function changeOrRound(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = clock.after(ROUND_MS, () => {
        changed = undefined;
        resolve();
      });
      wake = () => {
        timer.cancel();
        resolve();
      };
    });
    wake = undefined;
  }

  async function pause(ms: number): Promise<void> {
    await sleep(clock, ms, stopping.signal).catch(() => undefined); // Aborted: the loop sees it.
  }

  function isConcerned(quota: ResourceQuota, kinds: ReadonlySet<string> | undefined): boolean {
    return kinds === undefined || [...kinds].some((kind) => quotas.isConcerned(quota, kind));
  }

  async function keep(quota: ResourceQuota): Promise<void> {
    const status = quotas.statusOf(quota);
    if (status === undefined || stopping.signal.aborted) return;
    const { namespace = '', name } = quota.metadata;
    const request = { context: SERVER, row: resourceQuotaRow, namespace, name, subresource: 'status' } as const;
    try {
      await api.update({ ...request, object: { ...quota, status } });
    } catch (error) {
      // It moved on or is gone: its own change brings it back here.
      if (!isApiError(error, 'Conflict', 'NotFound')) throw error;
    }
  }

  const running = run();
  return {
    async close() {
      stopListening();
      stopping.abort();
      wake?.();
      await running;
    },
  };
}
