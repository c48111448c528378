/** The wire types of protobuf. Source: protobuf.dev/programming-guides/encoding. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** Bytes of the longest varint: 64 bits, seven a byte. */
const MAX_VARINT_BYTES = 10;
/** Largest field number. Source: protobuf.dev/programming-guides/proto2, assigning field numbers. */
const MAX_FIELD_NUMBER = 536_870_911;
const TWO_32 = 2 ** 32;

/** What is wrong with the bytes, in words for the sender; `at` is the offset of the byte. */
export class WireError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Reads the pieces protobuf is made of. Never reads beyond `end`; whatever does not fit throws `WireError`. */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  position = 0;
  /** Where the message being read ends. */
  end: number;
  /** The two halves of the varint read last, unsigned. */
  #low = 0;
  #high = 0;
  /** Number and wire type of the field whose tag was read last. */
  number = 0;
  wireType = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  /** Reads a tag into `number` and `wireType`; false at the end of the message. */
  nextField(): boolean {
    if (this.position >= this.end) return false;
    const start = this.position;
    this.#readVarint();
    const number = this.#low >>> 3;
    if (this.#high !== 0 || number === 0 || number > MAX_FIELD_NUMBER) throw new WireError('no field number', start);
    this.number = number;
    this.wireType = this.#low & 7;
    return true;
  }

  bool(): boolean {
    this.#readVarint();
    return this.#low !== 0 || this.#high !== 0;
  }

  int32(): number {
    this.#readVarint();
    return this.#low | 0;
  }

  /** An integer of 64 bits. What a double cannot keep is refused, as it is in JSON. */
  int64(): number {
    const start = this.position;
    this.#readVarint();
    const value = (this.#high | 0) * TWO_32 + this.#low;
    if (!Number.isSafeInteger(value)) throw new WireError('an integer is beyond ±2^53 and cannot be kept exact', start);
    return value;
  }

  double(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.position, true);
    if (!Number.isFinite(value)) throw new WireError('a number is not finite', this.position);
    this.position += 8;
    return value;
  }

  /** The length of what follows; its last byte lies within the message. */
  length(): number {
    const start = this.position;
    this.#readVarint();
    const length = this.#low;
    if (this.#high !== 0 || length > this.end - this.position) {
      throw new WireError('a length reaches beyond the end', start);
    }
    return length;
  }

  text(): string {
    const length = this.length();
    const start = this.position;
    this.position += length;
    const text = this.#bytes.toString('utf8', start, this.position);
    // Only a text with a replacement character can have been wrong, and nearly none has one.
    if (text.includes('\ufffd') && !this.#bytes.subarray(start, this.position).equals(Buffer.from(text))) {
      throw new WireError('a text is not valid UTF-8', start);
    }
    return text;
  }

  /** The bytes, not copied. */
  bytes(): Buffer {
    const length = this.length();
    this.position += length;
    return this.#bytes.subarray(this.position - length, this.position);
  }

  /** Passes over the field whose tag was read last. Groups have long been out of use, but may still be sent. */
  skip(): void {
    let groups = 0;
    for (;;) {
      const start = this.position;
      switch (this.wireType) {
        case WIRE.varint:
          this.#readVarint();
          break;
        case WIRE.fixed64:
          this.#pass(8);
          break;
        case WIRE.bytes:
          this.#pass(this.length());
          break;
        case WIRE.fixed32:
          this.#pass(4);
          break;
        case WIRE.groupStart:
          groups += 1;
          break;
        case WIRE.groupEnd:
          if (groups === 0) throw new WireError('a group ends that did not begin', start);
          groups -= 1;
          break;
        default:
          throw new WireError(`there is no wire type ${this.wireType}`, start);
      }
      if (groups === 0) return;
      if (!this.nextField()) throw new WireError('a group does not end', start);
    }
  }

  #pass(count: number): void {
    this.#need(count);
    this.position += count;
  }

  #need(count: number): void {
    if (count > this.end - this.position) throw new WireError('the bytes end in the middle of a value', this.position);
  }

  #readVarint(): void {
    const start = this.position;
    let low = 0;
    let high = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      if (this.position >= this.end) throw new WireError('the bytes end in the middle of a value', start);
      const byte = this.#bytes[this.position] ?? 0;
      this.position += 1;
      const bits = byte & 0x7f;
      const shift = index * 7;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new WireError('an integer has more than 64 bits', start);
  }
}

const FIRST_BYTES = 1024;

/**
 * Writes protobuf from its last byte to its first, as Go does: the length of a message is known once it stands there, and
 * nothing is copied. What stands last is written first.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #start = FIRST_BYTES;

  /** Bytes written so far: take it before a message to know its length after. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** An integer, negative ones as 64 bits in two's complement. Must be safe. */
  varint(value: number): void {
    if (value < 0 || value >= TWO_32) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    let count = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) count += 1;
    let at = this.#take(count);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) {
      this.#bytes[at] = (rest & 0x7f) | 0x80;
      at += 1;
    }
    this.#bytes[at] = rest;
  }

  double(value: number): void {
    const at = this.#take(8); // may take another buffer
    this.#bytes.writeDoubleLE(value, at);
  }

  /** A text with its length before it. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    const at = this.#take(length);
    this.#bytes.write(value, at, 'utf8');
    this.varint(length);
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.raw(value);
    this.varint(value.length);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    const at = this.#take(value.length);
    this.#bytes.set(value, at);
  }

  /** All that was written. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#start);
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.raw(Uint8Array.from(bytes));
  }

  /** Makes room for so many bytes before all others; returns where it begins. */
  #take(count: number): number {
    if (count > this.#start) {
      const used = this.length;
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + count));
      this.#bytes.copy(grown, grown.length - used, this.#start);
      this.#bytes = grown;
      this.#start = grown.length - used;
    }
    this.#start -= count;
    return this.#start;
  }
}
