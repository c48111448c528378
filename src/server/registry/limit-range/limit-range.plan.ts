/**
 * What LimitRanges do to pods and claims. Pure.
 * Source: kubernetes plugin/pkg/admission/limitranger/admission.go (v1.32).
 */
import {
  type Container,
  compareQuantities,
  formatQuantity,
  type KubeObject,
  type LimitRange,
  type PersistentVolumeClaim,
  type PodSpec,
  parseQuantity,
  type Quantity,
} from '#api';
import { type Amounts, amountsOf, podAmounts, ZERO } from '../quota/amounts.plan.ts';

type Limit = NonNullable<LimitRange['spec']>['limits'][number];
type Quantities = Readonly<Record<string, string>>;

/** Tells what was filled in. */
const ANNOTATION = 'kubernetes.io/limit-ranger';

/** The pod with the limits and requests that its containers left out; itself when they left out nothing. */
export function withDefaultResources(pod: KubeObject, ranges: readonly LimitRange[]): KubeObject {
  const defaults = ranges.flatMap(({ spec }) => spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const spec = pod['spec'] as PodSpec | undefined;
  if (spec === undefined || defaults.length === 0) return pod;
  const said: string[] = [];
  const fill = (kind: string) => (container: Container) => {
    const requests = filled(
      container.resources?.requests,
      defaults.map(({ defaultRequest }) => defaultRequest),
    );
    const limits = filled(
      container.resources?.limits,
      defaults.map((each) => each.default),
    );
    const named = `${kind} ${container.name}`;
    if (requests.added.length > 0) said.push(`${requests.added.join(', ')} request for ${named}`);
    if (limits.added.length > 0) said.push(`${limits.added.join(', ')} limit for ${named}`);
    if (requests.added.length + limits.added.length === 0) return container;
    const resources = { ...container.resources, ...part('requests', requests.all), ...part('limits', limits.all) };
    return { ...container, resources };
  };
  const containers = spec.containers.map(fill('container'));
  const { initContainers } = spec;
  const before = initContainers === undefined ? {} : { initContainers: initContainers.map(fill('init container')) };
  if (said.length === 0) return pod;
  const annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${said.join('; ')}` };
  return { ...pod, metadata: { ...pod.metadata, annotations }, spec: { ...spec, containers, ...before } };
}

/** Of several ranges the first that says something of a resource decides. */
function filled(own: Quantities | undefined, defaults: readonly (Quantities | undefined)[]) {
  const all: Record<string, string> = { ...own };
  const added: string[] = [];
  for (const [name, amount] of defaults.flatMap((each) => Object.entries(each ?? {}))) {
    if (Object.hasOwn(all, name)) continue;
    all[name] = amount;
    added.push(name);
  }
  return { all, added: added.sort() };
}

function part(name: 'requests' | 'limits', quantities: Quantities) {
  return Object.keys(quantities).length === 0 ? {} : { [name]: quantities };
}

/** Everything in which a pod is beyond one range. */
export function podProblems(spec: PodSpec, range: LimitRange): readonly string[] {
  const problems: string[] = [];
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type === 'Container') {
      for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])])
        problems.push(...problemsOf(limit, amountsOf(resources?.requests), amountsOf(resources?.limits)));
    }
    if (limit.type === 'Pod')
      problems.push(...problemsOf(limit, podAmounts(spec, 'requests'), podAmounts(spec, 'limits')));
  }
  return [...new Set(problems)];
}

/** Of claims only what they request is looked at. */
export function claimProblems({ spec }: Pick<PersistentVolumeClaim, 'spec'>, range: LimitRange): readonly string[] {
  const requests = amountsOf(spec?.resources?.requests);
  return (range.spec?.limits ?? [])
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap((limit) => [
      ...each(limit.min, (name, min) => minimum(limit.type, name, min, requests.get(name), undefined)),
      ...each(limit.max, (name, max) => mostRequested(limit.type, name, max, requests.get(name))),
    ]);
}

function problemsOf(limit: Limit, requests: Amounts, limits: Amounts): string[] {
  const { type, min, max, maxLimitRequestRatio } = limit;
  return [
    ...each(min, (name, amount) => minimum(type, name, amount, requests.get(name), limits.get(name))),
    ...each(max, (name, amount) => maximum(type, name, amount, requests.get(name), limits.get(name))),
    ...each(maxLimitRequestRatio, (name, amount) => ratio(type, name, amount, requests.get(name), limits.get(name))),
  ];
}

function each(
  quantities: Quantities | undefined,
  judge: (name: string, amount: Quantity) => string | undefined,
): readonly string[] {
  const names = Object.keys(quantities ?? {}).sort();
  return names.flatMap((name) => judge(name, parseQuantity(quantities?.[name] ?? '') ?? ZERO) ?? []);
}

type Asked = Quantity | undefined;

function minimum(type: string, name: string, min: Quantity, request: Asked, limit: Asked): string | undefined {
  const rule = `minimum ${name} usage per ${type} is ${formatQuantity(min)}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  if (compareQuantities(request, min) < 0) return `${rule}, but request is ${formatQuantity(request)}`;
  if (limit !== undefined && compareQuantities(limit, min) < 0) return `${rule}, but limit is ${formatQuantity(limit)}`;
  return undefined;
}

function maximum(type: string, name: string, max: Quantity, request: Asked, limit: Asked): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(max)}`;
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (compareQuantities(limit, max) > 0) return `${rule}, but limit is ${formatQuantity(limit)}`;
  if (request !== undefined && compareQuantities(request, max) > 0)
    return `${rule}, but request is ${formatQuantity(request)}`;
  return undefined;
}

function mostRequested(type: string, name: string, max: Quantity, request: Asked): string | undefined {
  const rule = `maximum ${name} usage per ${type} is ${formatQuantity(max)}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  return compareQuantities(request, max) > 0 ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
}

function ratio(type: string, name: string, most: Quantity, request: Asked, limit: Asked): string | undefined {
  const rule = `${name} max limit to request ratio per ${type} is ${formatQuantity(most)}`;
  if (request === undefined || request.nanos === 0n) return `${rule}, but no request is specified or request is 0`;
  if (limit === undefined || limit.nanos === 0n) return `${rule}, but no limit is specified or limit is 0`;
  // Exact: limit / request > most.
  if (limit.nanos * 1_000_000_000n <= most.nanos * request.nanos) return undefined;
  return `${rule}, but provided ratio is ${(Number(limit.nanos) / Number(request.nanos)).toFixed(6)}`;
}
