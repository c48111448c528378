/** Official tests of Jobs whose pods really end. Source: kubernetes test/e2e/apps/job.go and test/e2e/framework/job (v1.32). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { JOBS, type Job, PODS, type Pod } from '#api';
import { type DockerBed, isReady, official, startDockerBed } from '../../conformance/support/docker-bed.ts';
import { refused } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';

let bed: DockerBed;
beforeAll(async () => {
  bed = await startDockerBed();
});
afterAll(() => bed.close());

const PARALLELISM = 2;
const COMPLETIONS = 4;

/** Runs until it is told to end. */
const UNENDING = 'trap "exit 0" TERM; sleep 100000 & wait $!';
/** Fails until there is a file, and makes it. */
const FAILS_ONCE = '[ -r /data/foo ] && exit 0; touch /data/foo; exit 1';
/** Number 0 makes a file and stays, the others fail until it is there; once it is, all succeed. */
const STAYS_ONCE =
  '[ -r /data/foo ] && exit 0; [ $JOB_COMPLETION_INDEX -eq 0 ] || exit 1; touch /data/foo; sleep 100000';

interface Making {
  readonly script: string;
  readonly restartPolicy?: 'Never' | 'OnFailure';
  /** Of the Job. */
  readonly more?: object;
  /** What is mounted at /data. */
  readonly data?: object;
}

async function make(namespace: string, name: string, making: Making): Promise<Job> {
  const { script, restartPolicy = 'Never', more = {}, data = { emptyDir: {} } } = making;
  return bed.of(JOBS, namespace).create({
    metadata: { name },
    spec: {
      parallelism: PARALLELISM,
      completions: COMPLETIONS,
      backoffLimit: 6,
      manualSelector: false,
      ...more,
      template: {
        metadata: { labels: { job: name } },
        spec: {
          restartPolicy,
          terminationGracePeriodSeconds: 1,
          volumes: [{ name: 'data', ...data }],
          containers: [
            {
              name: 'c',
              image: STAND_IN_IMAGE,
              command: ['/bin/sh', '-c', script],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
        },
      },
    },
  });
}

/** Waits until a Job is as wanted. */
const sees = (namespace: string, name: string, what: string, passes: (job: Job) => boolean) =>
  until(`Job ${name} ${what}`, async () => {
    const job = await bed.of(JOBS, namespace).get(name);
    if (passes(job)) return job;
    throw new Error(JSON.stringify(job.status));
  });
const conditionOf = ({ status }: Job, type: string) =>
  status?.conditions?.find((one) => one.type === type && one.status === 'True');
const completes = (namespace: string, name: string, completions = COMPLETIONS) =>
  sees(namespace, name, 'is complete', (job) => {
    return conditionOf(job, 'Complete') !== undefined && job.status?.succeeded === completions;
  });
const podsOf = async (namespace: string, name: string, passes: (pod: Pod) => boolean = () => true) =>
  (await bed.of(PODS, namespace).list({ labelSelector: `job=${name}` })).items.filter(passes);
const run = (namespace: string, name: string, count = PARALLELISM) =>
  until(`${count} pods of ${name} run`, async () => {
    const running = await podsOf(namespace, name, isReady);
    return running.length === count ? running : undefined;
  });
const hasSucceeded = ({ status }: Pod) => status?.phase === 'Succeeded';
const controllerOf = ({ metadata }: Pod) => metadata.ownerReferences?.find(({ controller }) => controller === true);

official(
  '[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]',
  async () => {
    const namespace = await bed.namespace('job');
    await make(namespace, 'fail-once-local', { script: FAILS_ONCE, restartPolicy: 'OnFailure' });
    await completes(namespace, 'fail-once-local');
    expect(await podsOf(namespace, 'fail-once-local', hasSucceeded)).toHaveLength(COMPLETIONS);
  },
);

official(
  '[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]',
  async () => {
    const namespace = await bed.namespace('job');
    await make(namespace, 'indexed-job', { script: 'exit 0', more: { completionMode: 'Indexed' } });
    await completes(namespace, 'indexed-job');
    const pods = await podsOf(namespace, 'indexed-job', hasSucceeded);
    const indexes = pods.map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
    expect(indexes.toSorted()).toEqual(['0', '1', '2', '3']);
    expect(pods.map(({ spec }) => spec.hostname)).toEqual(indexes.map((index) => `indexed-job-${index}`));
  },
);

official('[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]', async () => {
  const namespace = await bed.namespace('job');
  const pods = bed.of(PODS, namespace);
  const { metadata: job } = await make(namespace, 'adopt-release', { script: UNENDING });
  const [orphan] = await run(namespace, 'adopt-release');
  if (orphan === undefined) throw new Error('there is no pod');
  const { name } = orphan.metadata;
  await pods.change(name, ({ metadata }) => {
    delete metadata.ownerReferences;
  });
  await until('the Job takes the pod again', async () => controllerOf(await pods.get(name))?.uid === job.uid);
  await pods.change(name, ({ metadata }) => {
    delete metadata.labels;
  });
  await until('the Job lets go of the pod', async () => controllerOf(await pods.get(name)) === undefined);
});

official('[sig-apps] Job should delete a job [Conformance]', async () => {
  const namespace = await bed.namespace('job');
  const jobs = bed.of(JOBS, namespace);
  await make(namespace, 'foo', { script: UNENDING });
  await run(namespace, 'foo');
  await jobs.delete('foo', { propagationPolicy: 'Background' });
  await until('what depended on the Job is collected', async () => (await podsOf(namespace, 'foo')).length === 0);
  expect(await refused(jobs.get('foo'))).toMatchObject({ code: 404, reason: 'NotFound' });
});

official('[sig-apps] Job should apply changes to a job status [Conformance]', async () => {
  const namespace = await bed.namespace('job');
  const jobs = bed.of(JOBS, namespace);
  const name = 'e2e-patched-job';
  const { metadata } = await make(namespace, name, { script: UNENDING });
  await run(namespace, name);
  const timeOf = (job: Job) => conditionOf(job, 'CustomConditionType')?.lastTransitionTime;
  const condition = (lastTransitionTime: string) => ({
    type: 'CustomConditionType',
    status: 'True',
    lastTransitionTime,
  });
  const first = '2026-01-02T03:04:05Z';
  const change = {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { conditions: [condition(first)] },
  };
  const patched = await jobs.patch(name, 'merge', change, 'status');
  expect(timeOf(patched)).toBe(first);
  expect(patched.metadata.annotations).toMatchObject({ patchedstatus: 'true' });

  const second = '2026-01-02T03:04:06Z';
  const updated = await jobs.change(
    name,
    ({ status }) => {
      for (const one of status?.conditions ?? [])
        if (one.type === 'CustomConditionType') one.lastTransitionTime = second;
    },
    'status',
  );
  expect(timeOf(updated)).toBe(second);
  const read = await jobs.get(name, 'status');
  expect(read.metadata.uid).toBe(metadata.uid);
  expect(timeOf(read)).toBe(second);
});

official(
  '[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]',
  async () => {
    const namespace = await bed.namespace('job');
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }];
    await make(namespace, 'pod-failure-failjob', { script: 'exit 1', more: { podFailurePolicy: { rules } } });
    const job = await sees(namespace, 'pod-failure-failjob', 'has failed', (one) => {
      return conditionOf(one, 'Failed') !== undefined;
    });
    expect(conditionOf(job, 'Failed')?.reason).toBe('PodFailurePolicy');
  },
);

official(
  '[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]',
  async () => {
    const namespace = await bed.namespace('job');
    const pods = bed.of(PODS, namespace);
    const folder = await mkdtemp(path.join(tmpdir(), 'plumb-job-'));
    try {
      const name = 'pod-disruption-failure-ignore';
      // Any failure would end the Job, were it not for these.
      const rules = [
        { action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } },
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ];
      await make(namespace, name, {
        script: STAYS_ONCE,
        data: { hostPath: { path: folder, type: 'DirectoryOrCreate' } },
        more: { completions: 2, completionMode: 'Indexed', backoffLimit: 0, podFailurePolicy: { rules } },
      });
      await until('the others have succeeded', async () => (await podsOf(namespace, name, hasSucceeded)).length === 1);
      const [running] = await run(namespace, name, 1);
      const evicted = running?.metadata.name ?? '';
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: evicted, namespace } };
      await pods.post(evicted, 'eviction', eviction);
      await until(
        'the evicted pod is gone',
        async () => (await pods.find(evicted))?.metadata.uid !== running?.metadata.uid,
      );
      await completes(namespace, name, 2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
