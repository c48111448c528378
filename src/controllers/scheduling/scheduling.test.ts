import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ApiError,
  EVENTS,
  type Json,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type Pod,
  PRIORITY_CLASSES,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
  VOLUME_ANNOTATIONS,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Cluster, nodeObject, podObject, startCluster } from '../../../test/support/cluster.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createScheduling, schedulingDefaults } from './scheduling.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.close());

const start = async (
  client: Pick<Client, 'update' | 'patch' | 'delete'> = cluster.client,
  { clock = cluster.clock, backoff = { initialMs: 1, maxMs: 2 } } = {},
) => {
  const { log, events, informers } = cluster;
  const [pods, nodes, namespaces] = [informers.of(PODS), informers.of(NODES), informers.of(NAMESPACES)];
  const budgets = informers.of(POD_DISRUPTION_BUDGETS);
  const volumes = informers.of(PERSISTENT_VOLUMES);
  const [claims, storageClasses] = [informers.of(PERSISTENT_VOLUME_CLAIMS), informers.of(STORAGE_CLASSES)];
  const workloads = {
    services: informers.of(SERVICES),
    replicaSets: informers.of(REPLICA_SETS),
    replicationControllers: informers.of(REPLICATION_CONTROLLERS),
    statefulSets: informers.of(STATEFUL_SETS),
  };
  const kinds = { pods, nodes, namespaces, budgets, claims, volumes, storageClasses, ...workloads };
  const deps = { client, clock, log, events, ...kinds };
  const scheduling = createScheduling(deps, { ...schedulingDefaults, backoff });
  await cluster.run((signal) => scheduling.run(signal));
};
const get = async (name: string) => (await cluster.client.get(PODS, { namespace: 'default', name })) as Pod;
const placed = (name: string) => until(`${name} is placed`, async () => (await get(name)).spec.nodeName);
const said = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');

describe('src/controllers/scheduling/scheduling.ts', () => {
  it('binds pods that wait already and pods that come, each to a node with room', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '2' } } }));
    await client.create(NODES, nodeObject('n2', { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '2' } } }));
    await client.create(PODS, podObject('a'));
    await start();
    await Promise.all(['b', 'c', 'd'].map((name) => client.create(PODS, podObject(name))));
    const nodes = await Promise.all(['a', 'b', 'c', 'd'].map(placed));
    expect([...nodes].sort()).toEqual(['n1', 'n1', 'n2', 'n2']);
    expect(said(await get('a'))?.status).toBe('True');
  });

  it('says why a pod fits nowhere, once, and places it when a node comes that has room', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { spec: { unschedulable: true } }));
    await start();
    await client.create(PODS, podObject('a'));
    const refused = await until('the pod is told', async () => said(await get('a')));
    expect(refused).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message:
        '0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    });
    const { resourceVersion } = (await get('a')).metadata;
    await client.patch(
      NODES,
      { name: 'n1' },
      { type: 'merge', body: { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } } },
    );
    await settle();
    await cluster.events.flush();
    expect((await get('a')).metadata.resourceVersion).toBe(resourceVersion);
    const { items } = await client.list(EVENTS);
    expect(items.filter(({ reason }) => reason === 'FailedScheduling')).toHaveLength(1);
    await client.create(NODES, nodeObject('n2'));
    expect(await placed('a')).toBe('n2');
  });

  it('places a gated pod when its last gate is taken off, and not before', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1'));
    await start();
    await client.create(PODS, podObject('gated', { spec: { schedulingGates: [{ name: 'a' }, { name: 'b' }] } }));
    const open = (schedulingGates: { name: string }[] | null) =>
      client.patch(
        PODS,
        { namespace: 'default', name: 'gated' },
        { type: 'merge', body: { spec: { schedulingGates } } },
      );
    await open([{ name: 'b' }]);
    await client.create(PODS, podObject('other'));
    await placed('other');
    expect((await get('gated')).spec.nodeName).toBeUndefined();
    expect(said(await get('gated'))).toMatchObject({ status: 'False', reason: 'SchedulingGated' });
    await open(null);
    expect(await placed('gated')).toBe('n1');
    expect(said(await get('gated'))).toMatchObject({ status: 'True' });
  });

  it('never binds a gated pod, and tries it at once when its last gate goes, whatever else happens', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1'));
    // The API refuses to bind a gated pod: what is asked of it counts, not what comes of it.
    const asked: string[] = [];
    const update: Client['update'] = (resource, object, options) => {
      if (options?.subresource === 'binding') asked.push(object.metadata.name ?? '');
      return client.update(resource, object, options);
    };
    await start({ update, patch: client.patch.bind(client), delete: client.delete.bind(client) });
    const gate = fc.constantFrom('a', 'b', 'c');
    const histories = fc.tuple(
      fc.uniqueArray(gate, { minLength: 1 }),
      fc.array(fc.oneof(gate, fc.constantFrom('label', 'node', 'neighbour')), { maxLength: 6 }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(histories, async ([gates, steps]) => {
        run += 1;
        const name = `gated-${run}`;
        const key = { namespace: 'default', name };
        let left: readonly string[] = gates;
        const merge = (body: Json) => client.patch(PODS, key, { type: 'merge', body });
        const open = (gone: string) => {
          left = left.filter((each) => each !== gone);
          return merge({ spec: { schedulingGates: left.map((each) => ({ name: each })) } });
        };
        await client.create(PODS, podObject(name, { spec: { schedulingGates: left.map((each) => ({ name: each })) } }));
        for (const [index, step] of steps.entries()) {
          if (left.length === 0) break;
          if (step === 'label') await merge({ metadata: { labels: { step: `${index}` } } });
          else if (step === 'node') {
            const body = { metadata: { labels: { step: `${run}-${index}` } } };
            await client.patch(NODES, { name: 'n1' }, { type: 'merge', body });
          } else if (step === 'neighbour') {
            // Once it is placed, the scheduler has seen all that came before it.
            await client.create(PODS, podObject(`${name}-${index}`));
            await placed(`${name}-${index}`);
          } else await open(step);
          if (left.length > 0) expect(asked).not.toContain(name);
        }
        if (left.length > 0) {
          await client.create(PODS, podObject(`${name}-last`));
          await placed(`${name}-last`);
          expect(asked).not.toContain(name);
          for (const each of [...left]) await open(each);
        }
        expect(await placed(name)).toBe('n1');
        expect(asked.filter((each) => each === name)).toHaveLength(1);
        for (const { metadata } of (await client.list(PODS)).items)
          await client.delete(PODS, metadata, { gracePeriodSeconds: 0 });
      }),
      { numRuns: 15 },
    );
  });

  it('places a pod beside the one it waits for, when that comes', async () => {
    const { client } = cluster;
    for (const zone of ['z1', 'z2']) await client.create(NODES, nodeObject(zone, { metadata: { labels: { zone } } }));
    await start();
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } } };
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    await client.create(PODS, podObject('web', { spec: { affinity } }));
    const refused = await until('the pod is told', async () => said(await get('web')));
    expect(refused.message).toContain(
      "0/2 nodes are available: 2 node(s) didn't match pod affinity rules. preemption:",
    );
    await client.create(PODS, podObject('db', { metadata: { labels: { app: 'db' } }, spec: { nodeName: 'z2' } }));
    expect(await placed('web')).toBe('z2');
  });

  it('knows the labels of namespaces, and learns of new ones', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { metadata: { labels: { zone: 'z1' } } }));
    await start();
    await client.create(PODS, podObject('db', { metadata: { labels: { app: 'db' } } }));
    await placed('db');
    const selectors = {
      labelSelector: { matchLabels: { app: 'db' } },
      namespaceSelector: { matchLabels: { team: 'a' } },
    };
    const affinity = {
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...selectors }] },
    };
    await client.create(PODS, podObject('web', { spec: { affinity } }));
    await until('the pod is told', async () => said(await get('web')));
    await client.patch(
      NAMESPACES,
      { name: 'default' },
      { type: 'merge', body: { metadata: { labels: { team: 'a' } } } },
    );
    expect(await placed('web')).toBe('n1');
  });

  it('keeps the pods of a Service and of a ReplicaSet apart, though a node with one of them is emptier', async () => {
    const { client } = cluster;
    const status = { allocatable: { cpu: '64', memory: '64Gi', pods: '9' } };
    const labelsOf = (name: string) => ({ metadata: { name, labels: { 'kubernetes.io/hostname': name } }, status });
    for (const name of ['n1', 'n2']) await client.create(NODES, nodeObject(name, labelsOf(name)));
    const filler = { resources: { requests: { cpu: '16' } } };
    await client.create(
      PODS,
      podObject('filler', { spec: { containers: [{ name: 'c', image: 'i', ...filler }], nodeName: 'n2' } }),
    );
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    const selector = { matchLabels: { app: 'db' } };
    const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const { metadata } = await client.create(REPLICA_SETS, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'db', namespace: 'default' },
      spec: { replicas: 0, selector, template },
    });
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'db', uid: metadata.uid, controller: true },
    ];
    await start();
    for (const name of ['web1', 'web2', 'db1', 'db2', 'alone1', 'alone2']) {
      const app = name.slice(0, -1);
      await client.create(
        PODS,
        podObject(name, { metadata: { labels: { app }, ...(app === 'db' ? { ownerReferences } : {}) } }),
      );
      await placed(name);
    }
    const nodesOf = async (app: string) => [await placed(`${app}1`), await placed(`${app}2`)];
    expect(await nodesOf('web')).toEqual(['n1', 'n2']);
    expect(await nodesOf('db')).toEqual(['n1', 'n2']);
    expect(await nodesOf('alone')).toEqual(['n1', 'n1']);
  });

  it('says which part of a pod it cannot have, and places none without it', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1'));
    await start();
    const volumes = [{ name: 'data', flexVolume: { driver: 'example.com/disk' } }];
    await client.create(PODS, podObject('a', { spec: { volumes } }));
    const refused = await until('the pod is told', async () => said(await get('a')));
    expect(refused).toMatchObject({
      reason: 'Unschedulable',
      message:
        '0/1 nodes are available: spec.volumes[0].flexVolume: volumes of this kind are not supported (volume "data"). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    });
    expect((await get('a')).spec.nodeName).toBeUndefined();
  });

  it('gives the room of a pod that goes to one that waits for it', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } } }));
    await start();
    await client.create(PODS, podObject('a'));
    await placed('a');
    await client.create(PODS, podObject('b'));
    await until('b is told', async () => said(await get('b')));
    await client.delete(PODS, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
    expect(await placed('b')).toBe('n1');
  });

  const full = { status: { allocatable: { cpu: '1', memory: '8Gi', pods: '110' } } };
  const rank = (name: string, value: number) =>
    cluster.client.create(PRIORITY_CLASSES, {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
    });
  const ranked = (name: string, priorityClassName?: string, cpu = '1') => {
    const containers = [{ name: 'main', image: 'sample:1', resources: { requests: { cpu } } }];
    return podObject(name, { spec: { containers, ...(priorityClassName === undefined ? {} : { priorityClassName }) } });
  };
  const drop = (name: string) => cluster.client.delete(PODS, { namespace: 'default', name }, { gracePeriodSeconds: 0 });

  it('makes room for a more important pod: it promises the node, tells the victim and lets it go in peace', async () => {
    const { client } = cluster;
    await rank('high', 1000);
    await client.create(NODES, nodeObject('n1', full));
    await start();
    await client.create(PODS, ranked('low'));
    await placed('low');
    await client.create(PODS, ranked('high', 'high'));
    const victim = await until('the victim is told to go', async () => {
      const pod = await get('low');
      return pod.metadata.deletionTimestamp !== undefined && pod;
    });
    expect(victim.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(victim.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
      }),
    );
    expect((await get('high')).status?.nominatedNodeName).toBe('n1');
    // The room is taken: what comes now, and asks for as little as the one that goes, does not get it.
    await client.create(PODS, ranked('late', undefined, '1'));
    await until('the late one is told', async () => said(await get('late')));
    await drop('low');
    expect(await placed('high')).toBe('n1');
    expect((await get('late')).spec.nodeName).toBeUndefined();
    await cluster.events.flush();
    const { items } = await client.list(EVENTS);
    const preempted = items.filter(({ reason }) => reason === 'Preempted');
    expect(preempted.map(({ type, message, involvedObject }) => [type, message, involvedObject.name])).toEqual([
      ['Normal', `Preempted by pod ${(await get('high')).metadata.uid} on node n1`, 'low'],
    ]);
  });

  it('knows after a restart what it promised, and evicts nobody else', async () => {
    const { client } = cluster;
    await rank('high', 1000);
    for (const name of ['n1', 'n2']) await client.create(NODES, nodeObject(name, full));
    await client.create(PODS, ranked('a', undefined));
    await client.create(PODS, ranked('b', undefined));
    await start();
    await Promise.all([placed('a'), placed('b')]);
    await client.create(PODS, ranked('high', 'high'));
    const node = await until('it is promised a node', async () => (await get('high')).status?.nominatedNodeName);
    const going = async () => {
      const pods = await Promise.all([get('a'), get('b')]);
      return pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).map(({ spec }) => spec.nodeName);
    };
    await until('one goes', async () => (await going()).length === 1);
    expect(await going()).toEqual([node]);
    await start();
    await until('it was tried again', async () =>
      said(await get('high'))?.message?.includes('not eligible due to a terminating pod on the nominated node.'),
    );
    expect(await going()).toEqual([node]);
  });

  it('breaks the promise to a less important pod whose node a more important one takes', async () => {
    const { client } = cluster;
    await rank('high', 1000);
    await rank('middle', 500);
    await client.create(NODES, nodeObject('n1', full));
    await start();
    await client.create(PODS, ranked('low'));
    await placed('low');
    await client.create(PODS, ranked('middle', 'middle'));
    await until('the middle one is promised', async () => (await get('middle')).status?.nominatedNodeName);
    await client.create(PODS, ranked('high', 'high'));
    await until('the high one is promised', async () => (await get('high')).status?.nominatedNodeName);
    await drop('low');
    expect(await placed('high')).toBe('n1');
    await until('the middle one is promised no longer', async () => !(await get('middle')).status?.nominatedNodeName);
    expect((await get('middle')).spec.nodeName).toBeUndefined();
  });

  it('lets a pod back off that was refused again, and places it after that', async () => {
    const { client } = cluster;
    const held = (name: string, hostPort: number) =>
      podObject(name, {
        spec: { containers: [{ name: 'main', image: 'sample:1', ports: [{ containerPort: 80, hostPort }] }] },
      });
    await client.create(NODES, nodeObject('n1'));
    await start();
    for (const [name, port] of [
      ['holder', 80],
      ['a', 81],
      ['b', 82],
    ] as const)
      await client.create(PODS, held(name, port));
    await Promise.all(['holder', 'a', 'b'].map(placed));
    await client.create(PODS, held('waiting', 80));
    await until('it is told', async () => said(await get('waiting')));
    // The first that goes has it tried again at once, in vain; then it backs off, also when the right one goes.
    for (const name of ['a', 'b', 'holder']) {
      await drop(name);
      await settle();
    }
    expect(await placed('waiting')).toBe('n1');
  });

  it.each(['ServerTimeout', 'Conflict'] as const)('tries again to evict whom it could not: %s', async (reason) => {
    const { client } = cluster;
    await rank('high', 1000);
    await client.create(NODES, nodeObject('n1', full));
    let refusals = 2;
    await start({
      update: client.update,
      patch: client.patch,
      delete: (resource, key, options) => {
        if (refusals === 0) return client.delete(resource, key, options);
        refusals -= 1;
        return Promise.reject(new ApiError(reason, 'try again'));
      },
    });
    await client.create(PODS, ranked('low'));
    await placed('low');
    await client.create(PODS, ranked('high', 'high'));
    await until('the victim goes', async () => (await get('low')).metadata.deletionTimestamp !== undefined);
    expect(refusals).toBe(0);
  });

  it('evicts nobody else while an eviction is on its way', async () => {
    const { client } = cluster;
    await rank('high', 1000);
    await client.create(NODES, nodeObject('n1', { status: { allocatable: { cpu: '2', memory: '8Gi', pods: '110' } } }));
    const asked: string[] = [];
    let permit: () => void = () => undefined;
    const permitted = new Promise<void>((resolve) => {
      permit = resolve;
    });
    await start({
      ...client,
      delete: async (resource, key, options) => {
        asked.push(key.name);
        await permitted;
        return client.delete(resource, key, options);
      },
    });
    for (const name of ['a', 'b']) await client.create(PODS, ranked(name));
    await client.create(PODS, ranked('tiny', undefined, '0'));
    await Promise.all(['a', 'b', 'tiny'].map(placed));
    await client.create(PODS, ranked('high', 'high'));
    await until('somebody is asked to go', () => asked.length > 0);
    await drop('tiny');
    await until('it was tried again', async () => said(await get('high'))?.message?.includes('not eligible'));
    permit();
    await until('it goes', async () => (await get(asked[0] ?? '')).metadata.deletionTimestamp !== undefined);
    expect(asked).toHaveLength(1);
  });

  it('evicts nobody for a pod that is gone by then, and keeps nothing of it', async () => {
    const { client } = cluster;
    await rank('high', 1000);
    await client.create(NODES, nodeObject('n1', full));
    let isGone = false;
    const delays: number[] = [];
    const after: Clock['after'] = (delayMs, callback) => {
      delays.push(delayMs);
      return cluster.clock.after(delayMs, callback);
    };
    const pods = cluster.informers.of(PODS);
    const patching: Client['patch'] = async (resource, key, patch, options) => {
      if (key.name === 'high') {
        await drop('high');
        await until('it is seen to be gone', () => pods.get('default/high') === undefined);
        isGone = true;
      }
      return client.patch(resource, key, patch, options);
    };
    // Nothing else waits so long.
    const backoff = { initialMs: 50_000, maxMs: 50_000 };
    await start({ ...client, patch: patching }, { clock: { ...cluster.clock, after }, backoff });
    await client.create(PODS, ranked('low'));
    await placed('low');
    await client.create(PODS, ranked('high', 'high'));
    await until('it is gone', () => isGone);
    await client.create(PODS, ranked('late'));
    await until('the late one is told', async () => said(await get('late')));
    expect((await get('low')).metadata.deletionTimestamp).toBeUndefined();
    expect(delays).not.toContain(backoff.initialMs);
  });

  it('gives a claim that is for one pod to the one that fits, not to an older one that fits nowhere', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', full));
    const modes = { accessModes: ['ReadWriteOncePod'], storageClassName: '' };
    await client.create(PERSISTENT_VOLUMES, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'disk' },
      spec: { ...modes, capacity: { storage: '1Gi' }, hostPath: { path: '/srv/data' } },
    });
    await client.create(PERSISTENT_VOLUME_CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'default', annotations: { [VOLUME_ANNOTATIONS.bindCompleted]: 'yes' } },
      spec: { ...modes, resources: { requests: { storage: '1Gi' } }, volumeName: 'disk' },
    });
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    for (const [name, cpu] of [
      ['a', '9'],
      ['b', '0'],
      ['c', '0'],
    ] as const) {
      const pod = ranked(name, undefined, cpu);
      await client.create(PODS, { ...pod, spec: { ...(pod['spec'] as object), volumes } });
    }
    // All three are there before the scheduler is: they are planned together.
    await start();
    expect(await placed('b')).toBe('n1');
    const refused = await until('the third is told', async () => said(await get('c')));
    expect(refused.message).toContain('ReadWriteOncePod access mode');
  });

  it('tries again after a binding that failed, without counting the pod meanwhile', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1', { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } } }));
    let refusals = 2;
    await start({
      patch: client.patch,
      delete: client.delete,
      update: (resource, object, options) => {
        if (refusals === 0) return client.update(resource, object, options);
        refusals -= 1;
        return Promise.reject(new ApiError('ServerTimeout', 'try again'));
      },
    });
    await client.create(PODS, podObject('a'));
    expect(await placed('a')).toBe('n1');
    expect(refusals).toBe(0);
  });

  it('leaves pods of other schedulers alone, and writes nothing when nothing happens', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('n1'));
    await start();
    await client.create(PODS, podObject('theirs', { spec: { schedulerName: 'other' } }));
    await client.create(PODS, podObject('ours'));
    await placed('ours');
    expect((await get('theirs')).spec.nodeName).toBeUndefined();
    await cluster.events.flush();
    const before = await cluster.revision();
    await settle();
    expect(await cluster.revision()).toBe(before);
  });
});
