/**
 * A map that lists its keys in code-unit order. `set`, `get` and `delete` cost O(1); the order is mended when it is
 * next asked for, so that a burst of writes pays for sorting once.
 */
export class OrderedMap<V> {
  readonly #values = new Map<string, V>();
  /** In order; may name keys that were deleted since. */
  #sorted: string[] = [];
  /** Keys that came since `#sorted` was made. */
  #added: string[] = [];
  #removed = false;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#added.push(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#removed = true;
  }

  /** Valid until the next `set` or `delete`. */
  keys(): readonly string[] {
    if (this.#added.length > 0 || this.#removed) this.#mend();
    return this.#sorted;
  }

  /** A fresh array, in key order. */
  values(): V[] {
    return this.keys().map((key) => this.#values.get(key) as V);
  }

  #mend(): void {
    const added = this.#added.sort();
    const merged: string[] = [];
    let next = 0;
    const take = (key: string) => {
      if (key !== merged.at(-1) && this.#values.has(key)) merged.push(key);
    };
    for (const key of this.#sorted) {
      for (let candidate = added[next]; candidate !== undefined && candidate <= key; candidate = added[next]) {
        take(candidate);
        next += 1;
      }
      take(key);
    }
    for (; next < added.length; next += 1) take(added[next] as string);
    this.#sorted = merged;
    this.#added = [];
    this.#removed = false;
  }
}
