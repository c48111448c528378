/** Small steps of defaulting, on objects of which no type is certain: what has a wrong type is left for validation. */
import { getField, isJsonObject, type JsonObject } from '../schema/json.ts';

/** Sets a field that is absent. An empty text counts as absent, as in Kubernetes' Go types. */
export function setDefault(object: JsonObject, name: string, value: unknown): void {
  const present = getField(object, name);
  if (present === undefined || present === '') object[name] = value;
}

/** Sets a number that is absent or 0: for fields that Kubernetes cannot tell apart from 0. */
export function setDefaultNumber(object: JsonObject, name: string, value: number): void {
  const present = getField(object, name);
  if (present === undefined || present === 0) object[name] = value;
}

/** The object in a field, if there is one. */
export function partOf(object: JsonObject | undefined, name: string): JsonObject | undefined {
  if (object === undefined) return undefined;
  const part = getField(object, name);
  return isJsonObject(part) ? part : undefined;
}

/** The object in a field; an absent one is made. Undefined when something else is there. */
export function ensurePart(object: JsonObject, name: string): JsonObject | undefined {
  if (getField(object, name) === undefined) object[name] = {};
  return partOf(object, name);
}

/** The objects of a list field; none when it is no list. */
export function partsOf(object: JsonObject | undefined, name: string): readonly JsonObject[] {
  const list = object === undefined ? undefined : getField(object, name);
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** The text in a field; undefined when it is absent, empty or no text. */
export function textOf(object: JsonObject | undefined, name: string): string | undefined {
  const text = object === undefined ? undefined : getField(object, name);
  return typeof text === 'string' && text !== '' ? text : undefined;
}
