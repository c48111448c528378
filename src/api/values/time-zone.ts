/** Time zones by their IANA names, of the data that the runtime brings along. */

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // The one way to ask whether there is such a time zone.
    return false;
  }
}

/** How far the clocks of a zone are ahead of UTC at a time (Unix ms), in ms. Throws `RangeError` where there is no such zone. */
export function zoneOffset(zone: string): (atMs: number) => number {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (atMs) => {
    const seconds = Math.floor(atMs / 1000) * 1000;
    const of = new Map(format.formatToParts(seconds).map(({ type, value }) => [type, Number(value)]));
    const part = (name: string) => of.get(name as Intl.DateTimeFormatPartTypes) ?? 0;
    const wallMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wallMs - seconds;
  };
}

/** RFC 3339 in whole seconds, in a zone: `2026-03-29T03:00:00+02:00`; `Z` where that is UTC. */
export function formatInZone(atMs: number, zone: string): string {
  const offsetMs = zoneOffset(zone)(atMs);
  const text = new Date(Math.floor(atMs / 1000) * 1000 + offsetMs).toISOString().slice(0, 19);
  if (offsetMs === 0) return `${text}Z`;
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${text}${offsetMs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
