/**
 * The formats that custom resources' texts are checked for; any other says nothing, as in Kubernetes.
 * Source: kube-openapi pkg/validation/strfmt (v0.32), behaviour only. No expression takes more than linear time.
 */
import { BASE64_PATTERN, TIME_PATTERN } from '../schema/formats.ts';
import { isRange, parseIPv4, parseIPv6 } from '../validation/addresses.ts';
import { parseDuration } from '../values/duration.ts';

const TIME = new RegExp(TIME_PATTERN, 'u');
const BASE64 = new RegExp(BASE64_PATTERN, 'u');
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/i;
const MAX_HOSTNAME = 255;
const MAX_LABEL = 63;

const isHostname = (text: string): boolean => {
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  return text.length <= MAX_HOSTNAME && labels.every((label) => label.length <= MAX_LABEL && LABEL.test(label));
};

const uuidOf = (version: string) => (text: string) => UUID.test(text) && text.replaceAll('-', '')[12] === version;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  byte: (text) => BASE64.test(text),
  cidr: isRange,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isRealDay(text),
  'date-time': (text) => TIME.test(text),
  datetime: (text) => TIME.test(text),
  duration: isDuration,
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text) && isHostname(text.slice(text.indexOf('@') + 1)),
  hostname: isHostname,
  ipv4: (text) => parseIPv4(text) !== undefined,
  ipv6: (text) => parseIPv6(text) !== undefined,
  mac: (text) => /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text),
  uri: (text) => URL.canParse(text),
  uuid: (text) => UUID.test(text),
  uuid3: uuidOf('3'),
  uuid4: uuidOf('4'),
  uuid5: uuidOf('5'),
};

/** Whether a text has the format; true for formats that are not known. */
export function hasFormat(format: string, text: string): boolean {
  return !Object.hasOwn(FORMATS, format) || FORMATS[format]?.(text) === true;
}

function isRealDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Go's durations, and the words that strfmt reads besides: `3 days`. */
function isDuration(text: string): boolean {
  if (parseDuration(text) !== undefined) return true;
  return /^\d{1,18}(?:\.\d{1,9})? ?(?:ns|us|ms|s|secs?|seconds?|m|mins?|minutes?|h|hr|hours?|d|days?|w|weeks?)$/i.test(
    text,
  );
}
