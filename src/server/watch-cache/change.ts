import type { StoredObject } from '#api';
import { deepFreeze } from '#base';
import type { WatchFrame } from '../registry/api.ts';

type ObjectFrame = Extract<WatchFrame, { readonly object: StoredObject }>;

/**
 * One commit's effect on one object. All watchers that see it the same way get the very same frame, so that what they
 * send can be encoded once.
 */
export class Change {
  readonly revision: number;
  readonly atMs: number;
  /** `namespace/name`, or `name` for cluster scope. */
  readonly key: string;
  readonly current: StoredObject | undefined;
  readonly previous: StoredObject | undefined;
  /** Stored bytes of the larger of the two states that it holds. */
  readonly bytes: number;
  #entered: ObjectFrame | undefined;
  #modified: ObjectFrame | undefined;
  #left: ObjectFrame | undefined;

  constructor(parts: Pick<Change, 'revision' | 'atMs' | 'key' | 'current' | 'previous' | 'bytes'>) {
    this.revision = parts.revision;
    this.atMs = parts.atMs;
    this.key = parts.key;
    this.current = parts.current;
    this.previous = parts.previous;
    this.bytes = parts.bytes;
  }

  /**
   * What a watcher of `matches` sees: an object that enters its selection is ADDED, one that leaves is DELETED in its
   * last matching state, with the version of the change.
   */
  frameFor(matches: (object: StoredObject) => boolean): ObjectFrame | undefined {
    const was = this.previous !== undefined && matches(this.previous);
    const is = this.current !== undefined && matches(this.current);
    if (is && !was) return this.#enter(this.current as StoredObject);
    if (is) return this.#modify(this.current as StoredObject);
    return was ? this.#leave(this.previous as StoredObject) : undefined;
  }

  #enter(object: StoredObject): ObjectFrame {
    this.#entered ??= { type: 'ADDED', object };
    return this.#entered;
  }

  #modify(object: StoredObject): ObjectFrame {
    this.#modified ??= { type: 'MODIFIED', object };
    return this.#modified;
  }

  #leave(object: StoredObject): ObjectFrame {
    this.#left ??= { type: 'DELETED', object: atRevision(object, this.revision) };
    return this.#left;
  }
}

function atRevision(object: StoredObject, revision: number): StoredObject {
  return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
}
