/** Longest text that is looked at: all eight units with full numbers fit. */
const MAX_DURATION_LENGTH = 128;
/** Durations are nanoseconds in 64 bits, about 292 years. Source: Go time/format.go, ParseDuration. */
const MAX_DURATION_MS = 9_223_372_036_854.775;

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Milliseconds of a Go duration (`1h30m`, `1.5s`, `300ms`, `-2m`, `0`); undefined when it is none or beyond 292 years. */
export function parseDuration(text: string): number | undefined {
  if (text.length > MAX_DURATION_LENGTH) return undefined;
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') return undefined;

  let totalMs = 0;
  let position = 0;
  while (position < body.length) {
    PART.lastIndex = position;
    const match = PART.exec(body);
    if (match === null) return undefined;
    totalMs += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
    position = PART.lastIndex;
  }
  if (totalMs > MAX_DURATION_MS) return undefined;
  return negative ? -totalMs : totalMs;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * An age as kubectl shows it: `95s`, `2m30s`, `5h`, `3d4h`, `45d`, `2y10d`.
 * Source: apimachinery util/duration duration.go, HumanDuration (v0.32).
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / SECOND);
  if (seconds < -1 || Number.isNaN(seconds)) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(durationMs / MINUTE);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(durationMs / HOUR);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (hours < 24 * 365 * 8) return pair(years, 'y', days % 365, 'd');
  return `${years}y`;
}

/** The AGE column: time since an RFC 3339 timestamp, `<unknown>` when there is none. */
export function ageSince(timestamp: string | null | undefined, nowMs: number): string {
  const sinceMs = timestamp ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(sinceMs) ? '<unknown>' : humanDuration(nowMs - sinceMs);
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
