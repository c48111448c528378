/** `5m`, `3h`, `2d` since an RFC 3339 time; empty when it is unknown. A clock ahead of ours is `0s`. */
export function since(time: string | undefined, nowMs: number): string {
  if (time === undefined) return '';
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

export const shortCommit = (commit: string | undefined) => commit?.slice(0, 7) ?? '';

export const firstLine = (text: string | undefined) => text?.split('\n')[0] ?? '';

/** `Ada` of `Ada <ada@example.com>`; the address where there is no name. */
export const person = (author: string) => author.replace(/\s*<[^>]*>$/, '').trim() || author;

/** `1.4 s`, `310 ms`, `2 min 5 s`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const BINARY_UNITS: readonly string[] = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** `23.5 GiB` of the quantity `24684096Ki`; what is no binary quantity stays as it is. */
export function memory(quantity: string): string {
  const [, digits, unit] = /^(\d+)(Ki|Mi|Gi|Ti|Pi)$/.exec(quantity) ?? [];
  if (digits === undefined || unit === undefined) return quantity;
  let amount = Number(digits);
  let step = BINARY_UNITS.indexOf(unit);
  while (amount >= 1024 && step < BINARY_UNITS.length - 1) {
    amount /= 1024;
    step += 1;
  }
  return `${Number(amount.toFixed(1))} ${BINARY_UNITS[step]}B`;
}

/** A field's value as a person reads it. */
export function value(given: unknown): string {
  if (given === undefined) return 'absent';
  return typeof given === 'string' ? given : JSON.stringify(given);
}

export const objectName = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  namespace === '' ? name : `${namespace}/${name}`;

/** `Deployment demo/web` of the key `apps/Deployment/demo/web`: only kinds begin with a capital. */
export function keyWords(key: string): string {
  const parts = key.split('/');
  const at = Math.max(
    0,
    parts.findIndex((part) => /^[A-Z]/.test(part)),
  );
  return `${parts[at]} ${parts.slice(at + 1).join('/')}`.trim();
}

/** `1 object`, `3 objects`. */
export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** `Waits for approval.`: words of the server as a sentence of their own. */
export function sentence(words: string): string {
  const text = words.trim();
  if (text === '') return '';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}
