import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
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
  it('brings back only what a change may help', () => {
    const pending = new PendingPods();
    pending.refuse(pod({ metadata: { uid: 'full' } }), new Set(['node', 'pod']));
    pending.refuse(pod({ metadata: { uid: 'tainted' } }), new Set(['node']));
    pending.retry('pod');
    expect(pending.take(9).map(({ metadata }) => metadata.uid)).toEqual(['full']);
    pending.retry('node');
    expect(pending.take(9).map(({ metadata }) => metadata.uid)).toEqual(['tainted']);
  });

  it('gives the most important first, then those that came first', () => {
    const pending = new PendingPods();
    const put = (uid: string, priority?: number) =>
      pending.put(pod({ metadata: { uid }, ...(priority === undefined ? {} : { spec: { priority } }) }), true);
    put('a');
    put('b', 5);
    put('c');
    put('d', 1000);
    put('e', -1);
    put('a', 7);
    const taken = () => pending.take(2).map(({ metadata }) => metadata.uid);
    expect([taken(), taken(), taken(), taken()]).toEqual([['d', 'a'], ['b', 'c'], ['e'], []]);
  });

  it('keeps every pod in one place', () => {
    const uid = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), uid, anew: fc.boolean(), priority: fc.nat(2) }),
      fc.record({ do: fc.constant('refuse' as const), limit: fc.nat(3) }),
      fc.record({ do: fc.constant('forget' as const), uid }),
      fc.record({ do: fc.constant('retry' as const), change: fc.constantFrom('node' as const, 'pod' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const pending = new PendingPods();
        const known = new Set<string>();
        for (const each of steps) {
          if (each.do === 'put') {
            pending.put(pod({ metadata: { uid: each.uid }, spec: { priority: each.priority } }), each.anew);
            known.add(each.uid);
          } else if (each.do === 'forget') {
            pending.forget(each.uid);
            known.delete(each.uid);
          } else if (each.do === 'retry') pending.retry(each.change);
          else for (const taken of pending.take(each.limit)) pending.refuse(taken, new Set(['node']));
          expect(pending.ready + pending.refused).toBe(known.size);
        }
      }),
    );
  });
});
