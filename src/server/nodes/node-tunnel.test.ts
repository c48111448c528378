import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { createNodeTunnel, type NodeTunnel, tunnelLimits } from './node-tunnel.ts';
import type { AgentStream, ControlMessage } from './node-tunnel.types.ts';

const POD = { namespace: 'web', name: 'site-1', uid: 'u1' };

describe('src/server/nodes/node-tunnel.ts', () => {
  let clock: FakeClock;
  let tunnel: NodeTunnel;
  beforeEach(() => {
    clock = new FakeClock();
    tunnel = createNodeTunnel({ clock, log: silentLog });
  });
  afterEach(() => tunnel.close());

  /** An agent that only listens. */
  function connect(node: string) {
    const messages: ControlMessage[] = [];
    const left = new AbortController();
    let ended = false;
    tunnel.connect(
      node,
      (message) => messages.push(message),
      () => {
        ended = true;
      },
      left.signal,
    );
    const tickets = () => messages.flatMap((message) => (message.type === 'log' ? [message.ticket] : []));
    return { messages, tickets, leave: () => left.abort(), ended: () => ended };
  }

  function stream(ticket: string, pieces: readonly string[], error?: string): AgentStream & { aborted: boolean } {
    async function* body() {
      for (const piece of pieces) yield Buffer.from(piece);
    }
    const made = {
      ticket,
      body: body(),
      aborted: false,
      abort() {
        made.aborted = true;
      },
      ...(error === undefined ? {} : { error }),
    };
    return made;
  }

  async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
    let text = '';
    for await (const piece of bytes) text += Buffer.from(piece).toString();
    return text;
  }

  it('asks the agent, and gives what it sends', async () => {
    const agent = connect('n1');
    const opening = tunnel.openLog('n1', POD, { container: 'c', follow: true });
    const [ticket = ''] = agent.tickets();
    expect(agent.messages).toEqual([{ type: 'log', ticket, pod: POD, options: { container: 'c', follow: true } }]);
    tunnel.accept('n1', stream(ticket, ['one\n', 'two\n']));
    expect(await read(await opening)).toBe('one\ntwo\n');
  });

  it('takes a ticket once, from its own node, and in time', async () => {
    const agent = connect('n1');
    connect('n2');
    const opening = tunnel.openLog('n1', POD, {});
    const [ticket = ''] = agent.tickets();
    const refused = expect.objectContaining({ reason: 'NotFound' });
    expect(() => tunnel.accept('n2', stream(ticket, []))).toThrow(refused);
    expect(() => tunnel.accept('n1', stream('guessed', []))).toThrow(refused);
    tunnel.accept('n1', stream(ticket, []));
    expect(() => tunnel.accept('n1', stream(ticket, []))).toThrow(refused);
    await opening;
    const late = tunnel.openLog('n1', POD, {}).catch((error: unknown) => error);
    const [, second = ''] = agent.tickets();
    await clock.advance(tunnelLimits.dialTimeoutMs);
    expect(await late).toMatchObject({ reason: 'ServiceUnavailable', message: 'node n1 did not answer in time' });
    expect(() => tunnel.accept('n1', stream(second, []))).toThrow(refused);
    expect(agent.messages.at(-1)).toEqual({ type: 'cancel', ticket: second });
  });

  it('passes on what the agent says went wrong', async () => {
    const agent = connect('n1');
    const opening = tunnel.openLog('n1', POD, {});
    tunnel.accept('n1', stream(agent.tickets()[0] ?? '', [], 'container "c" is waiting to start'));
    await expect(opening).rejects.toMatchObject({ reason: 'BadRequest', message: 'container "c" is waiting to start' });
  });

  it('refuses at once when the agent is away, and when it leaves', async () => {
    await expect(tunnel.openLog('n1', POD, {})).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    const agent = connect('n1');
    const opening = tunnel.openLog('n1', POD, {});
    agent.leave();
    await expect(opening).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    expect(tunnel.isConnected('n1')).toBe(false);
  });

  it('keeps only the newest connection of a node', async () => {
    const old = connect('n1');
    const young = connect('n1');
    expect([old.ended(), young.ended()]).toEqual([true, false]);
    old.leave();
    expect(tunnel.isConnected('n1')).toBe(true);
    tunnel.openLog('n1', POD, {}).catch(() => undefined);
    expect([old.tickets().length, young.tickets().length]).toEqual([0, 1]);
  });

  it('breaks the stream off when its reader leaves', async () => {
    const agent = connect('n1');
    const reader = new AbortController();
    const opening = tunnel.openLog('n1', POD, {}, reader.signal);
    const [ticket = ''] = agent.tickets();
    const sent = stream(ticket, ['one', 'two']);
    tunnel.accept('n1', sent);
    for await (const _piece of await opening) break;
    expect(sent.aborted).toBe(true);
    expect(agent.messages.at(-1)).toEqual({ type: 'cancel', ticket });
  });

  it('calls the ticket off when the reader leaves before the agent calls', async () => {
    const agent = connect('n1');
    const reader = new AbortController();
    const opening = tunnel.openLog('n1', POD, {}, reader.signal);
    reader.abort();
    await expect(opening).rejects.toMatchObject({ reason: 'Timeout' });
    expect(agent.messages.at(-1)?.type).toBe('cancel');
  });

  it('says so when the stream breaks', async () => {
    const agent = connect('n1');
    const opening = tunnel.openLog('n1', POD, {});
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one');
      throw new Error('aborted');
    }
    tunnel.accept('n1', { ticket: agent.tickets()[0] ?? '', body: body(), abort: () => undefined });
    await expect(read(await opening)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });

  it('pings, so that an idle connection is not taken for dead', async () => {
    const agent = connect('n1');
    await clock.advance(tunnelLimits.pingMs * 3);
    expect(agent.messages).toEqual([{ type: 'ping' }, { type: 'ping' }, { type: 'ping' }]);
    agent.leave();
    await clock.advance(tunnelLimits.pingMs);
    expect(agent.messages).toHaveLength(3);
    expect(clock.waiting).toBe(0);
  });

  it('asks one node for no more streams at a time than its limit', async () => {
    connect('n1');
    const opening = Array.from({ length: tunnelLimits.ticketsPerNode }, () => tunnel.openLog('n1', POD, {}));
    for (const each of opening) each.catch(() => undefined);
    await expect(tunnel.openLog('n1', POD, {})).rejects.toMatchObject({ reason: 'TooManyRequests' });
    await settle();
  });
});
