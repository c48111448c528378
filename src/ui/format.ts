/** `5m`, `3h`, `2d` since an RFC 3339 time; empty when it is unknown. */
export function since(time: string | undefined, nowMs: number): string {
  if (time === undefined) return '';
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export const ago = (time: string | undefined, nowMs: number) => (time === undefined ? '' : `${since(time, nowMs)} ago`);

export const shortCommit = (commit: string | undefined) => commit?.slice(0, 7) ?? '';

export const firstLine = (text: string | undefined) => text?.split('\n')[0] ?? '';

/** `1.4 s`, `310 ms`, `2 min 5 s`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** A field's value as a person reads it. */
export function value(given: unknown): string {
  if (given === undefined) return 'absent';
  return typeof given === 'string' ? given : JSON.stringify(given);
}

export const objectName = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  namespace === '' ? name : `${namespace}/${name}`;

/** `1 object`, `3 objects`. */
export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
