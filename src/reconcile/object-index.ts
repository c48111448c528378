import type { StoredObject } from '#api';
import { keyOf } from './keys.ts';

/** The values under which an object is found. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Objects as an informer last saw them: frozen, shared. Change a copy. */
export interface Lister<T> {
  get(key: string): T | undefined;
  /** All, or one namespace's; in no promised order. */
  list(namespace?: string): readonly T[];
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

const NAMESPACE = 'namespace';

/** A set of objects by key, with any number of further indexes. Costs per change follow that object's index values only. */
export class ObjectIndex<T extends StoredObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #functions = new Map<string, IndexFunction<T>>();
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    this.addIndex(NAMESPACE, (object) => [object.metadata.namespace ?? '']);
    for (const [name, values] of Object.entries(indexes)) this.addIndex(name, values);
  }

  /** Adds an index over what is there and what comes. Adding it twice keeps the first. */
  addIndex(name: string, values: IndexFunction<T>): void {
    if (this.#functions.has(name)) return;
    this.#functions.set(name, values);
    this.#indexes.set(name, new Map());
    for (const [key, object] of this.#objects) this.#enter(name, values, key, object);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(NAMESPACE, namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new RangeError(`no such index: ${index}`);
    const found = values.get(value);
    return found === undefined ? [] : [...found.values()];
  }

  /** Answers what stood there before. */
  put(object: T): T | undefined {
    const key = keyOf(object);
    const previous = this.remove(key);
    this.#objects.set(key, object);
    for (const [name, values] of this.#functions) this.#enter(name, values, key, object);
    return previous;
  }

  remove(key: string): T | undefined {
    const object = this.#objects.get(key);
    if (object === undefined) return undefined;
    this.#objects.delete(key);
    for (const [name, values] of this.#functions) this.#leave(name, values, key, object);
    return object;
  }

  #enter(name: string, values: IndexFunction<T>, key: string, object: T): void {
    const index = this.#indexes.get(name);
    for (const value of values(object)) {
      const found = index?.get(value);
      if (found === undefined) index?.set(value, new Map([[key, object]]));
      else found.set(key, object);
    }
  }

  #leave(name: string, values: IndexFunction<T>, key: string, object: T): void {
    const index = this.#indexes.get(name);
    for (const value of values(object)) {
      const found = index?.get(value);
      found?.delete(key);
      if (found?.size === 0) index?.delete(value);
    }
  }
}
