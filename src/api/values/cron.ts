/** Cron schedules of five fields. Source of rules and words: robfig/cron v3 parser.go, ParseStandard, as Kubernetes v1.32 uses it. */
import { parseDuration } from './duration.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
  /** Of the numbers from `min` on. */
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Minute, hour, day of the month, month, day of the week. */
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

/** What the short forms stand for. */
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** One field of a schedule. */
export interface CronField {
  readonly values: ReadonlySet<number>;
  /** Whether it says "any": `*` or `?`, and no step. */
  readonly any: boolean;
}

export interface CronFields {
  readonly minutes: CronField;
  readonly hours: CronField;
  readonly days: CronField;
  readonly months: CronField;
  readonly weekdays: CronField;
}

/** When something starts: at the minutes that all fields allow, or again and again after so many milliseconds. */
export type CronSchedule = (CronFields | { readonly everyMs: number }) & {
  /** The time zone that a schedule of old times may name itself. */
  readonly zone?: string;
};

/** The schedule that a text says, or what is wrong with it. */
export function parseCron(schedule: string): CronSchedule | string {
  const [prefix = '', zone = ''] = /^(?:CRON_)?TZ=(\S*)/.exec(schedule) ?? [];
  const spec = schedule.slice(prefix.length).trim();
  const parsed = parseSpec(spec);
  return typeof parsed === 'string' || zone === '' ? parsed : { ...parsed, zone };
}

/** What is wrong with a schedule; undefined when nothing is. A time zone in front of it is passed over. */
export function cronProblem(schedule: string): string | undefined {
  const parsed = parseCron(schedule);
  return typeof parsed === 'string' ? parsed : undefined;
}

function parseSpec(spec: string): CronSchedule | string {
  if (spec === '') return 'empty spec string';
  const text = DESCRIPTORS.get(spec) ?? spec;
  if (text.startsWith('@')) return parseEvery(text);
  const texts = text.split(/\s+/);
  if (texts.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${texts.length}: [${texts.join(' ')}]`;
  }
  const fields: CronField[] = [];
  for (const [index, bounds] of FIELDS.entries()) {
    const field = parseField(texts[index] ?? '', bounds);
    if (typeof field === 'string') return field;
    fields.push(field);
  }
  const [minutes, hours, days, months, weekdays] = fields as [CronField, CronField, CronField, CronField, CronField];
  return { minutes, hours, days, months, weekdays };
}

/** Source: robfig/cron v3 constantdelay.go, Every: whole seconds, one at least. */
function parseEvery(spec: string): CronSchedule | string {
  const every = '@every ';
  if (!spec.startsWith(every)) return `unrecognized descriptor: ${spec}`;
  const text = spec.slice(every.length);
  const durationMs = parseDuration(text);
  if (durationMs === undefined) return `failed to parse duration ${spec}: time: invalid duration "${text}"`;
  return { everyMs: Math.max(1, Math.floor(durationMs / 1000)) * 1000 };
}

function parseField(text: string, bounds: Bounds): CronField | string {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',').filter((each) => each !== '')) {
    const range = parseRange(part, bounds);
    if (typeof range === 'string') return range;
    for (let value = range.low; value <= range.high; value += range.step) values.add(value);
    any ||= range.any;
  }
  return { values, any };
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly any: boolean;
}

/** Of `*`, `?`, `a`, `a-b`, each with or without `/step`. */
function parseRange(range: string, bounds: Bounds): Range | string {
  const [ends = '', stepText, ...moreSlashes] = range.split('/');
  const [lowText = '', highText, ...moreHyphens] = ends.split('-');
  if (moreHyphens.length > 0 && !isAny(lowText)) return `too many hyphens: ${range}`;
  if (moreSlashes.length > 0) return `too many slashes: ${range}`;
  const low = isAny(lowText) ? bounds.min : endOf(lowText, bounds);
  if (typeof low === 'string') return low;
  const step = stepText === undefined ? 1 : numberOf(stepText);
  if (typeof step === 'string') return step;
  const high = isAny(lowText) ? bounds.max : highOf(highText, stepText === undefined ? low : bounds.max, bounds);
  if (typeof high === 'string') return high;
  if (low < bounds.min) return `beginning of range (${low}) below minimum (${bounds.min}): ${range}`;
  if (high > bounds.max) return `end of range (${high}) above maximum (${bounds.max}): ${range}`;
  if (low > high) return `beginning of range (${low}) beyond end of range (${high}): ${range}`;
  if (step === 0) return `step of range should be a positive number: ${range}`;
  return { low, high, step, any: isAny(lowText) && step === 1 };
}

const isAny = (text: string) => text === '*' || text === '?';

function highOf(text: string | undefined, absent: number, bounds: Bounds): number | string {
  return text === undefined ? absent : endOf(text, bounds);
}

function endOf(text: string, { min, names = [] }: Bounds): number | string {
  const index = names.indexOf(text.toLowerCase());
  return index < 0 ? numberOf(text) : min + index;
}

/** Digits beyond which no number of a schedule is in its range anyway. */
const MAX_DIGITS = 9;

/** The number, or what is wrong with it. */
function numberOf(text: string): number | string {
  if (/^[+]?\d+$/.test(text) && text.length <= MAX_DIGITS) return Number(text);
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
