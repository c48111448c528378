import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOBS, type Job, PODS, type Pod } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createEventRecorder, createInformers, runController } from '#reconcile';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { createHollowNode, type HollowOutcome } from '../../../test/support/hollow-node.ts';
import { mortalClient } from '../../../test/support/mortal-client.ts';
import { until } from '../../../test/support/until.ts';
import { isOver } from './job.plan.ts';
import { createJobController, jobSources } from './job.ts';
import { isTracked } from './job-pods.plan.ts';
import { createUntrackingController, untrackingSources } from './untracking.ts';

const name = 'work';
const namespace = 'default';

let cluster: Cluster;
let client: Client;
let nodes: Promise<void>;
let stopping: AbortController;
/** How each pod ended, by its uid. */
let ended: Map<string, number>;
/** The uids of all pods there ever were. */
let made: Set<string>;
let outcome: (pod: Pod) => HollowOutcome;
beforeEach(async () => {
  cluster = await startCluster();
  client = cluster.client;
  stopping = new AbortController();
  ended = new Map();
  made = new Set();
  cluster.informers.of(PODS).onChange(({ current }) => void (current && made.add(current.metadata.uid)));
  await cluster.run();
  nodes = createHollowNode({ client, clock: systemClock, name: 'n1', outcome: (pod) => outcome(pod) }).run(
    stopping.signal,
  );
});
afterEach(async () => {
  stopping.abort();
  await nodes;
  await cluster.close();
});

/** The controller as a process of its own: it knows nothing of the one before it. */
async function startController(by: Client) {
  const stop = new AbortController();
  const clock = systemClock;
  const deps = { client: by, clock, log: silentLog };
  const informers = createInformers(deps);
  const kinds = { jobs: informers.of(JOBS), pods: informers.of(PODS) };
  const events = createEventRecorder(deps, { component: 'job-controller' });
  const running = [informers.run(stop.signal)];
  await informers.synced();
  const job = createJobController({ client: by, clock, events, ...kinds });
  const untracking = createUntrackingController({ client: by, clock, ...kinds });
  running.push(
    runController({ controller: job, sources: jobSources(kinds), clock, log: silentLog }, stop.signal),
    runController({ controller: untracking, sources: untrackingSources(kinds), clock, log: silentLog }, stop.signal),
  );
  return async () => {
    stop.abort();
    await Promise.all(running);
    await events.flush();
  };
}

const find = () => client.get(JOBS, { namespace, name });
const isDone = async (): Promise<Job | false> => {
  const job = await find();
  return job !== undefined && isOver(job) && job;
};

/** Each pod ends with the next of these codes. */
const endingWith = (codes: readonly number[]) => (pod: Pod) => {
  const exitCode = ended.get(pod.metadata.uid) ?? codes[ended.size] ?? 0;
  ended.set(pod.metadata.uid, exitCode);
  return { exitCode };
};

async function create(spec: object): Promise<void> {
  const template = { spec: { restartPolicy: 'Never', nodeName: 'n1', containers: [{ name: 'main', image: 'x' }] } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace }, spec: { template, ...spec } };
  await client.create(JOBS, job);
}

const points = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Runs the Job once with a controller that dies at a write, and then with one that lives. */
async function runDyingAt(point: number): Promise<Job> {
  const { by, dead } = mortalClient(client, point);
  const stopFirst = await startController(by);
  await until('it dies, or is done', async () => dead() || (await isDone()));
  await stopFirst();
  const stopSecond = await startController(client);
  const job = await until('the Job is over', isDone);
  await until('no pod is held', async () => !(await pods()).some(isTracked));
  await stopSecond();
  return job;
}

const pods = async () => (await client.list(PODS, { namespace })).items;

describe('src/controllers/job/job.ts, killed', () => {
  // The last of these points are beyond its end.
  it.each(points(12))('counts every success once, dying at write %i', async (point) => {
    outcome = endingWith([0, 0, 0]);
    await create({ completions: 3, parallelism: 2 });
    const { status } = await runDyingAt(point);
    expect(status).toMatchObject({ succeeded: 3, uncountedTerminatedPods: {} });
    expect(status?.failed).toBeUndefined();
    expect((await pods()).filter(({ status: { phase } = {} }) => phase === 'Succeeded')).toHaveLength(3);
  });

  it.each(points(10))('counts every failure once, dying at write %i', async (point) => {
    outcome = (pod) => (ended.size > 0 && !ended.has(pod.metadata.uid) ? 'ready' : endingWith([1])(pod));
    await create({ completions: 3, parallelism: 3, backoffLimit: 0 });
    const { status } = await runDyingAt(point);
    // The first fails, and the others, as many as were made, are ended for it.
    expect(status?.failed).toBe(made.size);
    const { items } = await client.list(PODS, { namespace });
    expect(items.map(({ status: { phase } = {} }) => phase)).toEqual(['Failed']);
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['FailureTarget', 'Failed']);
    expect(status).toMatchObject({ uncountedTerminatedPods: {}, terminating: 0, ready: 0 });
  });

  it.each(points(9))('suspends without a failure, dying at write %i', async (point) => {
    outcome = () => 'ready';
    await create({ completions: 3, parallelism: 3 });
    const stop = await startController(client);
    await until('three pods are ready', async () => (await find())?.status?.ready === 3);
    await stop();
    await client.patch(JOBS, { namespace, name }, { type: 'merge', body: { spec: { suspend: true } } });
    const { by, dead } = mortalClient(client, point);
    const isSuspended = async () =>
      (await find())?.status?.conditions?.some((each) => each.type === 'Suspended' && each.status === 'True');
    const stopFirst = await startController(by);
    await until('it dies, or is done', async () => dead() || (await isSuspended()));
    await stopFirst();
    const stopSecond = await startController(client);
    await until('it is suspended', isSuspended);
    await until('its pods are gone', async () => (await pods()).length === 0);
    await stopSecond();
    expect((await find())?.status?.failed).toBeUndefined();
  });
});
