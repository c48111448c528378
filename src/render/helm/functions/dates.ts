import {
  type CallContext,
  define,
  FunctionProblem,
  type GoFunction,
  GoObject,
  intOf,
  type Value,
} from '../../template/index.ts';
import { formatTime, parseTime, type TimeOptions, zoneOffset } from './go-time.ts';

/** Told where a chart asks what time it is. */
export const CLOCK_WARNING = 'asks for the time: here it is that of the commit, or 1970, and stays the same';

const UTC: TimeOptions = { offsetMinutes: 0, zone: 'UTC' };

/** Go's time.Time. */
export function timeObject(timeMs: number, options: TimeOptions = UTC): GoObject {
  const local = new Date(timeMs + options.offsetMinutes * 60_000);
  const text = formatTime(timeMs, '2006-01-02 15:04:05.999999999 -0700 MST', options);
  const whole = (value: number) => BigInt(value);
  return new GoObject({
    typeName: 'time.Time',
    timeMs,
    text,
    json: formatTime(timeMs, '2006-01-02T15:04:05.999999999Z07:00', options),
    methods: new Map<string, GoFunction>([
      ['Format', define('string', (_, layout) => formatTime(timeMs, layout, options))],
      ['String', define('', () => text)],
      ['Unix', define('', () => whole(Math.floor(timeMs / 1_000)))],
      ['UnixMilli', define('', () => whole(Math.floor(timeMs)))],
      ['UnixNano', define('', () => whole(Math.floor(timeMs)) * 1_000_000n)],
      ['Year', define('', () => whole(local.getUTCFullYear()))],
      ['Day', define('', () => whole(local.getUTCDate()))],
      ['Hour', define('', () => whole(local.getUTCHours()))],
      ['Minute', define('', () => whole(local.getUTCMinutes()))],
      ['Second', define('', () => whole(local.getUTCSeconds()))],
      ['Month', define('', () => formatTime(timeMs, 'January', options))],
      ['Weekday', define('', () => formatTime(timeMs, 'Monday', options))],
      ['UTC', define('', () => timeObject(timeMs))],
      ['IsZero', define('', () => timeMs === ZERO_TIME)],
    ]),
  });
}

/** The first of January of the year 1. */
const ZERO_TIME = Date.UTC(2000, 0, 1) - 63_082_281_600_000;

const DURATION = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/;
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** `time.ParseDuration`, in ms; undefined when it is none. */
function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, value = '0', , unit = 's'] of text.matchAll(/(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(value) * (UNITS[unit] ?? 0);
  return text.startsWith('-') ? -total : total;
}

/** `time.Duration.String` of whole seconds. */
function secondsText(total: number): string {
  if (total === 0) return '0s';
  const size = Math.abs(total);
  const [hours, minutes, seconds] = [Math.floor(size / 3_600), Math.floor((size % 3_600) / 60), size % 60];
  const text = `${hours > 0 ? `${hours}h` : ''}${size >= 60 ? `${minutes}m` : ''}${seconds}s`;
  return total < 0 ? `-${text}` : text;
}

/** Largest first, whole ones only. Source: Masterminds/sprig v3.3.0 date.go durationRound. */
const ROUND: readonly (readonly [number, string])[] = [
  [365 * 86_400_000, 'y'],
  [30 * 86_400_000, 'mo'],
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

function roundText(ms: number): string {
  const size = Math.abs(ms);
  const found = ROUND.find(([unit]) => size > unit);
  return found === undefined ? '0s' : `${Math.floor(size / found[0])}${found[1]}`;
}

const zeroTime = () => timeObject(ZERO_TIME);

/** Functions of sprig on dates; the local zone is UTC. Source: Masterminds/sprig v3.3.0 date.go. */
export function dateFunctions(nowMs: number): Readonly<Record<string, GoFunction>> {
  const now = (context: CallContext, name: string): number => {
    context.warn(`${name} ${CLOCK_WARNING}`);
    return nowMs;
  };
  const instant = (context: CallContext, value: Value, name: string): number => {
    if (value instanceof GoObject && value.timeMs !== undefined) return value.timeMs;
    const seconds = intOf(value);
    if (seconds !== undefined) return Number(seconds) * 1_000;
    return now(context, name);
  };
  const inZone = (context: CallContext, name: string, layout: string, value: Value, zone: string): string => {
    const timeMs = instant(context, value, name);
    return formatTime(timeMs, layout, zoneOffset(zone, timeMs) ?? UTC);
  };
  const dateInZone = define('string, any, string', (context, layout, value, zone) =>
    inZone(context, 'dateInZone', layout, value, zone),
  );
  const modify = (context: CallContext, text: string, value: Value, must: boolean): Value => {
    const by = parseGoDuration(text);
    if (by === undefined && must) throw new FunctionProblem(`time: invalid duration ${JSON.stringify(text)}`);
    return timeObject(instant(context, value, 'dateModify') + (by ?? 0));
  };
  const dateModify = define('string, time', (context, text, value) => modify(context, text, value, false));
  const mustModify = define('string, time', (context, text, value) => modify(context, text, value, true));
  return {
    now: define('', (context) => timeObject(now(context, 'now'))),
    date: define('string, any', (context, layout, value) => inZone(context, 'date', layout, value, 'UTC')),
    dateInZone,
    date_in_zone: dateInZone,
    htmlDate: define('any', (context, value) => inZone(context, 'htmlDate', '2006-01-02', value, 'UTC')),
    htmlDateInZone: define('any, string', (context, value, zone) =>
      inZone(context, 'htmlDateInZone', '2006-01-02', value, zone),
    ),
    dateModify,
    date_modify: dateModify,
    mustDateModify: mustModify,
    must_date_modify: mustModify,
    ago: define('any', (context, value) => {
      const since = now(context, 'ago') - instant(context, value, 'ago');
      return secondsText(Math.round(since / 1_000));
    }),
    duration: define('any', (_, value) => {
      const seconds =
        typeof value === 'string' ? Number(/^[+-]?\d+$/.test(value) ? value : 0) : Number(intOf(value) ?? 0n);
      return secondsText(typeof value === 'bigint' ? 0 : seconds);
    }),
    durationRound: define('any', (context, value) => {
      if (typeof value === 'string') return roundText(parseGoDuration(value) ?? 0);
      if (value instanceof GoObject && value.timeMs !== undefined)
        return roundText(now(context, 'durationRound') - value.timeMs);
      return roundText(typeof value === 'bigint' ? 0 : Number(intOf(value) ?? 0n) / 1e6);
    }),
    toDate: define('string, string', (_, layout, text) => {
      const timeMs = parseTime(text, layout);
      return timeMs === undefined ? zeroTime() : timeObject(timeMs);
    }),
    mustToDate: define('string, string', (_, layout, text) => {
      const timeMs = parseTime(text, layout);
      if (timeMs === undefined)
        throw new FunctionProblem(
          `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: it does not match`,
        );
      return timeObject(timeMs);
    }),
    unixEpoch: define('time', (context, value) => String(Math.floor(instant(context, value, 'unixEpoch') / 1_000))),
  };
}
