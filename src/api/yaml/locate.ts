import { isMap, isScalar, isSeq, type ParsedNode } from 'yaml';
import type { KubeObject } from '../meta/object.ts';
import { type FieldStep, formatItemKeys, type ItemKeys, leadingSteps } from '../values/field-path.ts';
import { getOwn, isRecord, setOwn } from '../values/own.ts';

/**
 * The line on which a value stands, and those of its parts, as the file is written. A number alone is a value without
 * parts, or one whose parts stand elsewhere, behind an alias. Lines count from 1.
 */
export type LineTree = number | readonly [line: number, parts: LinesOfMap | readonly LineTree[]];
type LinesOfMap = { readonly [key: string]: LineTree };

/** An object, and the lines on which it is written. */
export interface Located {
  readonly object: KubeObject;
  readonly lines: LineTree;
}

/** The lines of a node of a document. Keys are told as they are written; `<<` is one of them. */
export function linesOf(node: ParsedNode, lineAt: (node: ParsedNode) => number): LineTree {
  const below = (value: ParsedNode | null, line: number): LineTree => {
    if (isMap(value)) {
      const parts: Record<string, LineTree> = {};
      for (const pair of value.items) {
        const { key, value: inner } = pair as { readonly key: ParsedNode | null; readonly value: ParsedNode | null };
        if (isScalar(key) && key.source !== undefined) setOwn(parts, key.source, below(inner, lineAt(key)));
      }
      return [line, parts];
    }
    if (!isSeq(value)) return line;
    return [line, (value.items as ParsedNode[]).map((item) => below(item, lineAt(item)))];
  };
  return below(node, lineAt(node));
}

/**
 * The line on which a field stands: that of the deepest part of `path` that the file has, at least the object's own.
 * Items of keyed lists are found by their keys, which need `object`. Costs as much as the path is long.
 */
export function lineOfField({ object, lines }: Located, path: string): number {
  let node: LineTree = lines;
  let value: unknown = object;
  for (const step of stepsInFile(object, path)) {
    if (typeof node === 'number') return node;
    const [line, parts]: Exclude<LineTree, number> = node;
    const key = keyOf(step, value);
    const next: LineTree | undefined =
      key === undefined ? undefined : isRecord(parts) ? partOf(parts as LinesOfMap, key) : parts[Number(key)];
    if (next === undefined) return line;
    node = next;
    value = partOf(value, key ?? '');
  }
  return typeof node === 'number' ? node : node[0];
}

/** The line of the deepest part of a path of keys and indexes that the file has. */
export function lineOfPath(lines: LineTree, path: readonly (string | number)[]): number {
  let node = lines;
  for (const step of path) {
    if (typeof node === 'number') return node;
    const [line, parts]: Exclude<LineTree, number> = node;
    const next: LineTree | undefined = isRecord(parts)
      ? partOf(parts as LinesOfMap, String(step))
      : parts[Number(step)];
    if (next === undefined) return line;
    node = next;
  }
  return typeof node === 'number' ? node : node[0];
}

/** A Secret's `data` may be written as `stringData`. */
function stepsInFile(object: KubeObject, path: string): readonly FieldStep[] {
  const steps = leadingSteps(path);
  const [first, key] = steps;
  if (object.kind !== 'Secret' || first !== 'data') return steps;
  const written = key === undefined ? object['data'] : partOf(object['data'], String(key));
  return written === undefined ? ['stringData', ...steps.slice(1)] : steps;
}

function keyOf(step: FieldStep, value: unknown): string | undefined {
  if (!Array.isArray(value)) return typeof step === 'object' ? formatItemKeys(step) : String(step);
  if (typeof step !== 'object') return String(step);
  const index = value.findIndex((item) => hasKeys(item, step));
  return index < 0 ? undefined : String(index);
}

/** Keys that the file leaves out were defaulted: they do not tell items apart. */
function hasKeys(item: unknown, keys: ItemKeys): boolean {
  return Object.keys(keys).every((key) => {
    const found = partOf(item, key);
    return found === undefined || String(found) === String(keys[key]);
  });
}

function partOf<T>(value: { readonly [key: string]: T }, key: string): T | undefined;
function partOf(value: unknown, key: string): unknown;
function partOf(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  if (!isRecord(value)) return undefined;
  return getOwn(value, key);
}
