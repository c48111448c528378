import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NODES, type NodeCondition } from '#api';
import { type ControlPlane, startControlPlane } from '#app';
import { silentLog } from '#base';
import { clientFromKubeconfig, type HttpClient } from '#client';
import { nodeObject } from '../../test/support/cluster.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import { watchNode } from './commands/watch-node.ts';
import { main } from './program.ts';

const READY = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
const network = (condition: Partial<NodeCondition>) => ({
  type: 'NetworkUnavailable',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  ...condition,
});
const PORT_TAKEN = network({
  status: 'False',
  reason: 'NodePortTaken',
  message: 'another program holds 127.0.0.1:30080',
});
const NO_RIGHTS = network({ status: 'True', reason: 'NoNetwork', message: 'the process lacks CAP_NET_ADMIN' });

describe('src/cli/nodes.ts', () => {
  let directory: string;
  let plane: ControlPlane;
  let client: HttpClient;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-nodes-'));
    const listen = { host: '127.0.0.1', apiPort: 0, uiPort: 0, webhookPort: 0 };
    plane = await startControlPlane({ stateDir: directory, listen, version: 'test' }, { log: silentLog });
    client = await clientFromKubeconfig(plane.paths.kubeconfig, { userAgent: 'test' });
  });
  afterEach(async () => {
    client.close();
    await plane.close();
    await rm(directory, { recursive: true, force: true });
  });

  const addNode = async (...conditions: readonly object[]) => {
    const node = nodeObject('one', { status: { conditions } });
    await client.create(NODES, node);
    await client.update(NODES, node, { subresource: 'status' }); // whatever the node controller wrote meanwhile
  };
  const plumb = async (...args: readonly string[]) => {
    const lines: string[] = [];
    const add = (more: string) => void lines.push(more);
    const code = await main(['--state-dir', directory, ...args], { write: add, note: add });
    return { code, text: lines.join('\n') };
  };

  it.each([
    ['a NodePort that another program holds', PORT_TAKEN, 'node one: another program holds 127.0.0.1:30080', 'warn', 0],
    ['a missing right', NO_RIGHTS, 'node one has no pod network: the process lacks CAP_NET_ADMIN', 'FAIL', 1],
  ] as const)('status and doctor tell %s', async (_what, condition, words, verdict, code) => {
    await addNode(READY, condition);
    expect((await plumb('status')).text).toContain(`warn ${words}`);
    const { text } = await plumb('doctor');
    expect(text).toMatch(new RegExp(`^${verdict} +${words}$`, 'm'));
    if (code === 0) expect(text).toContain('end that program');
  });

  it('status and doctor say nothing of a network that is well', async () => {
    await addNode(READY, network({ status: 'False', reason: 'NetworkReady', message: 'all is well' }));
    for (const command of ['status', 'doctor']) expect((await plumb(command)).text).not.toContain('all is well');
  });

  describe('what a person is told who just started a node', () => {
    const watch = (clock: FakeClock) => {
      const notes: string[] = [];
      const output = { write: () => undefined, note: (text: string) => void notes.push(text) };
      const stop = new AbortController();
      const done = watchNode({ client, clock, output, nodeName: 'one', logFile: '/x/agent.log' }, stop.signal);
      return { notes, done, stop };
    };

    it.each([
      ['a NodePort that is taken', PORT_TAKEN, 'another program holds 127.0.0.1:30080'],
      ['a missing right', NO_RIGHTS, 'lacks CAP_NET_ADMIN'],
    ])('is %s', async (_what, condition, words) => {
      await addNode(READY, condition);
      const { notes, done } = watch(new FakeClock());
      await done;
      expect(notes.join('')).toContain(words);
    });

    it('is nothing when all is well', async () => {
      await addNode(READY);
      const { notes, done } = watch(new FakeClock());
      await done;
      expect(notes).toEqual([]);
    });

    it('is where to look when the node says nothing for a minute', async () => {
      const clock = new FakeClock();
      const { notes, done, stop } = watch(clock);
      await until('it is told', async () => {
        await clock.advance(1_000);
        return notes.length > 0;
      });
      await done;
      expect(notes.join('')).toContain('not ready after 60 s');
      expect(notes.join('')).toContain('/x/agent.log');
      stop.abort();
    });

    it('ends with the control plane', async () => {
      const { notes, done, stop } = watch(new FakeClock());
      stop.abort();
      await done;
      expect(notes).toEqual([]);
    });
  });
});
