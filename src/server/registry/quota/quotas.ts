import {
  CUSTOM_RESOURCE_DEFINITIONS,
  EVENTS,
  type KubeObject,
  RESOURCE_QUOTAS,
  type ResourceQuota,
  type ResourceType,
} from '#api';
import { type Clock, equalJson } from '#base';
import type { Operation } from '#store';
import { selectNamespace } from '../../watch-cache/selection.ts';
import type { WatchCache } from '../../watch-cache/watch-cache.ts';
import type { ResourceRow } from '../api.ts';
import { SERVER } from '../bootstrap.ts';
import { encodeObject } from '../codec.ts';
import { forbidden } from '../errors.ts';
import { ownUpdated } from '../field-ownership.ts';
import { resourceName, storeKey } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import { resourceQuotaRow } from '../rows/limits.ts';
import { createTurns } from '../turns.ts';
import { type Counted, countUsage, planCharge, type QuotaStatus, type QuotaWrite } from './charge.plan.ts';
import { isUsedBy } from './usage.plan.ts';

export interface QuotasDeps {
  readonly cache: WatchCache;
  readonly clock: Clock;
  /** Every kind that is served in its stored version. */
  types(): readonly ResourceType[];
}

/** What quotas of namespaces say, over the objects as they stand at one revision. */
export interface Quotas {
  /**
   * Throws `Forbidden` when a quota has no room for the write. Else answers what has to be stored in the same commit, so that
   * of two writes that would both fit only one does without looking again.
   */
  charge(row: ResourceRow, namespace: string, write: Pick<QuotaWrite, 'object' | 'old'>): readonly Operation[];
  /** What its status has to say; undefined when it does. */
  statusOf(quota: ResourceQuota): QuotaStatus | undefined;
  all(): readonly ResourceQuota[];
  /** Whether a change of this kind (`pods`, `deployments.apps`) may change what the quota's status says. */
  isConcerned(quota: ResourceQuota, kind: string): boolean;
  /** Carries works of one namespace that are charged out one after the other. */
  inTurn<T>(row: ResourceRow, namespace: string, work: () => Promise<T>): Promise<T>;
}

export function createQuotas({ cache, clock, types }: QuotasDeps): Quotas {
  const quotas = cache.resource(resourceName(RESOURCE_QUOTAS));
  const turns = createTurns();
  const quotasIn = (namespace: string) =>
    namespace === '' ? [] : (quotas.select(selectNamespace(namespace)) as unknown as readonly ResourceQuota[]);

  function charge(row: ResourceRow, namespace: string, { object, old }: Pick<QuotaWrite, 'object' | 'old'>) {
    if (isIgnored(row.type)) return [];
    const operations: Operation[] = [];
    const found = quotasIn(namespace);
    for (const quota of found) {
      const { type } = row;
      const plan = planCharge(quota, { type, object, old }, usedOf(quota), clock.nowMs());
      if (plan.action === 'refuse') throw forbidden(type, object.metadata.name ?? '', plan.reason);
      if (plan.action === 'charge') operations.push(put(quota, plan.status));
    }
    if (operations.length <= apiLimits.chargedQuotas) return operations;
    const why = `more than ${apiLimits.chargedQuotas} quotas of the namespace count it`;
    throw forbidden(row.type, object.metadata.name ?? '', why);
  }

  /** What the status says, if it is about what the quota limits now; else everything is counted anew. */
  function usedOf(quota: ResourceQuota): Readonly<Record<string, string>> {
    const { hard, used = {} } = quota.status ?? {};
    return equalJson(hard ?? null, quota.spec?.hard ?? {}) ? used : count(quota);
  }

  function count(quota: ResourceQuota): Record<string, string> {
    const hard = Object.keys(quota.spec?.hard ?? {});
    const counted = types()
      .filter((type) => type.namespaced && !isIgnored(type) && hard.some((name) => isUsedBy(type, name)))
      .map((type): Counted => {
        const objects = cache.resource(resourceName(type)).select(selectNamespace(quota.metadata.namespace ?? ''));
        return { type, objects };
      });
    return countUsage(quota, counted, clock.nowMs());
  }

  function put(quota: ResourceQuota, status: QuotaStatus): Operation {
    const writer = { context: SERVER, subresource: 'status' } as const;
    const changed: KubeObject = { ...quota, status };
    const owned = ownUpdated(resourceQuotaRow, changed, quota, writer, clock.nowMs());
    const { namespace = '', name, resourceVersion } = quota.metadata;
    const key = storeKey(RESOURCE_QUOTAS, namespace, name);
    return { type: 'put', key, value: encodeObject(owned), ifRevision: Number(resourceVersion) };
  }

  return {
    charge,
    statusOf(quota) {
      const status = { hard: quota.spec?.hard ?? {}, used: count(quota) };
      return equalJson(status, quota.status ?? null) ? undefined : status;
    },
    isConcerned({ spec }, kind) {
      if (kind === resourceName(RESOURCE_QUOTAS) || kind === resourceName(CUSTOM_RESOURCE_DEFINITIONS)) return true;
      const [plural = '', ...group] = kind.split('.');
      return Object.keys(spec?.hard ?? {}).some((name) => isUsedBy({ plural, group: group.join('.') }, name));
    },
    all: () => quotas.page('', Number.POSITIVE_INFINITY).items as unknown as readonly ResourceQuota[],
    async inTurn(row, namespace, work) {
      const concerned = quotasIn(namespace).some(({ spec }) =>
        Object.keys(spec?.hard ?? {}).some((name) => isUsedBy(row.type, name)),
      );
      return concerned ? turns.take(namespace, work) : work();
    },
  };
}

/** Source: kubernetes pkg/quota/v1/install/registry.go, ignoredResources: of ours only events are stored. */
function isIgnored(type: ResourceType): boolean {
  return type === EVENTS;
}
