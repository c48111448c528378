import { createHash } from 'node:crypto';
import type { KubeObject } from '#api';
import type { Operation, Store } from '#store';
import { type Actor, currentActor } from './actor.ts';

/** One object before and after a commit. */
export interface Changed {
  /** `pods`, `deployments.apps`. */
  readonly resource: string;
  /** `namespace/name`, or the name alone. */
  readonly key: string;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

/** One revision of the store. */
export interface Revision {
  readonly revision: number;
  readonly atMs: number;
  readonly actor: Actor;
  readonly changed: readonly Changed[];
}

/** Written all the time, and of no concern to any promise. */
const NOISE = new Set(['leases.coordination.k8s.io', 'events']);
const PREFIX = '/registry/';

/** All objects as the store has them at its newest revision, and a digest of every byte ever written. */
export class World {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #digest = createHash('sha256');
  readonly #onRevision: (revision: Revision) => void;
  readonly #nowMs: () => number;
  revisions = 0;

  constructor(nowMs: () => number, onRevision: (revision: Revision) => void) {
    this.#nowMs = nowMs;
    this.#onRevision = onRevision;
  }

  of<T extends KubeObject>(resource: string): ReadonlyMap<string, T> {
    return (this.#objects.get(resource) ?? new Map()) as ReadonlyMap<string, T>;
  }

  all(): Iterable<readonly [resource: string, objects: ReadonlyMap<string, KubeObject>]> {
    return this.#objects;
  }

  note(text: string): void {
    this.#digest.update(`${this.#nowMs()} ${text}\n`);
  }

  /** Of everything up to now. */
  digest(): string {
    return this.#digest.copy().digest('hex').slice(0, 16);
  }

  /** The store, seen through here: each commit is looked at before anybody else can. */
  watching(store: Store): Store {
    const commit = async (operations: readonly Operation[]) => {
      const result = await store.commit(operations);
      if (result.ok) this.#see(operations, result.revision);
      return result;
    };
    return { ...bound(store), commit };
  }

  #see(operations: readonly Operation[], revision: number): void {
    const changed: Changed[] = [];
    for (const operation of operations) {
      if (operation.type === 'check') continue;
      this.#digest.update(`${revision} ${operation.type} ${operation.key}\n`);
      if (operation.type === 'put') this.#digest.update(operation.value);
      if (!operation.key.startsWith(PREFIX)) continue;
      const slash = operation.key.indexOf('/', PREFIX.length);
      const resource = operation.key.slice(PREFIX.length, slash);
      if (NOISE.has(resource)) continue;
      const key = operation.key.slice(slash + 1);
      const objects = this.#objects.get(resource) ?? new Map<string, KubeObject>();
      this.#objects.set(resource, objects);
      const before = objects.get(key);
      const after =
        operation.type === 'put' ? (JSON.parse(Buffer.from(operation.value).toString()) as KubeObject) : undefined;
      if (after === undefined) objects.delete(key);
      else objects.set(key, after);
      if (before !== undefined || after !== undefined) changed.push({ resource, key, before, after });
    }
    if (changed.length === 0) return;
    this.revisions += 1;
    this.#onRevision({ revision, atMs: this.#nowMs(), actor: currentActor(), changed });
  }
}

/** Methods of a class instance that work wherever they are called. */
function bound(store: Store): Omit<Store, 'commit'> {
  return {
    get: (key) => store.get(key),
    list: (request) => store.list(request),
    watch: (request) => store.watch(request),
    compact: (revision) => store.compact(revision),
    revision: () => store.revision(),
    close: () => store.close(),
  };
}
