import { bytesOf, define, type GoFunction, textOf } from '../../template/index.ts';

/** Base64, base32, hashes of texts, paths and URLs. Source: Masterminds/sprig v3.3.0 strings.go, crypto.go; Go path, net/url. */
export const ENCODING: Readonly<Record<string, GoFunction>> = {
  b64enc: define('string', (_, text) => Buffer.from(bytesOf(text)).toString('base64')),
  b64dec: define('string', (_, text) => decode64(text)),
  b32enc: define('string', (_, text) => encode32(bytesOf(text))),
  b32dec: define('string', (_, text) => decode32(text)),
  adler32sum: define('string', (_, text) => String(adler32(bytesOf(text)))),
};

/** Go's `StdEncoding`: line breaks are passed over, all else must be right to the last bit but those that fill. */
export function decode64(text: string): string {
  const plain = text.replace(/[\r\n]/g, '');
  const match = /^[A-Za-z0-9+/]*/.exec(plain)?.[0] ?? '';
  const padding = plain.slice(match.length);
  const expected = '='.repeat((4 - (match.length % 4)) % 4);
  if (padding === expected && expected.length < 3) return textOf(Buffer.from(match, 'base64'));
  // Go names the byte at which it gave up, counted without line breaks in front of the quantum.
  const at = padding === '' || /^=+$/.test(padding) ? badPadding(match.length, padding) : match.length;
  return `illegal base64 data at input byte ${at}`;
}

function badPadding(digits: number, padding: string): number {
  const inQuantum = digits % 4;
  if (padding === '') return digits - inQuantum;
  if (inQuantum < 2) return digits;
  return inQuantum === 2 && padding.length === 1 ? digits + 1 : digits + (4 - inQuantum);
}

const ALPHABET32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function encode32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET32[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) text += ALPHABET32[(held << (5 - bits)) & 31];
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

function decode32(text: string): string {
  const plain = text.replace(/[\r\n]/g, '');
  const digits = /^[A-Z2-7]*/.exec(plain)?.[0] ?? '';
  const padding = plain.slice(digits.length);
  const expected = '='.repeat((8 - (digits.length % 8)) % 8);
  if (padding !== expected || [1, 3, 6].includes(digits.length % 8))
    return `illegal base32 data at input byte ${digits.length}`;
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    held = (held << 5) | ALPHABET32.indexOf(digit);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
    held &= (1 << bits) - 1;
  }
  return textOf(Uint8Array.from(bytes));
}

function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
}
