/** Lets go of pods that no Job will count: theirs is gone, is over, or has let them go. */
import { JOBS, type Job, type Pod, selectorFromObject } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { BY_CONTROLLER, controllerIndex, controllerOf } from '../shared/owners.plan.ts';
import { isOver } from './job.plan.ts';
import { isGoing, isTracked } from './job-pods.plan.ts';
import { letPodGo } from './tracking.ts';

export interface UntrackingDeps {
  readonly client: Pick<Client, 'get' | 'patch'>;
  readonly clock: Clock;
  readonly jobs: Informer<Job>;
  readonly pods: Informer<Pod>;
}

/** By the keys of pods. Source: kubernetes pkg/controller/job/job_controller.go, syncOrphanPod (v1.32). */
export function createUntrackingController({ client, clock, jobs, pods }: UntrackingDeps): Controller {
  const expectations = new Expectations(clock);
  pods.addIndex(BY_CONTROLLER, controllerIndex);

  return {
    name: 'job-untracking',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const pod = pods.get(key);
      if (pod === undefined || !isTracked(pod) || (await isAwaited(pod))) return {};
      await letPodGo({ client, pods, expectations }, key, pod);
      return {};
    },
  };

  /** Whether somebody will still count it. */
  async function isAwaited(pod: Pod): Promise<boolean> {
    const { namespace = '' } = pod.metadata;
    const controller = controllerOf(pod);
    if (controller === undefined) {
      return jobs.list(namespace).some((job) => !isOver(job) && !isGoing(job) && selects(job, pod));
    }
    if (controller.kind !== JOBS.kind || controller.apiVersion !== 'batch/v1') return true; // Not ours to say.
    // Asked anew: the cache may not know the Job yet.
    const job = await client.get(JOBS, { namespace, name: controller.name });
    return job?.metadata.uid === controller.uid && !isOver(job);
  }
}

function selects({ spec }: Job, pod: Pod): boolean {
  return selectorFromObject(spec.selector).matches(pod.metadata.labels);
}

/** A pod is looked at when it changes hands, and with all others of its Job when that goes or is over. */
export function untrackingSources({ jobs, pods }: Pick<UntrackingDeps, 'jobs' | 'pods'>): KeySource[] {
  const toKeys = ({ metadata }: Job) => pods.byIndex(BY_CONTROLLER, metadata.uid).map(keyOf);
  const keepsItsHolds = (before: Pod, after: Pod) =>
    isTracked(before) === isTracked(after) && controllerOf(before)?.uid === controllerOf(after)?.uid;
  const awaitsAsBefore = (before: Job, after: Job) =>
    before.metadata.uid === after.metadata.uid && isOver(before) === isOver(after);
  return [
    keysFrom(pods, {
      toKeys: (pod) => (isTracked(pod) ? [keyOf(pod)] : []),
      when: (before, after) => !keepsItsHolds(before, after),
    }),
    keysFrom(jobs, { toKeys, when: (before, after) => !awaitsAsBefore(before, after) }),
  ];
}
