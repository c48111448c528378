/** The suffix of a generated object's name. Source: kustomize api/hasher (v5.5). */
import { getOwn, isRecord } from '#api';
import { sha256Hex } from '#base';
import type { MutableJson, MutableMap } from './kustomize.types.ts';
import type { Resource } from './resource.ts';

const LENGTH = 10;
/** Vowels, and what looks like one, are replaced, so that no word comes out. */
const LETTERS: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };

export function addHash(resource: Resource): void {
  resource.setName(`${resource.name}-${hashOf(resource)}`);
}

/** The name is meant to be in it, and is not: kustomize looks for it in the wrong place. */
const name = '';

function hashOf({ object, gvk: { kind } }: Resource): string {
  const { data = '', binaryData, stringData, type = '' } = object;
  const content: MutableMap =
    kind === 'Secret'
      ? { kind, type, name, data, ...(isRecord(stringData) ? { stringData: stringData as MutableMap } : {}) }
      : { kind, name, data, ...(isRecord(binaryData) ? { binaryData: binaryData as MutableMap } : {}) };
  return [...sha256Hex(goJson(content)).slice(0, LENGTH)].map((char) => getOwn(LETTERS, char) ?? char).join('');
}

/** As Go's encoding/json writes it: keys sorted by bytes, `<`, `>`, `&` and the line separators escaped. */
function goJson(value: MutableJson): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (isRecord(value)) {
    const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${keys.map((key) => `${goText(key)}:${goJson((value as MutableMap)[key] ?? null)}`).join(',')}}`;
  }
  return typeof value === 'string' ? goText(value) : JSON.stringify(value);
}

function goText(text: string): string {
  const escaped = (char: string) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, escaped);
}
