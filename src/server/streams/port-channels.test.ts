import { describe, expect, it } from 'vitest';
import { ApiError } from '#api';
import { type ChannelLink, createFrameLink } from '#streams';
import { duplexPair } from '../../../test/support/duplex-pair.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { servePortChannels } from './port-channels.ts';

const clock = new FakeClock();

/** A client's link, and a pod whose agent echoes on port 80, leaves on 81, and refuses everything else. */
function bed(ports: readonly number[]) {
  const [near, far] = duplexPair();
  const client = createFrameLink(near, clock);
  const dial = async (port: number): Promise<ChannelLink> => {
    if (port > 81) throw new ApiError('BadRequest', 'nothing listens there');
    const [here, there] = duplexPair();
    void (port === 80 ? echo(createFrameLink(there, clock)) : createFrameLink(there, clock).close());
    return createFrameLink(here, clock);
  };
  const { signal } = new AbortController();
  const served = servePortChannels({ client: createFrameLink(far, clock), ports, dial, pod: 'site', clock, signal });
  return { client, served };
}

/** Says what it heard, and ends both sides when it hears `end`. */
async function echo(agent: ChannelLink): Promise<void> {
  for await (const message of agent.messages()) {
    if ('bytes' in message && Buffer.from(message.bytes).toString() === 'end') agent.end(1);
    else if ('bytes' in message) void agent.send(1, message.bytes);
    else break;
  }
  void agent.send(3, Buffer.from('{"exitCode":0}'));
  agent.close();
}

describe('src/server/streams/port-channels.ts', () => {
  it('tells each channel its port, carries bytes of one, and complaints of others beside them', async () => {
    const { client, served } = bed([80, 81, 8192]);
    void client.send(0, Buffer.from('hello'));
    void client.send(1, Buffer.from('nothing is heard here'));
    void client.send(0, Buffer.from('end'));
    const heard = new Map<number, string>();
    for await (const message of client.messages()) {
      if ('end' in message) continue;
      heard.set(message.channel, (heard.get(message.channel) ?? '') + Buffer.from(message.bytes).toString('latin1'));
    }
    client.close();
    await served;
    expect([...heard].sort(([left], [right]) => left - right)).toEqual([
      [0, 'P\0hello'],
      [1, 'P\0'],
      [2, 'Q\0'],
      [3, 'Q\0error forwarding port 81 to pod site, uid : the connection to the node broke off'],
      [4, '\0 '],
      [5, '\0 error forwarding port 8192 to pod site, uid : nothing listens there'],
    ]);
  });

  it('lets the node go when the client leaves', async () => {
    const { client, served } = bed([80]);
    client.close();
    await expect(served).resolves.toBeUndefined();
  });
});
