import type { Clock } from './clock.ts';
import { errorMessage } from './errors.ts';
import type { Log, LogFields } from './log.ts';

export interface QuietLogOptions {
  /** The same trouble is told again after this time, in ms. */
  readonly againAfterMs: number;
  /** Troubles that are remembered. */
  readonly maxTroubles: number;
}

export const quietLogDefaults: QuietLogOptions = { againAfterMs: 10 * 60_000, maxTroubles: 500 };

/**
 * A log that tells a lasting trouble once. Warnings and errors with the same message and the same `err` count as one
 * trouble, whichever part they come from; told again, a line says in `repeats` how many were left out. Lines without
 * `err` always pass.
 */
export function createQuietLog(log: Log, clock: Clock, options: QuietLogOptions = quietLogDefaults): Log {
  const troubles = new Map<string, { readonly toldMs: number; repeats: number }>();
  const wrap = (inner: Log): Log => {
    const once = (level: 'warn' | 'error', fields: LogFields, message: string) => {
      if (fields['err'] === undefined) return inner[level](fields, message);
      const key = `${message}\n${errorMessage(fields['err'])}`;
      const nowMs = clock.monotonicMs();
      const known = troubles.get(key);
      if (known !== undefined && nowMs - known.toldMs < options.againAfterMs) {
        known.repeats += 1;
        return;
      }
      troubles.delete(key);
      troubles.set(key, { toldMs: nowMs, repeats: 0 });
      const [oldest] = troubles.keys();
      if (troubles.size > options.maxTroubles && oldest !== undefined) troubles.delete(oldest);
      const repeats = known?.repeats ?? 0;
      inner[level](repeats === 0 ? fields : { ...fields, repeats }, message);
    };
    return {
      debug: (fields, message) => inner.debug(fields, message),
      info: (fields, message) => inner.info(fields, message),
      warn: (fields, message) => once('warn', fields, message),
      error: (fields, message) => once('error', fields, message),
      child: (fields) => wrap(inner.child(fields)),
    };
  };
  return wrap(log);
}
