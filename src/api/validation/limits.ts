/** Rules of LimitRanges and ResourceQuotas. Source: kubernetes pkg/apis/core/validation/validation.go and pkg/apis/core/helper (v1.32). */
import type { LimitRangeItem, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from 'kubernetes-types/core/v1.js';
import { equalJson } from '#base';
import type { LimitRange, ResourceQuota } from '../kinds/types.ts';
import { compareQuantities, parseQuantity } from '../values/quantity.ts';
import { checked, type Issues, itemsOf, type Loose, noDuplicates, requiredText } from './checks.ts';
import { forbidden, invalid, required } from './issues.ts';
import { qualifiedName } from './names.ts';
import { validateQuantity } from './resources.ts';

type Amounts = Readonly<Record<string, string>>;

/** What pods are limited in: requested, limited, or both at once. */
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
/** What is counted in whole numbers. */
const COUNTED = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
  'services.loadbalancers',
  'services.nodeports',
]);
const QUOTA_RESOURCES = new Set([
  ...COMPUTE,
  ...COMPUTE.map((name) => `limits.${name}`),
  ...COMPUTE.map((name) => `requests.${name}`),
  'requests.storage',
  ...COUNTED,
]);

const isHugePages = (name: string) => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
const isQuotaResource = (name: string) => QUOTA_RESOURCES.has(name) || isHugePages(name);
const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/');
const isExtended = (name: string) =>
  !isNative(name) && !name.startsWith('requests.') && isQualified(`requests.${name}`);
const isQualified = (name: string) => qualifiedName(name) === undefined;

function* validateResourceName(name: string, path: string): Issues {
  yield* checked(path, name, qualifiedName);
  if (!isQualified(name) || name.includes('/') || isQuotaResource(name) || name === 'storage') return;
  yield invalid(path, name, 'must be a standard resource type or fully qualified');
}

function* validateContainerResourceName(name: string, path: string): Issues {
  yield* validateResourceName(name, path);
  if (!name.includes('/')) {
    if (COMPUTE.includes(name) || name.startsWith('hugepages-')) return;
    yield invalid(path, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) {
    yield invalid(path, name, "doesn't follow extended resource name standard");
  }
}

const LIMIT_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];
const AMOUNTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

export function* validateLimitRange({ spec }: Loose<LimitRange>): Issues {
  const limits = spec?.limits ?? [];
  yield* itemsOf('spec.limits', limits, validateLimit);
  yield* noDuplicates(limits.map(({ type }, index) => ({ path: `spec.limits[${index}].type`, value: type })));
}

function* validateLimit(limit: Loose<LimitRangeItem>, path: string): Issues {
  const { type } = limit;
  yield* requiredText(`${path}.type`, type, qualifiedName);
  if (type && isQualified(type) && !type.includes('/') && !LIMIT_TYPES.includes(type)) {
    yield invalid(`${path}.type`, type, 'must be a standard limit type or fully qualified');
  }
  const nameRule = type === 'Pod' || type === 'Container' ? validateContainerResourceName : validateResourceName;
  const names = new Set<string>();
  for (const field of AMOUNTS) {
    const amounts = Object.keys(limit[field] ?? {});
    if (type === 'Pod' && field.startsWith('default')) {
      if (amounts.length > 0) yield forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'");
      continue;
    }
    for (const name of amounts) {
      names.add(name);
      yield* nameRule(name, `${path}.${field}[${name}]`);
    }
  }
  if (type === 'PersistentVolumeClaim' && amountOf(limit.min, 'storage') === undefined) {
    if (amountOf(limit.max, 'storage') === undefined) {
      yield required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
    }
  }
  for (const name of names) yield* validateOrder(limit, name, path);
}

/** An amount that can be compared with others. */
function amountOf(amounts: Amounts | undefined, name: string): string | undefined {
  const amount = amounts !== undefined && Object.hasOwn(amounts, name) ? amounts[name] : undefined;
  return amount !== undefined && parseQuantity(amount) !== undefined ? amount : undefined;
}

const isAbove = (left: string | undefined, right: string | undefined): boolean =>
  left !== undefined && right !== undefined && compareQuantities(left, right) > 0;

/** The least is no more than what is asked for by default, that no more than the default limit, that no more than the most. */
function* validateOrder(limit: Loose<LimitRangeItem>, name: string, path: string): Issues {
  const [max, min, ratio] = [limit.max, limit.min, limit.maxLimitRequestRatio].map((each) => amountOf(each, name));
  const isPod = limit.type === 'Pod';
  const usual = isPod ? undefined : amountOf(limit.default, name);
  const request = isPod ? undefined : amountOf(limit.defaultRequest, name);
  const at = (field: string) => `${path}.${field}[${name}]`;
  if (isAbove(min, max)) yield invalid(at('min'), min, `min value ${min} is greater than max value ${max}`);
  if (isAbove(min, request)) {
    yield invalid(at('defaultRequest'), request, `min value ${min} is greater than default request value ${request}`);
  }
  if (isAbove(request, max)) {
    yield invalid(at('defaultRequest'), request, `default request value ${request} is greater than max value ${max}`);
  }
  if (isAbove(request, usual)) {
    const detail = `default request value ${request} is greater than default limit value ${usual}`;
    yield invalid(at('defaultRequest'), request, detail);
  }
  if (isAbove(min, usual)) yield invalid(at('default'), min, `min value ${min} is greater than default value ${usual}`);
  if (isAbove(usual, max)) yield invalid(at('default'), max, `default value ${usual} is greater than max value ${max}`);
  if (isAbove('1', ratio)) yield invalid(at('maxLimitRequestRatio'), ratio, `ratio ${ratio} is less than 1`);
  yield* validateRatio(ratio, min, max, at('maxLimitRequestRatio'));
  const mayOvercommit = isNative(name) && !name.startsWith('hugepages-');
  if (!mayOvercommit && usual !== undefined && request !== undefined && compareQuantities(usual, request) !== 0) {
    const detail = `default value ${usual} must equal to defaultRequest value ${request} in ${name}`;
    yield invalid(at('defaultRequest'), request, detail);
  }
}

function* validateRatio(
  ratio: string | undefined,
  min: string | undefined,
  max: string | undefined,
  path: string,
): Issues {
  if (ratio === undefined || min === undefined || max === undefined) return;
  const most = numberOf(max) / numberOf(min);
  if (numberOf(ratio) > most) yield invalid(path, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`);
}

const numberOf = (amount: string) => Number(parseQuantity(amount)?.nanos ?? 0n) / 1e9;

export function* validateResourceQuota({ spec = {} }: Loose<ResourceQuota>): Issues {
  yield* validateQuotaAmounts(spec.hard, 'spec.hard');
  yield* validateScopes(spec);
  yield* validateScopeSelector(spec);
}

export function* validateResourceQuotaStatus({ status }: Loose<ResourceQuota>): Issues {
  yield* validateQuotaAmounts(status?.hard, 'status.hard');
  yield* validateQuotaAmounts(status?.used, 'status.used');
}

function* validateQuotaAmounts(amounts: Amounts | undefined, path: string): Issues {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    const at = `${path}[${name}]`;
    yield* validateResourceName(name, at);
    if (!name.includes('/') && !isQuotaResource(name)) yield invalid(at, name, 'must be a standard resource for quota');
    yield* validateQuantity(at, amount);
    const nanos = parseQuantity(amount)?.nanos ?? 0n;
    if ((COUNTED.has(name) || isExtended(name)) && nanos % 1_000_000_000n !== 0n) {
      yield invalid(at, amount, 'must be an integer');
    }
  }
}

const SCOPES = new Set([
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
]);
/** Two of which each pod has exactly one. */
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const POD_COMPUTE = new Set(['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);

/** Whether pods of a scope can be counted by a resource: what has no requests cannot be counted by them. */
function fits(scope: string, resource: string): boolean {
  return !SCOPES.has(scope) || resource === 'pods' || (scope !== 'BestEffort' && POD_COMPUTE.has(resource));
}

function misfits(scope: string, { hard = {} }: Loose<ResourceQuotaSpec>): boolean {
  return Object.keys(hard).some((name) => isQuotaResource(name) && !fits(scope, name));
}

function contradicts(scopes: readonly string[]): boolean {
  return OPPOSITES.some(([one, other]) => scopes.includes(one) && scopes.includes(other));
}

function* validateScopes(spec: Loose<ResourceQuotaSpec>): Issues {
  const { scopes = [] } = spec;
  const path = 'spec.scopes';
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) yield invalid(path, scopes, 'unsupported scope');
    if (misfits(scope, spec)) yield invalid(path, scopes, 'unsupported scope applied to resource');
  }
  if (contradicts(scopes)) yield invalid(path, scopes, 'conflicting scopes');
}

function* validateScopeSelector(spec: Loose<ResourceQuotaSpec>): Issues {
  const { scopeSelector } = spec;
  if (scopeSelector === undefined) return;
  const path = 'spec.scopeSelector.matchExpressions';
  const requirements = scopeSelector.matchExpressions ?? [];
  for (const requirement of requirements) {
    const { scopeName = '' } = requirement;
    if (!SCOPES.has(scopeName)) yield invalid(`${path}.scopeName`, scopeName, 'unsupported scope');
    if (misfits(scopeName, spec)) yield invalid(path, scopeSelector, 'unsupported scope applied to resource');
    yield* validateScopeRequirement(requirement, path);
  }
  if (contradicts(requirements.map(({ scopeName = '' }) => scopeName))) {
    yield invalid(path, spec.scopes ?? [], 'conflicting scopes');
  }
}

function* validateScopeRequirement(
  { scopeName = '', operator, values = [] }: Loose<ScopedResourceSelectorRequirement>,
  path: string,
): Issues {
  if (SCOPES.has(scopeName) && scopeName !== 'PriorityClass' && operator !== 'Exists') {
    yield invalid(
      `${path}.operator`,
      operator ?? '',
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
    );
  }
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length > 0) return;
    yield required(
      `${path}.values`,
      "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
    );
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length === 0) return;
    const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    yield invalid(`${path}.values`, values, detail);
  } else yield invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator');
}

/** What was counted so far was counted for these scopes. */
export function* validateResourceQuotaUpdate(quota: Loose<ResourceQuota>, old: Loose<ResourceQuota>): Issues {
  const scopesOf = ({ spec }: Loose<ResourceQuota>) => [...new Set(spec?.scopes ?? [])].sort();
  if (!equalJson(scopesOf(quota), scopesOf(old))) {
    yield invalid('spec.scopes', quota.spec?.scopes ?? [], 'field is immutable');
  }
}
