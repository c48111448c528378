import { setTimeout as delay } from 'node:timers/promises';

/** As long as a test waits for anything, in ms; less where it is to fail (test/conformance/mutations.ts). */
export const PATIENCE_MS = Number(process.env['PLUMBLINE_PATIENCE_MS'] ?? 60_000);

/** Waits until `look` answers something other than undefined or false, and returns it; fails with what it saw last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = PATIENCE_MS,
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
