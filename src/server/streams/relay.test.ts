import { describe, expect, it } from 'vitest';
import { CHANNEL, type ChannelLink, createFrameLink, streamLimits } from '#streams';
import { duplexPair } from '../../../test/support/duplex-pair.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { type Outcome, readOutcome, statusOfOutcome, wordsOfOutcome } from './outcome.plan.ts';
import { relay } from './relay.ts';

/** A relay between two links whose other ends are the test's. */
function begin() {
  const clock = new FakeClock();
  const [clientHere, clientThere] = duplexPair();
  const [agentHere, agentThere] = duplexPair();
  const abort = new AbortController();
  const told: Outcome[] = [];
  const tell = (outcome: Outcome) => {
    told.push(outcome);
    return Buffer.from(JSON.stringify(outcome));
  };
  const client = createFrameLink(clientHere, clock);
  const agent = createFrameLink(agentHere, clock);
  const running = relay({ client, agent, tell, clock, signal: abort.signal });
  const read = (link: ChannelLink) => {
    const got: string[] = [];
    const reading = (async () => {
      for await (const message of link.messages()) {
        got.push('end' in message ? `${message.channel} end` : `${message.channel} ${Buffer.from(message.bytes)}`);
      }
    })();
    return { got, reading };
  };
  const theirs = createFrameLink(clientThere, clock);
  const agents = createFrameLink(agentThere, clock);
  return { clock, theirs, agents, clientThere, agentThere, abort, told, running, read };
}

describe('src/server/streams/relay.ts', () => {
  it('carries both ways what each side may say, and tells the outcome last', async () => {
    const { theirs, agents, running, read } = begin();
    const client = read(theirs);
    const agent = read(agents);
    void theirs.send(CHANNEL.stdin, Buffer.from('in'));
    void theirs.send(CHANNEL.stdout, Buffer.from('not his to say'));
    void theirs.send(CHANNEL.resize, Buffer.from('{}'));
    theirs.end(CHANNEL.stdin);
    void agents.send(CHANNEL.stdout, Buffer.from('out'));
    void agents.send(CHANNEL.resize, Buffer.from('not its to say'));
    void agents.send(CHANNEL.stderr, Buffer.from('err'));
    void agents.send(CHANNEL.outcome, Buffer.from('{"exitCode":3}'));
    await settle();
    agents.close();
    await client.reading;
    theirs.close();
    await running;
    expect(agent.got).toEqual(['0 in', '4 {}', '0 end']);
    expect(client.got).toEqual(['1 out', '2 err', '3 {"exitCode":3}']);
  });

  it('says that the node was lost when the agent leaves without a word', async () => {
    const { theirs, agentThere, running, told, read } = begin();
    const client = read(theirs);
    agentThere.destroy();
    await client.reading;
    theirs.close();
    await running;
    expect(told).toEqual([{ error: 'the connection to the node broke off' }]);
  });

  it('lets the agent go when the client leaves', async () => {
    const { agents, clientThere, running, read } = begin();
    const agent = read(agents);
    clientThere.destroy();
    await agent.reading;
    agents.close();
    await running;
  });

  it('ends a session that its caller may not go on with, even one who takes nothing', async () => {
    const { agents, abort, running, told, clock, read } = begin();
    void read(agents).reading;
    void agents.send(CHANNEL.stdout, Buffer.alloc(streamLimits.frameBytes));
    await settle();
    abort.abort();
    await clock.advance(streamLimits.closeGraceMs * 3);
    await running;
    expect(told).toEqual([{ error: 'the server ended the session' }]);
  });

  it('ends a session on which nothing moves, counted from what moved last', async () => {
    const { theirs, agents, running, told, clock, read } = begin();
    void read(agents).reading;
    const client = read(theirs);
    await clock.advance(streamLimits.idleMs - 1);
    void theirs.send(CHANNEL.stdin, Buffer.from('x'));
    await clock.advance(streamLimits.idleMs - 1);
    expect(told).toEqual([]);
    await clock.advance(2);
    await clock.advance(streamLimits.closeGraceMs * 3);
    await client.reading;
    await running;
    expect(told).toEqual([{ error: 'nothing moved for 4 hours' }]);
  });
});

describe('src/server/streams/outcome.plan.ts', () => {
  it.each([
    ['{"exitCode":0}', { exitCode: 0 }],
    ['{"error":"gone"}', { error: 'gone' }],
    [`{"error":"${'x'.repeat(5_000)}"}`, { error: 'x'.repeat(1_024) }],
    ['{"exitCode":"0"}', undefined],
    ['[]', undefined],
    ['nonsense', undefined],
  ])('reads %s', (text, outcome) => {
    expect(readOutcome(Buffer.from(text))).toEqual(outcome);
  });

  it('says it as kubectl reads it', () => {
    expect(statusOfOutcome({ exitCode: 0 })).toEqual({ metadata: {}, status: 'Success' });
    expect(statusOfOutcome({ exitCode: 3 })).toEqual({
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: 'command terminated with exit code 3',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    expect(statusOfOutcome({ error: 'gone' })).toMatchObject({ reason: 'InternalError', message: 'gone' });
    expect([wordsOfOutcome({ exitCode: 0 }), wordsOfOutcome({ error: 'gone' })]).toEqual(['', 'gone']);
  });
});
