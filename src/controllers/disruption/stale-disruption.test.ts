import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PODS, type Pod } from '#api';
import { formatTime, silentLog } from '#base';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { STALE_MS, staleAtMs } from './stale-disruption.plan.ts';
import { createStaleDisruptionController, staleDisruptionSources } from './stale-disruption.ts';

const START_MS = Date.parse('2026-01-02T03:04:05Z');
const target = (status = 'True', reason = 'EvictionByEvictionAPI') => ({
  type: 'DisruptionTarget',
  status,
  reason,
  message: 'why',
  lastTransitionTime: formatTime(START_MS),
});
const ready = { type: 'Ready', status: 'True' };
const pod = (conditions: readonly object[], status: object = {}, metadata: object = {}) =>
  ({ metadata: { name: 'p', ...metadata }, status: { phase: 'Running', conditions, ...status } }) as object as Pod;

describe('src/controllers/disruption/stale-disruption.plan.ts', () => {
  it.each<[string, Pod, number | undefined]>([
    ['one that was told to go, two minutes later', pod([ready, target()]), START_MS + STALE_MS],
    ['one that the scheduler chose', pod([target('True', 'PreemptionByScheduler')]), START_MS + STALE_MS],
    ['one whose agent ends it takes as long as it takes', pod([target('True', 'TerminationByKubelet')]), undefined],
    ['one that was taken back', pod([target('False')]), undefined],
    ['one that was never told to', pod([ready]), undefined],
    ['one that goes', pod([target()], {}, { deletionTimestamp: formatTime(START_MS) }), undefined],
    ['one that failed', pod([target()], { phase: 'Failed' }), undefined],
    ['one that succeeded', pod([target()], { phase: 'Succeeded' }), undefined],
  ])('says of a pod when it stays after all: %s', (_what, given, atMs) => {
    expect(staleAtMs(given)).toBe(atMs);
  });
});

describe('src/controllers/disruption/stale-disruption.ts', () => {
  let clock: FakeClock;
  let cluster: Cluster;
  beforeEach(async () => {
    clock = new FakeClock(START_MS);
    cluster = await startCluster({ clock, log: silentLog });
    const pods = cluster.informers.of(PODS);
    const controller = createStaleDisruptionController({ client: cluster.client, clock, pods });
    await cluster.run(cluster.loop(controller, staleDisruptionSources({ pods })));
  });
  afterEach(() => cluster.close());

  const at = (name: string) => ({ namespace: 'default', name });
  const say = (name: string, conditions: readonly object[], phase = 'Running') => {
    const body = { status: { phase, conditions } } as never;
    return cluster.client.patch(PODS, at(name), { type: 'merge', body }, { subresource: 'status' });
  };
  const conditionsOf = async (name: string) => (await cluster.client.get(PODS, at(name)))?.status?.conditions;

  it('takes back what nobody carried out within two minutes, and leaves the other conditions alone', async () => {
    await cluster.client.create(PODS, podObject('p'));
    await say('p', [ready, target()]);
    await settle();
    await clock.advance(STALE_MS - 1_000);
    expect(await conditionsOf('p')).toContainEqual(target());
    await clock.advance(1_000);
    const lastTransitionTime = formatTime(START_MS + STALE_MS);
    expect(await conditionsOf('p')).toEqual([ready, { type: 'DisruptionTarget', status: 'False', lastTransitionTime }]);
    const before = await cluster.revision();
    await clock.advance(10 * STALE_MS);
    expect(await cluster.revision()).toBe(before);
  });

  it('in any history takes back only what is stale, once, and nothing else', async () => {
    const event = fc.record({
      afterMs: fc.constantFrom(1_000, 60_000, 119_000, 130_000),
      status: fc.constantFrom('True', 'False'),
      reason: fc.constantFrom('EvictionByEvictionAPI', 'TerminationByKubelet'),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 6 }), async (events) => {
        runs += 1;
        const name = `p${runs}`;
        await cluster.client.create(PODS, podObject(name));
        for (const { afterMs, status, reason } of events) {
          const said = { ...target(status, reason), lastTransitionTime: formatTime(clock.nowMs()) };
          await say(name, [ready, said]);
          await settle();
          await clock.advance(afterMs);
          await settle();
          const isStale = status === 'True' && reason !== 'TerminationByKubelet' && afterMs >= STALE_MS;
          const [first, second, ...more] = (await conditionsOf(name)) ?? [];
          expect([first, more]).toEqual([ready, []]);
          if (isStale) expect(second?.status).toBe('False');
          else expect(second).toEqual(said);
        }
      }),
      { numRuns: 20 },
    );
  });
});
