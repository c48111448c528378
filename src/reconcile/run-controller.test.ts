import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlumblineError, silentLog } from '#base';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import type { ReconcileResult } from './controller.ts';
import { runController } from './run-controller.ts';
import { WorkQueue } from './work-queue.ts';

describe('src/reconcile/run-controller.ts', () => {
  const clock = new FakeClock();
  let act: (key: string, signal: AbortSignal) => Promise<ReconcileResult>;
  let passes: string[];
  let enqueue: (key: string) => void;
  let known: readonly string[];
  let stopping: AbortController;
  let running: Promise<void>;

  const start = (queue = new WorkQueue(clock), workers = 2) => {
    stopping = new AbortController();
    const controller = {
      name: 'test',
      reconcile: (key: string, signal: AbortSignal) => {
        passes.push(key);
        return act(key, signal);
      },
    };
    const source = {
      subscribe: (listener: (key: string) => void) => {
        enqueue = listener;
        return () => {
          enqueue = () => undefined;
        };
      },
      keys: () => known,
    };
    const options = { controller, sources: [source], clock, log: silentLog, queue, workers, timeoutMs: 1_000 };
    running = runController(options, stopping.signal);
  };

  beforeEach(() => {
    passes = [];
    known = [];
    act = async () => ({});
  });
  afterEach(async () => {
    stopping.abort();
    await running;
  });

  it('looks at everything there is when it starts, then at what changes', async () => {
    known = ['a', 'b'];
    start();
    await settle();
    enqueue('c');
    await settle();
    expect(passes).toEqual(['a', 'b', 'c']);
  });

  it('looks again when asked to', async () => {
    known = ['a'];
    act = async () => ({ requeueAfterMs: 500 });
    start();
    await clock.advance(499);
    expect(passes).toHaveLength(1);
    await clock.advance(1);
    expect(passes).toHaveLength(2);
  });

  it('backs off a key that fails, alone, and forgets its failures when it works', async () => {
    known = ['bad', 'good'];
    act = async (key) => {
      if (key === 'bad') throw new Error('no');
      return {};
    };
    start();
    await clock.advance(35);
    expect(passes.filter((key) => key === 'bad')).toHaveLength(4);
    expect(passes.filter((key) => key === 'good')).toHaveLength(1);
    act = async () => ({});
    await clock.advance(40);
    act = async () => {
      throw new Error('no');
    };
    passes.length = 0;
    enqueue('bad');
    await clock.advance(5);
    expect(passes).toEqual(['bad', 'bad']);
  });

  it('leaves a key alone that cannot work until something changes', async () => {
    known = ['a'];
    act = () => Promise.reject(new PlumblineError('never', { code: 'Never' }));
    start();
    await clock.advance(299_999);
    expect(passes).toHaveLength(1);
    enqueue('a');
    await settle();
    expect(passes).toHaveLength(2);
    await clock.advance(300_000);
    expect(passes).toHaveLength(3);
  });

  it('never works on one key twice at a time, and not on more keys than it has workers', async () => {
    const working = new Set<string>();
    let most = 0;
    act = async (key) => {
      expect(working.has(key)).toBe(false);
      working.add(key);
      most = Math.max(most, working.size);
      await settle();
      working.delete(key);
      return {};
    };
    start();
    for (const key of ['a', 'b', 'c', 'a', 'b', 'c', 'a']) {
      enqueue(key);
      await Promise.resolve();
    }
    for (let turn = 0; turn < 8; turn += 1) await settle();
    expect(most).toBe(2);
    expect(new Set(passes)).toEqual(new Set(['a', 'b', 'c']));
  });

  it('aborts a pass that takes too long, and tries again', async () => {
    known = ['a'];
    const reasons: unknown[] = [];
    act = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      });
    start();
    await clock.advance(1_005);
    expect(reasons).toMatchObject([{ code: 'ReconcileTimeout' }]);
    expect(passes).toHaveLength(2);
  });

  it('looks at everything again after its queue was too short', async () => {
    act = async () => {
      await settle();
      return {};
    };
    start(new WorkQueue(clock, { limit: 2 }), 1);
    known = ['a', 'b', 'c', 'd', 'e'];
    for (const key of known) enqueue(key);
    for (let turn = 0; turn < 40; turn += 1) await settle();
    expect(new Set(passes)).toEqual(new Set(known));
  });

  it('waits for the pass under way when it is stopped', async () => {
    known = ['a'];
    let finished = false;
    act = async () => {
      await settle();
      finished = true;
      return {};
    };
    start();
    await Promise.resolve();
    stopping.abort();
    await running;
    expect(finished).toBe(true);
  });
});
