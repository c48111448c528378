import { Duplex } from 'node:stream';
import { CHANNEL, type ChannelLink, type ChannelMessage } from './channel-link.ts';
import { StreamError } from './errors.ts';

/**
 * A session that carries one connection, as that connection: what is written goes out on channel 0, what comes on channel
 * 1 is read, each side ends by itself. Nothing is read ahead but what a stream of Node holds.
 */
export function createLinkDuplex(link: ChannelLink): Duplex {
  return new LinkDuplex(link);
}

class LinkDuplex extends Duplex {
  readonly #link: ChannelLink;
  readonly #messages: AsyncIterator<ChannelMessage>;
  #isReading = false;
  #hasEnded = false;

  constructor(link: ChannelLink) {
    super({ allowHalfOpen: true });
    this.#link = link;
    this.#messages = link.messages()[Symbol.asyncIterator]();
  }

  override _read(): void {
    if (this.#isReading || this.#hasEnded) return;
    this.#isReading = true;
    this.#next().then(
      (bytes) => {
        this.#isReading = false;
        this.push(bytes);
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    Promise.resolve(this.#link.send(CHANNEL.stdin, chunk)).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.#link.end(CHANNEL.stdin);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#link.close();
    done(error);
  }

  /** The next bytes; null at the end. */
  async #next(): Promise<Uint8Array | null> {
    for (;;) {
      const { done, value } = await this.#messages.next();
      if (done === true) throw new StreamError('the connection to the node broke off');
      if (value.channel !== CHANNEL.stdout) continue;
      if ('bytes' in value) return value.bytes;
      this.#hasEnded = true;
      return null;
    }
  }
}
