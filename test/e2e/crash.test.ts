import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, PODS, type Pod } from '#api';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

let product: Product;

/** One request through the NodePort on loopback: the name of the pod that answered. */
const answeringPod = async () => {
  const response = await fetch('http://127.0.0.1:30080/pod', { signal: AbortSignal.timeout(5_000) });
  return ((await response.json()) as { pod: string }).pod;
};

beforeAll(async () => {
  product = await startProduct();
  await product.untilTrue('web');
  await product.untilTrue('clock');
});
afterAll(async () => {
  await product?.close();
});

/** Container ids of pods in the demo namespace, by pod and container name, with the engine's own start time. */
async function containers(namePrefix: string): Promise<ReadonlyMap<string, string>> {
  const ids = (await product.docker('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.namespace=demo'))
    .split('\n')
    .filter(Boolean);
  const lines =
    ids.length === 0
      ? ''
      : await product.docker(
          'inspect',
          '--format',
          '{{index .Config.Labels "io.kubernetes.pod.name"}} {{.Id}} {{.State.StartedAt}}',
          ...ids,
        );
  return new Map(
    lines
      .split('\n')
      .filter((line) => line.startsWith(namePrefix))
      .map((line) => [line.split(' ')[1] ?? '', line]),
  );
}

const ready = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

describe('crashes', () => {
  it('ends in the declared state when the control plane is killed in the middle of a rollout', async () => {
    const clock = await containers('clock-');
    const client = await product.client();
    const file = path.join(product.demo, 'web/deployment.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('value: blue', 'value: purple'));
    const commit = await product.commit('Paint it purple');
    await until('the rollout has begun', async () => {
      const { items } = await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' });
      return items.some((pod) => pod.spec.containers[0]?.env?.some(({ value }) => value === 'purple'));
    });
    // Writes that were acknowledged just before the kill must be there after it.
    const names: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      const created = await client.create(CONFIG_MAPS, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `acknowledged-${index}`, namespace: 'default' },
      });
      names.push(created.metadata.name);
    }
    await product.stopServer('SIGKILL');
    await product.start();
    await product.untilTrue('web', commit);
    const again = await product.client();
    for (const name of names) expect(await again.get(CONFIG_MAPS, { namespace: 'default', name }), name).toBeDefined();
    expect(await containers('clock-')).toEqual(clock);
  });

  it('adopts every container when the agent is killed and started again', async () => {
    // One for each of four pods: what the rollout before replaced is gone.
    const before = await until('four containers run', async () => {
      const found = await containers('');
      return found.size === 4 && found;
    });
    const pid = await product.agentPid();
    process.kill(pid, 'SIGKILL');
    await product.stopServer();
    await product.start();
    expect(await product.agentPid()).not.toBe(pid);
    const client = await product.client();
    // What the API says of pods is from before; the relay on loopback is the new agent's own.
    await until('the new agent serves', async () => (await answeringPod()).startsWith('web-'));
    await until('all pods are Ready', async () => {
      const { items } = await client.list(PODS, { namespace: 'demo' });
      return items.length === 4 && items.every(ready);
    });
    await product.untilTrue('web');
    expect(await containers('')).toEqual(before);
  });

  it('keeps pods and Services going while the control plane is down', async () => {
    await product.stopServer('SIGKILL');
    expect(await answeringPod()).toMatch(/^web-/);
    const line = [...(await containers('web-')).values()].find((one) => !one.includes('POD')) ?? '';
    const running = async () =>
      (await product.docker('ps', '-q', '--filter', 'label=io.kubernetes.pod.namespace=demo')).split('\n').length;
    const count = await running();
    await product.docker('kill', line.split(' ')[1] ?? '');
    await until('the killed container runs again, by the agent alone', async () => (await running()) === count);
    await until('the Service answers', async () => (await answeringPod()).startsWith('web-'));
    await product.start();
    await product.untilTrue('web');
  });

  it('leaves containers and the agent running when the control plane is ended with Ctrl-C, and adopts them', async () => {
    const before = await until('four containers run', async () => {
      const found = await containers('');
      return found.size === 4 && found;
    });
    const agent = await product.agentPid();
    expect(await product.stopServer('SIGINT')).toBe(0);
    expect(await containers('')).toEqual(before);
    await product.start();
    expect(await product.agentPid()).toBe(agent);
    await product.untilTrue('web');
    expect(await containers('')).toEqual(before);
  });
});
