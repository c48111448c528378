import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { StreamWriter } from './stream-writer.ts';

/** The few parts of a response that the writer uses, with a reader that can be stopped. */
class Reader extends EventEmitter {
  readonly writes: string[] = [];
  writableNeedDrain = false;
  writableEnded = false;
  destroyed = false;
  stopped = false;

  write(bytes: Uint8Array): boolean {
    this.writes.push(Buffer.from(bytes).toString());
    if (this.stopped) this.writableNeedDrain = true;
    return !this.stopped;
  }
  end(): void {
    this.writableEnded = true;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
  goOn(): void {
    this.stopped = false;
    this.writableNeedDrain = false;
    this.emit('drain');
  }
}

function start() {
  const reader = new Reader();
  const clock = new FakeClock();
  const writer = new StreamWriter(reader as unknown as ServerResponse, { clock, chunkBytes: 10, stallMs: 1_000 });
  return { reader, clock, writer, write: (text: string) => writer.write(Buffer.from(text)) };
}

describe('src/server/http/stream-writer.ts', () => {
  it('sends what comes in one turn in one write', async () => {
    const { reader, write } = start();
    expect([write('a'), write('b'), write('c')]).toEqual([undefined, undefined, undefined]);
    await settle();
    expect(reader.writes).toEqual(['abc']);
  });

  it('sends at once what fills a chunk', () => {
    const { reader, write } = start();
    expect([write('01234'), write('56789')]).toEqual([undefined, undefined]);
    expect(reader.writes).toEqual(['0123456789']);
  });

  it('makes the producer wait for a slow reader, and loses nothing', async () => {
    const { reader, write } = start();
    reader.stopped = true;
    const wait = write('0123456789');
    expect(wait).toBeInstanceOf(Promise);
    expect(write('next')).toBeInstanceOf(Promise);
    await settle();
    expect(reader.writes).toEqual(['0123456789']);
    reader.goOn();
    await wait;
    expect(reader.writes).toEqual(['0123456789', 'next']);
  });

  it('cuts off a reader that takes nothing', async () => {
    const { reader, clock, write, writer } = start();
    reader.stopped = true;
    const wait = write('0123456789');
    await clock.advance(1_000);
    await wait;
    expect([reader.destroyed, writer.closed]).toEqual([true, true]);
    expect(write('more')).toBeUndefined();
    expect(clock.waiting).toBe(0);
  });

  it('sends the rest when it ends', () => {
    const { reader, write, writer } = start();
    expect(write('a')).toBeUndefined();
    writer.end();
    expect([reader.writes, reader.writableEnded]).toEqual([['a'], true]);
  });
});
