/** When and how often an event was seen; `undefined` name: not written yet. */
export interface EventState {
  readonly name: string | undefined;
  readonly namespace: string;
  readonly count: number;
  readonly firstMs: number;
}

/** Tokens left of one object's allowance. */
export interface Allowance {
  readonly tokens: number;
  readonly atMs: number;
}

/** Source: client-go tools/record/events_cache.go, defaultSpamBurst and defaultSpamQPS (v0.32): 25, then one in 5 min. */
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;

/** Takes one token; undefined when there is none left and the event is to be dropped. */
export function planAllowance(before: Allowance | undefined, nowMs: number): Allowance | undefined {
  const refilled = before === undefined ? SPAM_BURST : before.tokens + (nowMs - before.atMs) / SPAM_REFILL_MS;
  const tokens = Math.min(SPAM_BURST, refilled);
  return tokens < 1 ? undefined : { tokens: tokens - 1, atMs: nowMs };
}

/** Events that differ only in their message are told one by one up to so many within ten minutes, then as one. */
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;

/** Different messages of one reason on one object. */
export interface Similar {
  readonly messages: ReadonlySet<string>;
  readonly lastMs: number;
}

/** Source: client-go tools/record/events_cache.go, EventAggregator (v0.32). */
export function planSimilar(
  before: Similar | undefined,
  message: string,
  nowMs: number,
): { readonly similar: Similar; readonly combined: boolean } {
  const fresh = before === undefined || nowMs - before.lastMs > SIMILAR_WINDOW_MS;
  const known = fresh ? new Set<string>() : before.messages;
  const combined = known.size >= SIMILAR_LIMIT && !known.has(message);
  const messages = combined || known.has(message) ? known : new Set([...known, message]);
  return { similar: { messages, lastMs: nowMs }, combined };
}
