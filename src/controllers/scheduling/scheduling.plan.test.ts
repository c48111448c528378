import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import type { ClusterChange } from '#scheduler';
import { PendingPods } from './pending-pods.ts';
import { asksAnew, planRefusal, standingOf } from './scheduling.plan.ts';

const pod = (more: { spec?: object; status?: object; metadata?: object } = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'default', uid: 'u1', ...more.metadata },
    spec: { containers: [], schedulerName: 'default-scheduler', ...more.spec },
    ...(more.status === undefined ? {} : { status: more.status }),
  }) as unknown as Pod;

describe('src/controllers/scheduling/scheduling.plan.ts', () => {
  it.each([
    ['a new pod waits', pod(), 'waits'],
    ['a placed pod occupies', pod({ spec: { nodeName: 'n1' } }), 'occupies'],
    [
      'a going pod occupies until it is gone',
      pod({ spec: { nodeName: 'n1' }, metadata: { deletionTimestamp: 'x' } }),
      'occupies',
    ],
    ['a finished pod does not', pod({ spec: { nodeName: 'n1' }, status: { phase: 'Succeeded' } }), 'none'],
    ['a failed pod does not', pod({ spec: { nodeName: 'n1' }, status: { phase: 'Failed' } }), 'none'],
    ["another scheduler's pod is left alone", pod({ spec: { schedulerName: 'other' } }), 'none'],
    ['a gated pod is held', pod({ spec: { schedulingGates: [{ name: 'x' }] } }), 'none'],
    ['a pod going before it was placed needs nothing', pod({ metadata: { deletionTimestamp: 'x' } }), 'none'],
  ])('%s', (_, given, standing) => {
    expect(standingOf(given, 'default-scheduler')).toBe(standing);
  });

  it('tries a refused pod again when it asks for something else, not when it is told why', () => {
    expect(asksAnew(pod(), pod({ spec: { nodeSelector: { a: 'b' } } }))).toBe(true);
    expect(asksAnew(pod(), pod({ status: { conditions: [] } }))).toBe(false);
  });

  it('says the same thing only once, and keeps since when', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (first, second) => {
        const one = planRefusal(pod(), first, 0);
        const told = pod({ status: { conditions: [one] } });
        expect(planRefusal(told, first, 60_000)).toBeUndefined();
        const two = planRefusal(told, second, 60_000);
        expect(two?.lastTransitionTime).toBe(first === second ? undefined : one?.lastTransitionTime);
      }),
    );
  });
});

describe('src/controllers/scheduling/pending-pods.ts', () => {
  const backoff = { initialMs: 1_000, maxMs: 10_000 };
  const uidsOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid);
  const refuse = (pending: PendingPods, uid: string, kind: string, ...retryOn: ClusterChange[]) =>
    pending.refuse(pod({ metadata: { uid } }), { kind, retryOn: new Set(retryOn) }, 0);
  const by = (change: ClusterChange) => (_pod: Pod, retryOn: ReadonlySet<ClusterChange>) => retryOn.has(change);

  it('brings back only what a change may help, asked once for each kind', () => {
    const pending = new PendingPods(backoff);
    refuse(pending, 'full', 'large', 'node', 'pod');
    refuse(pending, 'full too', 'large', 'node', 'pod');
    refuse(pending, 'tainted', 'small', 'node');
    const asked: string[] = [];
    const gone = by('pod');
    pending.retry((each, retryOn) => {
      asked.push(each.metadata.uid);
      return gone(each, retryOn);
    }, 0);
    expect(asked).toEqual(['full', 'tainted']);
    expect(uidsOf(pending.take(9))).toEqual(['full', 'full too']);
    pending.retry(by('node'), 0);
    expect(uidsOf(pending.take(9))).toEqual(['tainted']);
  });

  it('gives the most important first, then those that came first', () => {
    const pending = new PendingPods(backoff);
    const put = (uid: string, priority?: number) =>
      pending.put(pod({ metadata: { uid }, ...(priority === undefined ? {} : { spec: { priority } }) }), true);
    put('a');
    put('b', 5);
    put('c');
    put('d', 1000);
    put('e', -1);
    put('a', 7);
    const taken = () => uidsOf(pending.take(2));
    expect([taken(), taken(), taken(), taken()]).toEqual([['d', 'a'], ['b', 'c'], ['e'], []]);
  });

  it('tries a refused pod again at once, then ever more seldom, whatever happens meanwhile', () => {
    const pending = new PendingPods(backoff);
    const waits: number[] = [];
    let nowMs = 0;
    pending.put(pod(), true);
    for (let round = 0; round < 7; round += 1) {
      const [taken] = pending.take(1);
      if (taken === undefined) throw new Error('no pod');
      pending.refuse(taken, { kind: 'k', retryOn: new Set(['pod']) }, nowMs);
      const dueMs = pending.retry(() => true, nowMs) ?? nowMs;
      waits.push(dueMs - nowMs);
      // More of the same does not hurry it.
      pending.retry(() => true, nowMs);
      if (dueMs > nowMs) {
        pending.release(dueMs - 1);
        expect(pending.take(1)).toEqual([]);
        expect(pending.release(dueMs)).toBeUndefined();
      }
      nowMs = dueMs;
    }
    expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    pending.forget('u1');
    expect([pending.ready, pending.waiting]).toEqual([0, 0]);
  });

  it('does not let a pod back off that asks for something else', () => {
    const pending = new PendingPods(backoff);
    for (const _ of [1, 2]) refuse(pending, 'u1', 'k', 'pod');
    pending.retry(() => true, 0);
    pending.put(pod(), false);
    expect([pending.ready, pending.waiting]).toEqual([0, 1]);
    pending.put(pod(), true);
    expect([pending.ready, pending.waiting]).toEqual([1, 0]);
  });

  it('keeps every pod in one place', () => {
    const uid = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), uid, anew: fc.boolean(), priority: fc.nat(2) }),
      fc.record({ do: fc.constant('refuse' as const), limit: fc.nat(3), kind: fc.constantFrom('k', 'l') }),
      fc.record({ do: fc.constant('forget' as const), uid }),
      fc.record({ do: fc.constant('retry' as const), change: fc.constantFrom('node' as const, 'pod' as const) }),
      fc.record({ do: fc.constant('release' as const), afterMs: fc.nat(2_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const pending = new PendingPods(backoff);
        const known = new Set<string>();
        let nowMs = 0;
        for (const each of steps) {
          if (each.do === 'put') {
            pending.put(pod({ metadata: { uid: each.uid }, spec: { priority: each.priority } }), each.anew);
            known.add(each.uid);
          } else if (each.do === 'forget') {
            pending.forget(each.uid);
            known.delete(each.uid);
          } else if (each.do === 'retry') pending.retry(by(each.change), nowMs);
          else if (each.do === 'release') {
            nowMs += each.afterMs;
            pending.release(nowMs);
          } else {
            for (const taken of pending.take(each.limit)) {
              pending.refuse(taken, { kind: each.kind, retryOn: new Set(['node']) }, nowMs);
            }
          }
          expect(pending.ready + pending.waiting).toBe(known.size);
        }
        const all = [...known].sort();
        pending.retry(() => true, nowMs);
        pending.release(Number.POSITIVE_INFINITY);
        expect(uidsOf(pending.take(9)).sort()).toEqual(all);
      }),
    );
  });
});
