import { formatTime } from '#base';

/** The parts that conditions of all kinds share. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/**
 * The conditions with one of them set. One that says the same as before (status, reason, message) stays untouched, and
 * its transition time moves only with its status; so setting the same thing again changes nothing.
 */
export function withCondition<T extends Condition>(
  conditions: readonly T[],
  { type, status, reason, message }: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
  nowMs: number,
): readonly T[] {
  const before = conditions.find((each) => each.type === type);
  if (before?.status === status && before.reason === reason && before.message === message) return conditions;
  const lastTransitionTime =
    before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : formatTime(nowMs);
  const set = { ...before, type, status, reason, message, lastTransitionTime } as unknown as T;
  return before === undefined ? [...conditions, set] : conditions.map((each) => (each.type === type ? set : each));
}

export function withoutCondition<T extends Condition>(conditions: readonly T[], type: string): readonly T[] {
  return conditions.some((each) => each.type === type) ? conditions.filter((each) => each.type !== type) : conditions;
}
