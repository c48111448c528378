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

const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** What is wrong with a schedule; undefined when nothing is. A time zone in front of it is passed over. */
export function cronProblem(schedule: string): string | undefined {
  const spec = schedule.replace(/^(?:CRON_)?TZ=\S*/, '').trim();
  if (spec === '') return 'empty spec string';
  if (spec.startsWith('@')) return descriptorProblem(spec);
  const fields = spec.split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  }
  for (const [index, bounds] of FIELDS.entries()) {
    for (const range of (fields[index] ?? '').split(',').filter((part) => part !== '')) {
      const problem = rangeProblem(range, bounds);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function descriptorProblem(spec: string): string | undefined {
  if (DESCRIPTORS.has(spec)) return undefined;
  const every = '@every ';
  if (!spec.startsWith(every)) return `unrecognized descriptor: ${spec}`;
  const duration = spec.slice(every.length);
  if (parseDuration(duration) !== undefined) return undefined;
  return `failed to parse duration ${spec}: time: invalid duration "${duration}"`;
}

/** Of `*`, `?`, `a`, `a-b`, each with or without `/step`. */
function rangeProblem(range: string, bounds: Bounds): string | undefined {
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
  return step === 0 ? `step of range should be a positive number: ${range}` : undefined;
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
