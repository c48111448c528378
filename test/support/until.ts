import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `look` answers something other than undefined or false, and returns it; fails with what it saw last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(
        `waited ${timeoutMs / 1000} s in vain: ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    await delay(50);
  }
}
