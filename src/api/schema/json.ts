/** An object of JSON: what is neither a list nor a plain value. */
export type JsonObject = { [key: string]: unknown };

/** Deepest nesting of any object that we read. Kubernetes' own kinds need fewer than 30. */
export const MAX_JSON_DEPTH = 512;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a field as data: the name `__proto__` gives a field of that name, never a prototype. */
export function setField(object: JsonObject, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  } else object[name] = value;
}

/** The field of that name, if the object itself holds it. */
export function getField(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether a JSON value is nested deeper than `limit`. Uses no stack of its own, so any depth can be asked. */
export function isDeeperThan(value: unknown, limit = MAX_JSON_DEPTH): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    const inner: unknown[] = [];
    for (const one of level) {
      if (typeof one !== 'object' || one === null) continue;
      if (depth >= limit) return true;
      for (const field of Object.values(one)) if (typeof field === 'object' && field !== null) inner.push(field);
    }
    level = inner;
  }
  return false;
}

/** What a person calls the type of a JSON value. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
