import { until } from '../../support/until.ts';

/** As long as the official tests give most things to come about. */
const SOON_MS = 30_000;

/** Waits until `look` answers something other than undefined or false, and returns it. */
export function soon<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  return until(what, look, SOON_MS);
}
