import type { FieldDrift, Origin } from '#api';
import { humanDuration } from '#api';
import { CliError } from './errors.ts';
import { plain } from './output.ts';

/** ` (web/deployment.yaml:12)`, or nothing. */
export const formatOrigin = (origin: Origin | undefined) =>
  origin === undefined ? '' : ` (${plain(origin.path)}:${origin.line})`;

const formatValue = (value: unknown) =>
  value === undefined ? 'absent' : plain(typeof value === 'string' ? value : JSON.stringify(value));

/** `spec.replicas (line 12): 3 in Git, 5 live — admin with kubectl-scale, 2026-11-23T10:00:00Z` */
export function formatDrift({ path, desired, live, user, manager, time, line }: FieldDrift): string {
  const who = [user, manager === undefined ? undefined : `with ${manager}`]
    .filter((part) => part !== undefined)
    .join(' ');
  const by = who === '' ? '' : ` — ${plain(who)}${time === undefined ? '' : `, ${time}`}`;
  return `${path}${line === undefined ? '' : ` (line ${line})`}: ${formatValue(desired)} in Git, ${formatValue(live)} live${by}`;
}

/** `5m` since a time of the API; `<unknown>` when there is none. */
export const age = (time: string | undefined | null, nowMs: number) =>
  time ? humanDuration(nowMs - Date.parse(time)) : '<unknown>';

/** Seconds as a person types them: from 1 to 1 000 000, which is eleven days; fractions are welcome. */
export function parseSeconds(text: string, flag: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 1 && seconds <= 1_000_000) return seconds;
  throw new CliError(`${flag}: "${text}" is not a number of seconds`, {
    hint: 'Give a number from 1 to 1000000.',
    exitCode: 2,
  });
}
