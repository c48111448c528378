/** Rules of amounts. Source: kubernetes pkg/apis/core/validation/validation.go, ValidateResourceRequirements (v1.32). */
import type { ResourceRequirements } from 'kubernetes-types/core/v1.js';
import { compareQuantities, parseQuantity, QUANTITY_RULE } from '../values/quantity.ts';
import { checked, type Issues, itemsOf, type Loose, requiredText } from './checks.ts';
import { invalid, required } from './issues.ts';
import { notNegative, qualifiedName } from './names.ts';

const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);

type Amounts = Readonly<Record<string, string>>;

export function* validateResources(resources: Loose<ResourceRequirements> | undefined, path: string): Issues {
  const { limits = {}, requests = {}, claims } = resources ?? {};
  yield* validateAmounts(limits, `${path}.limits`);
  yield* validateAmounts(requests, `${path}.requests`);
  for (const [name, request] of Object.entries(requests)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    yield* validateRequest({ name, request, limit, path });
  }
  for (const name of Object.keys(limits)) {
    if (!mayOvercommit(name) && !Object.hasOwn(requests, name)) yield required(`${path}.requests`, `for ${name}`);
  }
  yield* itemsOf(`${path}.claims`, claims, (claim, at) => requiredText(`${at}.name`, claim.name));
}

function* validateAmounts(amounts: Amounts, path: string): Issues {
  for (const [name, amount] of Object.entries(amounts)) {
    const at = `${path}[${name}]`;
    yield* checked(path, name, qualifiedName);
    if (!name.includes('/') && !CONTAINER_RESOURCES.has(name) && !name.startsWith('hugepages-')) {
      yield invalid(at, name, 'must be a standard resource for containers');
    }
    yield* validateQuantity(at, amount);
    if (isExtended(name) && !isWhole(amount)) yield invalid(at, amount, 'must be an integer');
  }
}

/** An amount that is not negative. */
export function* validateQuantity(path: string, amount: string | number | undefined): Issues {
  if (amount === undefined) return;
  const quantity = parseQuantity(amount);
  if (quantity === undefined) yield invalid(path, amount, QUANTITY_RULE);
  else if (quantity.nanos < 0n) yield invalid(path, amount, notNegative(-1) ?? '');
}

interface RequestAndLimit {
  readonly name: string;
  readonly request: string;
  readonly limit: string | undefined;
  readonly path: string;
}

function* validateRequest({ name, request, limit, path }: RequestAndLimit): Issues {
  if (limit === undefined) {
    if (!mayOvercommit(name)) yield required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    return;
  }
  if (parseQuantity(request) === undefined || parseQuantity(limit) === undefined) return;
  const order = compareQuantities(request, limit);
  if (order !== 0 && !mayOvercommit(name)) {
    yield invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`);
  } else if (order > 0) {
    yield invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`);
  }
}

/** Whether more may be limited than is there: only so of what Kubernetes itself counts. */
function mayOvercommit(name: string): boolean {
  return !isExtended(name) && !name.startsWith('hugepages-');
}

function isExtended(name: string): boolean {
  return name.includes('/') && !/^(.*\.)?kubernetes\.io\//.test(name);
}

function isWhole(amount: string | number): boolean {
  const quantity = parseQuantity(amount);
  return quantity === undefined || quantity.nanos % 1_000_000_000n === 0n;
}
