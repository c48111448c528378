import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  EVENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  type HorizontalPodAutoscaler,
  type KubeObject,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type ResourceType,
  STATEFUL_SETS,
} from '#api';
import type { Client } from '#client';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { CRON_SCHEMA, definitionObject } from '../../../test/support/definitions.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { meteredClient } from '../../../test/support/metered-client.ts';
import { until } from '../../../test/support/until.ts';
import { AllKinds } from '../shared/all-kinds.ts';
import {
  createHorizontalPodAutoscalerController,
  horizontalPodAutoscalerSources,
} from './horizontal-pod-autoscaler.ts';

const namespace = 'default';
const name = 'web';

let clock: FakeClock;
let cluster: Cluster;
let client: Client;
let stopping: AbortController;
/** What each pod uses, in thousandths of a core. */
let load: number;
beforeEach(async () => {
  clock = new FakeClock();
  load = 50;
  cluster = await startCluster({ clock });
  client = meteredClient(cluster, () => load);
  stopping = new AbortController();
  const { informers, events, log } = cluster;
  const contents = new AllKinds({ client, clock, log }, informers);
  const kinds = { autoscalers: informers.of(HORIZONTAL_POD_AUTOSCALERS), pods: informers.of(PODS) };
  const controller = createHorizontalPodAutoscalerController({ client, clock, events, contents, ...kinds });
  informers.of(CUSTOM_RESOURCE_DEFINITIONS);
  await cluster.run(async (signal) => {
    await contents.start(stopping.signal);
    await cluster.loop(controller, horizontalPodAutoscalerSources(kinds))(signal);
  });
});
afterEach(async () => {
  stopping.abort();
  await cluster.close();
});

const labels = { app: name };
const containers = [{ name: 'main', image: 'sample:1', resources: { requests: { cpu: '100m' } } }];
const template = { metadata: { labels }, spec: { containers } };
const workload = (type: ResourceType, spec: object = {}): KubeObject => ({
  apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
  kind: type.kind,
  metadata: { name, namespace },
  spec: { replicas: 1, selector: { matchLabels: labels }, template, ...spec },
});
const autoscale = (type: ResourceType, spec: object = {}, as = name) =>
  client.create<HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: as, namespace },
    spec: {
      scaleTargetRef: { apiVersion: workload(type).apiVersion, kind: type.kind, name },
      minReplicas: 1,
      maxReplicas: 8,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      ...spec,
    },
  });
const find = async (as = name) =>
  (await client.get(HORIZONTAL_POD_AUTOSCALERS, { namespace, name: as })) as HorizontalPodAutoscaler;
const sizeOf = async (type: ResourceType) => {
  const { spec } = (await client.get(type, { namespace, name })) as unknown as { spec: { replicas: number } };
  return spec.replicas;
};
const conditions = async (as = name) =>
  ((await find(as)).status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
/** Stands in for the controller of the workload and its nodes: as many pods as are asked for, long ready. */
const follow = async (type: ResourceType) => {
  const size = await sizeOf(type);
  const { items } = await client.list(PODS, { namespace });
  for (const { metadata } of items.slice(size)) await client.delete(PODS, metadata, { gracePeriodSeconds: 0 });
  for (let at = items.length; at < size; at += 1) {
    await client.create(PODS, podObject(`p${at}`, { metadata: { labels }, spec: { nodeName: 'n1', containers } }));
    const since = '2025-12-31T00:00:00Z';
    const ready = [{ type: 'Ready', status: 'True', lastTransitionTime: since }];
    const body = { status: { phase: 'Running', startTime: since, conditions: ready } };
    await client.patch(PODS, { namespace, name: `p${at}` }, { type: 'merge', body }, { subresource: 'status' });
  }
  await rest();
};
const rest = async () => {
  for (let before = -1, now = 0; before !== now; ) {
    before = await cluster.revision();
    for (let turn = 0; turn < 8; turn += 1) await settle();
    now = await cluster.revision();
  }
};
const pass = async (seconds: number, type: ResourceType = DEPLOYMENTS) => {
  for (let at = 0; at < seconds; at += 15) {
    await clock.advance(15_000);
    await rest();
    await follow(type);
  }
};
const told = async () => {
  await cluster.events.flush();
  const { items } = await client.list(EVENTS, { namespace });
  return items.map((event) => event as unknown as { reason: string; message: string });
};

describe('src/controllers/horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts', () => {
  it('gives a Deployment more pods under load, holds them for five minutes, and takes them back', async () => {
    await client.create(DEPLOYMENTS, workload(DEPLOYMENTS));
    await follow(DEPLOYMENTS);
    await autoscale(DEPLOYMENTS);
    await pass(15);
    expect(await conditions()).toEqual([
      'AbleToScale=True ReadyForNewScale',
      'ScalingActive=True ValidMetricFound',
      'ScalingLimited=False DesiredWithinRange',
    ]);
    load = 200;
    await pass(15);
    expect(await sizeOf(DEPLOYMENTS)).toBe(4);
    load = 80;
    await pass(30);
    expect(await sizeOf(DEPLOYMENTS)).toBe(8);
    load = 10;
    await pass(285);
    expect(await sizeOf(DEPLOYMENTS)).toBe(8);
    expect(await conditions()).toContain('AbleToScale=True ScaleDownStabilized');
    await pass(60);
    expect(await sizeOf(DEPLOYMENTS)).toBe(2);
    expect(await find()).toMatchObject({
      status: {
        currentReplicas: 2,
        desiredReplicas: 2,
        currentMetrics: [{ resource: { name: 'cpu', current: { averageUtilization: 10, averageValue: '10m' } } }],
      },
    });
    const sizes = (await told()).filter(({ reason }) => reason === 'SuccessfulRescale').map(({ message }) => message);
    // A new wish is followed at once.
    const body = { spec: { minReplicas: 3 } };
    await client.patch(HORIZONTAL_POD_AUTOSCALERS, { namespace, name }, { type: 'merge', body });
    await rest();
    expect(await sizeOf(DEPLOYMENTS)).toBe(3);
    expect(sizes).toEqual([
      'New size: 4; reason: cpu resource utilization (percentage of request) above target',
      'New size: 7; reason: cpu resource utilization (percentage of request) above target',
      'New size: 8; reason: cpu resource utilization (percentage of request) above target',
      'New size: 2; reason: All metrics below target',
    ]);
  });

  it('writes nothing while the load is the same, and tells a failure once', async () => {
    await client.create(DEPLOYMENTS, workload(DEPLOYMENTS));
    await follow(DEPLOYMENTS);
    await autoscale(DEPLOYMENTS);
    await autoscale(STATEFUL_SETS, {}, 'lost');
    await pass(15);
    const before = await cluster.revision();
    await pass(60);
    expect(await cluster.revision()).toBe(before);
    expect(await conditions('lost')).toEqual(['AbleToScale=False FailedGetScale']);
    expect(await told()).toMatchObject([{ reason: 'FailedGetScale', message: 'statefulsets.apps "web" not found' }]);
  });

  const GUESTS: ResourceType = {
    group: 'stable.example.com',
    version: 'v1',
    kind: 'CronTab',
    plural: 'crontabs',
    namespaced: true,
  };
  it.each<[string, ResourceType, object]>([
    ['a ReplicaSet', REPLICA_SETS, {}],
    ['a ReplicationController', REPLICATION_CONTROLLERS, { selector: labels }],
    ['a StatefulSet', STATEFUL_SETS, { serviceName: name }],
    ['a custom resource', GUESTS, { selector: undefined, template: undefined }],
  ])('scales %s', async (_name, type, spec) => {
    if (type === GUESTS) {
      const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
      const version = { subresources: { status: {}, scale: { ...scale, labelSelectorPath: '.status.selector' } } };
      await client.create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject({ schema: CRON_SCHEMA, version }));
      await until('it is served', () => client.create(type, workload(type, spec)));
      const body = { status: { replicas: 1, selector: 'app=web' } };
      await client.patch(type, { namespace, name }, { type: 'merge', body }, { subresource: 'status' });
    } else await client.create(type, workload(type, spec));
    await follow(type);
    load = 100;
    await autoscale(type);
    await pass(15, type);
    expect(await sizeOf(type)).toBeGreaterThan(1);
    expect(await conditions()).toContain('ScalingActive=True ValidMetricFound');
  });

  it.each<[string, ResourceType, object, string]>([
    [
      'a kind that is not here',
      { ...DEPLOYMENTS, kind: 'Nothing' },
      {},
      'no matches for kind "Nothing" in group "apps"',
    ],
    ['one without a scale', PODS, {}, 'the server could not find the requested resource'],
  ])('says so of %s', async (_name, type, spec, message) => {
    if (type === PODS) await client.create(PODS, podObject(name));
    await autoscale(type, spec);
    await rest();
    expect((await find()).status?.conditions).toMatchObject([
      {
        reason: 'FailedGetScale',
        message: `the HPA controller was unable to get the target's current scale: ${message}`,
      },
    ]);
  });

  it('refuses two autoscalers of the same pods', async () => {
    await client.create(DEPLOYMENTS, workload(DEPLOYMENTS));
    await follow(DEPLOYMENTS);
    load = 500;
    await autoscale(DEPLOYMENTS, { minReplicas: 1, maxReplicas: 1 }, 'first');
    await rest();
    await autoscale(DEPLOYMENTS, {}, 'second');
    await pass(30);
    expect(await sizeOf(DEPLOYMENTS)).toBe(1);
    for (const each of ['first', 'second'])
      expect(await conditions(each)).toContain('ScalingActive=False AmbiguousSelector');
    await client.delete(HORIZONTAL_POD_AUTOSCALERS, { namespace, name: 'first' });
    await pass(15);
    expect(await sizeOf(DEPLOYMENTS)).toBe(4);
  });

  it('does not overrule who changed the target meanwhile, and says what it could not do', async () => {
    await client.create(DEPLOYMENTS, workload(DEPLOYMENTS));
    await follow(DEPLOYMENTS);
    const get = client.get;
    let changed = 0;
    client.get = async (resource, key, options) => {
      const found = await get(resource, key, options);
      if (options?.subresource === 'scale' && changed === 0) {
        changed += 1;
        await client.patch(DEPLOYMENTS, { namespace, name }, { type: 'merge', body: { spec: { replicas: 3 } } });
      }
      return found;
    };
    load = 500;
    await autoscale(DEPLOYMENTS);
    await until('it has tried', async () => (await told()).some(({ reason }) => reason === 'FailedRescale'));
    expect(await sizeOf(DEPLOYMENTS)).toBe(3);
    await follow(DEPLOYMENTS);
    await pass(15);
    expect(await sizeOf(DEPLOYMENTS)).toBeGreaterThan(3);
    expect(await conditions()).toContain('AbleToScale=True SucceededRescale');
  });
});
