/** Carries works of one key out one after the other; those of different keys do not wait for each other. */
export interface Turns {
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/**
 * Holds one promise for each key that is worked on. What waits are requests: `httpLimits.requestsInFlight` at most, and
 * those of our own controllers, which have a few workers each.
 */
export function createTurns(): Turns {
  const turns = new Map<string, Promise<unknown>>();
  return {
    async take(key, work) {
      const before = turns.get(key);
      // Whatever becomes of the one before, the next has its turn.
      const mine = (async () => {
        await before?.then(undefined, () => undefined);
        return work();
      })();
      turns.set(key, mine);
      try {
        return await mine;
      } finally {
        if (turns.get(key) === mine) turns.delete(key);
      }
    },
  };
}
