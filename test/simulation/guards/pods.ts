import type { KubeObject, Pod } from '#api';
import type { Revision } from '../world.ts';

/**
 * How long it may take, ms, until a controller knows what somebody else did: the latest event, a broken watch that is
 * opened again, and a pass. What was so a moment ago still counts as so for whoever could not know.
 */
export const LAG_MS = 20_000;

export function isActive({ metadata, status }: Pick<Pod, 'metadata' | 'status'>): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

export function isReady({ status }: Pick<Pod, 'status'>): boolean {
  return status?.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') === true;
}

export function ownerOf(object: KubeObject, kind: string): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.kind === kind && owner.controller === true)?.uid;
}

/** Whether it serves, or did until others took it away so short a time ago that a controller need not know. */
export class RecentlyReady {
  readonly #lostMs = new Map<string, number>();

  see({ actor, changed, atMs }: Revision): void {
    for (const { resource, before, after } of changed) {
      if (resource !== 'pods' || before === undefined) continue;
      const was = before as Pod;
      const serves = (pod: Pod) => isActive(pod) && isReady(pod);
      if (!serves(was) || (after !== undefined && serves(after as Pod))) continue;
      // Whoever takes it away by a decision of its own knows.
      if (actor.loop === 'replica-set') continue;
      this.#lostMs.set(was.metadata.uid, atMs);
    }
  }

  holds(uid: string, atMs: number): boolean {
    return atMs - (this.#lostMs.get(uid) ?? Number.NEGATIVE_INFINITY) <= LAG_MS;
  }

  /** How many there are of those that `matches` says, beyond those that the API shows. */
  count(atMs: number, matches: (uid: string) => boolean): number {
    return [...this.#lostMs.keys()].filter((uid) => this.holds(uid, atMs) && matches(uid)).length;
  }

  forget(atMs: number): void {
    for (const uid of [...this.#lostMs.keys()]) if (!this.holds(uid, atMs)) this.#lostMs.delete(uid);
  }
}

/** Values that may still be acted on: the newest, and those that others were told of within the lag or since a rollout began. */
export class Window<T> {
  readonly #values: { readonly value: T; leftMs: number }[] = [];

  set(value: T, atMs: number): void {
    const newest = this.#values.at(-1);
    if (newest !== undefined) newest.leftMs = atMs;
    this.#values.push({ value, leftMs: Number.POSITIVE_INFINITY });
  }

  /** Those that were left before are over. */
  keepSince(atMs: number): void {
    while ((this.#values[0]?.leftMs ?? Number.POSITIVE_INFINITY) < atMs) this.#values.shift();
  }

  get all(): readonly T[] {
    return this.#values.map(({ value }) => value);
  }
}
