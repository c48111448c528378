import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, NODES, PODS, type Pod, PRIORITY_CLASSES } from '#api';
import type { Client } from '#client';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const namespace = 'preemption';
let product: Product;
let client: Client;

beforeAll(async () => {
  product = await startProduct();
  client = await product.client();
  // The demo's image is there by then, and its pods have their room.
  await product.untilTrue('web');
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});
afterAll(() => product?.close());

const get = (name: string) => client.get(PODS, { namespace, name });
const running = (name: string) =>
  until(`${name} runs`, async () => (await get(name))?.status?.phase === 'Running' && (await get(name)));
const kubectl = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await product.kubectl(...args, '-n', namespace);
  expect(code, stderr).toBe(0);
  return stdout;
};

/** Told to go, it takes a second. */
const LEAVES_LATE = `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 1000)); setInterval(() => {}, 1000);`;

const pod = (name: string, cpu: string, priorityClassName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    priorityClassName,
    terminationGracePeriodSeconds: 20,
    containers: [
      {
        name: 'main',
        image: 'plumbline.local/sample:1',
        command: ['/usr/local/bin/node', '-e', LEAVES_LATE],
        resources: { requests: { cpu } },
      },
    ],
  },
});

describe('pre-emption on a real node', () => {
  it('evicts the least important in peace, and runs the more important in its place, as kubectl shows it', async () => {
    for (const [name, value] of [
      ['low', 1],
      ['middle', 10],
      ['high', 100],
    ] as const)
      await client.create(PRIORITY_CLASSES, {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name },
        value,
      });
    const [node] = (await client.list(NODES)).items;
    const millis = 1_000 * Number(node?.status?.allocatable?.['cpu']);
    expect(millis).toBeGreaterThan(0);
    // Two of them, beside what the demo asks for, leave no room for a third.
    const share = `${Math.floor(millis * 0.35)}m`;
    await client.create(PODS, pod('low', share, 'low'));
    await client.create(PODS, pod('middle', share, 'middle'));
    await Promise.all([running('low'), running('middle')]);
    await client.create(PODS, pod('high', share, 'high'));
    const victim = await until('the victim goes', async () => {
      const one: Pod | undefined = await get('low');
      return one?.metadata.deletionTimestamp !== undefined && one;
    });
    expect(victim.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }),
    );
    // While it goes, its room is promised.
    expect(await kubectl('get', 'pod', 'high', '-o', 'wide')).toMatch(
      new RegExp(`high .*Pending.*<none> +${node?.metadata.name}`),
    );
    expect((await product.plumb('explain', 'high', '-n', namespace)).stdout).toContain(
      `It is promised room on node ${node?.metadata.name}.`,
    );
    const high = await running('high');
    expect(await get('low')).toBeUndefined();
    expect((await get('middle'))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    const events = await until('both events are told', async () => {
      const told = await kubectl('get', 'events', '-o', 'custom-columns=R:.reason,O:.involvedObject.name,M:.message');
      return told.includes('Preempted') && told.includes('FailedScheduling') && told;
    });
    expect(events).toMatch(new RegExp(`Preempted +low +Preempted by pod ${high.metadata.uid} on node`));
    expect(events).toMatch(/FailedScheduling +high +0\/1 nodes are available: 1 Insufficient cpu\./);
    const described = await kubectl('describe', 'pod', 'high');
    expect(described).toMatch(/Priority: +100/);
    expect(described).toMatch(/Warning +FailedScheduling .*0\/1 nodes are available: 1 Insufficient cpu\./);
    expect(described).toMatch(/PodScheduled +True/);
    // The demo's pods are less important still, but their room would not do.
    await client.create(PODS, pod('late', share, 'low'));
    const late = await until('the late one is told', async () =>
      (await get('late'))?.status?.conditions?.find(({ reason }) => reason === 'Unschedulable'),
    );
    expect(late.message).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient cpu.',
    );
  });
});
