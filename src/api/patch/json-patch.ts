import { cloneJson, equalJson } from '#base';
import type { Json } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { isRecord, setOwn } from '../values/own.ts';
import { MAX_DEPTH } from '../yaml/limits.ts';
import { measureJson } from './measure.ts';

/** One step of an RFC 6902 patch. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/** Steps in one patch. Source: apiserver endpoints/handlers/patch.go, maxJSONPatchOperations (v0.32). */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;
/** List items moved and values copied or compared by one patch: some 0.1 s of work. */
const MAX_WORK = 20_000_000;

/**
 * The document after all operations, or none of them. Takes the body as it came from the wire.
 * Throws `BadRequest` for a malformed patch, `Invalid` when an operation does not fit the document (or a test fails),
 * `RequestEntityTooLarge` beyond the limits.
 */
export function applyJsonPatch(document: Json, operations: unknown): Json {
  const steps = readOperations(operations);
  const patcher = new Patcher(cloneJson(document) as MutableJson);
  steps.forEach((step, index) => {
    patcher.apply(step, index);
  });
  measureJson(patcher.document);
  return patcher.document as Json;
}

/** `spec`, `containers`, `0` → `/spec/containers/0`. */
export function formatPointer(tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The tokens of an RFC 6901 pointer, or undefined when it is none. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

type MutableJson = null | boolean | number | string | MutableJson[] | { [key: string]: MutableJson };
type Container = Extract<MutableJson, object>;

interface Step {
  readonly op: JsonPatchOperation['op'];
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: Json;
}

function readOperations(operations: unknown): Step[] {
  if (!Array.isArray(operations)) throw new ApiError('BadRequest', 'a JSON patch must be a list of operations');
  if (operations.length > MAX_JSON_PATCH_OPERATIONS) {
    throw new ApiError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${operations.length}`,
    );
  }
  return operations.map(readOperation);
}

function readOperation(operation: unknown, index: number): Step {
  const bad = (why: string) => new ApiError('BadRequest', `operation ${index} of the JSON patch ${why}`);
  if (!isRecord(operation)) throw bad('is not an object');
  const { op, path, from } = operation;
  const hasValue = Object.hasOwn(operation, 'value') && operation['value'] !== undefined;
  switch (op) {
    case 'add':
    case 'replace':
    case 'test':
      if (!hasValue) throw bad(`has no value: ${op} needs one`);
      break;
    case 'remove':
      break;
    case 'move':
    case 'copy':
      if (typeof from !== 'string') throw bad(`has no from: ${op} needs one`);
      break;
    default:
      throw bad(`has the unknown op ${shown(op)}`);
  }
  const at = typeof path === 'string' ? parsePointer(path) : undefined;
  if (at === undefined) throw bad(`has the path ${shown(path)}, which is no JSON pointer`);
  const source = typeof from === 'string' ? parsePointer(from) : [];
  if (source === undefined) throw bad(`has the from ${shown(from)}, which is no JSON pointer`);
  return { op, path: at, from: source, value: hasValue ? (operation['value'] as Json) : null };
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 200);
}

/** Changes its own copy of the document in place: ten thousand small steps must not copy it ten thousand times. */
class Patcher {
  document: MutableJson;
  #work = 0;

  constructor(document: MutableJson) {
    this.document = document;
  }

  apply(step: Step, index: number): void {
    try {
      this.#run(step);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      throw new ApiError('Invalid', `the patch cannot be applied: operation ${index} (${step.op}): ${error.message}`);
    }
  }

  #run({ op, path, from, value }: Step): void {
    if (op === 'add') this.#add(path, this.#copyOf(value));
    else if (op === 'remove') this.#remove(path);
    else if (op === 'replace') this.#replace(path, this.#copyOf(value));
    else if (op === 'move') this.#move(from, path);
    else if (op === 'copy') this.#add(path, this.#copyOf(this.#get(from)));
    else this.#test(path, value);
  }

  #get(path: readonly string[]): MutableJson {
    let value = this.document;
    for (const token of path) value = childOf(value, token, path);
    return value;
  }

  #add(path: readonly string[], value: MutableJson): void {
    if (path.length + measureJson(value).depth > MAX_DEPTH) {
      throw new ApiError('RequestEntityTooLarge', `the patched object would be nested deeper than ${MAX_DEPTH} levels`);
    }
    const last = path.at(-1);
    if (last === undefined) {
      this.document = value;
      return;
    }
    const parent = this.#parentOf(path);
    if (!Array.isArray(parent)) {
      setOwn(parent, last, value);
      return;
    }
    const at = last === '-' ? parent.length : indexOf(last, parent.length, path);
    this.#spend(parent.length - at);
    parent.splice(at, 0, value);
  }

  #replace(path: readonly string[], value: MutableJson): void {
    const last = path.at(-1);
    if (last === undefined) {
      this.document = value;
      return;
    }
    const parent = this.#parentOf(path);
    childOf(parent, last, path);
    if (Array.isArray(parent)) parent[Number(last)] = value;
    else setOwn(parent, last, value);
  }

  #remove(path: readonly string[]): MutableJson {
    const last = path.at(-1);
    if (last === undefined) {
      const all = this.document;
      this.document = null;
      return all;
    }
    const parent = this.#parentOf(path);
    const value = childOf(parent, last, path);
    if (Array.isArray(parent)) {
      this.#spend(parent.length - Number(last));
      parent.splice(Number(last), 1);
    } else delete parent[last];
    return value;
  }

  #move(from: readonly string[], path: readonly string[]): void {
    if (from.length < path.length && from.every((token, index) => token === path[index])) {
      throw new Misfit('a value cannot be moved into itself');
    }
    const value = this.#get(from);
    this.#spend(measureJson(value).size);
    this.#remove(from);
    this.#add(path, value);
  }

  #test(path: readonly string[], value: Json): void {
    const found = this.#get(path);
    this.#spend(measureJson(value).size);
    if (!equalJson(found, value)) throw new Misfit(`the value at ${formatPointer(path)} is not the one tested for`);
  }

  #parentOf(path: readonly string[]): Container {
    const parent = this.#get(path.slice(0, -1));
    if (typeof parent === 'object' && parent !== null) return parent;
    throw new Misfit(`${formatPointer(path.slice(0, -1)) || 'the document'} is neither a list nor a map`);
  }

  #copyOf(value: Json | MutableJson): MutableJson {
    this.#spend(measureJson(value).size);
    return cloneJson(value) as MutableJson;
  }

  #spend(work: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) {
      throw new ApiError('RequestEntityTooLarge', 'the JSON patch copies or moves too much');
    }
  }
}

/** An operation that does not fit the document. */
class Misfit extends Error {}

function childOf(value: MutableJson, token: string, path: readonly string[]): MutableJson {
  if (Array.isArray(value)) {
    const child = value[indexOf(token, value.length - 1, path)];
    if (child !== undefined) return child;
  } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, token)) {
    const child = value[token];
    if (child !== undefined) return child;
  }
  throw new Misfit(`nothing is at ${formatPointer(path).slice(0, 500)}`);
}

/** A list position as RFC 6901 writes it: no sign, no leading zeros, at most `last`. */
function indexOf(token: string, last: number, path: readonly string[]): number {
  const index = /^(?:0|[1-9]\d{0,8})$/.test(token) ? Number(token) : Number.NaN;
  if (index <= last) return index;
  throw new Misfit(`${formatPointer(path).slice(0, 500)} is not a position in the list`);
}
