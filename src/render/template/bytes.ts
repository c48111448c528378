/**
 * Texts as Go has them: bytes. A text here is a JavaScript string; a byte that is no UTF-8 is kept as the lone surrogate
 * U+DC80…U+DCFF, so that nothing is lost between `b64dec` and `b64enc`.
 */

const ESCAPE_BASE = 0xdc00;

/** The text of these bytes. */
export function textOf(bytes: Uint8Array): string {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  // Without a replacement character every byte was UTF-8.
  return decoded.includes('\ufffd') ? decodeEscaped(bytes) : decoded;
}

function decodeEscaped(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(ESCAPE_BASE + (bytes[at] as number));
      at += 1;
    } else {
      text += new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

/** Bytes of the well-formed character at `at`; 0 where there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
    return length;
  } catch (error) {
    if (error instanceof TypeError) return 0;
    throw error;
  }
}

const ESCAPED = /[\udc80-\udcff]/;
const LONE = /^[\udc80-\udcff]$/;

/** The bytes of this text. */
export function bytesOf(text: string): Uint8Array {
  if (!ESCAPED.test(text)) return Buffer.from(text, 'utf8');
  const parts: Uint8Array[] = [];
  for (const character of text) {
    parts.push(
      LONE.test(character) ? Uint8Array.of(character.charCodeAt(0) - ESCAPE_BASE) : Buffer.from(character, 'utf8'),
    );
  }
  return Buffer.concat(parts);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is asked for.
const ASCII = /^[\u0000-\u007f]*$/;

/** Go's `len`. */
export function byteLength(text: string): number {
  return ASCII.test(text) ? text.length : bytesOf(text).length;
}

/** Go's `text[start:end]`. */
export function byteSlice(text: string, start: number, end?: number): string {
  return ASCII.test(text) ? text.slice(start, end) : textOf(bytesOf(text).subarray(start, end));
}

/** The text with every byte that is no UTF-8 replaced: what may be written to a file or a terminal. */
export function printable(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

/** Order of Go's strings: that of their bytes. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  if (ASCII.test(left) && ASCII.test(right)) return left < right ? -1 : 1;
  return Buffer.compare(bytesOf(left), bytesOf(right));
}
