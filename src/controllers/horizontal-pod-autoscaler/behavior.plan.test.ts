import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '#api';
import { type Memory, planPace, withChange, withRecommendation } from './behavior.plan.ts';

const nowMs = 10_000_000;
const downWindowMs = 300_000;

type Behavior = { readonly scaleUp?: Partial<HPAScalingRules>; readonly scaleDown?: Partial<HPAScalingRules> };

const autoscaler = (behavior?: Behavior) =>
  ({ spec: { maxReplicas: 1000, scaleTargetRef: {}, behavior } }) as unknown as HorizontalPodAutoscaler;
const rules = (select: string, ...policies: readonly [string, number, number][]): Partial<HPAScalingRules> => ({
  stabilizationWindowSeconds: 0,
  selectPolicy: select,
  policies: policies.map(([type, value, periodSeconds]) => ({ type, value, periodSeconds })),
});
/** What was asked for so many seconds ago. */
const asked = (...recommendations: readonly [secondsAgo: number, replicas: number][]): Memory => ({
  recommendations: recommendations.map(([seconds, replicas]) => ({ atMs: nowMs - seconds * 1000, replicas })),
  changes: [],
});
const scaled = (...changes: readonly [secondsAgo: number, by: number][]): Memory => ({
  recommendations: [],
  changes: changes.map(([seconds, by]) => ({ atMs: nowMs - seconds * 1000, by })),
});
const nothing: Memory = { recommendations: [], changes: [] };
const pace = (
  behavior: Behavior | undefined,
  wanted: number,
  [current, min, max]: readonly number[],
  memory = nothing,
) =>
  planPace(
    autoscaler(behavior),
    wanted,
    { current: current ?? 1, min: min ?? 1, max: max ?? 1000 },
    { memory, nowMs, downWindowMs },
  );

const AT_ONCE = { scaleDown: { stabilizationWindowSeconds: 0 } };
const up = (...of: readonly [string, number, number][]) => ({ ...AT_ONCE, scaleUp: rules('Max', ...of) });
const down = (...of: readonly [string, number, number][]) => ({ scaleDown: rules('Max', ...of) });

describe('src/controllers/horizontal-pod-autoscaler/behavior.plan.ts', () => {
  it.each<[string, Behavior | undefined, number, readonly number[], Memory, number, string, string]>([
    // Without rules of its own.
    ['what is wanted', undefined, 5, [3, 1, 10], nothing, 5, 'ReadyForNewScale', 'False DesiredWithinRange'],
    ['no more than allowed', undefined, 15, [8, 1, 10], nothing, 10, 'ReadyForNewScale', 'True TooManyReplicas'],
    ['no fewer than allowed', undefined, 1, [3, 2, 10], nothing, 2, 'ReadyForNewScale', 'True TooFewReplicas'],
    ['at most four from one', undefined, 9, [1, 1, 10], nothing, 4, 'ReadyForNewScale', 'True ScaleUpLimit'],
    ['at most twice as many', undefined, 90, [20, 1, 100], nothing, 40, 'ReadyForNewScale', 'True ScaleUpLimit'],
    [
      'what was asked for lately',
      undefined,
      2,
      [5, 1, 10],
      asked([299, 4]),
      4,
      'ScaleDownStabilized',
      'False DesiredWithinRange',
    ],
    [
      'no longer what was asked for long ago',
      undefined,
      2,
      [5, 1, 10],
      asked([300, 4]),
      2,
      'ReadyForNewScale',
      'False DesiredWithinRange',
    ],
    // Source of the next: kubernetes horizontal_test.go, TestScalingWithRules (v1.32).
    ['+1000% of 1', up(['Percent', 1000, 60]), 50, [1], nothing, 11, 'ReadyForNewScale', 'True ScaleUpLimit'],
    ['+100 pods of 10', up(['Pods', 100, 60]), 500, [10], nothing, 110, 'ReadyForNewScale', 'True ScaleUpLimit'],
    [
      'the faster of two',
      up(['Percent', 200, 60], ['Pods', 100, 60]),
      500,
      [10],
      nothing,
      110,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'the slower of two',
      { ...AT_ONCE, scaleUp: rules('Min', ['Percent', 200, 60], ['Pods', 100, 60]) },
      500,
      [10],
      nothing,
      30,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'not up at all',
      { ...AT_ONCE, scaleUp: rules('Disabled', ['Pods', 9, 60]) },
      500,
      [10],
      nothing,
      10,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'what the period leaves',
      up(['Pods', 4, 60]),
      20,
      [10],
      scaled([59, 3]),
      11,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'more when it went down since',
      up(['Pods', 4, 60]),
      20,
      [10],
      scaled([30, -3]),
      17,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'all of it when the period is over',
      up(['Pods', 4, 60]),
      20,
      [10],
      scaled([60, 3]),
      14,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'never down for having come up too fast',
      up(['Pods', 2, 60]),
      20,
      [10],
      scaled([30, 8]),
      10,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    [
      'a share that is less than a pod',
      up(['Percent', 1, 60]),
      20,
      [10],
      nothing,
      11,
      'ReadyForNewScale',
      'True ScaleUpLimit',
    ],
    ['-20% of 100', down(['Percent', 20, 60]), 5, [100], nothing, 80, 'ReadyForNewScale', 'True ScaleDownLimit'],
    ['-20 pods of 100', down(['Pods', 20, 60]), 5, [100], nothing, 80, 'ReadyForNewScale', 'True ScaleDownLimit'],
    [
      'the faster of two, down',
      down(['Percent', 20, 60], ['Pods', 30, 60]),
      5,
      [100],
      nothing,
      70,
      'ReadyForNewScale',
      'True ScaleDownLimit',
    ],
    [
      'the slower of two, down',
      { scaleDown: rules('Min', ['Percent', 20, 60], ['Pods', 30, 60]) },
      5,
      [100],
      nothing,
      80,
      'ReadyForNewScale',
      'True ScaleDownLimit',
    ],
    [
      'not down at all',
      { scaleDown: rules('Disabled', ['Pods', 9, 60]) },
      5,
      [100],
      nothing,
      100,
      'ReadyForNewScale',
      'True ScaleDownLimit',
    ],
    [
      'down with what the period leaves',
      down(['Pods', 20, 60]),
      5,
      [90],
      scaled([30, -15]),
      85,
      'ReadyForNewScale',
      'True ScaleDownLimit',
    ],
    [
      'down to the least',
      down(['Percent', 100, 60]),
      1,
      [10, 3],
      nothing,
      3,
      'ReadyForNewScale',
      'True TooFewReplicas',
    ],
    [
      'up to the most',
      up(['Percent', 900, 60]),
      90,
      [10, 1, 50],
      nothing,
      50,
      'ReadyForNewScale',
      'True TooManyReplicas',
    ],
    // Windows.
    [
      'the least of the window, up',
      { ...AT_ONCE, scaleUp: { ...rules('Max', ['Pods', 99, 15]), stabilizationWindowSeconds: 60 } },
      9,
      [3],
      asked([30, 5], [59, 7], [60, 1]),
      5,
      'ScaleUpStabilized',
      'False DesiredWithinRange',
    ],
    [
      'the most of the window, down',
      { scaleDown: { ...rules('Max', ['Pods', 99, 15]), stabilizationWindowSeconds: 60 } },
      1,
      [9],
      asked([30, 5], [59, 3], [60, 8]),
      5,
      'ScaleDownStabilized',
      'False DesiredWithinRange',
    ],
    [
      'what it is, between the two',
      { scaleDown: { ...rules('Max', ['Pods', 99, 15]), stabilizationWindowSeconds: 60 } },
      4,
      [5],
      asked([30, 8]),
      5,
      'ScaleDownStabilized',
      'False DesiredWithinRange',
    ],
    [
      'five minutes where nothing is said of down',
      { scaleDown: { policies: rules('Max', ['Pods', 99, 15]).policies ?? [] } },
      1,
      [9],
      asked([299, 9]),
      9,
      'ScaleDownStabilized',
      'False DesiredWithinRange',
    ],
  ])('grants %s', (_name, behavior, wanted, range, memory, replicas, able, limited) => {
    const verdict = pace(behavior, wanted, range, memory);
    expect(verdict.replicas).toBe(replicas);
    expect(verdict.able.reason).toBe(able);
    expect(`${verdict.limited.status} ${verdict.limited.reason}`).toBe(limited);
  });

  it('forgets what is older than an hour, and keeps a bounded number', () => {
    let memory = withChange(asked([3_600, 1], [3_599, 2]), 1, nowMs - 3_600_000);
    memory = withRecommendation(memory, 3, nowMs);
    expect(memory.recommendations.map(({ replicas }) => replicas)).toEqual([2, 3]);
    expect(memory.changes).toEqual([]);
    for (let at = 0; at < 2_000; at += 1) memory = withChange(withRecommendation(memory, at, nowMs), 1, nowMs);
    expect(memory.recommendations).toHaveLength(1_000);
    expect(memory.changes).toHaveLength(1_000);
  });

  const policies = fc.array(
    fc.record({
      type: fc.constantFrom('Pods', 'Percent'),
      value: fc.integer({ min: 1, max: 200 }),
      periodSeconds: fc.integer({ min: 1, max: 120 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const side = fc.record({
    policies,
    selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
    stabilizationWindowSeconds: fc.integer({ min: 0, max: 120 }),
  });
  const behaviors = fc.option(fc.record({ scaleUp: side, scaleDown: side }), { nil: undefined });
  const looks = fc.array(
    fc.record({ seconds: fc.integer({ min: 1, max: 60 }), wanted: fc.integer({ min: 0, max: 60 }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  );

  it('stays within its bounds, never goes against what is wanted now, and comes to rest where that is', () => {
    fc.assert(
      fc.property(behaviors, looks, fc.integer({ min: 1, max: 20 }), (behavior, steps, min) => {
        const max = 40;
        let current = Math.max(min, 20);
        let memory = withRecommendation(nothing, current, 0);
        let atMs = 0;
        const look = (wanted: number) => {
          const { replicas } = planPace(
            autoscaler(behavior),
            wanted,
            { current, min, max },
            { memory, nowMs: atMs, downWindowMs },
          );
          memory = withRecommendation(memory, wanted, atMs);
          if (behavior !== undefined && replicas !== current) memory = withChange(memory, replicas - current, atMs);
          return replicas;
        };
        for (const { seconds, wanted } of steps) {
          atMs += seconds * 1000;
          const replicas = look(wanted);
          expect(replicas).toBeGreaterThanOrEqual(min);
          expect(replicas).toBeLessThanOrEqual(max);
          if (behavior !== undefined && wanted >= current) expect(replicas).toBeGreaterThanOrEqual(current);
          if (wanted <= current && behavior !== undefined) expect(replicas).toBeLessThanOrEqual(current);
          current = replicas;
        }
        const wanted = Math.min(Math.max(steps.at(-1)?.wanted ?? min, min), max);
        const stuck =
          (wanted > current && behavior?.scaleUp.selectPolicy === 'Disabled') ||
          (wanted < current && behavior?.scaleDown.selectPolicy === 'Disabled');
        for (let at = 0; at < 100; at += 1) {
          atMs += 301_000;
          current = look(wanted);
        }
        if (!stuck) expect(current).toBe(wanted);
      }),
    );
  });
});
