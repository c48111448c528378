import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  EVENTS,
  type KubeObject,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type ResourceType,
  STATEFUL_SETS,
  type StoredObject,
} from '#api';
import { type Clock, systemClock } from '#base';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { CRON_SCHEMA, definitionObject } from '../../../test/support/definitions.ts';
import { until } from '../../../test/support/until.ts';
import { AllKinds } from '../shared/all-kinds.ts';
import { controllerReference } from '../shared/owners.plan.ts';
import { createDisruptionController, disruptionSources } from './disruption.ts';

const CRON_TABS: ResourceType = {
  group: 'stable.example.com',
  version: 'v1',
  kind: 'CronTab',
  plural: 'crontabs',
  namespaced: true,
};
const namespace = 'default';
const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'sample:1' }] },
});
const workload = (type: ResourceType, app: string, spec: object = {}): KubeObject => ({
  apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
  kind: type.kind,
  metadata: { name: app, namespace },
  spec: { selector: { matchLabels: { app } }, template: template(app), ...spec },
});

/** Real time, and what a test adds to it. */
let laterMs = 0;
const movable: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ clock: movable });
  const { client, clock, log, informers, events } = cluster;
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  const version = { subresources: { status: {}, scale } };
  await client.create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject({ schema: CRON_SCHEMA, version }));
  const contents = new AllKinds({ client, clock, log }, informers);
  const kinds = {
    budgets: informers.of(POD_DISRUPTION_BUDGETS),
    definitions: informers.of(CUSTOM_RESOURCE_DEFINITIONS),
    deployments: informers.of(DEPLOYMENTS),
    pods: informers.of(PODS),
    replicaSets: informers.of(REPLICA_SETS),
    replicationControllers: informers.of(REPLICATION_CONTROLLERS),
    statefulSets: informers.of(STATEFUL_SETS),
  };
  const controller = createDisruptionController({ client, clock, events, contents, ...kinds });
  await cluster.run(
    (signal) => contents.start(signal),
    cluster.loop(controller, disruptionSources(kinds), { workers: 1 }),
  );
});
afterAll(() => cluster.close());

const at = (name: string) => ({ namespace, name });
const makePods = async (app: string, count: number, owner?: readonly [StoredObject, ResourceType]) => {
  for (let index = 0; index < count; index += 1) {
    const ownerReferences = owner === undefined ? [] : [controllerReference(...owner)];
    await cluster.client.create(PODS, podObject(`${app}-${index}`, { metadata: { labels: { app }, ownerReferences } }));
    const body = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
    await cluster.client.patch(PODS, at(`${app}-${index}`), { type: 'merge', body }, { subresource: 'status' });
  }
};
const makeBudget = (app: string, spec: object) =>
  cluster.client.create(POD_DISRUPTION_BUDGETS, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: app, namespace },
    spec: { selector: { matchLabels: { app } }, ...spec },
  });
const statusIs = (app: string, wanted: object) =>
  until(`the status of ${app} has ${JSON.stringify(wanted)}`, async () => {
    const { status } = (await cluster.client.get(POD_DISRUPTION_BUDGETS, at(app))) ?? {};
    return Object.entries(wanted).every(([field, value]) => status?.[field as 'expectedPods'] === value) && status;
  });
const evict = (name: string) => {
  const row = cluster.api.row('', 'v1', 'pods');
  if (row === undefined) throw new Error('no pods');
  const context = { user: { name: 'd', groups: [] }, defaultManager: 'd' };
  return cluster.api.evict({ context, row, namespace, name });
};

describe('src/controllers/disruption/disruption.ts', () => {
  it('blocks an eviction until the budget is changed to allow it, then follows the pods', async () => {
    await makePods('plain', 2);
    await makeBudget('plain', { minAvailable: 2 });
    await statusIs('plain', { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2 });
    await expect(evict('plain-0')).rejects.toThrow("it would violate the pod's disruption budget");
    const body = { spec: { minAvailable: 1 } };
    await cluster.client.patch(POD_DISRUPTION_BUDGETS, at('plain'), { type: 'merge', body });
    await statusIs('plain', { disruptionsAllowed: 1, observedGeneration: 2 });
    await evict('plain-0');
    const status = await statusIs('plain', { disruptionsAllowed: 0, currentHealthy: 1, expectedPods: 1 });
    await until('the evicted pod is forgotten', async () => {
      const now = await cluster.client.get(POD_DISRUPTION_BUDGETS, at('plain'));
      return now?.status?.disruptedPods === undefined;
    });
    expect(status.conditions).toMatchObject([{ type: 'DisruptionAllowed', status: 'False' }]);
    await expect(evict('plain-1')).rejects.toThrow("it would violate the pod's disruption budget");
  });

  it.each([
    ['a replication controller', REPLICATION_CONTROLLERS, { selector: { app: 'rc' } }, 'rc'],
    ['a replica set', REPLICA_SETS, {}, 'rs'],
    ['a stateful set', STATEFUL_SETS, { serviceName: 'sts' }, 'sts'],
  ])('counts what %s wants, and follows it', async (_name, type, spec, app) => {
    const owner = await cluster.client.create(type as ResourceType, workload(type, app, { replicas: 3, ...spec }));
    await makePods(app, 3, [owner, type]);
    await makeBudget(app, { maxUnavailable: '34%' });
    await statusIs(app, { expectedPods: 3, desiredHealthy: 1, disruptionsAllowed: 2 });
    await cluster.client.patch(type as ResourceType, at(app), { type: 'merge', body: { spec: { replicas: 4 } } });
    await statusIs(app, { expectedPods: 4, desiredHealthy: 2, disruptionsAllowed: 1 });
  });

  it('counts a Deployment once, whatever number of sets its pods are in', async () => {
    const owner = await cluster.client.create(DEPLOYMENTS, workload(DEPLOYMENTS, 'deploy', { replicas: 2 }));
    for (const part of ['deploy-a', 'deploy-b']) {
      const set = workload(REPLICA_SETS, part, { replicas: 2 });
      const ownerReferences = [controllerReference(owner, DEPLOYMENTS)];
      const made = await cluster.client.create(REPLICA_SETS, {
        ...set,
        metadata: { ...set.metadata, ownerReferences },
      });
      await makePods(part, 1, [made, REPLICA_SETS]);
      const body = { metadata: { labels: { app: 'deploy' } } };
      await cluster.client.patch(PODS, at(`${part}-0`), { type: 'merge', body });
    }
    await makeBudget('deploy', { minAvailable: '50%' });
    await statusIs('deploy', { expectedPods: 2, desiredHealthy: 1, currentHealthy: 2, disruptionsAllowed: 1 });
  });

  it('counts what a custom resource wants by its scale', async () => {
    const owner = await cluster.client.create(CRON_TABS, {
      apiVersion: 'stable.example.com/v1',
      kind: 'CronTab',
      metadata: at('custom'),
      spec: { replicas: 5 },
    });
    await makePods('custom', 2, [owner, CRON_TABS]);
    await makeBudget('custom', { maxUnavailable: 4 });
    await statusIs('custom', { expectedPods: 5, desiredHealthy: 1, disruptionsAllowed: 1 });
  });

  it('allows nothing of pods whose owner has no number, and says so', async () => {
    const owner = await cluster.client.create(DAEMON_SETS, workload(DAEMON_SETS, 'daemon'));
    await makePods('daemon', 1, [owner, DAEMON_SETS]);
    await makeBudget('daemon', { maxUnavailable: 1 });
    const { conditions } = await until('the condition says what is wrong', async () => {
      const { status } = (await cluster.client.get(POD_DISRUPTION_BUDGETS, at('daemon'))) ?? {};
      return status?.conditions?.[0]?.reason === 'SyncFailed' && status;
    });
    expect(conditions?.[0]?.message).toBe('daemonsets.apps does not implement the scale subresource');
    await expect(evict('daemon-0')).rejects.toMatchObject({ httpStatus: 429 });
  });

  it('tells of pods that nobody controls where owners count', async () => {
    await makePods('stray', 1);
    await makeBudget('stray', { maxUnavailable: 1 });
    await statusIs('stray', { expectedPods: 0, disruptionsAllowed: 0 });
    await until('an event tells', async () => {
      const { items } = await cluster.client.list(EVENTS, { fieldSelector: 'involvedObject.name=stray' });
      return items.some(({ reason }) => reason === 'UnmanagedPods');
    });
  });

  it('rests when nothing changes', async () => {
    await makePods('rest', 2);
    await makeBudget('rest', { minAvailable: 1 });
    await statusIs('rest', { disruptionsAllowed: 1 });
    await makePods('marker', 1);
    await cluster.events.flush();
    const before = await cluster.revision();
    // Later, a pod that no budget selects, and the budget itself, change in what it does not count by.
    laterMs += 60_000;
    await makePods('other-rest', 1);
    const body = { metadata: { labels: { looked: 'at' } } };
    await cluster.client.patch(POD_DISRUPTION_BUDGETS, at('rest'), { type: 'merge', body });
    // The one worker looks at what comes in turn: with this status written, it is through with the others.
    await makeBudget('marker', { minAvailable: 1 });
    await statusIs('marker', { expectedPods: 1 });
    await cluster.events.flush();
    // A creation and a status of the pod, the label, the marker's creation and status.
    expect(await cluster.revision()).toBe(before + 5);
  });
});
