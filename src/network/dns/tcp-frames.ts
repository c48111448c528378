/** Bytes before each message over TCP: its length. Source: RFC 1035, 4.2.2. */
const LENGTH_BYTES = 2;

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.byteLength);
  return Buffer.concat([length, message]);
}

/** Puts the messages of a DNS connection together again, however the bytes come in. */
export class FrameReader {
  readonly #maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(maxBytes = 65_535) {
    this.#maxBytes = maxBytes;
  }

  /** The messages that `chunk` completes; undefined when one is longer than allowed: the connection is then of no use. */
  push(chunk: Buffer): Buffer[] | undefined {
    this.#rest = this.#rest.byteLength === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (this.#rest.byteLength >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#rest.readUInt16BE(0);
      if (end - LENGTH_BYTES > this.#maxBytes) return undefined;
      if (this.#rest.byteLength < end) break;
      messages.push(this.#rest.subarray(LENGTH_BYTES, end));
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }
}
