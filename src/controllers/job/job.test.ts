import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENTS, JOBS, type Job, type KubeObject, PODS, type Pod } from '#api';
import { type BusyCluster, namespace, startBusyCluster } from '../../../test/support/busy-cluster.ts';
import type { HollowOutcome } from '../../../test/support/hollow-node.ts';
import { until } from '../../../test/support/until.ts';
import { isActive } from '../shared/pods.plan.ts';
import { isOver } from './job.plan.ts';
import { isTracked } from './job-pods.plan.ts';

let cluster: BusyCluster;
/** How the pods of each Job turn out, by its name; they are ready when absent. */
const outcomes = new Map<string, (pod: Pod) => HollowOutcome>();
beforeAll(async () => {
  cluster = await startBusyCluster(undefined, { beatMs: 10_000 });
  turnOut('', () => 'ready');
});
afterAll(() => cluster.close());

function turnOut(name: string, outcome: (pod: Pod) => HollowOutcome): void {
  outcomes.set(name, outcome);
  cluster.setOutcome((pod) => outcomes.get(pod.metadata.labels?.['job-name'] ?? '')?.(pod) ?? 'ready');
}

function create(name: string, spec: object = {}, restartPolicy = 'Never'): Promise<Job> {
  const template = { spec: { restartPolicy, containers: [{ name: 'main', image: 'sample:1' }] } };
  const job: KubeObject = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { template, ...spec },
  };
  return cluster.client.create(JOBS, job) as Promise<Job>;
}

const find = (name: string) => cluster.client.get(JOBS, { namespace, name });
const patch = (name: string, spec: object) =>
  cluster.client.patch(JOBS, { namespace, name }, { type: 'merge', body: { spec } as never });
const podsOf = async (name: string) =>
  (await cluster.client.list(PODS, { namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` })).items;
const reached = (name: string, holds: (job: Job) => boolean) =>
  until(`the Job ${name} is as expected`, async () => {
    const job = await find(name);
    return job !== undefined && holds(job) && job;
  });
const over = (name: string) => reached(name, isOver);
const typesOf = ({ status }: Job) =>
  status?.conditions?.filter((each) => each.status === 'True').map(({ type }) => type);
const eventsOf = async (name: string) =>
  (await cluster.client.list(EVENTS, { namespace, fieldSelector: `involvedObject.name=${name}` })).items.map(
    (event) => (event as unknown as { reason: string }).reason,
  );
const told = (name: string, ...reasons: string[]) =>
  until(`events of ${name}`, async () => {
    const seen = await eventsOf(name);
    return reasons.every((each) => seen.includes(each));
  });

describe('src/controllers/job/job.ts', () => {
  it('runs pods until as many have succeeded as asked for, never more at once, and then rests', async () => {
    let most = 0;
    const { client } = cluster;
    const watching = new AbortController();
    const { resourceVersion } = await client.list(PODS, { namespace });
    const live = new Map<string, Pod>();
    const follow = async () => {
      for await (const event of client.watch(PODS, { namespace, resourceVersion, signal: watching.signal })) {
        if (event.type === 'BOOKMARK' || event.object.metadata.labels?.['job-name'] !== 'sum') continue;
        if (event.type === 'DELETED') live.delete(event.object.metadata.name);
        else live.set(event.object.metadata.name, event.object);
        most = Math.max(most, [...live.values()].filter(isActive).length);
      }
    };
    const following = follow().catch(() => undefined);
    turnOut('sum', () => ({ exitCode: 0 }));
    const made = await create('sum', { completions: 5, parallelism: 2 });
    const { status } = await over('sum');
    watching.abort();
    await following;
    expect(most).toBe(2);
    expect(status).toMatchObject({ succeeded: 5, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(status?.conditions).toMatchObject([
      { type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached' },
      { type: 'Complete', status: 'True', message: 'Reached expected number of succeeded pods' },
    ]);
    expect(Date.parse(status?.completionTime ?? '')).toBeGreaterThanOrEqual(Date.parse(status?.startTime ?? ''));
    const pods = await podsOf('sum');
    expect(pods).toHaveLength(5);
    for (const { metadata } of pods) {
      expect(metadata.name).toMatch(/^sum-[a-z0-9]{5}$/);
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'Job', uid: made.metadata.uid, controller: true }]);
      expect(metadata.labels?.['controller-uid']).toBe(made.metadata.uid);
      expect(metadata.finalizers ?? []).toEqual([]);
    }
    await told('sum', 'SuccessfulCreate', 'Completed');
    await client.patch(JOBS, { namespace, name: 'sum' }, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    await create('other', { suspend: true });
    await reached('other', (job) => typesOf(job)?.includes('Suspended') === true);
    expect((await find('sum'))?.status).toEqual(status);
  });

  it('is done when one of its pods says so, where it does not say how many are to succeed', async () => {
    const first: string[] = [];
    turnOut('queue', ({ metadata }) => {
      if (first.length === 0) first.push(metadata.uid);
      return first.includes(metadata.uid) ? { exitCode: 0 } : 'ready';
    });
    await create('queue', { parallelism: 3 });
    await reached('queue', ({ status }) => status?.succeeded === 1 && status.active === 2);
    expect(typesOf((await find('queue')) as Job)).toBeUndefined();
    turnOut('queue', () => ({ exitCode: 0 }));
    expect((await over('queue')).status).toMatchObject({ succeeded: 3 });
    expect(await podsOf('queue')).toHaveLength(3);
  });

  it('ends what runs once more pods failed than may, and says why', async () => {
    const first: string[] = [];
    turnOut('bad', ({ metadata }) => {
      if (first.length === 0) first.push(metadata.uid);
      return first.includes(metadata.uid) ? { exitCode: 3 } : 'ready';
    });
    await create('bad', { completions: 2, parallelism: 2, backoffLimit: 0 });
    const { status } = await over('bad');
    expect(status?.conditions).toMatchObject([
      { type: 'FailureTarget', status: 'True', reason: 'BackoffLimitExceeded' },
      { type: 'Failed', message: 'Job has reached the specified backoff limit' },
    ]);
    expect([status?.failed, status?.succeeded, status?.completionTime]).toEqual([2, undefined, undefined]);
    expect((await podsOf('bad')).map((pod) => pod.status?.phase)).toEqual(['Failed']);
    await told('bad', 'SuccessfulDelete', 'BackoffLimitExceeded');
  });

  it('counts restarts within its pods where those restart their containers', async () => {
    turnOut('restarting', () => ({ exitCode: 1 }));
    await create('restarting', { backoffLimit: 2 }, 'OnFailure');
    const { status } = await over('restarting');
    expect([status?.failed, status?.conditions?.[1]?.reason]).toEqual([1, 'BackoffLimitExceeded']);
    turnOut('twice', ({ status: is }) => ({ exitCode: is?.containerStatuses?.[0]?.restartCount === 1 ? 0 : 1 }));
    await create('twice', {}, 'OnFailure');
    expect((await over('twice')).status).toMatchObject({ succeeded: 1 });
    expect((await podsOf('twice')).map((pod) => pod.status?.containerStatuses?.[0]?.restartCount)).toEqual([1]);
  });

  it('ends at its deadline', async () => {
    await create('slow', { activeDeadlineSeconds: 1 });
    const { status } = await over('slow');
    expect(status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'FailureTarget DeadlineExceeded',
      'Failed DeadlineExceeded',
    ]);
    await told('slow', 'DeadlineExceeded');
  });

  it('gives its pods up while it is suspended, without counting them, and starts anew', async () => {
    await create('paused', { parallelism: 2, completions: 2, suspend: true });
    const before = await reached('paused', (job) => typesOf(job)?.includes('Suspended') === true);
    expect(before.status?.startTime).toBeUndefined();
    expect(await podsOf('paused')).toEqual([]);
    await patch('paused', { suspend: false });
    const running = await reached('paused', ({ status }) => status?.ready === 2);
    expect(running.status?.startTime).toBeDefined();
    expect(running.status?.conditions).toMatchObject([{ type: 'Suspended', status: 'False', reason: 'JobResumed' }]);
    await patch('paused', { suspend: true });
    await until('its pods are gone', async () => (await podsOf('paused')).length === 0);
    const { status } = await reached('paused', (job) => job.status?.active === undefined);
    expect([status?.failed, status?.ready]).toEqual([undefined, 0]);
    turnOut('paused', () => ({ exitCode: 0 }));
    await patch('paused', { suspend: false });
    expect((await over('paused')).status).toMatchObject({ succeeded: 2 });
    await told('paused', 'Suspended', 'Resumed', 'SuccessfulDelete', 'Completed');
  });

  it('gives up what is too many, and takes up what its selector finds and lets go what it does not', async () => {
    const { client } = cluster;
    await create('sized', { parallelism: 3, completions: 4 });
    await reached('sized', ({ status }) => status?.ready === 3);
    await patch('sized', { parallelism: 1 });
    await reached('sized', ({ status }) => status?.ready === 1 && status.active === 1);
    const [pod] = (await podsOf('sized')).filter(isActive);
    if (pod === undefined) throw new Error('it has no pod');
    await client.patch(PODS, pod.metadata, { type: 'merge', body: { metadata: { ownerReferences: null } } });
    await until('it is taken up again', async () => {
      const now = await client.get(PODS, pod.metadata);
      return now?.metadata.ownerReferences?.[0]?.name === 'sized' && isTracked(now);
    });
    const key = 'batch.kubernetes.io/controller-uid';
    await client.patch(PODS, pod.metadata, { type: 'merge', body: { metadata: { labels: { [key]: null } } } });
    await until('it is let go', async () => {
      const now = await client.get(PODS, pod.metadata);
      return now !== undefined && (now.metadata.ownerReferences ?? []).length === 0 && !isTracked(now);
    });
    await until('another is made', async () => (await podsOf('sized')).filter(isActive).length === 2);
    expect((await find('sized'))?.status?.failed).toBeUndefined();
  });

  it.each(['Foreground', 'Background'] as const)('goes with its pods: %s', async (propagationPolicy) => {
    const name = propagationPolicy.toLowerCase();
    await create(name, { parallelism: 2, completions: 2 });
    await reached(name, ({ status }) => status?.ready === 2);
    await cluster.client.delete(JOBS, { namespace, name }, { propagationPolicy });
    await until('nothing is left of it', async () => (await podsOf(name)).length === 0 && !(await find(name)));
  });

  it('leaves its pods behind, and holds none of them, when told so', async () => {
    await create('left', { parallelism: 2, completions: 2 });
    await reached('left', ({ status }) => status?.ready === 2);
    await cluster.client.delete(JOBS, { namespace, name: 'left' }, { propagationPolicy: 'Orphan' });
    await until('it is gone', async () => !(await find('left')));
    await until('its pods are nobody’s', async () => {
      const pods = await podsOf('left');
      return pods.length === 2 && !pods.some((pod) => isTracked(pod) || pod.metadata.ownerReferences?.length);
    });
  });

  it('runs each index until it has succeeded, or failed too often, and forgets the Job in time', async () => {
    const key = 'batch.kubernetes.io/job-completion-index';
    turnOut('parts', ({ metadata }) => ({ exitCode: metadata.labels?.[key] === '1' ? 1 : 0 }));
    const spec = { completionMode: 'Indexed', completions: 4, parallelism: 2, backoffLimitPerIndex: 0 };
    await create('parts', spec);
    const { status } = await over('parts');
    expect(status).toMatchObject({ succeeded: 3, failed: 1, completedIndexes: '0,2,3', failedIndexes: '1' });
    expect(status?.conditions?.map(({ reason }) => reason)).toEqual(['FailedIndexes', 'FailedIndexes']);
    const body = { spec: { ttlSecondsAfterFinished: 1 } };
    await cluster.client.patch(JOBS, { namespace, name: 'parts' }, { type: 'merge', body });
    await until('it is gone with its pods', async () => (await podsOf('parts')).length === 0 && !(await find('parts')));
  });

  it('leaves alone a Job that names another controller', async () => {
    await create('foreign', { managedBy: 'example.com/other' });
    turnOut('after', () => ({ exitCode: 0 }));
    await create('after');
    await over('after');
    expect([(await find('foreign'))?.status, await podsOf('foreign')]).toEqual([{}, []]);
  });

  it('has given nobody cause to warn', () => {
    expect(cluster.warnings).toEqual([]);
  });
});
