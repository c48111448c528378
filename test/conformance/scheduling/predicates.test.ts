/** Source: kubernetes test/e2e/scheduling/predicates.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVENTS, NODES, PODS, type Pod } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import type { Resource } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 2 });
});
afterAll(() => bed.close());

const pausePod = (name: string, spec: object = {}, container: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name, image: 'pause:3.10', ...container }], ...spec },
});

/** The node a pod was given. */
const placed = (pods: Resource<Pod>, name: string) =>
  soon(`${name} has a node`, async () => (await pods.get(name)).spec.nodeName);

/** Waits until the scheduler says that it has no place for a pod: its words. */
async function unplaced(namespace: string, name: string): Promise<string> {
  const fieldSelector = `involvedObject.name=${name},reason=FailedScheduling`;
  const said = await soon(`it is told whether ${name} has a place`, async () => {
    const { items } = await bed.of(EVENTS, namespace).list({ fieldSelector });
    return items[0]?.message ?? ((await bed.of(PODS, namespace).get(name)).spec.nodeName && 'it has a node');
  });
  const { spec, status } = await bed.of(PODS, namespace).get(name);
  expect(spec.nodeName, said).toBeUndefined();
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }),
  );
  return said;
}

/** Runs a pod that any node takes, to find one; the pod is gone again after it. */
async function nodeThatCanRun(pods: Resource<Pod>, name: string): Promise<string> {
  await pods.create(pausePod(name));
  const node = await placed(pods, name);
  await pods.delete(name, { gracePeriodSeconds: 0 });
  return node;
}

it('[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]', async () => {
  const namespace = await bed.namespace('sched-pred');
  const pods = bed.of(PODS, namespace);
  const nodes = bed.of(NODES);
  for (const name of bed.nodes) await nodes.patch(name, 'strategic', { metadata: { labels: { node: name } } });
  // 70 of 100 parts of each node are filled; what wants 50 more finds no place.
  const cpu = (parts: number) => ({ requests: { cpu: `${40 * parts}m` }, limits: { cpu: `${40 * parts}m` } });
  for (const name of bed.nodes) {
    const filler = `filler-pod-${name}`;
    await pods.create(pausePod(filler, { nodeSelector: { node: name } }, { resources: cpu(70) }));
    expect(await placed(pods, filler)).toBe(name);
  }
  await pods.create(pausePod('additional-pod', {}, { resources: cpu(50) }));
  expect(await unplaced(namespace, 'additional-pod')).toContain('2 Insufficient cpu');
  for (const name of bed.nodes) await nodes.patch(name, 'strategic', { metadata: { labels: { node: null } } });
});

it('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]', async () => {
  const namespace = await bed.namespace('sched-pred');
  await bed.of(PODS, namespace).create(pausePod('restricted-pod', { nodeSelector: { label: 'nonempty' } }));
  expect(await unplaced(namespace, 'restricted-pod')).toContain("2 node(s) didn't match Pod's node affinity/selector");
});

it('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]', async () => {
  const pods = bed.of(PODS, await bed.namespace('sched-pred'));
  const nodes = bed.of(NODES);
  const found = await nodeThatCanRun(pods, 'without-label');
  // The other node, so that the scheduler's taste does not stand in for the selector.
  const node = bed.nodes.find((name) => name !== found) ?? found;
  const key = 'kubernetes.io/e2e-predicates';
  await nodes.patch(node, 'strategic', { metadata: { labels: { [key]: '42' } } });
  expect((await nodes.get(node)).metadata.labels).toMatchObject({ [key]: '42' });
  await pods.create(pausePod('with-labels', { nodeSelector: { [key]: '42' } }));
  expect(await placed(pods, 'with-labels')).toBe(node);
  await soon('it runs', async () => (await pods.get('with-labels')).status?.phase === 'Running');
  await nodes.patch(node, 'strategic', { metadata: { labels: { [key]: null } } });
  expect((await nodes.get(node)).metadata.labels ?? {}).not.toHaveProperty(key);
});

it('[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]', async () => {
  const namespace = await bed.namespace('sched-pred');
  const pods = bed.of(PODS, namespace);
  const nodes = bed.of(NODES);
  const node = await nodeThatCanRun(pods, 'without-label');
  const key = 'kubernetes.io/e2e-host-port';
  await nodes.patch(node, 'strategic', { metadata: { labels: { [key]: '95' } } });
  const port = { containerPort: 8080, hostPort: 54322, protocol: 'TCP' };
  const nodeSelector = { [key]: '95' };
  await pods.create(pausePod('pod4', { nodeSelector }, { ports: [port] }));
  expect(await placed(pods, 'pod4')).toBe(node);
  await pods.create(pausePod('pod5', { nodeSelector }, { ports: [{ ...port, hostIP: '127.0.0.1' }] }));
  expect(await unplaced(namespace, 'pod5')).toContain("1 node(s) didn't have free ports");
  await nodes.patch(node, 'strategic', { metadata: { labels: { [key]: null } } });
});
