import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { createNodeStats, statsLimits } from './node-stats.ts';
import { planStats, type StatsSample } from './stats.plan.ts';

const SECOND = 1_000_000_000;
const container = (id: string, uid: string, cpuNanos: number, atMs: number) => ({
  id,
  pod: { namespace: 'd', name: uid, uid },
  name: id,
  cpuNanos,
  memoryBytes: 100,
  processes: 1,
  atMs,
});
const sample = (atMs: number, cpuNanos: number, ...containers: StatsSample['containers']): StatsSample => ({
  atMs,
  machine: { cpuNanos, memoryBytes: 1000 },
  containers,
});

describe('src/node-agent/stats/stats.plan.ts', () => {
  it('takes the rate over the time between, of each container over its own', () => {
    const before = sample(0, 0, container('a', 'p', 0, 0));
    const now = sample(2_000, 3 * SECOND, container('a', 'p', SECOND, 4_000));
    expect(planStats(before, now)).toEqual({
      atMs: 2_000,
      windowMs: 2_000,
      node: { cpuNanocores: 1_500_000_000, memoryBytes: 1000 },
      containers: [{ pod: 'p', name: 'a', cpuNanocores: 250_000_000, memoryBytes: 100 }],
    });
  });

  it.each([
    ['is new', container('b', 'p', 5, 1_000), undefined],
    ['counts from the start again', container('b', 'p', 5, 1_000), container('b', 'p', 6, 0)],
    ['was not looked at again', container('b', 'p', 6, 0), container('b', 'p', 6, 0)],
  ])('leaves out a pod of which one container %s, and no other', (_how, is, was) => {
    const others = (atMs: number) => [container('a', 'p', atMs, atMs), container('c', 'q', atMs, atMs)];
    const before = sample(0, 0, ...others(0), ...(was === undefined ? [] : [was]));
    const { containers } = planStats(before, sample(1_000, 0, ...others(1_000), is));
    expect(containers.map(({ pod, name }) => `${pod} ${name}`)).toEqual(['q c']);
  });
});

describe('src/node-agent/stats/node-stats.ts', () => {
  it('reads while somebody asks, no more often than its limit, and anew after a silence', async () => {
    const clock = new FakeClock();
    let passes = 0;
    const runtime = {
      stats: async () => {
        passes += 1;
        return [container('a', 'p', passes * SECOND, clock.nowMs())];
      },
    };
    const stats = createNodeStats({ runtime, machine: () => ({ cpuNanos: 0, memoryBytes: 0 }), clock });
    const readAfter = async (ms: number) => {
      await clock.advance(ms);
      const answers = Promise.all([stats.read(), stats.read()]);
      await settle();
      await clock.advance(statsLimits.firstWindowMs);
      const [first, second] = await answers;
      expect(first).toEqual(second);
      return [passes, first.windowMs];
    };
    await clock.advance(10 * statsLimits.staleMs);
    expect(passes).toBe(0);
    expect(await readAfter(0)).toEqual([2, statsLimits.firstWindowMs]);
    expect(await readAfter(1)).toEqual([2, statsLimits.firstWindowMs]);
    expect((await readAfter(statsLimits.sampleMs))[0]).toBe(3);
    expect(await readAfter(statsLimits.staleMs + 1)).toEqual([5, statsLimits.firstWindowMs]);
  });
});
