import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEASES, NODES, PODS, type Pod } from '#api';
import { formatMicroTime, silentLog } from '#base';
import { keysFrom } from '#reconcile';
import { type Cluster, nodeObject, podObject, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createEvictionController, evictionSources } from './eviction.ts';
import { createNodeLifecycleController, nodeLifecycleSources } from './node-lifecycle.ts';
import { createPodCollectionController, podCollectionSources } from './pod-collection.ts';
import { createPodRangeController } from './pod-range.ts';

const clock = new FakeClock();
let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster({ clock, log: silentLog });
  const { client, informers, events } = cluster;
  const kinds = { nodes: informers.of(NODES), leases: informers.of(LEASES), pods: informers.of(PODS) };
  const deps = { client, clock, events, ...kinds };
  await cluster.run(
    cluster.loop(createPodRangeController(deps), [keysFrom(kinds.nodes)], { workers: 1 }),
    cluster.loop(createNodeLifecycleController(deps), nodeLifecycleSources(kinds)),
    cluster.loop(createEvictionController(deps), evictionSources(kinds)),
    cluster.loop(createPodCollectionController(deps), podCollectionSources(kinds)),
  );
});
afterEach(() => cluster.close());

const namespace = 'kube-node-lease';
const beat = async (...names: readonly string[]) => {
  for (const name of names) {
    const renewTime = formatMicroTime(clock.nowMs());
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
    if ((await cluster.client.get(LEASES, { namespace, name })) === undefined)
      await cluster.client.create(LEASES, { ...lease, spec });
    else await cluster.client.patch(LEASES, { namespace, name }, { type: 'merge', body: { spec } });
  }
  await settle();
};
/** Lets so many seconds pass while these nodes renew their leases. */
const pass = async (seconds: number, ...alive: readonly string[]) => {
  for (let at = 0; at < seconds; at += 5) {
    await beat(...alive);
    await clock.advance(5_000);
  }
  await settle();
};
const node = async (name: string) => {
  const { spec, status } = (await cluster.client.get(NODES, { name })) ?? {};
  return {
    podCIDR: spec?.podCIDR,
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    taints: (spec?.taints ?? []).map(({ key, effect }) => `${key.split('/')[1]}:${effect}`),
  };
};
const pod = (name: string) => cluster.client.get(PODS, { namespace: 'default', name });
const runningOn = async (name: string, nodeName: string) => {
  await cluster.client.create(PODS, podObject(name, { spec: { nodeName } }));
  const conditions = [{ type: 'Ready', status: 'True' }];
  const body = { status: { phase: 'Running', conditions } };
  await cluster.client.patch(PODS, { namespace: 'default', name }, { type: 'merge', body }, { subresource: 'status' });
};

describe('src/controllers/nodes/node-lifecycle.ts', () => {
  it('gives each node its own share of the pod range', async () => {
    for (const name of ['a', 'b', 'c']) await cluster.client.create(NODES, nodeObject(name));
    const shares = await until('every node has a share', async () => {
      const { items } = await cluster.client.list(NODES);
      const given = items.map(({ spec }) => spec?.podCIDR);
      return given.includes(undefined) ? undefined : given;
    });
    expect([...shares].sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24']);
  });

  it('takes a silent node out of service after 40 s, its pods off it after 300 s more, and takes it back', async () => {
    const { client } = cluster;
    for (const name of ['a', 'b', 'c']) await client.create(NODES, nodeObject(name));
    await runningOn('web', 'a');
    await pass(30, 'a', 'b', 'c');
    await pass(30, 'b', 'c');
    expect(await node('a')).toMatchObject({ ready: 'True', taints: [] });
    await pass(20, 'b', 'c');
    expect(await node('a')).toMatchObject({
      ready: 'Unknown',
      taints: ['unreachable:NoSchedule', 'unreachable:NoExecute'],
    });
    expect((await pod('web'))?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    await pass(280, 'b', 'c');
    expect((await pod('web'))?.metadata.deletionTimestamp).toBeUndefined();
    await pass(40, 'b', 'c');
    expect((await pod('web'))?.metadata.deletionTimestamp).toBeDefined();
    expect((await pod('web'))?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }),
    );

    const back = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    await beat('a');
    await client.patch(NODES, { name: 'a' }, { type: 'strategic', body: back }, { subresource: 'status' });
    await until('the taints are gone', async () => (await node('a')).taints.length === 0);
  });

  it('goes by tolerations that a pod gets later: it leaves sooner by one, and stays by none', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('a'));
    await pass(10, 'a');
    const taint = { key: 'mine', effect: 'NoExecute', timeAdded: formatMicroTime(clock.nowMs()) };
    const stay = { key: 'mine', operator: 'Exists', effect: 'NoExecute' };
    const spec = { nodeName: 'a', tolerations: [stay] };
    for (const name of ['leaves', 'stays']) await client.create(PODS, podObject(name, { spec }));
    const at = (name: string) => ({ namespace: 'default', name });
    await client.patch(NODES, { name: 'a' }, { type: 'merge', body: { spec: { taints: [taint] } } });
    await pass(30, 'a');
    expect((await pod('leaves'))?.metadata.deletionTimestamp).toBeUndefined();
    const tolerations = [...((await pod('leaves'))?.spec.tolerations ?? []), { ...stay, tolerationSeconds: 60 }];
    await client.patch(PODS, at('leaves'), { type: 'merge', body: { spec: { tolerations } } as never });
    await pass(20, 'a');
    expect(await pod('leaves')).toBeDefined();
    await pass(20, 'a');
    const going = await pod('leaves');
    expect(going === undefined || going.metadata.deletionTimestamp !== undefined).toBe(true);
    expect((await pod('stays'))?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('begins as if a node had just been given up, and listens itself to nodes that others called silent', async () => {
    const { client, informers, events } = cluster;
    const all = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
    for (const name of all) await client.create(NODES, nodeObject(name));
    await pass(20, ...all);
    await pass(50, 'c', 'd', 'e', 'f');
    const givenUp = async () => {
      const { items } = await client.list(NODES);
      return items.filter(({ spec }) => spec?.taints?.some(({ effect }) => effect === 'NoExecute')).length;
    };
    expect([await givenUp(), (await node('a')).ready, (await node('b')).ready]).toEqual([1, 'Unknown', 'Unknown']);
    const unwell = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };
    await client.patch(NODES, { name: 'c' }, { type: 'strategic', body: unwell }, { subresource: 'status' });
    await until('it is known', () => (informers.of(NODES).get('c')?.spec?.taints ?? []).length > 0);

    const kinds = { nodes: informers.of(NODES), leases: informers.of(LEASES), pods: informers.of(PODS) };
    const next = createNodeLifecycleController({ client, clock, events, ...kinds });
    for (const name of all) await next.reconcile(name, new AbortController().signal);
    expect(await givenUp()).toBe(1);
    await pass(10, 'c', 'd', 'e', 'f');
    expect(await givenUp()).toBe(2);
  });

  it('gives nobody up when all nodes fall silent at once', async () => {
    const { client } = cluster;
    for (const name of ['a', 'b']) await client.create(NODES, nodeObject(name));
    await runningOn('web', 'a');
    await pass(20, 'a', 'b');
    await pass(600);
    expect(await node('a')).toMatchObject({ ready: 'Unknown', taints: ['unreachable:NoSchedule'] });
    expect((await pod('web'))?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('removes the pods of a node that is no more, going or not', async () => {
    const { client } = cluster;
    await client.create(NODES, nodeObject('a'));
    await runningOn('web', 'a');
    await runningOn('going', 'a');
    await client.delete(PODS, { namespace: 'default', name: 'going' });
    await client.delete(NODES, { name: 'a' });
    await pass(30);
    expect(await pod('web')).toBeDefined();
    const last = new Map<string, Pod>();
    cluster.informers.of(PODS).onChange(({ previous, current }) => {
      if (current === undefined && previous !== undefined) last.set(previous.metadata.name, previous);
    });
    await pass(20);
    expect([await pod('web'), await pod('going')]).toEqual([undefined, undefined]);
    await until('both were seen to go', () => last.size === 2);
    for (const { status } of last.values()) {
      expect(status?.phase).toBe('Failed');
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'DisruptionTarget', reason: 'DeletionByPodGC' }),
      );
    }
  });

  it('lets the going pods of a node go that a person calls out of service, once it is down', async () => {
    const { client } = cluster;
    for (const name of ['a', 'b', 'c']) await client.create(NODES, nodeObject(name));
    await runningOn('web', 'a');
    await runningOn('staying', 'a');
    await client.delete(PODS, { namespace: 'default', name: 'web' });
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoSchedule' }];
    await client.patch(NODES, { name: 'a' }, { type: 'merge', body: { spec: { taints } } });
    await pass(30, 'a', 'b', 'c');
    expect(await pod('web')).toBeDefined();
    await pass(60, 'b', 'c');
    expect(await pod('web')).toBeUndefined();
    expect((await pod('staying'))?.status?.phase).toBe('Running');
  });

  it('writes nothing while nothing happens', async () => {
    await cluster.client.create(NODES, nodeObject('a'));
    await pass(20, 'a');
    const before = await cluster.revision();
    await clock.advance(20_000);
    expect(await cluster.revision()).toBe(before);
  });
});
