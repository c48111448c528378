/** Source: kubernetes test/e2e/apimachinery/garbage_collector.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from '#api';
import { until } from '../../support/until.ts';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';

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
  await until('both pods', async () => (await pods.list()).items.length === 2);
  const [replicaSet] = (await replicaSets.list()).items;
  await deployments.delete(metadata.name, { propagationPolicy, preconditions: { uid: metadata.uid } });
  await until('the Deployment is gone', async () => (await deployments.find(metadata.name)) === undefined);
  return { replicaSets, pods, replicaSet };
}

it('[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]', async () => {
  const { replicaSets, pods, replicaSet } = await deleteDeployment('Background');
  expect(replicaSet).toBeDefined();
  await until('the ReplicaSet is gone', async () => (await replicaSets.list()).items.length === 0);
  await until('the pods are gone', async () => (await pods.list()).items.length === 0);
});

it('[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]', async () => {
  const { replicaSets, pods, replicaSet } = await deleteDeployment('Orphan');
  expect(replicaSet?.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', controller: true }]);
  // What is deleted in the background after it shows that the collector has had its turn with what the Deployment left.
  await deleteDeployment('Background').then(async (other) =>
    until('the other ReplicaSet is gone', async () => (await other.replicaSets.list()).items.length === 0),
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
  await until('all three are gone', async () => (await pods.list()).items.length === 0);
});
