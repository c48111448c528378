/**
 * What a write costs of one quota, and whether the quota has room for it. Pure.
 * Source: kubernetes staging apiserver admission/plugin/resourcequota/controller.go, CheckRequest (v1.32).
 */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type KubeObject,
  PODS,
  type Pod,
  type Quantity,
  type ResourceQuota,
  type ResourceType,
} from '#api';
import { type Amounts, addTo, amountsOf, told, ZERO } from './amounts.plan.ts';
import { isInScope } from './scopes.plan.ts';
import { EXPLICIT, isUsedBy, usageOf } from './usage.plan.ts';

export type QuotaStatus = NonNullable<ResourceQuota['status']>;

/** An object that is to be stored, in the place of `old` if there is one. */
export interface QuotaWrite {
  readonly type: ResourceType;
  readonly object: KubeObject;
  readonly old?: KubeObject | undefined;
}

/** `free`: the quota is not concerned. `charge`: the status with what the write uses in it. */
export type ChargePlan =
  | { readonly action: 'free'; readonly reason: string }
  | { readonly action: 'refuse'; readonly reason: string }
  | { readonly action: 'charge'; readonly status: QuotaStatus; readonly reason: string };

/** `used` is all that there is now, exactly: of every resource that the quota limits. */
export function planCharge(
  quota: ResourceQuota,
  { type, object, old }: QuotaWrite,
  used: Readonly<Record<string, string>>,
  nowMs: number,
): ChargePlan {
  const hard = amountsOf(quota.spec?.hard);
  const limited = [...hard.keys()].filter((name) => isUsedBy(type, name));
  if (limited.length === 0) return { action: 'free', reason: 'it limits nothing of the kind' };
  if (!isInScope(quota, type, object)) return { action: 'free', reason: 'it is about others' };
  const { name } = quota.metadata;
  const unsaid = type === PODS && old === undefined ? unsaidAmounts(object as Pod, limited) : '';
  if (unsaid !== '') return { action: 'refuse', reason: `failed quota: ${name}: must specify ${unsaid}` };

  const before = old === undefined ? undefined : usageOf(type, old, nowMs);
  const requested = growth(usageOf(type, object, nowMs), before, limited);
  if (requested.size === 0) return { action: 'free', reason: 'it uses no more than before' };
  const taken = amountsOf(used);
  const exceeded = [...requested.keys()].filter((resource) => {
    const sum = addQuantities(taken.get(resource) ?? ZERO, requested.get(resource) ?? ZERO);
    return compareQuantities(sum, hard.get(resource) ?? ZERO) > 0;
  });
  if (exceeded.length > 0) {
    const of = (amounts: Amounts) =>
      told(new Map(exceeded.map((resource) => [resource, amounts.get(resource) ?? ZERO])));
    const facts = `requested: ${of(requested)}, used: ${of(taken)}, limited: ${of(hard)}`;
    return { action: 'refuse', reason: `exceeded quota: ${name}, ${facts}` };
  }
  const sums = new Map(taken);
  addTo(sums, requested);
  const status = { hard: quota.spec?.hard ?? {}, used: textsOf(sums) };
  return { action: 'charge', status, reason: told(requested) };
}

/** What is more than before, of what is limited. */
function growth(usage: Amounts, before: Amounts | undefined, limited: readonly string[]): Amounts {
  const grown = new Map<string, Quantity>();
  for (const name of limited) {
    const now = usage.get(name) ?? ZERO;
    const nanos = now.nanos - (before?.get(name) ?? ZERO).nanos;
    if (nanos > 0n) grown.set(name, { nanos, format: now.format });
  }
  return grown;
}

/** `limits.cpu for: a,b; requests.cpu for: a`: which containers leave out what a quota counts. */
function unsaidAmounts({ spec }: Pod, limited: readonly string[]): string {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const missing = limited
    .filter((name) => EXPLICIT.has(name))
    .sort()
    .flatMap((name) => {
      const side = name.startsWith('limits.') ? 'limits' : 'requests';
      const resource = name.replace(/^(limits|requests)\./, '');
      const names = containers.filter((each) => each.resources?.[side]?.[resource] === undefined);
      return names.length === 0
        ? []
        : [
            `${name} for: ${names
              .map((each) => each.name)
              .sort()
              .join(',')}`,
          ];
    });
  return missing.join('; ');
}

/** Objects of one kind in the quota's namespace. */
export interface Counted {
  readonly type: ResourceType;
  readonly objects: readonly KubeObject[];
}

/** What is used of everything that the quota limits and that somebody can count. */
export function countUsage(quota: ResourceQuota, counted: readonly Counted[], nowMs: number): Record<string, string> {
  const sums = new Map<string, Quantity>();
  for (const { type, objects } of counted) {
    const limited = Object.keys(quota.spec?.hard ?? {}).filter((name) => isUsedBy(type, name));
    if (limited.length === 0) continue;
    for (const name of limited) sums.set(name, sums.get(name) ?? ZERO);
    for (const object of objects) {
      if (!isInScope(quota, type, object)) continue;
      const usage = usageOf(type, object, nowMs);
      for (const name of limited) {
        const amount = usage.get(name);
        if (amount !== undefined) sums.set(name, addQuantities(sums.get(name) ?? ZERO, amount));
      }
    }
  }
  return textsOf(sums);
}

function textsOf(amounts: Amounts): Record<string, string> {
  const names = [...amounts.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, formatQuantity(amounts.get(name) ?? ZERO)]));
}
