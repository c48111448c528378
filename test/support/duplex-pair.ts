import { Duplex } from 'node:stream';

/** Two ends of one connection in memory: what is written to one is read from the other, no faster than it is read. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const ends: End[] = [];
  class End extends Duplex {
    #written: (() => void) | undefined;

    override _read(): void {
      const taken = this.#written;
      this.#written = undefined;
      taken?.();
    }

    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      const other = this.#other();
      if (other === undefined || other.destroyed) done();
      else other.#take(chunk, done);
    }

    override _final(done: () => void): void {
      this.#other()?.push(null);
      done();
    }

    override _destroy(error: Error | null, done: (error: Error | null) => void): void {
      const other = this.#other();
      if (other !== undefined && !other.readableEnded && !other.destroyed) other.push(null);
      done(error);
    }

    #take(chunk: Buffer, done: () => void): void {
      if (this.push(chunk)) done();
      else this.#written = done;
    }

    #other(): End | undefined {
      return ends.find((end) => end !== this);
    }
  }
  const left = new End({ allowHalfOpen: true });
  const right = new End({ allowHalfOpen: true });
  ends.push(left, right);
  return [left, right];
}
