/** Values copied from one object into others. Source: kustomize api/filters/replacement and kyaml yaml/match.go (v5.5). */
import { getOwn, isRecord, parseYamlValues, setOwn } from '#api';
import { cloneJson } from '#base';
import { type Place, putAt, splitPath, valueAt } from './fields.ts';
import { effectiveNamespace, type Id, isSelected } from './id.ts';
import type { FieldOptions, MutableJson, MutableMap, ReplacementEntry, Selector } from './kustomize.types.ts';
import { KustomizeProblem } from './problem.ts';
import { type Resource, textOf } from './resource.ts';
import { SelectorMatcher } from './resource-list.ts';
import { fitted, REPLACEMENT } from './shape.ts';

/** A replacement whose source or target is not there, or that makes no sense. */
export class ReplacementProblem extends Error {}

const DEFAULT_PATH = 'metadata.name';

/** The replacements of a file of their own: one, or a list. */
export function readReplacements(path: string, text: string): readonly ReplacementEntry[] {
  const parsed = parseYamlValues(text);
  if ('problem' in parsed) throw new KustomizeProblem(path, parsed.problem.line, parsed.problem.message);
  return parsed.values.flatMap(({ value, line }) => {
    const result = fitted({ list: REPLACEMENT }, Array.isArray(value) ? value : [value]);
    if ('message' in result) throw new KustomizeProblem(path, line, result.message);
    return result.value as unknown as readonly ReplacementEntry[];
  });
}

export function replace(resources: readonly Resource[], { source, sourceValue, targets }: ReplacementEntry): void {
  if ((source === undefined) === (sourceValue === undefined) || targets === undefined) {
    throw new ReplacementProblem('a replacement needs one of source and sourceValue, and targets');
  }
  const value = source === undefined ? (sourceValue ?? '') : sourceOf(resources, source);
  for (const target of targets) {
    const { select, reject = [], options = {} } = target;
    if (select === undefined) throw new ReplacementProblem('a target needs `select`');
    const paths =
      target.fieldPaths === undefined || target.fieldPaths.length === 0 ? [DEFAULT_PATH] : target.fieldPaths;
    const wanted = new SelectorMatcher(select);
    const refused = reject.map((one) => ({ selector: one, matcher: new SelectorMatcher(one) }));
    for (const resource of resources) {
      if (!wanted.texts(resource) || refused.some((one) => isRefused(resource, one))) continue;
      if (resource.allIds.some((id) => matches(wanted, id)))
        for (const path of paths) put(resource, path, value, options);
    }
  }
}

function isRefused(
  resource: Resource,
  { selector, matcher }: { readonly selector: Selector; readonly matcher: SelectorMatcher },
): boolean {
  const { labelSelector = '', annotationSelector = '', group, version, kind, name, namespace } = selector;
  if ((labelSelector !== '' || annotationSelector !== '') && matcher.texts(resource)) return true;
  const namesNothing = [group, version, kind, name, namespace].every((text) => text === undefined || text === '');
  return !namesNothing && resource.allIds.some((id) => matches(matcher, id));
}

function matches(matcher: SelectorMatcher, id: Id): boolean {
  return matcher.gvk(id) && matcher.name(id.name) && matcher.namespace(id.namespace);
}

function sourceOf(resources: readonly Resource[], source: NonNullable<ReplacementEntry['source']>): MutableJson {
  const { name = '', namespace = '', fieldPath = '', options = {} } = source;
  const isMeant = (id: Id) =>
    (name === '' || name === id.name) &&
    (namespace === '' || effectiveNamespace({ ...id, namespace }) === effectiveNamespace(id)) &&
    isSelected(id, source);
  const [found, ...more] = resources.filter(({ allIds }) => allIds.some(isMeant));
  const what = [source.kind, namespace, name].filter((text) => text !== undefined && text !== '').join(' ');
  if (found === undefined) throw new ReplacementProblem(`no object is the source (${what})`);
  if (more.length > 0) throw new ReplacementProblem(`several objects could be the source (${what})`);
  const path = fieldPath === '' ? DEFAULT_PATH : fieldPath;
  const value = lookup(found.object, pathSteps(path));
  if (value === undefined || value === null || isEmptyMap(value)) {
    throw new ReplacementProblem(`${path} is not set in the source (${what})`);
  }
  const { delimiter = '', index = 0 } = options;
  if (delimiter === '') return value;
  if (typeof value === 'object') throw new ReplacementProblem('a delimiter needs a source that is a text or a number');
  const part = textOf(value).split(delimiter)[index];
  if (part === undefined)
    throw new ReplacementProblem(`options.index ${index} is beyond the parts of ${path} (${what})`);
  return part;
}

function isEmptyMap(value: MutableJson): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Steps of `spec.containers.[name=a.b].image`; `[a.b/c]` is a key with dots in it. */
export function pathSteps(path: string): string[] {
  const steps: string[] = [];
  const parts = splitPath(path.startsWith('.') ? path.slice(1) : path, '.');
  for (let index = 0; index < parts.length; index += 1) {
    let step = parts[index] ?? '';
    if (step.startsWith('[')) {
      while (!step.endsWith(']') && index + 1 < parts.length) {
        index += 1;
        step += `.${parts[index] ?? ''}`;
      }
      if (!step.includes('=')) step = step.replace(/^\[+|\]+$/g, '');
    }
    steps.push(step);
  }
  return steps;
}

/** One value, by keys, `[key=value]` and indexes. */
export function lookup(value: MutableJson | undefined, steps: readonly string[]): MutableJson | undefined {
  let found = value;
  for (const step of steps) {
    if (Array.isArray(found)) {
      const entry = listEntry(step);
      const index = step === '-' ? found.length - 1 : Number(step);
      found =
        entry === undefined
          ? found[index]
          : found.find((item) => hasText(item, entry.key, (text) => text === entry.value));
    } else if (isRecord(found)) found = getOwn(found as MutableMap, step);
    else return undefined;
  }
  return found;
}

function listEntry(step: string): { readonly key: string; readonly value: string } | undefined {
  const inner = /^\[([^=]*)=(.*)\]$/s.exec(step);
  return inner === null ? undefined : { key: inner[1] ?? '', value: inner[2] ?? '' };
}

function hasText(item: MutableJson, key: string, test: (text: string) => boolean): boolean {
  if (key === '') return typeof item !== 'object' && test(textOf(item));
  if (!isRecord(item)) return false;
  const value = getOwn(item as MutableMap, key);
  return value !== undefined && typeof value !== 'object' && test(textOf(value));
}

function put(resource: Resource, path: string, value: MutableJson, options: FieldOptions): void {
  const places = targetPlaces(resource.object, pathSteps(path), options.create === true ? kindOf(value) : undefined);
  if (places.length === 0) {
    const { kind } = resource.gvk;
    throw new ReplacementProblem(
      `${kind} ${resource.name} has no field ${path} to replace${options.create === true ? ', and it cannot be made' : ''}`,
    );
  }
  for (const place of places) putAt(place, replaced(valueAt(place), value, options));
}

type LeafKind = 'scalar' | 'map' | 'list';

function kindOf(value: MutableJson): LeafKind {
  return Array.isArray(value) ? 'list' : isRecord(value) ? 'map' : 'scalar';
}

/** Every place that a path leads to. `create`: what is missing on the way is made, and the last step as this. */
function targetPlaces(root: MutableMap, steps: readonly string[], create: LeafKind | undefined): Place[] {
  let places: Place[] = [{ holder: { root }, key: 'root' }];
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1];
    const empty = (): MutableJson => {
      if (next === undefined) return create === 'list' ? [] : create === 'map' ? {} : '';
      return /^\d+$/.test(next) || next === '*' || next === '-' || listEntry(next) !== undefined ? [] : {};
    };
    places = places.flatMap((place) => stepInto(valueAt(place), step, create === undefined ? undefined : empty));
  }
  return places;
}

function stepInto(value: MutableJson | undefined, step: string, make: (() => MutableJson) | undefined): Place[] {
  if (Array.isArray(value)) {
    const all = value.map((_, key) => ({ holder: value, key }));
    if (step === '*') return all;
    if (/^\d+$/.test(step)) {
      const index = Number(step);
      if (index === value.length && make !== undefined) value.push(make());
      if (index >= value.length) {
        throw new ReplacementProblem(`index ${index} is beyond the ${value.length} items that there are`);
      }
      return [{ holder: value, key: index }];
    }
    const entry = listEntry(step);
    if (entry === undefined) return [];
    const pattern = expression(entry.value);
    const found = all.filter(({ key }) => hasText(value[key] ?? null, entry.key, (text) => pattern.test(text)));
    if (found.length > 0 || make === undefined) return found;
    value.push(entry.key === '' ? entry.value : { [entry.key]: entry.value });
    return [{ holder: value, key: value.length - 1 }];
  }
  if (!isRecord(value)) return [];
  const map = value as MutableMap;
  if (getOwn(map, step) === undefined) {
    if (make === undefined) return [];
    setOwn(map, step, make());
  }
  return [{ holder: map, key: step }];
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw new ReplacementProblem(`[…=${pattern}] is not a regular expression`);
  }
}

/** The target's type stays where both are scalars: a port of text becomes a number in a field that held one. */
function replaced(
  before: MutableJson | undefined,
  value: MutableJson,
  { delimiter = '', index = 0 }: FieldOptions,
): MutableJson {
  let result = value;
  if (delimiter !== '') {
    if (typeof before === 'object' && before !== null)
      throw new ReplacementProblem('a delimiter needs a target that is a text');
    const parts = textOf(before).split(delimiter);
    if (index < 0) parts.unshift(textOf(value));
    else if (index >= parts.length) parts.push(textOf(value));
    else parts[index] = textOf(value);
    result = parts.join(delimiter);
  }
  if (typeof result === 'object' && result !== null) return cloneJson(result) as MutableJson;
  if (typeof before === 'string') return textOf(result);
  if (typeof before === 'number' && typeof result === 'string' && /^-?(0|[1-9]\d*)$/.test(result))
    return Number(result);
  if (typeof before === 'boolean' && (result === 'true' || result === 'false')) return result === 'true';
  return result;
}
