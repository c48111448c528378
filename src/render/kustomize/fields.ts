/** Walking to the fields that a transformer writes. Source: kustomize api/filters/fieldspec (v5.5). */
import { getOwn, isRecord, setOwn } from '#api';
import type { FieldSpec, MutableJson, MutableMap } from './kustomize.types.ts';

/** A place in an object: what holds the value, and under which key or index. */
export interface Place {
  readonly holder: MutableMap | MutableJson[];
  readonly key: string | number;
}

export function valueAt({ holder, key }: Place): MutableJson | undefined {
  return Array.isArray(holder) ? holder[Number(key)] : getOwn(holder, String(key));
}

export function putAt({ holder, key }: Place, value: MutableJson): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else setOwn(holder, String(key), value);
}

/** Steps of a path; a slash behind a backslash is part of its step. */
export function splitPath(path: string, separator = '/'): string[] {
  const steps: string[] = [];
  let step = '';
  for (let index = 0; index < path.length; index += 1) {
    const char = path[index] ?? '';
    if (char === '\\' && path[index + 1] === separator) {
      step += separator;
      index += 1;
    } else if (char === separator) {
      steps.push(step);
      step = '';
    } else step += char;
  }
  steps.push(step);
  return steps;
}

/**
 * Calls `visit` with every place that the path leads to; lists on the way are gone through. With `create` missing maps on
 * the way are made, and so is the last step, as what `leaf` says. A value of null ends the way.
 */
export function visitFields(
  object: MutableMap,
  { path, create = false }: Pick<FieldSpec, 'path' | 'create'>,
  visit: (place: Place) => void,
  leaf?: () => MutableJson,
): void {
  const steps = splitPath(path);
  const walk = (place: Place, index: number): void => {
    const value = valueAt(place);
    if (index === steps.length) {
      if (value !== undefined) visit(place);
      return;
    }
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const key of value.keys()) walk({ holder: value, key }, index);
      return;
    }
    if (!isRecord(value)) return;
    const step = steps[index] ?? '';
    const isList = step.endsWith('[]');
    const key = isList ? step.slice(0, -2) : step;
    const map = value as MutableMap;
    const found = getOwn(map, key);
    const makes = create && leaf !== undefined && !isList;
    if (makes && (found === undefined || found === null)) setOwn(map, key, index === steps.length - 1 ? leaf() : {});
    if (getOwn(map, key) === undefined) return;
    walk({ holder: map, key }, index + 1);
  };
  walk({ holder: { root: object }, key: 'root' }, 0);
}
