/** Runs a Job's pods until enough have succeeded or too many failed. Sole writer of Job status. */
import { JOBS, type Job, type Json, type Pod, selectorFromObject } from '#api';
import { type Clock, equalJson } from '#base';
import type { Client } from '#client';
import {
  type Controller,
  type EventRecorder,
  Expectations,
  type Informer,
  type KeySource,
  keyOf,
  keysFrom,
} from '#reconcile';
import { inBatches } from '../shared/batches.ts';
import { claim } from '../shared/claim.ts';
import { createOwnedPods } from '../shared/owned-pods.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf } from '../shared/owners.plan.ts';
import { isReady } from '../shared/pods.plan.ts';
import { writeStatus } from '../shared/write-status.ts';
import type { Failures } from './backoff.plan.ts';
import { isOver, type JobPlan, planJob } from './job.plan.ts';
import { isGoing, restartsOf, TRACKING_FINALIZER } from './job-pods.plan.ts';
import { podOf } from './pod-template.plan.ts';
import { holdPod, letPodGo } from './tracking.ts';

export interface JobDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly jobs: Informer<Job>;
  readonly pods: Informer<Pod>;
}

export interface JobOptions {
  /** Source: kubernetes pkg/controller/job/job_controller.go, MaxPodCreateDeletePerSync (v1.32). */
  readonly burst: number;
}

export const jobDefaults: JobOptions = { burst: 500 };

/** What `spec.managedBy` says of the Jobs that are for this controller. Source: api batch/v1 types.go, JobControllerName (v0.32). */
const MANAGER = 'kubernetes.io/job-controller';

export function createJobController(deps: JobDeps, options = jobDefaults): Controller {
  const { client, clock, events, jobs, pods } = deps;
  const expectations = new Expectations(clock);
  const ownedPods = createOwnedPods({ client, events, pods, expectations });
  /** Of the Jobs that are not over, by their uids. */
  const failures = new Map<string, Failures>();
  pods.addIndex(BY_CONTROLLER, controllerIndex);
  jobs.onChange(({ previous, current }) => {
    if (previous !== undefined && previous.metadata.uid !== current?.metadata.uid) {
      failures.delete(previous.metadata.uid);
    }
  });

  return {
    name: 'job',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const job = jobs.get(key);
      if (job === undefined || isOver(job) || !isOurs(job)) return {};
      const { selector } = job.spec;
      const claimant = { owner: job, resource: JOBS, selector, finalizer: TRACKING_FINALIZER };
      const owned = await claim({ client, informer: pods, expectations }, claimant);
      const before = failures.get(job.metadata.uid);
      const known = before === undefined ? {} : { failures: before };
      const plan = planJob({ job, pods: owned, ...known, nowMs: clock.nowMs(), burst: options.burst });
      return await carryOut(key, job, plan, signal);
    },
  };

  async function carryOut(key: string, job: Job, plan: JobPlan, signal: AbortSignal) {
    const orFail = (result: { readonly error: unknown }) => {
      if (result.error !== undefined) throw result.error;
    };
    orFail(await inBatches(plan.track, (pod) => holdPod({ client, pods, expectations }, key, pod), signal));
    orFail(await inBatches(plan.drop, (pod) => dropPod(key, job, pod), signal));
    orFail(await inBatches(plan.end, (pod) => ownedPods.remove(key, job, pod), signal));
    const wanted = plan.create.map((each) => podOf(job, each));
    const made = await inBatches(wanted, (pod) => ownedPods.create(key, job, pod), signal);
    signal.throwIfAborted();

    const written = await writeStatus(client, JOBS, job, { status: plan.status });
    if (written !== undefined) expectations.wrote(key, jobs, written);
    remember(job, plan);
    for (const event of plan.events) events.record(job, event);
    orFail(await inBatches(plan.release, (pod) => letPodGo({ client, pods, expectations }, key, pod), signal));
    orFail(made);
    return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
  }

  function remember({ metadata: { uid } }: Job, { status, failures: after }: JobPlan): void {
    if (isOver({ status })) failures.delete(uid);
    else failures.set(uid, after);
  }

  /** It is let go first: deleted before, it would count as failed. */
  async function dropPod(key: string, job: Job, pod: Pod): Promise<void> {
    await letPodGo({ client, pods, expectations }, key, pod);
    await ownedPods.remove(key, job, pod);
  }
}

/** Whether the Job is for this controller: it may name another. */
function isOurs({ spec }: Job): boolean {
  return (spec.managedBy ?? MANAGER) === MANAGER;
}

/** Which Jobs a change concerns: the Job itself, a pod's Job, and for nobody's pod every Job that selects it. */
export function jobSources({ jobs, pods }: Pick<JobDeps, 'jobs' | 'pods'>): KeySource[] {
  const toKeys = (pod: Pod): Iterable<string> => {
    const controller = controllerOf(pod);
    if (controller !== undefined) {
      return controller.kind === JOBS.kind ? [`${pod.metadata.namespace}/${controller.name}`] : [];
    }
    return jobs
      .list(pod.metadata.namespace)
      .filter(({ spec }) => selectorFromObject(spec.selector).matches(pod.metadata.labels))
      .map(keyOf);
  };
  return [keysFrom(jobs), keysFrom(pods, { toKeys, when: (before, after) => !countsTheSame(before, after) })];
}

/** Whether a change leaves alone all that a Job looks at. */
function countsTheSame(before: Pod, after: Pod): boolean {
  const seen = (pod: Pod) => [
    pod.metadata.uid,
    pod.status?.phase,
    isReady(pod),
    isGoing(pod),
    restartsOf(pod),
    pod.metadata.labels,
    pod.metadata.ownerReferences,
    pod.metadata.finalizers,
  ];
  return equalJson(seen(before) as Json, seen(after) as Json);
}
