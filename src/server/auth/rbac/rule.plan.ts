/** What one rule of a role allows, and whether rules hold all that others do. Source: component-helpers/auth/rbac/validation and pkg/apis/rbac/v1/evaluation_helpers.go (v1.32). */
import type { PolicyRule } from '#api';
import type { Attributes } from '../authorization.types.ts';

const ALL = '*';

export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!holds(rule.verbs, asked.verb)) return false;
  if (!('resource' in asked)) return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, asked.path));
  return (
    holds(rule.apiGroups, asked.group) &&
    resourceAllowed(rule.resources ?? [], asked.resource, asked.subresource) &&
    nameAllowed(rule.resourceNames ?? [], asked.name ?? '')
  );
}

// Of `pods/log`: that itself, the `log` of every resource, and everything allow it; `pods` alone does not.
function resourceAllowed(resources: readonly string[], resource: string, subresource: string | undefined): boolean {
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  return resources.some(
    (each) => each === ALL || each === whole || (subresource !== undefined && each === `*/${subresource}`),
  );
}

const nameAllowed = (names: readonly string[], name: string) => names.length === 0 || names.includes(name);

const holds = (list: readonly string[] | undefined, wanted: string) =>
  (list ?? []).some((each) => each === ALL || each === wanted);

function urlCovers(url: string, wanted: string): boolean {
  if (url === ALL || url === wanted) return true;
  return url.endsWith(ALL) && wanted.startsWith(url.slice(0, -1));
}

/** The parts of `wanted` that no single rule of `owned` holds; empty when giving them away gives nothing new. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(atoms).filter((atom) => !owned.some((rule) => ruleCovers(rule, atom)));
}

/** A rule as rules of one verb, one group, one resource and at most one name, or one URL. */
function atoms(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const named: readonly { resourceNames?: string[] }[] =
    resourceNames.length === 0 ? [{}] : resourceNames.map((name) => ({ resourceNames: [name] }));
  return verbs.flatMap((verb): PolicyRule[] => [
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        named.map((name) => ({ apiGroups: [group], resources: [resource], ...name, verbs: [verb] })),
      ),
    ),
    ...nonResourceURLs.map((url) => ({ nonResourceURLs: [url], verbs: [verb] })),
  ]);
}

/** Whether a rule holds an atom. */
function ruleCovers(rule: PolicyRule, atom: PolicyRule): boolean {
  const all = (owned: readonly string[] | undefined, wanted: readonly string[] | undefined) =>
    (wanted ?? []).every((each) => holds(owned, each));
  const names = rule.resourceNames ?? [];
  return (
    all(rule.verbs, atom.verbs) &&
    all(rule.apiGroups, atom.apiGroups) &&
    (atom.resources ?? []).every((each) => {
      const slash = each.indexOf('/');
      return holds(rule.resources, each) || (slash > 0 && (rule.resources ?? []).includes(`*${each.slice(slash)}`));
    }) &&
    (names.length === 0 || ((atom.resourceNames ?? []).length > 0 && all(names, atom.resourceNames))) &&
    (atom.nonResourceURLs ?? []).every((url) => (rule.nonResourceURLs ?? []).some((own) => urlCovers(own, url)))
  );
}

/** Atoms that differ in their verb only, as one rule each: what a refusal names. */
export function compact(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const byRest = new Map<string, PolicyRule>();
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify([rest.apiGroups, rest.resources, rest.resourceNames, rest.nonResourceURLs]);
    const known = byRest.get(key)?.verbs ?? [];
    byRest.set(key, { ...rest, verbs: [...new Set([...known, ...verbs])] });
  }
  return [...byRest.values()];
}

/** `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`, the words of Kubernetes. */
export function describeRule({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  });
  const said = parts.flatMap(([name, list]) =>
    list === undefined || list.length === 0 ? [] : [`${name}:${quoted(list)}`],
  );
  return `{${said.join(', ')}}`;
}

/** `["a" "b"]`, as Go prints a list of strings. */
export function quoted(list: readonly string[]): string {
  return `[${list.map((each) => JSON.stringify(each)).join(' ')}]`;
}
