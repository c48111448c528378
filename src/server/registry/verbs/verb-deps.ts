import { notFound, type StoredObject } from '#api';
import type { Clock, Log } from '#base';
import type { Store } from '#store';
import type { ResourceCache } from '../../watch-cache/resource-cache.ts';
import type { WatchCache } from '../../watch-cache/watch-cache.ts';
import type { AdmissionChain } from '../admission-chain.ts';
import type { ReadRequest, ResourceRow } from '../api.ts';
import type { Chance } from '../chance.ts';
import { timedOut } from '../errors.ts';
import { objectName, resourceName } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import type { Quotas } from '../quota/quotas.ts';
import type { ServiceAllocator } from '../service-allocator.ts';
import { storedRow } from '../versions.ts';

/** What every verb works with. */
export interface VerbDeps {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly chance: Chance;
  readonly allocator: ServiceAllocator;
  readonly quotas: Pick<Quotas, 'charge' | 'inTurn'>;
  readonly admission: AdmissionChain;
}

export interface Target extends Pick<ReadRequest, 'row' | 'namespace'> {
  readonly name: string;
}

export function cacheOf({ cache }: Pick<VerbDeps, 'cache'>, row: ResourceRow): ResourceCache {
  return cache.resource(resourceName(storedRow(row).type));
}

/** The newest state that this process knows, of a custom resource in the row's version. Throws `NotFound`. */
export function current(deps: Pick<VerbDeps, 'cache'>, { row, namespace, name }: Target): StoredObject {
  const object = cacheOf(deps, row).get(objectName(row.type.namespaced ? namespace : '', name));
  if (object === undefined) throw notFound(row.type.group, row.type.plural, name);
  return row.custom === undefined ? object : row.custom.fromStored(object);
}

/** Waits until everything up to `revision` can be read. Throws `Timeout` when it does not come. */
export async function untilVisible({ cache }: Pick<VerbDeps, 'cache'>, revision: number): Promise<void> {
  if (await cache.reached(revision, apiLimits.visibleMs)) return;
  throw timedOut(`the write at revision ${revision} cannot be read back yet`);
}

/** Waits for a version a client knows of already. Throws `Timeout` for one from the future. */
export async function untilReached({ cache }: Pick<VerbDeps, 'cache'>, revision: number): Promise<void> {
  if (await cache.reached(revision, apiLimits.futureVersionMs)) return;
  throw timedOut(`Too large resource version: ${revision}, current: ${cache.revision}`);
}
