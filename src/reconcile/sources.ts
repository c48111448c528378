import type { StoredObject } from '#api';
import type { Informer } from './informer.ts';
import { keyOf } from './keys.ts';
import type { Priority } from './work-queue.ts';

/** Tells a control loop which keys to look at. */
export interface KeySource {
  /** Calls back with every key that a change concerns. Returns how to stop. */
  subscribe(enqueue: (key: string, priority?: Priority) => void): () => void;
  /** Every key that anything there now concerns. */
  keys(): Iterable<string>;
}

export interface KeySourceOptions<T> {
  /** The keys that an object concerns, e.g. its owner's. Its own key when absent. */
  readonly toKeys?: (object: T) => Iterable<string>;
  /** Whether a change of an object matters; additions and removals always do. */
  readonly when?: (previous: T, current: T) => boolean;
  readonly priority?: Priority;
}

/** Keys from the changes of an informer: those the object concerned before, and those it concerns now. */
export function keysFrom<T extends StoredObject>(
  informer: Pick<Informer<T>, 'onChange' | 'list'>,
  { toKeys = (object) => [keyOf(object)], when, priority = 'normal' }: KeySourceOptions<T> = {},
): KeySource {
  return {
    subscribe: (enqueue) =>
      informer.onChange(({ previous, current }) => {
        if (previous !== undefined && current !== undefined && when?.(previous, current) === false) return;
        if (previous !== undefined) for (const key of toKeys(previous)) enqueue(key, priority);
        if (current !== undefined) for (const key of toKeys(current)) enqueue(key, priority);
      }),
    *keys() {
      for (const object of informer.list()) yield* toKeys(object);
    },
  };
}
