/** Source: kubernetes test/e2e/apps/disruption.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { refused } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 1 });
});
afterAll(() => bed.close());

const labels = { foo: 'bar' };
const budgetsIn = (namespace: string) => bed.of(POD_DISRUPTION_BUDGETS, namespace);
const budget = (name: string, minAvailable: number | string, more: Readonly<Record<string, string>> = {}) => ({
  metadata: { name, labels: { ...labels, ...more } },
  spec: { selector: { matchLabels: labels }, minAvailable },
});

/** Waits until the controller has looked at the budget as it is now. */
const processed = (namespace: string, name: string) =>
  soon(`${name} has been looked at`, async () => {
    const found = await budgetsIn(namespace).get(name);
    return (found.status?.observedGeneration ?? 0) >= (found.metadata.generation ?? 0) && found;
  });

it('[sig-apps] DisruptionController should create a PodDisruptionBudget [Conformance]', async () => {
  const namespace = await bed.namespace('disruption');
  const budgets = budgetsIn(namespace);
  const name = 'foo';
  await budgets.create(budget(name, '1%'));
  await processed(namespace, name);
  const updated = await budgets.change(name, ({ spec }) => {
    if (spec !== undefined) spec.minAvailable = '2%';
  });
  expect(updated.spec?.minAvailable).toBe('2%');
  await processed(namespace, name);
  const patched = await budgets.patch(name, 'strategic', { spec: { minAvailable: '3%' } });
  expect(patched.spec?.minAvailable).toBe('3%');
  await processed(namespace, name);
  await budgets.delete(name);
  await soon('the budget is gone', async () => (await budgets.find(name)) === undefined);
});

it('[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets [Conformance]', async () => {
  const [first, second] = [await bed.namespace('disruption'), await bed.namespace('disruption-2')];
  const specific = { 'foo-pdb': first };
  for (const [namespace, name] of [
    [first, 'foo'],
    [first, 'foo2'],
    [second, 'foo'],
  ] as const) {
    await budgetsIn(namespace).create(budget(name, 2, specific));
    await processed(namespace, name);
  }
  const labelSelector = `foo-pdb=${first}`;
  const namesIn = async (namespace: string) =>
    (await budgetsIn(namespace).list({ labelSelector })).items.map(
      ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
    );
  expect((await namesIn('')).sort()).toEqual([`${first}/foo`, `${first}/foo2`, `${second}/foo`].sort());
  expect(await namesIn(first)).toEqual([`${first}/foo`, `${first}/foo2`]);
  await budgetsIn(first).deleteCollection({ labelSelector });
  await soon('the budgets are gone', async () => (await namesIn(first)).length === 0);
  expect(await namesIn(second)).toEqual([`${second}/foo`]);
});

async function runPods(namespace: string, count: number): Promise<void> {
  const pods = bed.of(PODS, namespace);
  for (let at = 0; at < count; at += 1) {
    const containers = [{ name: 'donothing', image: 'pause:3.10' }];
    await pods.create({ metadata: { name: `pod-${at}`, labels }, spec: { containers, restartPolicy: 'Always' } });
  }
  await soon(
    `${count} pods run`,
    async () => (await pods.list({ fieldSelector: 'status.phase=Running' })).items.length === count,
  );
}

it('[sig-apps] DisruptionController should observe PodDisruptionBudget status updated [Conformance]', async () => {
  const namespace = await bed.namespace('disruption');
  await budgetsIn(namespace).create(budget('foo', 1));
  await runPods(namespace, 3);
  const { status } = await soon('disruptions are allowed', async () => {
    const found = await budgetsIn(namespace).get('foo');
    return (found.status?.disruptionsAllowed ?? 0) > 0 && found.status?.currentHealthy === 3 && found;
  });
  expect(status).toMatchObject({ disruptionsAllowed: 2, currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 });
});

it('[sig-apps] DisruptionController should update/patch PodDisruptionBudget status [Conformance]', async () => {
  const namespace = await bed.namespace('disruption');
  const budgets = budgetsIn(namespace);
  await runPods(namespace, 1);
  await budgets.create(budget('foo', 1));
  await processed(namespace, 'foo');
  const disruptedPods = { 'pod-0': new Date().toISOString().replace(/\.\d+/, '') };
  await budgets.change('foo', (found) => Object.assign(found.status ?? {}, { disruptedPods }), 'status');
  expect((await budgets.get('foo', 'status')).status?.disruptedPods).toEqual(disruptedPods);
  const patched = await budgets.patch('foo', 'merge', { status: { disruptedPods: { 'pod-0': null } } }, 'status');
  expect(patched.status?.disruptedPods ?? {}).toEqual({});
});

it('[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]', async () => {
  const namespace = await bed.namespace('disruption');
  const budgets = budgetsIn(namespace);
  const pods = bed.of(PODS, namespace);
  await budgets.create(budget('foo', 3));
  const containers = [{ name: 'donothing', image: 'pause:3.10' }];
  await bed.of(REPLICA_SETS, namespace).create({
    metadata: { name: 'rs' },
    spec: { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  const healthy = (count: number) =>
    soon(`the budget counts ${count} pods`, async () => {
      const found = await processed(namespace, 'foo');
      return found.status?.currentHealthy === count;
    });
  const running = async () => {
    const { items } = await pods.list({ fieldSelector: 'status.phase=Running' });
    return items.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata.name ?? '';
  };
  const evict = (name: string) => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    return pods.post(name, 'eviction', eviction);
  };
  const blocked = { code: 429, reason: 'TooManyRequests', details: { causes: [{ reason: 'DisruptionBudget' }] } };

  await healthy(3);
  const first = await running();
  expect(await refused(evict(first))).toMatchObject(blocked);
  await budgets.patch('foo', 'merge', { spec: { minAvailable: 2 } });
  await healthy(3);
  await evict(first);
  await soon('it is gone', async () => (await pods.find(first)) === undefined);

  await budgets.patch('foo', 'merge', { spec: { minAvailable: null, maxUnavailable: 0 } });
  await healthy(3);
  const second = await running();
  expect(await refused(evict(second))).toMatchObject(blocked);
  await budgets.delete('foo');
  await soon('the budget is gone', async () => (await budgets.find('foo')) === undefined);
  await evict(second);
  await soon('it is gone', async () => (await pods.find(second)) === undefined);
});
