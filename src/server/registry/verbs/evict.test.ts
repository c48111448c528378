import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isApiError, POD_DISRUPTION_BUDGETS, PODS } from '#api';
import { type Cluster, podObject, startCluster } from '../../../../test/support/cluster.ts';
import type { EvictRequest } from '../api.ts';
import { rowOf } from '../mirror.ts';

const context = { user: { name: 'drainer', groups: [] }, defaultManager: 'drain' };
const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

describe('src/server/registry/verbs/evict.ts', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await startCluster();
  });
  afterEach(() => cluster.close());

  const pod = async (name: string, status: object = ready) => {
    await cluster.client.create(PODS, podObject(name, { metadata: { labels: { app: 'web' } } }));
    const body = { status } as never;
    return cluster.client.patch(PODS, at(name), { type: 'merge', body }, { subresource: 'status' });
  };
  const at = (name: string) => ({ namespace: 'default', name });
  const budget = async (name: string, status: object) => {
    const identity = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: at(name) };
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'web' } } };
    await cluster.client.create(POD_DISRUPTION_BUDGETS, { ...identity, spec });
    const body = { status: { observedGeneration: 1, ...status } } as never;
    await cluster.client.patch(POD_DISRUPTION_BUDGETS, at(name), { type: 'merge', body }, { subresource: 'status' });
  };
  const statusOf = async (name: string) => (await cluster.client.get(POD_DISRUPTION_BUDGETS, at(name)))?.status;
  const evict = (name: string, more: Partial<EvictRequest> = {}) =>
    cluster.api.evict({ context, row: rowOf(cluster.api, PODS), namespace: 'default', name, ...more });
  const names = async () => (await cluster.client.list(PODS)).items.map(({ metadata }) => metadata.name);

  it('never takes more than the budget allows, however many ask at once', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'];
    for (const name of all) await pod(name);
    await budget('web', { disruptionsAllowed: 2, currentHealthy: 5, desiredHealthy: 3, expectedPods: 5 });
    const outcomes = await Promise.allSettled(all.map((name) => evict(name)));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused).toHaveLength(3);
    expect(refused.every((error) => isApiError(error, 'TooManyRequests'))).toBe(true);
    expect(await names()).toHaveLength(3);
    const status = await statusOf('web');
    expect(status).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 5 });
    expect(Object.keys(status?.disruptedPods ?? {})).toHaveLength(2);
  });

  it('charges once for a pod that many evict at the same moment', async () => {
    for (const name of ['a', 'b']) await pod(name);
    await budget('web', { disruptionsAllowed: 2, currentHealthy: 2, desiredHealthy: 0, expectedPods: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => evict('a')));
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(failed.every((error) => isApiError(error, 'NotFound'))).toBe(true);
    expect(await names()).toEqual(['b']);
    expect(await statusOf('web')).toMatchObject({ disruptionsAllowed: 1 });
    await evict('b');
    expect(await names()).toEqual([]);
  });

  it('lets as many go at once as the budget allows', async () => {
    const all = Array.from({ length: 30 }, (_, index) => `p${index}`);
    await Promise.all(all.map((name) => pod(name)));
    await budget('web', { disruptionsAllowed: 30, currentHealthy: 30, desiredHealthy: 0, expectedPods: 30 });
    await Promise.all(all.map((name) => evict(name)));
    expect(await names()).toEqual([]);
    const status = await statusOf('web');
    expect(status).toMatchObject({ disruptionsAllowed: 0 });
    expect(Object.keys(status?.disruptedPods ?? {}).sort()).toEqual(all.sort());
  });

  it('charges a pod that stays for a while, and says in its status why it goes', async () => {
    await pod('a');
    await cluster.client.patch(PODS, at('a'), { type: 'merge', body: { metadata: { finalizers: ['x.io/y'] } } });
    await budget('web', { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 });
    await evict('a');
    const going = await cluster.client.get(PODS, at('a'));
    expect(going?.metadata.deletionTimestamp).toBeDefined();
    expect(going?.status?.conditions).toMatchObject([
      { type: 'Ready' },
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
    ]);
    // Going already: not charged again.
    await evict('a');
    expect(await statusOf('web')).toMatchObject({ disruptionsAllowed: 0 });
  });

  it('tries without doing', async () => {
    await pod('a');
    await budget('web', { disruptionsAllowed: 1, currentHealthy: 1, desiredHealthy: 0, expectedPods: 1 });
    const before = await cluster.revision();
    await evict('a', { dryRun: true });
    expect(await cluster.revision()).toBe(before);
    await budget('other', { disruptionsAllowed: 1 });
    const both = evict('a', { dryRun: true });
    await expect(both).rejects.toThrow('This pod has more than one PodDisruptionBudget');
    await expect(both).rejects.toMatchObject({ httpStatus: 500 });
  });

  it('lets go of unhealthy and unbegun pods without a charge', async () => {
    await pod('sick', { phase: 'Running' });
    await pod('new', { phase: 'Pending' });
    await budget('web', { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 4 });
    await evict('sick');
    await evict('new');
    expect(await names()).toEqual([]);
    expect(await statusOf('web')).toMatchObject({ disruptionsAllowed: 0 });
    expect((await statusOf('web'))?.disruptedPods).toBeUndefined();
  });

  it('keeps to what the caller asks of the pod', async () => {
    const { metadata } = await pod('a');
    await expect(evict('a', { preconditions: { uid: 'other' } })).rejects.toThrow('Precondition failed');
    await cluster.client.patch(PODS, at('a'), { type: 'merge', body: { metadata: { labels: { new: 'yes' } } } });
    const stale = evict('a', { preconditions: { resourceVersion: metadata.resourceVersion } });
    await expect(stale).rejects.toSatisfy((error) => isApiError(error, 'Conflict'));
    expect(await names()).toEqual(['a']);
    const { resourceVersion } = (await cluster.client.get(PODS, at('a')))?.metadata ?? {};
    await evict('a', { preconditions: { uid: metadata.uid, resourceVersion: resourceVersion ?? '' } });
    expect(await names()).toEqual([]);
    await expect(evict('a')).rejects.toThrow('pods "a" not found');
  });
});
