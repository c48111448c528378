import { constants, createDeflate, createInflate } from 'node:zlib';
import { StreamError } from '../errors.ts';
import { streamLimits } from '../limits.ts';
import { SPDY_DICTIONARY } from './dictionary.ts';

export type SpdyHeaders = ReadonlyMap<string, string>;

/** Compresses and reads header blocks: one state per connection and direction, so in the order of the wire. */
export class HeaderCodec {
  readonly #inflate = createInflate({ dictionary: SPDY_DICTIONARY });
  readonly #deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
  #inflated: Buffer[] = [];
  #deflated: Buffer[] = [];
  #room: number = streamLimits.headerBytes;

  constructor() {
    this.#inflate.on('data', (piece: Buffer) => {
      this.#room -= piece.length;
      if (this.#room < 0) this.#inflate.destroy();
      else this.#inflated.push(piece);
    });
    this.#inflate.on('error', () => undefined); // told to who waits for a block
    this.#deflate.on('data', (piece: Buffer) => this.#deflated.push(piece));
  }

  /** Throws `StreamError` for what is no header block, and for one that is too long when it is unpacked. */
  async read(block: Buffer): Promise<SpdyHeaders> {
    this.#room = streamLimits.headerBytes;
    this.#inflated = [];
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => reject(new StreamError(`headers that cannot be unpacked: ${error.message}`));
      this.#inflate.once('error', fail);
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', fail);
        if (error) fail(error);
        else resolve();
      });
    });
    if (this.#room < 0) throw new StreamError(`headers are longer than ${streamLimits.headerBytes} bytes`);
    return parse(Buffer.concat(this.#inflated));
  }

  /** The block of no headers: all that a server of ours answers. */
  async empty(): Promise<Buffer> {
    this.#deflated = [];
    this.#deflate.write(Buffer.alloc(4));
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    return Buffer.concat(this.#deflated);
  }

  close(): void {
    this.#inflate.destroy();
    this.#deflate.destroy();
  }
}

/** Source: SPDY Protocol - Draft 3.1, 2.6.10. Of a header with several values, the first. */
function parse(block: Buffer): SpdyHeaders {
  let at = 0;
  const number = () => {
    if (at + 4 > block.length) throw new StreamError('headers end too early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > block.length) throw new StreamError('headers end too early');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left -= 1) {
    const name = text();
    headers.set(name.toLowerCase(), text().split('\0', 1)[0] ?? '');
  }
  return headers;
}
