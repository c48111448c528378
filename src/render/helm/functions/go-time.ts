/** Dates in Go's layouts: a text in which 2006 stands for the year, 01 for the month, and so on. */

export interface TimeOptions {
  readonly offsetMinutes: number;
  readonly zone: string;
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** The parts of a layout, the longest first where one begins like another. Source: go time/format.go nextStdChunk. */
const PARTS =
  /January|Jan|Monday|Mon|MST|2006|__2|_2|002|01|02|03|04|05|06|15|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|PM|pm|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5/g;

const two = (value: number) => String(value).padStart(2, '0');

function offsetText(minutes: number, part: string): string {
  if (part.startsWith('Z') && minutes === 0) return 'Z';
  const size = Math.abs(minutes);
  const [hours, rest] = [two(Math.floor(size / 60)), two(size % 60)];
  const sign = minutes < 0 ? '-' : '+';
  const form = part.replace('Z', '-');
  if (form === '-07') return sign + hours;
  return (
    sign + hours + (form.includes(':') ? ':' : '') + rest + (form.length > 6 ? (form.includes(':') ? ':00' : '00') : '')
  );
}

export function formatTime(timeMs: number, layout: string, { offsetMinutes, zone }: TimeOptions): string {
  const date = new Date(timeMs + offsetMinutes * 60_000);
  const hour = date.getUTCHours();
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  const month = MONTHS[date.getUTCMonth()] ?? '';
  const day = DAYS[date.getUTCDay()] ?? '';
  const yearDay = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
  const fraction = String(((timeMs % 1_000) + 1_000) % 1_000).padStart(3, '0');
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  const texts: Readonly<Record<string, string>> = {
    January: month,
    Jan: month.slice(0, 3),
    Monday: day,
    Mon: day.slice(0, 3),
    MST: zone,
    '2006': year,
    '06': year.slice(-2),
    '01': two(date.getUTCMonth() + 1),
    '1': String(date.getUTCMonth() + 1),
    '02': two(date.getUTCDate()),
    _2: String(date.getUTCDate()).padStart(2, ' '),
    '2': String(date.getUTCDate()),
    '002': String(yearDay).padStart(3, '0'),
    __2: String(yearDay).padStart(3, ' '),
    '15': two(hour),
    '03': two(twelve),
    '3': String(twelve),
    '04': two(date.getUTCMinutes()),
    '4': String(date.getUTCMinutes()),
    '05': two(date.getUTCSeconds()),
    '5': String(date.getUTCSeconds()),
    PM: hour < 12 ? 'AM' : 'PM',
    pm: hour < 12 ? 'am' : 'pm',
  };
  return layout.replace(PARTS, (part) => {
    const text = texts[part];
    if (text !== undefined) return text;
    if (/^[-Z]/.test(part)) return offsetText(offsetMinutes, part);
    const digits = fraction.padEnd(part.length - 1, '0').slice(0, part.length - 1);
    if (part[1] === '0') return `${part[0]}${digits}`;
    const trimmed = digits.replace(/0+$/, '');
    return trimmed === '' ? '' : `${part[0]}${trimmed}`;
  });
}

const NAMES = `(?:${MONTHS.join('|')})`;
const PATTERNS: Readonly<Record<string, string>> = {
  January: `(?<monthName>${NAMES})`,
  Jan: `(?<monthShort>${MONTHS.map((name) => name.slice(0, 3)).join('|')})`,
  Monday: `(?:${DAYS.join('|')})`,
  Mon: `(?:${DAYS.map((name) => name.slice(0, 3)).join('|')})`,
  MST: '(?<zone>[A-Z]{3,5})',
  '2006': '(?<year>\\d{4})',
  '06': '(?<shortYear>\\d{2})',
  '01': '(?<month>\\d{2})',
  '1': '(?<month>\\d{1,2})',
  '02': '(?<day>\\d{2})',
  _2: ' ?(?<day>\\d{1,2})',
  '2': '(?<day>\\d{1,2})',
  '15': '(?<hour>\\d{2})',
  '03': '(?<hour>\\d{2})',
  '3': '(?<hour>\\d{1,2})',
  '04': '(?<minute>\\d{2})',
  '4': '(?<minute>\\d{1,2})',
  '05': '(?<second>\\d{2})(?<fraction>[.,]\\d+)?',
  '5': '(?<second>\\d{1,2})(?<fraction>[.,]\\d+)?',
  PM: '(?<half>AM|PM)',
  pm: '(?<half>am|pm)',
};

/** `time.Parse` in UTC: ms since 1970; undefined when the text does not fit the layout or is no date. */
export function parseTime(text: string, layout: string): number | undefined {
  let source = '';
  let at = 0;
  const seen = new Set<string>();
  for (const match of layout.matchAll(PARTS)) {
    source += layout.slice(at, match.index).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
    at = match.index + match[0].length;
    const part = match[0];
    const pattern = /^[.,]/.test(part)
      ? ''
      : /^[-Z]0/.test(part)
        ? `(?<offset>${part.startsWith('Z') ? 'Z|' : ''}[+-]\\d{2}${part.includes(':') ? ':' : ''}${part.length > 3 ? '\\d{2}' : ''})`
        : (PATTERNS[part] ?? '');
    // Twice the same part: the second is passed over.
    source += seen.has(pattern) ? pattern.replace(/\?<\w+>/g, '?:') : pattern;
    seen.add(pattern);
  }
  source += layout.slice(at).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
  let found: Record<string, string | undefined>;
  try {
    const match = new RegExp(`^${source}$`).exec(text);
    if (match === null) return undefined;
    found = match.groups ?? {};
  } catch (error) {
    // A layout that names a part in two forms.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return instantOf(found);
}

function instantOf(found: Record<string, string | undefined>): number | undefined {
  const number = (name: string, fallback: number) => Number(found[name] ?? fallback);
  const short = number('shortYear', 0);
  const year =
    found['year'] === undefined
      ? found['shortYear'] === undefined
        ? 0
        : short + (short >= 69 ? 1900 : 2000)
      : number('year', 0);
  const named = MONTHS.findIndex((name) => name === found['monthName'] || name.slice(0, 3) === found['monthShort']);
  const month = named >= 0 ? named + 1 : number('month', 1);
  const day = number('day', 1);
  const half = found['half']?.toUpperCase();
  const hour = half === undefined ? number('hour', 0) : (number('hour', 12) % 12) + (half === 'PM' ? 12 : 0);
  const [minute, second] = [number('minute', 0), number('second', 0)];
  const fraction = Number(`0.${found['fraction']?.slice(1) ?? '0'}`);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, Math.floor(fraction * 1_000));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
    return undefined;
  return date.getTime() - offsetOf(found['offset']) * 60_000;
}

function offsetOf(text: string | undefined): number {
  if (text === undefined || text === 'Z') return 0;
  const digits = text.replace(/\D/g, '').padEnd(4, '0');
  return (text.startsWith('-') ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2)));
}

/** The offset of a zone such as `Europe/Berlin` at an instant; undefined for a zone that is not known. */
export function zoneOffset(zone: string, timeMs: number): TimeOptions | undefined {
  if (zone === '' || zone === 'UTC' || zone === 'Local') return { offsetMinutes: 0, zone: 'UTC' };
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    const short = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' });
    const offset = /GMT([+-])(\d\d):(\d\d)/.exec(format.format(timeMs));
    const minutes = offset === null ? 0 : (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3]));
    return { offsetMinutes: minutes, zone: short.format(timeMs).split(' ').at(-1) ?? zone };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
