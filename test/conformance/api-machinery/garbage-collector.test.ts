/** Source: kubernetes test/e2e/apimachinery/garbage_collector.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEPLOYMENTS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 1 });
});
afterAll(() => bed.close());

const containers = [{ name: 'nginx', image: 'nginx:1.14' }];

/** A Deployment of two pods with its ReplicaSet and both pods there, deleted in the given way. */
async function deleteDeployment(propagationPolicy: 'Background' | 'Orphan') {
  const namespace = await bed.namespace('gc');
  const deployments = bed.of(DEPLOYMENTS, namespace);
  const replicaSets = bed.of(REPLICA_SETS, namespace);
  const pods = bed.of(PODS, namespace);
  const labels = { app: 'gc-test' };
  const { metadata } = await deployments.create({
    metadata: { name: 'simpletest.deployment' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers } },
    },
  });
  await soon('both pods', async () => (await pods.list()).items.length === 2);
  const [replicaSet] = (await replicaSets.list()).items;
  await deployments.delete(metadata.name, { propagationPolicy, preconditions: { uid: metadata.uid } });
  await soon('the Deployment is gone', async () => (await deployments.find(metadata.name)) === undefined);
  return { replicaSets, pods, replicaSet };
}

it('[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]', async () => {
  const { replicaSets, pods, replicaSet } = await deleteDeployment('Background');
  expect(replicaSet).toBeDefined();
  await soon('the ReplicaSet is gone', async () => (await replicaSets.list()).items.length === 0);
  await soon('the pods are gone', async () => (await pods.list()).items.length === 0);
});

it('[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]', async () => {
  const { replicaSets, pods, replicaSet } = await deleteDeployment('Orphan');
  expect(replicaSet?.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', controller: true }]);
  // What is deleted in the background after it shows that the collector has had its turn with what the Deployment left.
  await deleteDeployment('Background').then(async (other) =>
    soon('the other ReplicaSet is gone', async () => (await other.replicaSets.list()).items.length === 0),
  );
  const { items } = await replicaSets.list();
  expect(items.map(({ metadata }) => metadata.uid)).toEqual([replicaSet?.metadata.uid]);
  expect(items[0]?.metadata.ownerReferences ?? []).toEqual([]);
  expect((await pods.list()).items).toHaveLength(2);
});

it('[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('gc'));
  const make = (name: string) =>
    pods.create({ metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers } });
  const [pod1, pod2, pod3] = await Promise.all([make('pod1'), make('pod2'), make('pod3')]);
  const own = (name: string, { metadata }: { metadata: { name: string; uid: string } }) => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid };
    const ownerReferences = [{ ...owner, controller: true, blockOwnerDeletion: true }];
    return pods.patch(name, 'strategic', { metadata: { ownerReferences } });
  };
  await own('pod1', pod3);
  await own('pod2', pod1);
  await own('pod3', pod2);
  const { uid } = pod1.metadata;
  await pods.delete('pod1', { propagationPolicy: 'Foreground', preconditions: { uid } });
  await soon('all three are gone', async () => (await pods.list()).items.length === 0);
});

/** A ReplicationController with all its pods there. */
async function replicate(namespace: string, name: string, replicas: number, labels: Readonly<Record<string, string>>) {
  const controllers = bed.of(REPLICATION_CONTROLLERS, namespace);
  const spec = { terminationGracePeriodSeconds: 0, containers };
  const { metadata } = await controllers.create({
    metadata: { name },
    spec: { replicas, selector: labels, template: { metadata: { labels }, spec } },
  });
  await soon(
    `${name} has ${replicas} pods`,
    async () => ((await controllers.get(name)).status?.replicas ?? 0) === replicas,
  );
  return metadata;
}

/** The like, deleted in the given way; answers its pods' resource when it is gone. */
async function deleteReplicated(replicas: number, options: Readonly<Record<string, unknown>>) {
  const namespace = await bed.namespace('gc');
  const controllers = bed.of(REPLICATION_CONTROLLERS, namespace);
  const { name, uid } = await replicate(namespace, 'simpletest.rc', replicas, { app: 'gc-test' });
  await controllers.delete(name, { ...options, preconditions: { uid } });
  await soon('the controller is gone', async () => (await controllers.find(name)) === undefined);
  return bed.of(PODS, namespace);
}

it('[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]', async () => {
  const pods = await deleteReplicated(2, { propagationPolicy: 'Background' });
  await soon('the pods are gone', async () => (await pods.list()).items.length === 0);
});

it('[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Conformance]', async () => {
  const pods = await deleteReplicated(10, { orphanDependents: true });
  // What is deleted in the background after it shows that the collector has had its turn.
  const others = await deleteReplicated(1, { propagationPolicy: 'Background' });
  await soon('the other pod is gone', async () => (await others.list()).items.length === 0);
  const { items } = await pods.list();
  expect(items).toHaveLength(10);
  expect(items.flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([]);
  expect(items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([]);
});

it('[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Conformance]', async () => {
  const namespace = await bed.namespace('gc');
  const pods = bed.of(PODS, namespace);
  const controllers = bed.of(REPLICATION_CONTROLLERS, namespace);
  const { name, uid } = await replicate(namespace, 'simpletest.rc', 10, { app: 'gc-test' });
  const { resourceVersion } = (await pods.list()).metadata;
  const [podsGo, controllerGoes] = [
    await pods.watch({ resourceVersion }),
    await controllers.watch({ resourceVersion }),
  ];
  await controllers.delete(name, { propagationPolicy: 'Foreground', preconditions: { uid } });
  const gone = await controllerGoes.next('DELETED');
  expect((await pods.list()).items).toEqual([]);
  // Every pod went before it.
  for (let count = 0; count < 10; count += 1) {
    const pod = await podsGo.next('DELETED');
    expect(Number(pod.metadata.resourceVersion)).toBeLessThan(Number(gone.metadata.resourceVersion));
  }
  for (const watch of [podsGo, controllerGoes]) watch.stop();
});

it("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Conformance]", async () => {
  const namespace = await bed.namespace('gc');
  const pods = bed.of(PODS, namespace);
  const controllers = bed.of(REPLICATION_CONTROLLERS, namespace);
  const going = await replicate(namespace, 'simpletest-rc-to-be-deleted', 10, { app: 'gc-test' });
  const staying = await replicate(namespace, 'simpletest-rc-to-stay', 0, { another: 'label' });
  const half = (await pods.list()).items.slice(0, 5).map(({ metadata }) => metadata.name);
  const owner = { apiVersion: 'v1', kind: 'ReplicationController', name: staying.name, uid: staying.uid };
  for (const name of half) await pods.patch(name, 'strategic', { metadata: { ownerReferences: [owner] } });
  await controllers.delete(going.name, { propagationPolicy: 'Foreground', preconditions: { uid: going.uid } });
  await soon('the first controller is gone', async () => (await controllers.find(going.name)) === undefined);
  await soon('its other pods are gone', async () => (await pods.list()).items.length === half.length);
  const { items } = await pods.list();
  expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([...half].sort());
  for (const { metadata } of items) {
    expect(metadata.deletionTimestamp).toBeUndefined();
    expect(metadata.ownerReferences).toEqual([owner]);
  }
});
