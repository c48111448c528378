import { canonicalJson } from '#base';
import type { Schema } from '../schema/schema.ts';
import { getOwn, isRecord } from '../values/own.ts';

/** `f:name`. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The field that an element names, or undefined for an item of a list. */
export function fieldOfElement(element: string): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** The values that tell the items of a keyed list apart. A key left out has its default (`protocol`: `TCP`). */
export function keysOfItem(list: Schema, item: unknown): Record<string, unknown> | undefined {
  if (!isRecord(item)) return undefined;
  const keys: Record<string, unknown> = {};
  for (const key of list.listMapKeys ?? []) {
    const value = getOwn(item, key) ?? list.items?.properties?.[key]?.default;
    if (value === undefined || value === null) return undefined;
    keys[key] = value;
  }
  return keys;
}

/** How a list's items are named in a field set; undefined when an item lacks its keys. Only for `set` and `map` lists. */
export function itemElement(list: Schema, item: unknown): string | undefined {
  if (list.listType === 'set') return `v:${canonicalJson(item)}`;
  const keys = keysOfItem(list, item);
  if (keys === undefined) return undefined;
  const parts = Object.keys(keys).sort();
  return `k:{${parts.map((key) => `${JSON.stringify(key)}:${JSON.stringify(keys[key])}`).join(',')}}`;
}

/** A canonical spelling of an element that a client wrote; undefined when it is none. */
export function normalElement(element: string): string | undefined {
  const kind = element.slice(0, 2);
  const rest = element.slice(2);
  if (kind === 'f:') return element;
  if (kind === 'i:') return /^-?\d{1,9}$/.test(rest) ? element : undefined;
  if (kind !== 'k:' && kind !== 'v:') return undefined;
  const value = parsed(rest);
  if (value === undefined || (kind === 'k:' && !isRecord(value))) return undefined;
  return kind + canonicalJson(value);
}

/** `.spec`, `[name="web"]`, `[="a"]`, `[0]`: as Kubernetes writes paths in conflicts. */
export function formatElements(elements: readonly string[]): string {
  return elements.map(formatElement).join('');
}

function formatElement(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'k:': {
      const keys = parsed(rest);
      if (!isRecord(keys)) return `[${rest}]`;
      const pairs = Object.keys(keys).map((key) => `${key}=${JSON.stringify(keys[key])}`);
      return `[${pairs.join(',')}]`;
    }
    case 'v:':
      return `[=${rest}]`;
    case 'i:':
      return `[${rest}]`;
    default:
      return `.${rest}`;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
