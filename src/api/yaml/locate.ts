import { isMap, isScalar, isSeq, type ParsedNode } from 'yaml';
import { type FieldStep, type ItemKeys, parseFieldPath } from '../values/field-path.ts';
import { createYamlReader, type YamlReader } from './documents.ts';
import { manifestLimits } from './limits.ts';
import { YamlProblem } from './problem.ts';
import { offsetOf } from './values.ts';

/**
 * The line on which a field stands: that of the deepest part of `fieldPath` that the file has, at least the object's
 * own. `objectLine` is where the object begins, as `parseManifests` told it. Reads the file again: for display.
 */
export function lineOfField(text: string, objectLine: number, fieldPath: string): number {
  const steps = parseFieldPath(fieldPath) ?? [];
  const reader = createYamlReader(text, manifestLimits);
  try {
    for (const { root } of reader.documents()) {
      const object = root === null ? undefined : objectAt(root, objectLine, reader);
      if (object !== undefined) return deepestLine(object, steps, objectLine, reader);
    }
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
  }
  return objectLine;
}

function objectAt(root: ParsedNode, line: number, reader: YamlReader): ParsedNode | undefined {
  if (reader.position(offsetOf(root)).line === line) return root;
  const items = isMap(root) ? entryOf(root, 'items')?.value : undefined;
  if (!isSeq(items)) return undefined;
  for (const item of items.items) {
    const found = objectAt(item as ParsedNode, line, reader);
    if (found !== undefined) return found;
  }
  return undefined;
}

function deepestLine(object: ParsedNode, steps: readonly FieldStep[], objectLine: number, reader: YamlReader): number {
  let node: ParsedNode | null = object;
  let line = objectLine;
  for (const step of steps) {
    const next: Found | undefined = node === null ? undefined : follow(node, step);
    if (next === undefined) return line;
    line = reader.position(offsetOf(next.at)).line;
    node = next.value;
  }
  return line;
}

interface Found {
  readonly at: ParsedNode;
  readonly value: ParsedNode | null;
}

function follow(node: ParsedNode, step: FieldStep): Found | undefined {
  if (isMap(node)) return typeof step === 'object' ? undefined : entryOf(node, String(step));
  if (!isSeq(node)) return undefined;
  const items = node.items as ParsedNode[];
  const item = typeof step === 'object' ? items.find((candidate) => hasKeys(candidate, step)) : items[Number(step)];
  return item === undefined ? undefined : { at: item, value: item };
}

function entryOf(node: ParsedNode, key: string): Found | undefined {
  if (!isMap(node)) return undefined;
  for (const pair of node.items) {
    const found = pair as { readonly key: ParsedNode | null; readonly value: ParsedNode | null };
    if (isScalar(found.key) && found.key.source === key) return { at: found.key, value: found.value };
  }
  return undefined;
}

/** Keys that the file leaves out were defaulted: they do not tell items apart. */
function hasKeys(node: ParsedNode, keys: ItemKeys): boolean {
  return Object.keys(keys).every((key) => {
    const found = entryOf(node, key)?.value;
    return found === undefined || (isScalar(found) && found.source === String(keys[key]));
  });
}
