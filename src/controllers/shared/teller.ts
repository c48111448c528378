import type { StoredObject } from '#api';
import type { EventRecorder } from '#reconcile';
import type { PlannedEvent } from './events.plan.ts';

/**
 * Tells what is the case once while it is so, though every look finds it again: an idle cluster writes nothing. What was
 * told is remembered for objects that are there; forgotten, it is told once more.
 */
export class Teller {
  readonly #events: EventRecorder;
  readonly #told = new Map<string, ReadonlySet<string>>();

  constructor(events: EventRecorder) {
    this.#events = events;
  }

  /** All that is the case now. On a new occasion the same is told again. */
  tell(object: StoredObject, found: readonly PlannedEvent[], occasion = ''): void {
    const { uid } = object.metadata;
    const identity = ({ reason, message }: PlannedEvent) => JSON.stringify([reason, message, occasion]);
    const before = this.#told.get(uid);
    for (const event of found) if (before?.has(identity(event)) !== true) this.#events.record(object, event);
    if (found.length === 0) this.#told.delete(uid);
    else this.#told.set(uid, new Set(found.map(identity)));
  }

  forget(uid: string): void {
    this.#told.delete(uid);
  }
}
