import { digestHex, sha256Hex } from '#base';
import { bytesOf, type CallContext, define, FunctionProblem, type GoFunction } from '../../template/index.ts';
import { sizeOf } from './convert.ts';

/** Told where a chart asks for chance. */
export const CHANCE_WARNING =
  'draws by lot: here the answer comes from a seed and stays the same; set the value to choose it';

/** Characters that one call may ask for. */
const MAX_COUNT = 65_536;

/** Bytes that a seed unrolls to. */
export class SeededBytes {
  readonly #seed: string;
  #block = 0;
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  next(): number {
    if (this.#at === this.#bytes.length) {
      this.#bytes = Buffer.from(sha256Hex(`${this.#seed}\n${this.#block}`), 'hex');
      this.#block += 1;
      this.#at = 0;
    }
    this.#at += 1;
    return this.#bytes[this.#at - 1] ?? 0;
  }

  take(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next());
  }

  /** One of `count`, each as likely as the others. */
  below(count: number): number {
    const limit = 2 ** 32 - (2 ** 32 % count);
    for (;;) {
      const value = ((this.next() * 256 + this.next()) * 256 + this.next()) * 256 + this.next();
      if (value < limit) return value % count;
    }
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const ASCII = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

/**
 * Hashes, and what Helm draws by lot: here it is drawn from a seed, the same at every rendering, another for each call.
 * Source: Masterminds/sprig v3.3.0 crypto.go, strings.go.
 */
export function randomFunctions(seed: string): Readonly<Record<string, GoFunction>> {
  const bytesFor = (name: string, context: CallContext) => {
    context.warn(`${name} ${CHANCE_WARNING}`);
    return new SeededBytes(`${seed}\n${context.callId()}`);
  };
  const drawn = (name: string, alphabet: string) =>
    define('int', (context, count) => {
      if (count < 0n || count > BigInt(MAX_COUNT)) throw new FunctionProblem(`${name} of ${count} characters`);
      const bytes = bytesFor(name, context);
      return Array.from({ length: sizeOf(count) }, () => alphabet[bytes.below(alphabet.length)]).join('');
    });
  return {
    randAlphaNum: drawn('randAlphaNum', LETTERS + DIGITS),
    randAlpha: drawn('randAlpha', LETTERS),
    randNumeric: drawn('randNumeric', DIGITS),
    randAscii: drawn('randAscii', ASCII),
    randBytes: define('int', (context, count) => {
      if (count < 0n || count > BigInt(MAX_COUNT)) throw new FunctionProblem(`randBytes of ${count} bytes`);
      return Buffer.from(bytesFor('randBytes', context).take(sizeOf(count))).toString('base64');
    }),
    randInt: define('int, int', (context, low, high) => {
      const span = sizeOf(high - low);
      if (span <= 0 || span > 2 ** 32) throw new FunctionProblem('invalid argument to Intn');
      return low + BigInt(bytesFor('randInt', context).below(span));
    }),
    shuffle: define('string', (context, text) => {
      const bytes = bytesFor('shuffle', context);
      const characters = [...text];
      for (let at = characters.length - 1; at > 0; at -= 1) {
        const other = bytes.below(at + 1);
        [characters[at], characters[other]] = [characters[other] as string, characters[at] as string];
      }
      return characters.join('');
    }),
    uuidv4: define('', (context) => {
      const bytes = bytesFor('uuidv4', context).take(16);
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      const hex = Buffer.from(bytes).toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    }),
    sha1sum: define('string', (_, text) => digestHex('sha1', bytesOf(text))),
    sha256sum: define('string', (_, text) => digestHex('sha256', bytesOf(text))),
    sha512sum: define('string', (_, text) => digestHex('sha512', bytesOf(text))),
  };
}
