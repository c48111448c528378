import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job, JobStatus, Pod } from '#api';
import { INDEX } from './indexes.plan.ts';
import { isTracked, TRACKING_FINALIZER } from './job-pods.plan.ts';
import { type Counting, planCounting, tallyOf } from './tracking.plan.ts';

interface Parts {
  readonly phase?: string;
  readonly held?: boolean;
  readonly index?: number;
}

const pod = (name: string, { phase = 'Running', held = true, index }: Parts = {}): Pod =>
  ({
    metadata: {
      name,
      uid: name,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(held ? { finalizers: [TRACKING_FINALIZER] } : {}),
      ...(index === undefined ? {} : { annotations: { [INDEX]: String(index) } }),
    },
    spec: { containers: [], nodeName: 'n1' },
    status: { phase },
  }) as object as Pod;

const jobOf = (spec: object = {}, status: object = {}): Job =>
  ({ metadata: { name: 'j', uid: 'j' }, spec: { completions: 3, template: {}, ...spec }, status }) as object as Job;
const INDEXED = { completionMode: 'Indexed', completions: 5 };
const count = (job: Job, pods: readonly Pod[], over?: 'success' | 'failure'): Counting =>
  planCounting({ job, pods, tally: tallyOf(job, pods), over });
const waiting = (succeeded: readonly string[], failed: readonly string[] = []) => ({
  uncountedTerminatedPods: { succeeded, failed },
});
const [good, bad] = [pod('good', { phase: 'Succeeded' }), pod('bad', { phase: 'Failed' })];

describe('src/controllers/job/tracking.plan.ts', () => {
  it.each<[string, Counting, object, readonly string[], boolean]>([
    ['nothing while a pod runs', count(jobOf(), [pod('a')]), { uncountedTerminatedPods: {} }, [], false],
    ['nothing where there is nothing', count(jobOf(), []), { uncountedTerminatedPods: {} }, [], true],
    [
      'the uids of what ended, before they are let go',
      count(jobOf(), [good, bad, pod('runs')]),
      { uncountedTerminatedPods: { succeeded: ['good'], failed: ['bad'] } },
      ['good', 'bad'],
      false,
    ],
    [
      'a uid only once, though the pod was not let go',
      count(jobOf({}, waiting(['good'])), [good]),
      { uncountedTerminatedPods: { succeeded: ['good'] } },
      ['good'],
      false,
    ],
    [
      'a number in place of a uid that is let go',
      count(jobOf({}, { succeeded: 1, ...waiting(['good']) }), [pod('good', { phase: 'Succeeded', held: false })]),
      { succeeded: 2, uncountedTerminatedPods: {} },
      [],
      true,
    ],
    [
      'a number in place of a pod that is gone',
      count(jobOf({}, { failed: 4, ...waiting([], ['gone']) }), []),
      { failed: 5, uncountedTerminatedPods: {} },
      [],
      true,
    ],
    [
      'an index in place of a uid',
      count(jobOf(INDEXED), [pod('a', { phase: 'Succeeded', index: 3 })]),
      { succeeded: 1, completedIndexes: '3', uncountedTerminatedPods: {} },
      ['a'],
      false,
    ],
    [
      'an index once',
      count(jobOf(INDEXED, { succeeded: 1, completedIndexes: '3' }), [pod('b', { phase: 'Succeeded', index: 3 })]),
      { succeeded: 1, completedIndexes: '3', uncountedTerminatedPods: {} },
      ['b'],
      false,
    ],
    [
      'no pod whose index is none of the Job, but lets it go',
      count(jobOf(INDEXED), [pod('a', { phase: 'Succeeded', index: 9 })]),
      { uncountedTerminatedPods: {} },
      ['a'],
      false,
    ],
    [
      'what still runs as failed when the Job has',
      count(jobOf(), [pod('a')], 'failure'),
      { uncountedTerminatedPods: { failed: ['a'] } },
      ['a'],
      false,
    ],
    [
      'nothing of what still runs when the Job has succeeded',
      count(jobOf(), [pod('a')], 'success'),
      { uncountedTerminatedPods: {} },
      ['a'],
      false,
    ],
  ])('counts %s', (_what, { status, release, done }, expected, released, isDone) => {
    expect(JSON.parse(JSON.stringify(status))).toEqual(expected);
    expect(release.map(({ metadata }) => metadata.name)).toEqual(released);
    expect(done).toBe(isDone);
  });

  it('keeps no more than 500 uids in a status', () => {
    const pods = Array.from({ length: 600 }, (_, at) => pod(`p${at}`, { phase: 'Failed' }));
    const { status, release } = count(jobOf(), pods);
    expect(status.uncountedTerminatedPods?.failed).toHaveLength(500);
    expect(release).toHaveLength(500);
  });

  it('counts each pod once, wherever the controller stops and in whatever order pods are listed', () => {
    const step = fc.oneof(
      fc.record({ ends: fc.nat(9), as: fc.constantFrom('Succeeded', 'Failed') }),
      // A pass that writes the status, or dies before, and lets so many go; then some of those vanish.
      fc.record({ writes: fc.boolean(), letsGo: fc.nat(4), vanish: fc.boolean(), reversed: fc.boolean() }),
    );
    const mode = fc.constantFrom<object>({ completions: 10 }, { completionMode: 'Indexed', completions: 10 });
    fc.assert(
      fc.property(mode, fc.array(step, { maxLength: 30 }), (spec, steps) => {
        let status: JobStatus = {};
        let pods = Array.from({ length: 10 }, (_, at) => pod(`p${at}`, { index: at }));
        const ended = { Succeeded: new Set<string>(), Failed: new Set<string>() };
        const letGo = (uids: ReadonlySet<string>) => {
          pods = pods.map((each) =>
            uids.has(each.metadata.uid) ? { ...each, metadata: { ...each.metadata, finalizers: [] } } : each,
          );
        };
        const pass = (writes: boolean, letsGo: number, reversed: boolean) => {
          const listed = reversed ? [...pods].reverse() : pods;
          const planned = count(jobOf(spec, status), listed);
          if (!writes) return planned;
          status = { ...status, ...planned.status };
          letGo(new Set(planned.release.slice(0, letsGo).map(({ metadata }) => metadata.uid)));
          return planned;
        };
        for (const next of steps) {
          if ('ends' in next) {
            const uid = `p${next.ends}`;
            const isOver = ended.Succeeded.has(uid) || ended.Failed.has(uid);
            if (isOver || !pods.some(({ metadata }) => metadata.uid === uid)) continue;
            ended[next.as as keyof typeof ended].add(uid);
            pods = pods.map((each) =>
              each.metadata.uid === uid ? ({ ...each, status: { phase: next.as } } as Pod) : each,
            );
            continue;
          }
          pass(next.writes, next.letsGo, next.reversed);
          if (next.vanish) pods = pods.filter(isTracked);
          const { succeeded = 0, failed = 0, uncountedTerminatedPods: left = {} } = status;
          expect(succeeded + (left.succeeded?.length ?? 0)).toBeLessThanOrEqual(ended.Succeeded.size);
          expect(failed + (left.failed?.length ?? 0)).toBeLessThanOrEqual(ended.Failed.size);
        }
        for (let turn = 0; turn < 3; turn += 1) pass(true, 10, false);
        expect([status.succeeded ?? 0, status.failed ?? 0]).toEqual([ended.Succeeded.size, ended.Failed.size]);
        expect(status.uncountedTerminatedPods).toEqual({});
        expect(pods.filter(isTracked).every((each) => each.status?.phase === 'Running')).toBe(true);
      }),
    );
  });
});
