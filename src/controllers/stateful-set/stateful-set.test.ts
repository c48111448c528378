import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONTROLLER_REVISIONS,
  EVENTS,
  type KubeObject,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  type Pod,
  STATEFUL_SETS,
  type StatefulSet,
} from '#api';
import { type BusyCluster, listPods, startBusyCluster } from '../../../test/support/busy-cluster.ts';
import { podObject } from '../../../test/support/cluster.ts';
import { until } from '../../../test/support/until.ts';

const namespace = 'default';
const key = { namespace, name: 'db' };
const labels = { app: 'db' };
const claimTemplate = {
  metadata: { name: 'data', labels: { kind: 'disk' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
};
const templateOf = (image: string, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image }], ...spec },
});
/** Pods with claims, on their node from the start: whether the claims are bound is not asked here. */
const withClaims = { volumeClaimTemplates: [claimTemplate], template: templateOf('a:1', { nodeName: 'n1' }) };
const statefulSet = (image: string, spec: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: key,
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: { matchLabels: labels },
    template: templateOf(image),
    ...spec,
  },
});

describe('src/controllers/stateful-set/stateful-set.ts', () => {
  let cluster: BusyCluster;
  beforeEach(async () => {
    cluster = await startBusyCluster();
  });
  afterEach(() => cluster.close());

  const get = () => cluster.client.get(STATEFUL_SETS, key);
  const apply = (image: string, spec: object = {}) =>
    cluster.client.apply(STATEFUL_SETS, statefulSet(image, spec), { fieldManager: 'test', force: true });
  const patch = (spec: object) => cluster.client.patch(STATEFUL_SETS, key, { type: 'merge', body: { spec } as never });
  const rolledOut = (): Promise<StatefulSet> =>
    until('the set is as declared', async () => {
      const found = await get();
      const { status, spec, metadata } = found ?? {};
      const counts = [status?.replicas, status?.availableReplicas, status?.updatedReplicas ?? 0];
      const isSeen = status?.observedGeneration === metadata?.generation;
      return isSeen && counts.every((count) => count === spec?.replicas) && found;
    });
  const pods = async () =>
    (await listPods(cluster.client)).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const names = async () => (await pods()).map(({ metadata }) => metadata.name);
  const images = async () => (await pods()).map(({ spec }) => spec.containers[0]?.image);
  const claims = async () =>
    (await cluster.client.list(PERSISTENT_VOLUME_CLAIMS, { namespace })).items.toSorted((a, b) =>
      a.metadata.name < b.metadata.name ? -1 : 1,
    );
  const told = async (reason: string) =>
    (await cluster.client.list(EVENTS, { namespace })).items
      .filter((event) => event.reason === reason)
      .map(({ message }) => message ?? '');
  const revisions = async () =>
    (await cluster.client.list(CONTROLLER_REVISIONS, { namespace })).items.toSorted((a, b) => a.revision - b.revision);

  it('makes pods one after the other, each with its name, number, place and claim, and then rests', async () => {
    cluster.setOutcome(({ metadata }) => (metadata.name === 'db-1' ? 'running' : 'ready'));
    await apply('a:1', withClaims);
    await until('the second waits', async () => (await get())?.status?.readyReplicas === 1);
    expect(await names()).toEqual(['db-0', 'db-1']);
    cluster.setOutcome(() => 'ready');
    const { status } = await rolledOut();
    const [revision] = await revisions();
    expect(status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision?.metadata.name,
      updateRevision: revision?.metadata.name,
      collisionCount: 0,
      observedGeneration: 1,
    });
    const last = (await pods()).at(-1);
    expect(last).toMatchObject({
      metadata: {
        name: 'db-2',
        labels: {
          ...labels,
          'statefulset.kubernetes.io/pod-name': 'db-2',
          'apps.kubernetes.io/pod-index': '2',
          'controller-revision-hash': revision?.metadata.name,
        },
        ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
      },
      spec: { hostname: 'db-2', subdomain: 'db' },
    });
    expect(last?.spec.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-db-2' } });
    expect((await claims()).map(({ metadata }) => [metadata.name, metadata.labels, metadata.ownerReferences])).toEqual(
      [0, 1, 2].map((ordinal) => [`data-db-${ordinal}`, { kind: 'disk', ...labels }, undefined]),
    );
    expect(await told('SuccessfulCreate')).toEqual(
      expect.arrayContaining([
        'create Claim data-db-0 Pod db-0 in StatefulSet db success',
        'create Pod db-2 in StatefulSet db successful',
      ]),
    );
    const before = await cluster.revision();
    await cluster.client.patch(STATEFUL_SETS, key, { type: 'merge', body: { metadata: { annotations: { a: '1' } } } });
    await until('the note is seen', async () => (await cluster.revision()) === before + 1);
    expect(cluster.warnings).toEqual([]);
  });

  it('scales down from the top, keeps the claims, and gives them to the same pods again', async () => {
    await apply('a:1', { ...withClaims, podManagementPolicy: 'Parallel' });
    await rolledOut();
    const before = (await claims()).map(({ metadata }) => metadata.uid);
    await patch({ replicas: 1 });
    await rolledOut();
    expect(await names()).toEqual(['db-0']);
    await patch({ replicas: 3 });
    await rolledOut();
    expect((await claims()).map(({ metadata }) => metadata.uid)).toEqual(before);
    await patch({ replicas: 2, ordinals: { start: 5 } });
    await rolledOut();
    expect(await names()).toEqual(['db-5', 'db-6']);
    await patch({ ordinals: { start: 2_147_483_646 } });
    await rolledOut();
    expect(await names()).toEqual(['db-2147483646', 'db-2147483647']);
    await patch({ replicas: 3 });
    await until('it is told once', async () => (await told('OrdinalsExhausted')).length === 1);
    await patch({ replicas: 2 });
    await rolledOut();
    expect(await told('OrdinalsExhausted')).toHaveLength(1);
    expect(cluster.warnings).toEqual([]);
  });

  it('lets claims go with pods that are scaled away and with the set, where it says so', async () => {
    const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Delete' };
    await apply('a:1', withClaims);
    await rolledOut();
    await patch({ persistentVolumeClaimRetentionPolicy });
    const owners = async () =>
      (await claims()).map(({ metadata }) => (metadata.ownerReferences ?? []).map(({ kind }) => kind));
    await until(
      'the set has them',
      async () => JSON.stringify(await owners()) === '[["StatefulSet"],["StatefulSet"],["StatefulSet"]]',
    );
    await patch({ replicas: 2 });
    await rolledOut();
    await until('the third is gone', async () => (await claims()).length === 2);
    await patch({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' } });
    await until('nobody has them', async () => JSON.stringify(await owners()) === '[[],[]]');
    await patch({ persistentVolumeClaimRetentionPolicy });
    await until('the set has them', async () => JSON.stringify(await owners()) === '[["StatefulSet"],["StatefulSet"]]');
    await cluster.client.delete(STATEFUL_SETS, key, { propagationPolicy: 'Background' });
    await until(
      'all is gone',
      async () => (await claims()).length + (await pods()).length + (await revisions()).length === 0,
    );
    expect(cluster.warnings).toEqual([]);
  });

  it('rolls from the top, waits for each, keeps the partition, and goes back', async () => {
    const rolling = (partition: number) => ({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
    });
    await apply('a:1', rolling(0));
    const first = await rolledOut();
    cluster.setOutcome(({ spec }) => (spec.containers[0]?.image === 'a:2' ? 'running' : 'ready'));
    await apply('a:2', rolling(1));
    await until('the last is replaced', async () => (await images())[2] === 'a:2');
    await until('it waits', async () => (await get())?.status?.readyReplicas === 2);
    expect(await images()).toEqual(['a:1', 'a:1', 'a:2']);
    cluster.setOutcome(() => 'ready');
    const partly = await until('the partition stays', async () => {
      const found = await get();
      return found?.status?.updatedReplicas === 2 && found.status.readyReplicas === 3 && found;
    });
    expect(await images()).toEqual(['a:1', 'a:2', 'a:2']);
    expect(partly.status?.currentReplicas).toBe(1);
    expect(partly.status?.currentRevision).toBe(first.status?.currentRevision);
    // A pod below the partition comes back as it was.
    await cluster.client.delete(PODS, { namespace, name: 'db-0' });
    await until('it is back', async () => (await get())?.status?.readyReplicas === 3 && (await images())[0] === 'a:1');
    await apply('a:2', rolling(0));
    const done = await rolledOut();
    expect(done.status?.currentRevision).toBe(done.status?.updateRevision);
    await apply('a:1', rolling(0));
    const back = await until('it is back at the first', async () => {
      const found = await rolledOut();
      return found.status?.currentRevision === first.status?.currentRevision && found;
    });
    expect(back.status?.updateRevision).toBe(first.status?.updateRevision);
    expect((await revisions()).map(({ revision }) => revision)).toEqual([2, 3]);
    expect(await images()).toEqual(['a:1', 'a:1', 'a:1']);
  });

  it('comes right when its template is mended, whether it or its rollout was broken, and nobody deletes a pod', async () => {
    cluster.setOutcome(({ spec }) => (spec.containers[0]?.image === 'broken' ? 'pending' : 'ready'));
    await apply('broken');
    await until('its first pod waits', async () => (await images()).length === 1);
    await apply('a:1');
    await rolledOut();
    await apply('broken');
    await until('its last pod waits', async () => {
      const [, , last] = await pods();
      return last?.spec.containers[0]?.image === 'broken' && last.status?.phase === 'Pending';
    });
    const kept = (await pods()).slice(0, 2).map(({ metadata }) => metadata.uid);
    await apply('a:1');
    await rolledOut();
    expect(await images()).toEqual(['a:1', 'a:1', 'a:1']);
    // What served all the while was left alone.
    expect((await pods()).slice(0, 2).map(({ metadata }) => metadata.uid)).toEqual(kept);
  });

  it('replaces by hand only with OnDelete, and forgets revisions beyond its limit', async () => {
    const spec = { updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 1, replicas: 1 };
    await apply('a:1', spec);
    await rolledOut();
    for (const version of [2, 3, 4]) {
      await apply(`a:${version}`, spec);
      await until('the template is seen', async () => (await revisions()).at(-1)?.revision === version);
    }
    expect(await images()).toEqual(['a:1']);
    await cluster.client.delete(PODS, { namespace, name: 'db-0' });
    await until('it has the last', async () => (await images())[0] === 'a:4');
    // One is kept beside the one that was current and the newest.
    await until('three are left', async () => (await revisions()).length === 3);
    expect((await revisions()).map(({ revision }) => revision)).toEqual([1, 3, 4]);
  });

  it('takes back a pod of its name that nobody has, and lets go one that is named otherwise', async () => {
    await apply('a:1', { replicas: 1 });
    await rolledOut();
    const [owner] = (await pods())[0]?.metadata.ownerReferences ?? [];
    const ofOther = { labels, ownerReferences: [owner] };
    await cluster.client.create(PODS, podObject('db-extra', { metadata: ofOther }));
    const others = async (name: string) =>
      (await cluster.client.get(PODS, { namespace, name }))?.metadata.ownerReferences ?? [];
    await until('the other is let go', async () => (await others('db-extra')).length === 0);
    await cluster.client.delete(STATEFUL_SETS, key, { propagationPolicy: 'Orphan' });
    await until('it is orphaned', async () => (await get()) === undefined && (await others('db-0')).length === 0);
    const orphan = await cluster.client.patch(
      PODS,
      { namespace, name: 'db-0' },
      {
        type: 'merge',
        body: { metadata: { labels: { 'statefulset.kubernetes.io/pod-name': null } } },
      },
    );
    await apply('a:1', { replicas: 1 });
    await rolledOut();
    const [adopted] = await pods();
    expect(adopted?.metadata.uid).toBe(orphan.metadata.uid);
    await until(
      'it has its label again',
      async () => (await pods())[0]?.metadata.labels?.['statefulset.kubernetes.io/pod-name'] === 'db-0',
    );
  });

  it('replaces pods that ended, whatever they ended with, and says so', async () => {
    let ends = 2;
    cluster.setOutcome(({ metadata, spec }) => {
      if (metadata.name !== 'db-1' || ends === 0 || spec.restartPolicy === 'Never') return 'ready';
      ends -= 1;
      return 'failed';
    });
    await apply('a:1');
    await rolledOut();
    await until('it is told', async () => (await told('RecreatingFailedPod')).length > 0);
    expect(await told('RecreatingFailedPod')).toContain('StatefulSet default/db is recreating failed Pod db-1');
    expect(await names()).toEqual(['db-0', 'db-1', 'db-2']);
  });

  it('waits for a pod that is slow to end, and never makes a second one of its name', async () => {
    const seen = new Set<string>();
    cluster.setOutcome(({ metadata }) => (metadata.name === 'db-0' ? 'lingering' : 'ready'));
    await apply('a:1');
    await rolledOut();
    const uidOf = (pod: Pod | undefined) => pod?.metadata.uid ?? '';
    const before = uidOf((await pods())[0]);
    await cluster.client.delete(PODS, { namespace, name: 'db-0' });
    await patch({ replicas: 4 });
    await until('the set has seen it', async () => (await get())?.status?.observedGeneration === 2);
    for (const pod of await pods()) seen.add(pod.metadata.name);
    expect([...seen]).toEqual(['db-0', 'db-1', 'db-2']);
    expect(uidOf((await pods())[0])).toBe(before);
    cluster.setOutcome(() => 'ready');
    await rolledOut();
    expect(uidOf((await pods())[0])).not.toBe(before);
  });

  it('waits for a claim that is being deleted, and makes a missing one anew', async () => {
    await apply('a:1', { ...withClaims, replicas: 1 });
    await rolledOut();
    const claim = { namespace, name: 'data-db-0' };
    const held = { metadata: { finalizers: ['example.com/held'] } };
    await cluster.client.patch(PERSISTENT_VOLUME_CLAIMS, claim, { type: 'merge', body: held });
    const going = await cluster.client.delete(PERSISTENT_VOLUME_CLAIMS, claim);
    await cluster.client.delete(PODS, { namespace, name: 'db-0' });
    await until('it is told', async () => (await told('FailedCreate')).length > 0);
    expect(await told('FailedCreate')).toContain(
      'create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted',
    );
    expect(await names()).toEqual([]);
    await cluster.client.patch(PERSISTENT_VOLUME_CLAIMS, claim, {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    await rolledOut();
    expect((await claims())[0]?.metadata.uid).not.toBe(going?.metadata.uid);
  });

  it('makes a missing claim of a pending pod anew', async () => {
    const template = templateOf('a:1', { schedulingGates: [{ name: 'example.com/wait' }] });
    await apply('a:1', { ...withClaims, template, replicas: 1 });
    const [first] = await until('there is a claim', async () => {
      const found = await claims();
      return found.length === 1 && (await pods())[0]?.status?.phase === 'Pending' && found;
    });
    await cluster.client.delete(PERSISTENT_VOLUME_CLAIMS, first?.metadata ?? { name: '' });
    await until('there is another', async () => {
      const [now] = await claims();
      return now !== undefined && now.metadata.uid !== first?.metadata.uid;
    });
  });
});
