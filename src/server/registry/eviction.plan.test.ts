import { describe, expect, it } from 'vitest';
import { isApiError, type Pod, type PodDisruptionBudget } from '#api';
import { deepFreeze } from '#base';
import { chargedBudget, disruptedPod, MAX_DISRUPTED_PODS, planEviction } from './eviction.plan.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const unready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
const pod = (status: object, metadata: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { app: 'web' }, creationTimestamp: '2026-01-02T03:00:00Z', ...metadata },
    status,
  }) as never;
const budget = (status: object | undefined, spec: object = {}): PodDisruptionBudget =>
  deepFreeze({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b', generation: 2 },
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    ...(status === undefined ? {} : { status: { observedGeneration: 2, ...status } }),
  }) as never;
const healthy = { currentHealthy: 3, desiredHealthy: 3, disruptionsAllowed: 0, expectedPods: 4 };
const broken = { ...healthy, currentHealthy: 2 };

describe('src/server/registry/eviction.plan.ts', () => {
  it.each([
    ['has ended well', { phase: 'Succeeded' }, {}, [budget(broken)], 'now'],
    ['has failed', { phase: 'Failed' }, {}, [budget(broken)], 'now'],
    ['is going', ready, { deletionTimestamp: '2026-01-02T03:04:05Z' }, [budget(broken)], 'now'],
    ['has not begun', { phase: 'Pending' }, {}, [budget(broken)], 'as-it-is'],
    ['nobody selects', ready, { labels: { app: 'db' } }, [budget(healthy)], 'now'],
    ['a budget without selector does not select', ready, {}, [budget(healthy, { selector: undefined })], 'now'],
    ['an empty selector selects', ready, { labels: {} }, [budget(healthy, { selector: {} })], 'charge'],
    ['two budgets select', ready, {}, [budget(healthy), budget(healthy)], 'refuse'],
    ['is healthy', ready, {}, [budget(healthy)], 'charge'],
    ['is unhealthy beside enough healthy ones', unready, {}, [budget(healthy)], 'as-it-is'],
    ['is unhealthy like the rest', unready, {}, [budget(broken)], 'charge'],
    [
      'is unhealthy and may always go',
      unready,
      {},
      [budget(broken, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })],
      'as-it-is',
    ],
    ['is unhealthy where none is wanted', unready, {}, [budget({ currentHealthy: 0, desiredHealthy: 0 })], 'charge'],
  ])('decides for a pod that %s', (_name, status, metadata, budgets, action) => {
    expect(planEviction(pod(status, metadata), budgets).action).toBe(action);
  });

  it('takes one off, remembers the pod, and says when nothing is left', () => {
    const charged = chargedBudget(budget({ ...healthy, disruptionsAllowed: 2 }), pod(ready), NOW).status;
    expect(charged).toMatchObject({ disruptionsAllowed: 1, disruptedPods: { p: '2026-01-02T03:04:05Z' } });
    expect(charged?.conditions).toBeUndefined();
    const last = chargedBudget(
      budget({ ...healthy, disruptionsAllowed: 1, disruptedPods: { o: 'T' } }),
      pod(ready),
      NOW,
    );
    expect(last.status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { o: 'T', p: '2026-01-02T03:04:05Z' },
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'False',
          reason: 'InsufficientPods',
          message: '',
          observedGeneration: 2,
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    });
  });

  it.each([
    ['a moment ago', '2026-01-02T03:04:04Z', 0],
    ['two minutes ago', '2026-01-02T03:02:05Z', 0],
    ['so long ago that nobody waits for its end any more', '2026-01-02T03:02:04Z', 1],
    ['when it was another pod of that name', '2026-01-02T02:59:59Z', 1],
  ])('charges once for a pod that it was charged for %s', (_when, evictedAt, taken) => {
    const old = budget({ ...healthy, disruptionsAllowed: 2, disruptedPods: { p: evictedAt } });
    const created = evictedAt < '2026-01-02T03:00:00Z' ? {} : { creationTimestamp: '2026-01-02T03:02:00Z' };
    expect(chargedBudget(old, pod(ready, created), NOW).status?.disruptionsAllowed).toBe(2 - taken);
  });

  it('lets a pod that was charged for go also when nothing is left', () => {
    const old = budget({ ...healthy, disruptedPods: { p: '2026-01-02T03:04:00Z' } });
    expect(chargedBudget(old, pod(ready), NOW)).toBe(old);
  });

  const syncFailed = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'no scale' };
  it.each([
    ['nothing is left', budget(healthy), 'needs 3 healthy pods and has 3 currently', 0],
    ['the controller failed', budget({ ...healthy, conditions: [syncFailed] }), 'because it failed sync: no scale', 0],
    ['a new spec was not seen', budget({ ...healthy, observedGeneration: 1 }), 'still being processed', 10],
    ['nobody has looked', budget(undefined), 'still being processed', 10],
  ])('asks to wait when %s', (_name, old, message, retryAfterSeconds) => {
    const error = thrownBy(() => chargedBudget(old, pod(ready), NOW));
    expect(error.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(error.httpStatus).toBe(429);
    expect(error.details).toMatchObject({ retryAfterSeconds, causes: [{ reason: 'DisruptionBudget' }] });
    expect(error.details?.causes?.[0]?.message).toContain(message);
  });

  it('refuses more evictions than a status can remember', () => {
    const disruptedPods = Object.fromEntries(
      Array.from({ length: MAX_DISRUPTED_PODS + 1 }, (_, at) => [`p${at}`, 'T']),
    );
    const error = thrownBy(() =>
      chargedBudget(budget({ ...healthy, disruptionsAllowed: 1, disruptedPods }), pod(ready), NOW),
    );
    expect(error.message).toContain('poddisruptionbudget.policy "b" is forbidden: DisruptedPods map too big');
  });

  it('says once why a pod goes', () => {
    const first = disruptedPod(pod(ready), NOW);
    expect(first.status?.conditions).toHaveLength(2);
    expect(disruptedPod(first, NOW + 60_000)).toEqual(first);
  });
});

function thrownBy(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (isApiError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
