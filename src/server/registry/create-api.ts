import { LIMIT_RANGES, type LimitRange, type ResourceType, type StoredObject } from '#api';
import type { Clock, Log } from '#base';
import type { Store } from '#store';
import { selectNamespace } from '../watch-cache/selection.ts';
import { WatchCache, type WatchCacheOptions, watchCacheDefaults } from '../watch-cache/watch-cache.ts';
import { AdmissionChain } from './admission-chain.ts';
import type { Api, ResourceRow } from './api.ts';
import { createMissingObjects, SERVER } from './bootstrap.ts';
import { chanceFrom, systemChance } from './chance.ts';
import { decodeObject } from './codec.ts';
import { startDefinitionsKeeper } from './custom/definitions-keeper.ts';
import { Registry } from './custom/registry.ts';
import { type HousekeepingOptions, housekeepingDefaults, startHousekeeping } from './housekeeping.ts';
import { resourceName } from './keys.ts';
import { createLimitRangeAdmission } from './limit-range/limit-range.ts';
import { startQuotaKeeper } from './quota/quota-keeper.ts';
import { createQuotas } from './quota/quotas.ts';
import { type ClusterObjects, createPodAdmission } from './rows/pod-admission.ts';
import { createStorageAdmission } from './rows/storage-admission.ts';
import { METRICS_ROWS, OTHER_VERSION_ROWS, RESOURCE_ROWS, REVIEW_ROWS } from './rows.ts';
import { indexOf } from './selection.ts';
import { createServiceAllocator, type NodePortRange } from './service-allocator.ts';
import { createBind } from './verbs/bind.ts';
import { createCreate } from './verbs/create.ts';
import { createDelete, createDeleteCollection } from './verbs/delete.ts';
import { createEvict } from './verbs/evict.ts';
import { createGet } from './verbs/get.ts';
import { createList } from './verbs/list.ts';
import { createPatch } from './verbs/patch.ts';
import { createUpdate } from './verbs/update.ts';
import type { VerbDeps } from './verbs/verb-deps.ts';
import { createWatch } from './verbs/watch.ts';
import { answeringAsAsked } from './versions.ts';

export interface ApiDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Rules of others over writes: who makes them adds them. */
  readonly admission?: AdmissionChain;
  /** In [0, 1). All names, uids and allocations come from it when given; from the system's chance otherwise. */
  random?(): number;
}

export interface ApiOptions {
  /** IPv4 block of the Services' addresses. */
  readonly serviceCidr: string;
  readonly nodePorts: NodePortRange;
  readonly watchCache: WatchCacheOptions;
  readonly housekeeping: HousekeepingOptions;
}

export const apiDefaults: ApiOptions = {
  serviceCidr: '10.96.0.0/16',
  /** Source: kube-apiserver's flag --service-node-port-range (v1.32). */
  nodePorts: { from: 30_000, to: 32_767 },
  watchCache: watchCacheDefaults,
  housekeeping: housekeepingDefaults,
};

/**
 * The API over a store: resolves when every object is loaded and the objects that every cluster has do. It expects to be the
 * store's only writer of objects; another one's writes show a moment later, and never get lost or overwritten.
 */
export async function createApi(deps: ApiDeps, partial: Partial<ApiOptions> = {}): Promise<Api> {
  const { store, clock, log } = deps;
  const options = { ...apiDefaults, ...partial };
  const ours = [...RESOURCE_ROWS, ...REVIEW_ROWS, ...OTHER_VERSION_ROWS, ...METRICS_ROWS];
  const chance = deps.random === undefined ? systemChance : chanceFrom(deps.random);
  const cache = await WatchCache.start(
    { store, clock, log, decode: decodeObject },
    RESOURCE_ROWS.map((row) => cachedResource(row)),
    options.watchCache,
  );
  const allocator = createServiceAllocator({ store, random: chance.random }, options);
  const { admission = new AdmissionChain() } = deps;
  admission.add(createPodAdmission(clusterObjects(cache)));
  admission.add(createStorageAdmission(clusterObjects(cache)));
  const limitRanges = cache.resource(resourceName(LIMIT_RANGES));
  admission.add(
    createLimitRangeAdmission({
      rangesIn: (namespace) => limitRanges.select(selectNamespace(namespace)) as LimitRange[],
    }),
  );
  const registry = new Registry(ours, { cache, log });
  const quotas = createQuotas({ cache, clock, types: () => storedTypes(registry.rows) });
  const verbDeps: VerbDeps = { store, cache, clock, log, chance, allocator, admission, quotas };
  const housekeeping = startHousekeeping({ store, cache, clock, log }, options.housekeeping);
  const create = createCreate(verbDeps);
  const bind = createBind(verbDeps);
  const remove = createDelete(verbDeps);

  const api: Api = {
    get rows() {
      return registry.rows;
    },
    row: (group, version, plural) => registry.row(group, version, plural),
    ...answeringAsAsked({
      get: createGet(verbDeps),
      list: createList(verbDeps),
      watch: createWatch(verbDeps),
      create: (request) => (request.subresource === 'binding' ? bind(request) : create(request)),
      update: createUpdate(verbDeps),
      patch: createPatch(verbDeps),
      delete: remove,
      deleteCollection: createDeleteCollection(verbDeps, remove),
    }),
    evict: createEvict(verbDeps, remove),
    async close() {
      await quotaKeeper.close();
      await keeper.close();
      registry.close();
      await housekeeping.close();
      await cache.close();
    },
  };
  const keeper = startDefinitionsKeeper({ api, registry, cache, clock, log, context: SERVER, ours });
  const quotaKeeper = startQuotaKeeper({ api, quotas, cache, clock, log });
  try {
    await createMissingObjects(api, ours);
  } catch (error) {
    await api.close();
    throw error;
  }
  return api;
}

/** Each kind once: a custom one in the version that is preferred. */
function storedTypes(rows: readonly ResourceRow[]): readonly ResourceType[] {
  const byName = new Map<string, ResourceType>();
  for (const { type, version, virtual } of rows) {
    const name = resourceName(type);
    if (version === undefined && virtual !== true && !byName.has(name)) byName.set(name, type);
  }
  return [...byName.values()];
}

function clusterObjects(cache: WatchCache): ClusterObjects {
  const of = (type: ResourceType) => cache.resource(resourceName(type));
  return {
    get: <T extends StoredObject>(type: ResourceType<T>, name: string) => of(type).get(name) as T | undefined,
    list: <T extends StoredObject>(type: ResourceType<T>) => of(type).select(selectNamespace('')) as T[],
  };
}

function cachedResource(row: ResourceRow) {
  const index = indexOf(row);
  return { segment: resourceName(row.type), ...(index === undefined ? {} : { indexOf: index }) };
}
