import { describe, expect, it } from 'vitest';
import { AsyncQueue } from '#base';
import { type ChannelLink, createFrameLink, type SpdyConnection, type SpdyStream } from '#streams';
import { duplexPair } from '../../../test/support/duplex-pair.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { servePortForward } from './port-forward.ts';

/** A stream as a client opens it, that keeps what it is told. */
function streamOf(id: number, headers: Readonly<Record<string, string>>) {
  const said: string[] = [];
  const stream = {
    id,
    headers: new Map(Object.entries(headers)),
    isReset: false,
    said,
    async *chunks() {},
    write: (bytes: Uint8Array) => void said.push(Buffer.from(bytes).toString()),
    end: () => void said.push('end'),
    reset() {
      stream.isReset = true;
    },
  };
  return stream satisfies SpdyStream & { readonly said: string[] };
}

/** Serves these streams to a pod whose agent says `answer`; answers the ports that were dialled. */
async function serve(streams: readonly SpdyStream[], answer: (agent: ChannelLink) => void): Promise<readonly number[]> {
  const queue = new AsyncQueue<SpdyStream>(100);
  for (const stream of streams) queue.push(stream);
  queue.end();
  const connection: SpdyConnection = { streams: () => queue, closed: Promise.resolve(), close: () => undefined };
  const ports: number[] = [];
  const dial = async (port: number) => {
    ports.push(port);
    const [here, there] = duplexPair();
    answer(createFrameLink(there, new FakeClock()));
    return createFrameLink(here, new FakeClock());
  };
  await servePortForward({ connection, dial, pod: 'site', signal: new AbortController().signal });
  return ports;
}

describe('src/server/streams/port-forward.ts', () => {
  const done = (agent: ChannelLink) => {
    void agent.send(1, Buffer.from('answer'));
    agent.end(1);
    void agent.send(3, Buffer.from('{"exitCode":0}'));
    agent.close();
  };

  it('pairs streams by the request they name, in any order', async () => {
    const data = streamOf(1, { streamtype: 'data', port: '80', requestid: '7' });
    const other = streamOf(3, { streamtype: 'error', port: '81', requestid: '8' });
    const error = streamOf(5, { streamtype: 'error', port: '80', requestid: '7' });
    expect(await serve([data, other, error], done)).toEqual([80]);
    expect([data.said.slice(0, 2), error.said]).toEqual([['answer', 'end'], ['end']]);
  });

  it('pairs the streams of older clients by their order', async () => {
    const error = streamOf(1, { streamtype: 'error', port: '80' });
    const data = streamOf(3, { streamtype: 'data', port: '80' });
    expect(await serve([error, data], done)).toEqual([80]);
  });

  it.each([
    ['no port', { streamtype: 'data', requestid: '1' }],
    ['a port that is none', { streamtype: 'data', port: '65536', requestid: '1' }],
    ['another kind of stream', { streamtype: 'stdin', port: '80', requestid: '1' }],
  ])('calls off a stream with %s', async (_what, headers) => {
    const stream = streamOf(1, headers);
    expect([await serve([stream], done), stream.isReset]).toEqual([[], true]);
  });

  it('holds only so many streams that have no other half', async () => {
    const halves = Array.from({ length: 65 }, (_, index) =>
      streamOf(index, { streamtype: 'data', port: '80', requestid: String(index) }),
    );
    await serve(halves, done);
    expect(halves.filter(({ isReset }) => isReset).map(({ id }) => id)).toEqual([64]);
  });

  it('tells on the error stream that the node was lost', async () => {
    const error = streamOf(1, { streamtype: 'error', port: '80', requestid: '1' });
    const data = streamOf(3, { streamtype: 'data', port: '80', requestid: '1' });
    await serve([error, data], (agent) => agent.close());
    expect(error.said[0]).toBe('error forwarding port 80 to pod site, uid : the connection to the node broke off');
    expect(data.isReset).toBe(true);
  });
});
