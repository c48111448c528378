/** Source: kubernetes test/e2e/scheduling/preemption.go (v1.32). */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { NODES, PODS, type Pod, PRIORITY_CLASSES, REPLICA_SETS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { type Resource, refused } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 2 });
});
afterAll(() => bed.close());

const RESOURCE = 'scheduling.k8s.io/foo';

/** Gives a node so much of a resource that nothing else asks for; takes it away again with null. */
const offer = (node: string, resource: string, amount: string | null) => {
  const amounts = { [resource]: amount };
  return bed.of(NODES).patch(node, 'merge', { status: { capacity: amounts, allocatable: amounts } }, 'status');
};

const pausePod = (name: string, priorityClassName: string, amounts: object, spec: object = {}, metadata = {}) => ({
  metadata: { name, ...metadata },
  spec: {
    priorityClassName,
    containers: [{ name, image: 'pause:3.10', resources: { requests: amounts, limits: amounts } }],
    ...spec,
  },
});

const running = (pods: Resource<Pod>, name: string) =>
  soon(`${name} runs`, async () => {
    const pod = await pods.get(name);
    return pod.status?.phase === 'Running' && pod;
  });

const isGoing = (pod: Pod | undefined) => pod === undefined || pod.metadata.deletionTimestamp !== undefined;

const classes = { low: 'sched-preemption-low-priority', medium: 'sched-preemption-medium-priority' };
const high = 'sched-preemption-high-priority';

beforeAll(async () => {
  for (const [name, value] of [
    [classes.low, 1],
    [classes.medium, 100],
    [high, 1_000],
  ] as const)
    await bed.of(PRIORITY_CLASSES).create({ metadata: { name }, value });
});
let pods: Resource<Pod>;
beforeEach(async () => {
  pods = bed.of(PODS, await bed.namespace('sched-preemption'));
});
afterEach(async () => {
  await pods.deleteCollection({}, { gracePeriodSeconds: 0 });
  for (const node of bed.nodes) await offer(node, RESOURCE, null);
});

/** Fills every node with two pods, one of all of low priority: its name, and those of the others. */
async function fill() {
  const names: string[] = [];
  for (const [index, node] of bed.nodes.entries()) {
    await offer(node, RESOURCE, '5');
    for (const each of [0, 1]) {
      const name = `pod${index}-${each}-${names.length === 0 ? 'low' : 'medium'}-priority`;
      const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
      const affinity = {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
      };
      const priority = names.length === 0 ? classes.low : classes.medium;
      await pods.create(pausePod(name, priority, { [RESOURCE]: '2' }, { affinity }));
      names.push(name);
    }
  }
  await Promise.all(names.map((name) => running(pods, name)));
  const [low = '', ...others] = names;
  return { low, others };
}

async function expectPreempted({ low, others }: Awaited<ReturnType<typeof fill>>) {
  await soon('the pod of low priority goes', async () => isGoing(await pods.find(low)));
  for (const name of others) expect(isGoing(await pods.get(name)), name).toBe(false);
}

it('[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works [Conformance]', async () => {
  const filled = await fill();
  await pods.create(pausePod('preemptor-pod', high, { [RESOURCE]: '2' }));
  await running(pods, 'preemptor-pod');
  await expectPreempted(filled);
});

it('[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod [Conformance]', async () => {
  const system = bed.of(PODS, 'kube-system');
  const filled = await fill();
  await system.create(pausePod('critical-pod', 'system-cluster-critical', { [RESOURCE]: '2' }));
  await running(system, 'critical-pod');
  await expectPreempted(filled);
  await system.delete('critical-pod', { gracePeriodSeconds: 0 });
});

it('[sig-scheduling] SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod [Conformance]', async () => {
  const [node = ''] = bed.nodes;
  await offer(node, RESOURCE, '1');
  const amounts = { [RESOURCE]: '1' };
  const finalizer = 'example.com/test-finalizer';
  await pods.create(pausePod('victim-pod', classes.low, amounts, {}, { finalizers: [finalizer] }));
  await running(pods, 'victim-pod');
  await pods.create(pausePod('preemptor-pod', high, amounts));
  const victim = await soon('the victim goes', async () => {
    const pod = await pods.get('victim-pod');
    return pod.metadata.deletionTimestamp !== undefined && pod;
  });
  expect(victim.status?.conditions?.map(({ type }) => type)).toContain('DisruptionTarget');
  await pods.change('victim-pod', (pod) => {
    (pod.metadata as { finalizers?: string[] }).finalizers = [];
  });
});

it('[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance]', async () => {
  const namespace = await bed.namespace('sched-preemption-path');
  const pods = bed.of(PODS, namespace);
  const [node = ''] = bed.nodes;
  const resource = 'example.com/fakecpu';
  const key = 'kubernetes.io/hostname';
  await bed.of(NODES).patch(node, 'strategic', { metadata: { labels: { [key]: node } } });
  await offer(node, resource, '1000');
  for (const value of [1, 2, 3, 4]) await bed.of(PRIORITY_CLASSES).create({ metadata: { name: `p${value}` }, value });

  const watching = await pods.watch();
  const created = () =>
    ['rs-pod1', 'rs-pod2', 'rs-pod3'].map(
      (prefix) =>
        watching.seen.filter(({ type, object }) => type === 'ADDED' && object.metadata.name.startsWith(prefix)).length,
    );
  const sets = bed.of(REPLICA_SETS, namespace);
  for (const [index, amount] of ['200', '300', '450'].entries()) {
    const name = `pod${index + 1}`;
    const { spec } = pausePod(name, `p${index + 1}`, { [resource]: amount }, { nodeSelector: { [key]: node } });
    await sets.create({
      metadata: { name: `rs-${name}` },
      spec: { replicas: 1, selector: { matchLabels: { name } }, template: { metadata: { labels: { name } }, spec } },
    });
    await soon(`${name} runs`, async () => (await sets.get(`rs-${name}`)).status?.readyReplicas === 1);
  }
  expect(created()).toEqual([1, 1, 1]);

  await pods.create(pausePod('pod4', 'p4', { [resource]: '500' }, { nodeSelector: { [key]: node } }));
  await running(pods, 'pod4');
  // Those of the first two are made anew once, and find no room: then nothing is on its way any more.
  await soon('the pods made anew are told that there is no room', async () => {
    const { items } = await pods.list();
    const told = items.filter(({ status }) => status?.conditions?.some(({ reason }) => reason === 'Unschedulable'));
    return told.filter(({ metadata }) => metadata.name.startsWith('rs-pod')).length === 2;
  });
  expect(created()).toEqual([2, 2, 1]);
  watching.stop();
  await offer(node, resource, null);
  for (const value of [1, 2, 3, 4]) await bed.of(PRIORITY_CLASSES).delete(`p${value}`);
});

it('[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]', async () => {
  const priorityClasses = bed.of(PRIORITY_CLASSES);
  const labels = { e2e: randomUUID() };
  const create = (value: number) => priorityClasses.create({ metadata: { name: `p${value}`, labels }, value });
  const [one, two] = [await create(1), await create(2)];
  // What is immutable is neither patched nor updated.
  const patched = await refused(priorityClasses.patch(one.metadata.name, 'strategic', { value: 10 }));
  expect([patched.code, patched.reason]).toEqual([422, 'Invalid']);
  const updated = await refused(priorityClasses.update({ ...two, value: 20 }));
  expect([updated.code, updated.reason]).toEqual([422, 'Invalid']);
  // What is mutable is.
  const description = 'updated description';
  await priorityClasses.patch(one.metadata.name, 'strategic', { description });
  await priorityClasses.update({ ...two, description });
  const { items } = await priorityClasses.list();
  const seen = items.filter(({ metadata }) => metadata.labels?.['e2e'] === labels.e2e);
  expect(seen.map((each) => [each.metadata.name, each.value, each['description']])).toEqual([
    ['p1', 1, description],
    ['p2', 2, description],
  ]);
  for (const { metadata, value } of [one, two]) expect((await priorityClasses.get(metadata.name)).value).toBe(value);
  await priorityClasses.deleteCollection({ labelSelector: `e2e=${labels.e2e}` });
});
