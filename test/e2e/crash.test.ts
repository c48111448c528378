import { spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, PODS, type Pod } from '#api';
import { errorCode } from '#base';
import type { Client } from '#client';
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

/**
 * One new connection through the NodePort on loopback. `fetch` would keep connections to the pods that answered before,
 * and never meet the one that is dead.
 */
const freshAnswer = (timeoutMs = 4_000) =>
  new Promise<string>((resolve, reject) => {
    const request = http.get('http://127.0.0.1:30080/pod', { agent: false, timeout: timeoutMs }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve((JSON.parse(text) as { pod: string }).pod));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.once('error', reject);
  });

/** Ends the agent without warning, and answers how it was started. */
async function killAgent(): Promise<readonly string[]> {
  const pid = await product.agentPid();
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  process.kill(pid, 'SIGKILL');
  return command;
}

/** Starts an agent as the control plane would, were it there. */
function startAgent([program = '', ...args]: readonly string[]): void {
  spawn(program, args, { detached: true, stdio: 'ignore' }).unref();
}

/** Containers of the web pods that serve, with their ids. */
const webContainers = async () => [...(await containers('web-')).values()].map((line) => line.split(' ')[1] ?? '');

const ready = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

const isColoured = (pod: Pod, colour: string) =>
  pod.spec.containers[0]?.env?.some(({ value }) => value === colour) ?? false;

/** Containers of the web pods by id, each with the colour it was started with. */
async function webColours(): Promise<ReadonlyMap<string, string>> {
  const ids = await webContainers();
  if (ids.length === 0) return new Map();
  const format = '{{.Id}}{{range .Config.Env}} {{.}}{{end}}';
  const lines = await product.docker('inspect', '--format', format, ...ids);
  return new Map(
    lines.split('\n').map((line) => [line.split(' ')[0] ?? '', /\bCOLOR=(\S+)/.exec(line)?.[1] ?? 'no colour']),
  );
}

/** How often the containers of the web pods were restarted, as their status tells. */
async function restartsOfWeb(client: Client): Promise<readonly (number | undefined)[]> {
  const { items } = await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' });
  return items.map(({ status }) => status?.containerStatuses?.[0]?.restartCount);
}

/** Programs that write at the same time, so that some write is always under way. */
const WRITERS = ['a', 'b', 'c', 'd'];

/** Makes one ConfigMap after the other until the server is gone, and names those that it said it has. */
async function writeUntilRefused(client: Client, writer: string, acknowledged: string[]): Promise<void> {
  for (let index = 0; ; index += 1) {
    const name = `acknowledged-${writer}-${index}`;
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } };
    try {
      await client.create(CONFIG_MAPS, map);
    } catch (error) {
      expect(errorCode(error)).toBe('ServerUnreachable');
      return;
    }
    acknowledged.push(name);
  }
}

describe('crashes', () => {
  it('ends in the declared state when the control plane is killed in the middle of a rollout', async () => {
    const clock = await containers('clock-');
    const client = await product.client();
    const file = path.join(product.demo, 'web/deployment.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('value: blue', 'value: purple'));
    const commit = await product.commit('Paint it purple');
    const acknowledged: string[] = [];
    const writers = WRITERS.map((writer) => writeUntilRefused(client, writer, acknowledged));
    await until('the rollout has begun', async () => {
      const { items } = await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' });
      return items.some((pod) => isColoured(pod, 'purple'));
    });
    await until('writes are under way', () => acknowledged.length > WRITERS.length);
    await product.stopServer('SIGKILL');
    await Promise.all(writers);
    // What the engine runs shows how far the rollout had come; without a control plane it comes no further.
    const atKill = await webColours();
    expect([...atKill.values()], 'colours when it was killed').toContain('blue');
    const newAtKill = [...atKill].filter(([, colour]) => colour === 'purple').map(([id]) => id);
    await product.start();
    await product.untilTrue('web', commit);
    const again = await product.client();
    const { items } = await again.list(CONFIG_MAPS, { namespace: 'default' });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(acknowledged));
    await until('only new pods are left', async () => {
      const colours = [...(await webColours()).values()];
      return colours.length === 3 && colours.every((colour) => colour === 'purple');
    });
    expect([...(await webColours()).keys()]).toEqual(expect.arrayContaining(newAtKill));
    expect(await restartsOfWeb(again)).toEqual([0, 0, 0]);
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

  it('ends in the declared state when the agent is killed in the middle of a rollout', async () => {
    const clock = await containers('clock-');
    const client = await product.client();
    const file = path.join(product.demo, 'web/deployment.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('value: purple', 'value: orange'));
    const commit = await product.commit('Paint it orange');
    const isOrange = (pod: Pod) => isColoured(pod, 'orange');
    const webPods = async () => (await client.list(PODS, { namespace: 'demo', labelSelector: 'app=web' })).items;
    await until('the first new pod is Ready and old ones are left', async () => {
      const pods = await webPods();
      return pods.some((pod) => isOrange(pod) && ready(pod)) && pods.some((pod) => !isOrange(pod));
    });
    const survivors = new Set(
      (await webPods()).filter((pod) => isOrange(pod) && ready(pod)).map(({ metadata }) => metadata.name),
    );
    const before = [...(await containers('web-')).values()].filter((line) => survivors.has(line.split(' ')[0] ?? ''));
    expect(before).not.toEqual([]);
    const pid = await product.agentPid();
    await killAgent();
    expect([...(await webColours()).values()], 'colours when it was killed').toContain('purple');
    // The control plane starts it again by itself.
    await until('another agent runs', async () => (await product.agentPid().catch(() => pid)) !== pid);
    await product.untilTrue('web', commit);
    const after = await until('only new pods are left', async () => {
      const pods = await webPods();
      const found = await containers('web-');
      return pods.length === 3 && found.size === 3 && pods.every((pod) => isOrange(pod) && ready(pod)) && found;
    });
    expect([...after.values()]).toEqual(expect.arrayContaining(before));
    expect(await restartsOfWeb(client)).toEqual([0, 0, 0]);
    expect(await containers('clock-')).toEqual(clock);
  });

  describe('while the control plane is down', () => {
    beforeAll(async () => {
      await product.stopServer('SIGKILL');
    });
    afterAll(async () => {
      await product.start();
      await product.untilTrue('web');
    });

    it('answers every new connection though a pod is dead, and brings the pod back', async () => {
      expect(await answeringPod()).toMatch(/^web-/);
      const [first = '', ...others] = await webContainers();
      const count = others.length + 1;
      // A second death in a row makes it wait ten seconds: time in which it is dead for sure.
      await product.docker('kill', first);
      const again = await until('it runs again, by the agent alone', async () => {
        const now = await webContainers();
        return now.length === count && now.find((id) => !others.includes(id));
      });
      await product.docker('kill', again);
      const answers = await Promise.all(Array.from({ length: 60 }, () => freshAnswer()));
      expect(await webContainers()).toEqual(others); // it was dead all the time
      expect(new Set(answers).size).toBe(count - 1);
      await until('it runs once more', async () => (await webContainers()).length === count);
    });

    it('takes over again by a new agent alone: routes, names and what died meanwhile', async () => {
      const before = await containers('');
      const command = await killAgent();
      const [dead = ''] = await webContainers();
      await product.docker('kill', dead);
      // Nobody listens on loopback while there is no agent.
      await expect(freshAnswer()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      startAgent(command);
      const fromMs = performance.now();
      await until('loopback answers', () => freshAnswer().catch(() => false), 20_000);
      expect(performance.now() - fromMs, 'ms until the node port answers').toBeLessThan(8_000);
      const resolver = new Resolver();
      resolver.setServers(['10.96.0.10']);
      await until(
        'names are answered',
        () => resolver.resolve4('web.demo.svc.cluster.local').catch(() => false),
        20_000,
      );
      await until('what died runs again', async () => (await containers('')).size === before.size);
      const after = await containers('');
      for (const [id, line] of before) if (id !== dead) expect(after.get(id)).toBe(line);
    });
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
