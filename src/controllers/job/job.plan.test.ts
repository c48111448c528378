import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job, JobStatus, Pod, PodSpec } from '#api';
import { equalJson } from '#base';
import { isActive, isFinished } from '../shared/pods.plan.ts';
import { type Failures, NO_FAILURES, waitMs, withEnded } from './backoff.plan.ts';
import { INDEX } from './indexes.plan.ts';
import { expiresAtMs, isOver, type JobPlan, planJob } from './job.plan.ts';
import { isTracked, TRACKING_FINALIZER } from './job-pods.plan.ts';
import { type NewPod, podOf } from './pod-template.plan.ts';
import { FAILURE_COUNT } from './tracking.plan.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1_000).toISOString();

const job = (spec: object = {}, status: JobStatus = {}, metadata: object = {}): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'd', uid: 'j', resourceVersion: '1', creationTimestamp: at(100), ...metadata },
  spec: { completions: 3, parallelism: 2, backoffLimit: 6, selector: {}, template: {}, ...spec },
  status: { startTime: at(100), ...status },
});

const NOT_STARTED = { startTime: undefined } as unknown as JobStatus;

interface Parts {
  readonly phase?: 'Pending' | 'Running' | 'Failed' | 'Succeeded';
  readonly held?: boolean;
  readonly going?: boolean;
  readonly restarts?: number;
  /** Ended so many seconds ago. */
  readonly ended?: number;
}

const pod = (
  name: string,
  { phase = 'Running', held = true, going = false, restarts = 0, ended }: Parts = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: at(90),
    ...(held ? { finalizers: [TRACKING_FINALIZER] } : {}),
    ...(going ? { deletionTimestamp: at(50) } : {}),
  },
  spec: { containers: [], nodeName: 'n1' } as unknown as PodSpec,
  status: {
    phase,
    containerStatuses: [
      {
        name: 'c',
        image: '',
        imageID: '',
        ready: false,
        restartCount: restarts,
        state: ended === undefined ? {} : { terminated: { exitCode: 1, finishedAt: at(ended) } },
      },
    ],
  },
});

const plan = (of: Job, pods: readonly Pod[] = [], failures?: Failures): JobPlan =>
  planJob({ job: of, pods, nowMs, burst: 500, ...(failures === undefined ? {} : { failures }) });
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const typesOf = ({ conditions = [] }: JobStatus) =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);

const suspended = {
  conditions: [{ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }],
};
const failing = { conditions: [{ type: 'FailureTarget', status: 'True', reason: 'Because', message: 'so' }] };

describe('src/controllers/job/job.plan.ts', () => {
  it.each<[string, Job, Pod[], Partial<Record<'create' | 'drop' | 'end' | 'release' | 'track', unknown>>]>([
    ['makes as many as may run at once', job(), [], { create: 2 }],
    ['makes no more than are still to succeed', job({}, { succeeded: 2 }), [], { create: 1 }],
    [
      'takes a pod that just succeeded into account',
      job(),
      [pod('a', { phase: 'Succeeded' })],
      { create: 2, release: ['a'] },
    ],
    ['replaces a pod that goes', job(), [pod('a'), pod('b', { going: true, held: false })], { create: 1 }],
    [
      'waits for a pod that goes where only failed ones are replaced',
      job({ podReplacementPolicy: 'Failed' }),
      [pod('a'), pod('b', { going: true })],
      { create: 0, release: [] },
    ],
    ['gives up what is too many', job({ parallelism: 1 }), [pod('a'), pod('b')], { drop: ['b'] }],
    [
      'gives all up while it is suspended',
      job({ suspend: true }),
      [pod('a'), pod('b')],
      { drop: ['a', 'b'], release: [] },
    ],
    ['makes none while it is suspended', job({ suspend: true }), [], { create: 0 }],
    ['holds a pod that runs unheld', job(), [pod('a'), pod('b', { held: false })], { track: ['b'] }],
    [
      'lets all go, and makes none, on its way out',
      job({}, {}, { deletionTimestamp: at(1) }),
      [pod('a'), pod('b', { held: false })],
      { create: 0, release: ['a'], track: [] },
    ],
    [
      'ends what runs once it is judged',
      job({}, failing),
      [pod('a'), pod('b')],
      { end: ['a', 'b'], release: ['a', 'b'], create: 0 },
    ],
    [
      'makes as many as may run of a queue of work',
      job({ completions: undefined, parallelism: 3 }),
      [pod('a')],
      { create: 2 },
    ],
    [
      'makes none of a queue of work once one has succeeded',
      job({ completions: undefined, parallelism: 3 }, { succeeded: 1 }),
      [pod('a')],
      { create: 0, drop: [] },
    ],
  ])('%s', (_, of, pods, expected) => {
    const { create, ...lists } = plan(of, pods);
    const { drop, end, release, track } = lists;
    const got = {
      create: create.length,
      drop: names(drop),
      end: names(end),
      release: names(release),
      track: names(track),
    };
    expect(got).toMatchObject(expected);
  });

  it.each<[string, Job, Pod[], string[]]>([
    [
      'enough have succeeded: it is told before it ends',
      job({ completions: 1 }),
      [pod('a', { phase: 'Succeeded' })],
      ['SuccessCriteriaMet=True CompletionsReached'],
    ],
    [
      'all is counted: it is complete',
      job({ completions: 1 }, { uncountedTerminatedPods: { succeeded: ['a'] } }),
      [pod('a', { phase: 'Succeeded', held: false })],
      ['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached'],
    ],
    [
      'nothing is to be done',
      job({ completions: 0 }),
      [],
      ['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached'],
    ],
    [
      'a queue of work has succeeded, and others still run',
      job({ completions: undefined }, { succeeded: 1 }),
      [pod('a')],
      [],
    ],
    [
      'too many failed',
      job({ backoffLimit: 0 }),
      [pod('a', { phase: 'Failed' })],
      ['FailureTarget=True BackoffLimitExceeded'],
    ],
    ['as many failed as may', job({ backoffLimit: 1 }), [pod('a', { phase: 'Failed' })], []],
    [
      'a pod that goes is a failure',
      job({ backoffLimit: 0 }),
      [pod('a', { going: true })],
      ['FailureTarget=True BackoffLimitExceeded'],
    ],
    [
      'containers were restarted too often',
      job({ backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure' } } }),
      [pod('a', { restarts: 1 }), pod('b', { restarts: 1 })],
      ['FailureTarget=True BackoffLimitExceeded'],
    ],
    ['its time is up', job({ activeDeadlineSeconds: 100 }), [pod('a')], ['FailureTarget=True DeadlineExceeded']],
    ['its time is not up', job({ activeDeadlineSeconds: 101 }), [pod('a')], []],
    ['its pods still end', job({}, failing), [pod('a', { going: true, held: false })], ['FailureTarget=True Because']],
    [
      'it was judged and its pods are gone',
      job({}, { ...failing, succeeded: 3 }),
      [],
      ['FailureTarget=True Because', 'Failed=True Because'],
    ],
    ['it is suspended', job({ suspend: true }), [], ['Suspended=True JobSuspended']],
    ['it goes on', job({}, suspended), [], ['Suspended=False JobResumed']],
    [
      'time does not count while it is suspended',
      job({ activeDeadlineSeconds: 1 }, suspended),
      [],
      ['Suspended=False JobResumed'],
    ],
  ])('says so: %s', (_, of, pods, expected) => {
    expect(typesOf(plan(of, pods).status)).toEqual(expected);
  });

  it('begins its time anew when it goes on, and has none before it first starts', () => {
    expect(plan(job({}, suspended)).status.startTime).toBe('2026-01-01T01:00:00Z');
    expect(plan(job({ suspend: true }, NOT_STARTED)).status.startTime).toBeUndefined();
    expect(plan(job()).status.startTime).toBe(at(100));
    expect(plan(job({ activeDeadlineSeconds: 160 }), [pod('a'), pod('b')]).requeueAfterMs).toBe(60_000);
  });

  it('counts a pod in three steps, each of which may come again', () => {
    const held = pod('a', { phase: 'Failed' });
    const first = plan(job(), [held]);
    expect([first.status.failed, first.status.uncountedTerminatedPods]).toEqual([undefined, { failed: ['a'] }]);
    const again = plan(job({}, first.status), [held]);
    expect([again.status.failed, again.status.uncountedTerminatedPods]).toEqual([undefined, { failed: ['a'] }]);
    expect(names(again.release)).toEqual(['a']);
    // It is one failure all the while.
    expect(typesOf(plan(job({ backoffLimit: 1 }, first.status), [held]).status)).toEqual([]);
    const second = plan(job({}, again.status), [pod('a', { phase: 'Failed', held: false })]);
    expect([second.status.failed, second.status.uncountedTerminatedPods]).toEqual([1, {}]);
    const third = plan(job({}, second.status), [pod('a', { phase: 'Failed', held: false })]);
    expect([third.status.failed, third.status.uncountedTerminatedPods]).toEqual([1, {}]);
    // Its pod may be gone altogether by then.
    expect(plan(job({}, again.status), []).status.failed).toBe(1);
  });

  it('lets no more pods wait to be counted than a status holds', () => {
    const pods = Array.from({ length: 600 }, (_, index) => pod(`p${index}`, { phase: 'Succeeded' }));
    const { status, release } = plan(job({ completions: 600, parallelism: 600 }), pods);
    expect([release.length, status.uncountedTerminatedPods?.succeeded?.length]).toEqual([500, 500]);
    expect(typesOf(status)).toEqual(['SuccessCriteriaMet=True CompletionsReached']);
  });

  it('waits longer after each failure in a row, and not at all after a success', () => {
    const of = job({ parallelism: 1 });
    const failed = pod('a', { phase: 'Failed', ended: 4 });
    const first = plan(of, [failed]);
    expect([first.create.length, first.requeueAfterMs]).toEqual([0, 6_000]);
    const counted = pod('a', { phase: 'Failed', ended: 4, held: false });
    // What the last pass knew goes on, and what is still there tells one that begins.
    for (const known of [first.failures, undefined]) {
      const next = plan(of, [counted, pod('b', { phase: 'Failed', ended: 3 })], known);
      expect([next.create.length, next.requeueAfterMs]).toEqual([0, 17_000]);
    }
    expect(plan(of, [counted, pod('c', { phase: 'Succeeded', ended: 1 })]).create).toHaveLength(1);
    expect(plan(of, [pod('a', { phase: 'Failed', ended: 10 })]).create).toHaveLength(1);
  });

  it.each([
    [1, 10],
    [2, 20],
    [6, 320],
    [7, 600],
    [50, 600],
  ])('after %i failures waits %i s', (count, seconds) => {
    expect(waitMs({ count, lastMs: nowMs }, nowMs)).toBe(seconds * 1_000);
  });

  it('counts failures since the last success only', () => {
    const ends = (...ago: number[]) => ago.map((ended, index) => pod(`${index}`, { ended }));
    expect(withEnded(NO_FAILURES, [], ends(5, 3))).toEqual({ count: 2, lastMs: nowMs - 3_000 });
    expect(withEnded({ count: 4, lastMs: 1 }, ends(4), ends(5, 3))).toEqual({ count: 1, lastMs: nowMs - 3_000 });
    expect(withEnded({ count: 4, lastMs: 1 }, ends(4), ends(5))).toEqual(NO_FAILURES);
    expect(withEnded({ count: 4, lastMs: 1 }, [], [])).toEqual({ count: 4, lastMs: 1 });
  });

  it('makes pods that are held, named and owned by it', () => {
    const template = { metadata: { labels: { a: 'b' }, finalizers: ['x/y'] }, spec: { restartPolicy: 'Never' } };
    expect(podOf(job({ template }))).toMatchObject({
      metadata: {
        generateName: 'j-',
        namespace: 'd',
        labels: { a: 'b' },
        finalizers: ['x/y', TRACKING_FINALIZER],
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', uid: 'j', controller: true }],
      },
      spec: { restartPolicy: 'Never' },
    });
  });

  const indexedJob = (spec: object = {}, status: JobStatus = {}) =>
    job({ completionMode: 'Indexed', completions: 5, parallelism: 3, ...spec }, status);
  const indexedPod = (name: string, index: number, parts: Parts & { failures?: number } = {}): Pod => {
    const made = pod(name, parts);
    const annotations = { [INDEX]: String(index), [FAILURE_COUNT]: String(parts.failures ?? 0) };
    return { ...made, metadata: { ...made.metadata, annotations } };
  };
  const indexesOf = ({ create }: JobPlan) => create.map(({ index }) => index);

  it('makes the first indexes that are missing, and gives up what has none or has one twice', () => {
    const status = { completedIndexes: '0,2' };
    expect(indexesOf(plan(indexedJob({}, status), [indexedPod('a', 1)]))).toEqual([3, 4]);
    const pods = [indexedPod('a', 0, { ended: 1 }), indexedPod('b', 0), indexedPod('c', 7), indexedPod('d', 1)];
    expect(names(plan(indexedJob(), pods).drop).sort()).toEqual(['b', 'c']);
    const going = [indexedPod('a', 0, { going: true })];
    expect(indexesOf(plan(indexedJob({ podReplacementPolicy: 'Failed' }), going))).toEqual([1, 2]);
  });

  it('counts an index once, however many pods succeeded in it', () => {
    const pods = [
      indexedPod('a', 1, { phase: 'Succeeded' }),
      indexedPod('b', 1, { phase: 'Succeeded' }),
      indexedPod('c', 9, { phase: 'Succeeded' }),
    ];
    const { status, release } = plan(indexedJob({}, { completedIndexes: '0' }), pods);
    expect([status.succeeded, status.completedIndexes, status.uncountedTerminatedPods]).toEqual([2, '0,1', {}]);
    expect(names(release)).toEqual(['a', 'b', 'c']);
  });

  it('tries each index again for itself, and keeps what tells how often until it does', () => {
    const of = indexedJob({ backoffLimitPerIndex: 1, backoffLimit: 1_000 });
    const failed = indexedPod('a', 0, { phase: 'Failed', ended: 4 });
    const early = plan(of, [failed]);
    expect([indexesOf(early), early.requeueAfterMs, names(early.release)]).toEqual([[1, 2], 6_000, []]);
    const later = plan(of, [indexedPod('a', 0, { phase: 'Failed', ended: 10 })]);
    expect(later.create[0]).toEqual({ index: 0, failures: { counted: 1, ignored: 0 } });
    const replaced = plan(of, [failed, indexedPod('b', 0, { failures: 1 })]);
    expect([names(replaced.release), replaced.status.failedIndexes]).toEqual([['a'], '']);
    const again = plan(of, [indexedPod('b', 0, { failures: 1, phase: 'Failed' })]);
    expect([again.status.failedIndexes, names(again.release), indexesOf(again)]).toEqual(['0', ['b'], [1, 2, 3]]);
  });

  it.each<[string, object, JobStatus, string]>([
    [
      'too many indexes failed',
      { maxFailedIndexes: 1 },
      { failedIndexes: '0,1' },
      'FailureTarget=True MaxFailedIndexesExceeded',
    ],
    [
      'the others have succeeded',
      {},
      { failedIndexes: '0', completedIndexes: '1-4' },
      'FailureTarget=True FailedIndexes',
    ],
    [
      'the indexes that matter have succeeded',
      { successPolicy: { rules: [{ succeededIndexes: '0,4' }] } },
      { completedIndexes: '0,3,4' },
      'SuccessCriteriaMet=True SuccessPolicy',
    ],
    [
      'enough of them have',
      { successPolicy: { rules: [{ succeededIndexes: '0-2', succeededCount: 2 }] } },
      { completedIndexes: '0,2' },
      'SuccessCriteriaMet=True SuccessPolicy',
    ],
    [
      'enough have',
      { successPolicy: { rules: [{ succeededCount: 1 }] } },
      { completedIndexes: '3' },
      'SuccessCriteriaMet=True SuccessPolicy',
    ],
  ])('is judged by its indexes: %s', (_, spec, status, expected) => {
    const of = indexedJob({ backoffLimitPerIndex: 1, ...spec }, status);
    expect(typesOf(plan(of, [indexedPod('a', 2)]).status)[0]).toBe(expected);
  });

  it.each<[string, object, number | undefined, string[]]>([
    ['Ignore', { onExitCodes: { operator: 'In', values: [1, 2] } }, undefined, []],
    ['Ignore', { onExitCodes: { operator: 'NotIn', values: [1] } }, 1, []],
    ['Ignore', { onExitCodes: { operator: 'In', values: [1], containerName: 'other' } }, 1, []],
    ['Count', { onExitCodes: { operator: 'In', values: [1] } }, 1, []],
    ['FailJob', { onExitCodes: { operator: 'In', values: [1] } }, 1, ['FailureTarget=True PodFailurePolicy']],
    ['Ignore', { onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }, undefined, []],
    ['Ignore', { onPodConditions: [{ type: 'DisruptionTarget', status: 'False' }] }, 1, []],
  ])('follows the policy of failures: %s by %o', (action, rule, failed, types) => {
    const made = pod('a', { phase: 'Failed', ended: 20 });
    const conditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const lost = { ...made, status: { ...made.status, conditions } };
    const { status, release } = plan(job({ podFailurePolicy: { rules: [{ action, ...rule }] } }), [lost]);
    expect(status.uncountedTerminatedPods?.failed?.length).toBe(failed);
    expect([names(release), typesOf(status)]).toEqual([['a'], types]);
    if (action !== 'FailJob') return;
    const message = 'Container c for pod undefined/a failed with exit code 1 matching FailJob rule at index 0';
    expect(status.conditions?.[0]?.message).toBe(message);
  });

  it('fails an index at once where a rule says so', () => {
    const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }];
    const of = indexedJob({ backoffLimitPerIndex: 5, podFailurePolicy: { rules } });
    expect(plan(of, [indexedPod('a', 3, { phase: 'Failed', ended: 1 })]).status.failedIndexes).toBe('3');
  });

  it('expires some time after its end, and never without one', () => {
    const end = [{ type: 'Complete', status: 'True', lastTransitionTime: at(10) }];
    expect(expiresAtMs(job({ ttlSecondsAfterFinished: 15 }, { conditions: end }))).toBe(nowMs + 5_000);
    expect(expiresAtMs(job({ ttlSecondsAfterFinished: 15 }))).toBeUndefined();
    expect(expiresAtMs(job({}, { conditions: end }))).toBeUndefined();
  });

  it('tells a pod its index by annotation, label, host name and variable', () => {
    const template = { spec: { containers: [{ name: 'a' }, { name: 'b', env: [{ name: 'JOB_COMPLETION_INDEX' }] }] } };
    const made = podOf(job({ template }), { index: 3, failures: { counted: 1, ignored: 0 } });
    expect(made).toMatchObject({
      metadata: { generateName: 'j-3-', labels: { [INDEX]: '3' }, annotations: { [INDEX]: '3', [FAILURE_COUNT]: '1' } },
      spec: {
        hostname: 'j-3',
        containers: [
          { env: [{ valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } }] },
          { env: [{ name: 'JOB_COMPLETION_INDEX' }] },
        ],
      },
    });
  });
});

/** A world in which pods end, go and are counted, and the controller may stop after any of its writes. */
class World {
  job: Job;
  pods: Pod[] = [];
  failures: Failures | undefined;
  nowMs = nowMs;
  readonly succeeded = new Set<string>();
  readonly failed = new Set<string>();
  #names = 0;

  constructor(spec: object) {
    this.job = job({ ...spec, activeDeadlineSeconds: undefined }, NOT_STARTED);
  }

  /** One pass that is stopped after so many writes. Answers whether anything was written. */
  pass(writes: number): boolean {
    if (isOver(this.job)) return false;
    const known = this.failures === undefined ? {} : { failures: this.failures };
    const planned = planJob({ job: this.job, pods: this.pods, nowMs: this.nowMs, burst: 3, ...known });
    const steps = this.#stepsOf(planned);
    for (const step of steps.slice(0, writes)) step();
    if (steps.length > writes) this.failures = undefined;
    else this.failures = planned.failures;
    return steps.length > 0;
  }

  #stepsOf(planned: JobPlan): (() => void)[] {
    const isNew = !equalJson(withoutUndefined(planned.status), withoutUndefined(this.job.status));
    return [
      ...planned.track.map(
        ({ metadata: { uid } }) =>
          () =>
            this.#hold(uid),
      ),
      ...planned.drop.flatMap(({ metadata: { uid } }) => [() => this.#release(uid), () => this.delete(uid)]),
      ...planned.end.map(
        ({ metadata: { uid } }) =>
          () =>
            this.delete(uid),
      ),
      ...planned.create.map((each) => () => this.#create(each)),
      ...(isNew ? [() => this.#write(planned.status)] : []),
      ...planned.release.map(
        ({ metadata: { uid } }) =>
          () =>
            this.#release(uid),
      ),
    ];
  }

  #write(status: JobStatus): void {
    this.job = { ...this.job, status };
  }

  #create(each: NewPod): void {
    this.#names += 1;
    const made = pod(`p${this.#names}`, { phase: 'Pending' });
    const annotations = podOf(this.job, each).metadata.annotations ?? {};
    this.pods.push({ ...made, metadata: { ...made.metadata, annotations } });
    const indexes = this.pods.filter(isActive).map(({ metadata }) => metadata.annotations?.[INDEX]);
    if (each.index !== undefined) expect(new Set(indexes).size).toBe(indexes.length);
    const { parallelism = 0, completions } = this.job.spec;
    expect(this.pods.filter(isActive).length).toBeLessThanOrEqual(parallelism);
    if (completions !== undefined) expect(this.succeeded.size).toBeLessThan(completions);
  }

  #change(uid: string, change: (pod: Pod) => Pod): void {
    this.pods = this.pods.map((each) => (each.metadata.uid === uid ? change(each) : each));
    this.pods = this.pods.filter((each) => isTracked(each) || each.metadata.deletionTimestamp === undefined);
  }

  #hold(uid: string): void {
    this.#change(uid, (each) => ({ ...each, metadata: { ...each.metadata, finalizers: [TRACKING_FINALIZER] } }));
  }

  /** One that was deleted, has not failed yet, and is replaced only when it has, is not waited for once the Job has succeeded. */
  #release(uid: string): void {
    const found = this.pods.find(({ metadata }) => metadata.uid === uid);
    const succeeds = this.job.status?.conditions?.some(({ type }) => type === 'SuccessCriteriaMet') === true;
    const isLeft = found?.metadata.deletionTimestamp !== undefined && !isFinished(found);
    if (isLeft && succeeds && this.job.spec.podReplacementPolicy === 'Failed') this.failed.delete(uid);
    this.#change(uid, (each) => ({ ...each, metadata: { ...each.metadata, finalizers: [] } }));
  }

  /** One that is still held when it goes has failed. */
  delete(uid: string): void {
    const found = this.pods.find(({ metadata }) => metadata.uid === uid);
    if (found === undefined) return;
    if (isTracked(found) && found.status?.phase !== 'Succeeded') this.failed.add(uid);
    this.#change(uid, (each) => ({ ...each, metadata: { ...each.metadata, deletionTimestamp: at(0) } }));
  }

  end(uid: string, phase: 'Succeeded' | 'Failed'): void {
    this.#change(uid, (each) => {
      if (isFinished(each) || !isTracked(each)) return each;
      const ends = each.metadata.deletionTimestamp === undefined ? phase : 'Failed';
      if (ends === 'Succeeded') this.succeeded.add(each.metadata.annotations?.[INDEX] ?? uid);
      else this.failed.add(uid);
      return { ...each, status: { ...each.status, phase: ends } };
    });
  }
}

/** As the API keeps it. */
function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? {}));
}

describe('src/controllers/job/job.plan.ts, over time', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), writes: fc.nat(8) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        pod: fc.nat(20),
        phase: fc.constantFrom('Succeeded' as const, 'Failed' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), pod: fc.nat(20) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('spec' as const), suspend: fc.boolean(), parallelism: fc.nat(4) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(700) }) },
  );
  const spec = fc.record({
    completions: fc.option(fc.nat(6), { nil: undefined }),
    parallelism: fc.nat(4),
    backoffLimit: fc.nat(4),
    podReplacementPolicy: fc.constantFrom('TerminatingOrFailed', 'Failed'),
  });

  const indexed = fc.record({
    completionMode: fc.constant('Indexed'),
    completions: fc.integer({ min: 1, max: 6 }),
    parallelism: fc.nat(4),
    backoffLimit: fc.constant(1_000),
    backoffLimitPerIndex: fc.option(fc.nat(2), { nil: undefined }),
    maxFailedIndexes: fc.option(fc.nat(3), { nil: undefined }),
    podReplacementPolicy: fc.constantFrom('TerminatingOrFailed', 'Failed'),
  });

  it('never runs more than may, counts every pod once, and comes to rest, wherever it is stopped', () => {
    fc.assert(
      fc.property(fc.oneof(spec, indexed), fc.array(step, { maxLength: 40 }), (of, steps) => {
        const world = new World(of);
        for (const each of steps) {
          const uid = 'pod' in each ? (world.pods[each.pod % Math.max(1, world.pods.length)]?.metadata.uid ?? '') : '';
          if (each.do === 'pass') world.pass(each.writes);
          else if (each.do === 'end') world.end(uid, each.phase);
          else if (each.do === 'delete') world.delete(uid);
          else if (each.do === 'wait') world.nowMs += each.seconds * 1_000;
          else {
            const { suspend, parallelism } = each;
            world.job = { ...world.job, spec: { ...world.job.spec, suspend, parallelism } };
          }
          const { succeeded = 0, failed = 0, uncountedTerminatedPods: waiting = {} } = world.job.status ?? {};
          expect(succeeded + (waiting.succeeded ?? []).length).toBeLessThanOrEqual(world.succeeded.size);
          expect(failed + (waiting.failed ?? []).length).toBeLessThanOrEqual(
            world.failed.size + world.pods.filter(isActive).length,
          );
        }
        // The last failure of an index waits, uncounted, until the index is tried again: now all are.
        const room = world.job.spec.backoffLimitPerIndex === undefined ? {} : { suspend: false, parallelism: 6 };
        world.job = { ...world.job, spec: { ...world.job.spec, ...room } };
        // What goes comes to its end, and the controller is let be.
        for (let turn = 0; turn < 20; turn += 1) {
          world.nowMs += 700_000;
          for (const { metadata } of world.pods) if (metadata.deletionTimestamp) world.end(metadata.uid, 'Failed');
          world.pass(Number.POSITIVE_INFINITY);
        }
        expect(world.pass(Number.POSITIVE_INFINITY)).toBe(false);
        expect(world.job.status?.succeeded ?? 0).toBe(world.succeeded.size);
        expect(world.job.status?.failed ?? 0).toBe(world.failed.size);
        expect(world.job.status?.uncountedTerminatedPods).toEqual({});
        expect(world.pods.filter((each) => isFinished(each) && isTracked(each))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
