/** `$(NAME)` in fields, an old form of replacements. Source: kustomize api/filters/refvar (v5.5). */
import { getOwn, isRecord } from '#api';
import { type Place, putAt, valueAt, visitFields } from './fields.ts';
import { gvkOf, type Id, isClusterScoped, isSelected, sameId } from './id.ts';
import type { FieldSpec, MutableJson, MutableMap, VarEntry } from './kustomize.types.ts';
import { lookup, pathSteps } from './replacements.ts';
import type { Resource } from './resource.ts';

/** A var that is defined twice, or whose object or field is not there. */
export class VarProblem extends Error {}

/** A var, and the object that it was found to mean when it was defined. */
export interface BoundVar {
  readonly entry: VarEntry;
  readonly resource: Resource | undefined;
}

export function bindVars(entries: readonly VarEntry[], resources: readonly Resource[]): readonly BoundVar[] {
  return entries.map((entry) => {
    const { apiVersion = 'v1', kind, name, namespace = '' } = entry.objref;
    const wanted: Id = { ...gvkOf(apiVersion, kind), name, namespace };
    const isExact = namespace !== '' || isClusterScoped(wanted);
    const isMeant = (id: Id) => (isExact ? sameId(id, wanted) : id.name === name && isSame(id, wanted));
    const [resource, ...more] = resources.filter(({ allIds }) => allIds.some(isMeant));
    if (more.length > 0) throw new VarProblem(`the var ${entry.name} may mean several objects`);
    return { entry, resource };
  });
}

function isSame(id: Id, wanted: Id): boolean {
  return id.kind === wanted.kind && id.group === wanted.group && id.version === wanted.version;
}

/** Adds vars of another layer. Throws `VarProblem` for a name that is taken. */
export function joinVars(into: readonly BoundVar[], more: readonly BoundVar[]): readonly BoundVar[] {
  for (const { entry } of more) {
    if (into.some((known) => known.entry.name === entry.name))
      throw new VarProblem(`the var ${entry.name} is defined twice`);
  }
  return [...into, ...more];
}

export function resolveVars(
  vars: readonly BoundVar[],
  resources: readonly Resource[],
  specs: readonly FieldSpec[],
): void {
  if (vars.length === 0) return;
  const values = new Map<string, MutableJson>();
  for (const { entry, resource } of vars) {
    const path = entry.fieldref?.fieldPath ?? 'metadata.name';
    const value = resource === undefined ? undefined : lookup(resource.object, fieldSteps(path));
    if (value === undefined || value === null) {
      throw new VarProblem(
        resource === undefined
          ? `no object is what the var ${entry.name} means`
          : `${path}, which the var ${entry.name} means, is not set`,
      );
    }
    values.set(entry.name, value);
  }
  for (const resource of resources) {
    for (const spec of specs) {
      if (isSelected(resource.gvk, spec)) visitFields(resource.object, spec, (place) => fill(place, values));
    }
  }
}

/** `spec.ports[0].port` is written here; elsewhere `spec.ports.0.port`. */
function fieldSteps(path: string): readonly string[] {
  return pathSteps(path.replace(/\[(\d+)\]/g, '.$1'));
}

function fill(place: Place, values: ReadonlyMap<string, MutableJson>): void {
  const value = valueAt(place);
  if (typeof value === 'string') putAt(place, filled(value, values));
  else if (Array.isArray(value)) {
    for (const [key, item] of value.entries()) if (typeof item === 'string') value[key] = filled(item, values);
  } else if (isRecord(value)) {
    const map = value as MutableMap;
    for (const key of Object.keys(map)) {
      const text = getOwn(map, key);
      if (typeof text === 'string') putAt({ holder: map, key }, filled(text, values));
    }
  }
}

/** A text that is one var alone takes its type; `$$(NAME)` is `$(NAME)`; a name that is not known stays as it is. */
function filled(text: string, values: ReadonlyMap<string, MutableJson>): MutableJson {
  const whole = /^\$\(([^)]*)\)$/.exec(text)?.[1];
  const value = whole === undefined ? undefined : values.get(whole);
  if (value !== undefined && typeof value !== 'object') return value;
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (name === undefined) return '$';
    const known = values.get(name);
    return known === undefined || typeof known === 'object' ? found : String(known);
  });
}
