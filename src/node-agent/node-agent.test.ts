import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ApiError,
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  EVENTS,
  type Json,
  type KubeObject,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  NODES,
  PERSISTENT_VOLUMES,
  PODS,
  type Pod,
  SECRETS,
  SERVICES,
  VOLUME_NODE_LABEL,
} from '#api';
import { errorCode, silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createFakeNetwork, type FakeNetwork } from '#network';
import { createHollowRuntime, type HollowProcess, type HollowRuntime, RuntimeError } from '#runtime';
import { createApi, createLocalClient } from '#server';
import { createMemoryStore } from '#store';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import type { ControlConnection, ControlMessage } from './control.ts';
import { createNodeAgent, type NodeAgentDeps } from './node-agent.ts';
import { removeAgentFolder } from './volumes/pod-folders.ts';

const NODE = 'node-1';
const DEADLINE_MS = 60_000;

/** What lies in a folder; nothing in one that is not there. */
const namesIn = (folder: string) =>
  readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });

/** A control connection whose other end is the test. */
function fakeControl(): ControlConnection & {
  readonly answers: Map<string, string>;
  ask(message: ControlMessage): void;
} {
  const waiting: ControlMessage[] = [];
  let wake: (() => void) | undefined;
  const answers = new Map<string, string>();
  return {
    answers,
    ask(message) {
      waiting.push(message);
      wake?.();
    },
    async *messages(signal) {
      signal.addEventListener('abort', () => wake?.());
      while (!signal.aborted) {
        for (const message of waiting.splice(0)) yield message;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async send(ticket, body) {
      let text = '';
      for await (const chunk of body) text += Buffer.from(chunk).toString();
      answers.set(ticket, text);
    },
    dial: () => Promise.reject(new Error('nobody asks for a session')),
    refuse: async (ticket, reason) => void answers.set(ticket, `refused: ${reason}`),
  };
}

describe('src/node-agent/node-agent.ts', () => {
  let stateDir: string;
  let client: Client;
  let runtime: HollowRuntime;
  let network: FakeNetwork;
  let control: ReturnType<typeof fakeControl>;
  let behave: (command: readonly string[]) => HollowProcess;
  let stop: () => Promise<void>;
  const closers: (() => Promise<void>)[] = [];

  const startAgent = (more: Partial<NodeAgentDeps> = {}) => {
    const abort = new AbortController();
    network = createFakeNetwork();
    const agent = createNodeAgent({
      client,
      runtime,
      createNetwork: () => network,
      control,
      clock: systemClock,
      log: silentLog,
      nodeName: NODE,
      stateDir,
      address: '192.0.2.1',
      version: 'test',
      ...more,
    });
    const running = agent.run(abort.signal);
    stop = async () => {
      abort.abort();
      await running;
    };
  };

  const giveRange = () =>
    until(
      'the node registers',
      async () => {
        if ((await client.get(NODES, { name: NODE })) === undefined) return false;
        await client.patch(NODES, { name: NODE }, { type: 'merge', body: { spec: { podCIDR: '10.244.1.0/24' } } });
        return true;
      },
      DEADLINE_MS,
    );

  beforeEach(async () => {
    stateDir = await mkdtemp(path.join(tmpdir(), 'plumb-agent-'));
    const store = createMemoryStore({ clock: systemClock });
    const api = await createApi({ store, clock: systemClock, log: silentLog });
    client = createLocalClient(api, {
      user: { name: 'admin', groups: ['system:masters'] },
      userAgent: 'test/1',
    });
    closers.push(async () => {
      await api.close();
      await store.close();
    });
    behave = () => ({ stopCode: 0 });
    runtime = createHollowRuntime({
      clock: systemClock,
      images: ['local/app:1', 'local/app:2'],
      registry: ['local/pulled:1'],
      behave: (config) => behave(config.command ?? []),
    });
    control = fakeControl();
    startAgent();
    await giveRange();
  });

  afterEach(async () => {
    await stop();
    for (const close of closers.splice(0)) await close();
    await removeAgentFolder(stateDir);
  });

  /** Waits for an event of a pod, in these words. */
  const told = (name: string, reason: string, message: string) =>
    until(
      `${name}: ${reason}: ${message}`,
      async () => {
        const { items } = await client.list(EVENTS, { namespace: 'default' });
        const ofPod = items.filter(({ involvedObject }) => involvedObject.name === name);
        if (ofPod.some((event) => event.reason === reason && event.message === message)) return true;
        throw new Error(ofPod.map((event) => `${event.reason}: ${event.message}`).join('; '));
      },
      DEADLINE_MS,
    );
  const podOf = (
    name: string,
    spec: Record<string, unknown> = {},
    container: Record<string, unknown> = {},
  ): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      nodeName: NODE,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: 'local/app:1', command: ['serve'], ...container }],
      ...spec,
    },
  });

  const get = (name: string) => client.get(PODS, { namespace: 'default', name });
  const conditionOf = (pod: Pod | undefined, type: string) =>
    pod?.status?.conditions?.find((condition) => condition.type === type)?.status;
  const ready = (name: string) =>
    until(
      `${name} is ready`,
      async () => {
        const pod = await get(name);
        return conditionOf(pod, 'Ready') === 'True' ? pod : undefined;
      },
      DEADLINE_MS,
    );
  const sees = (name: string, what: (pod: Pod) => boolean) =>
    until(
      `${name} as wanted`,
      async () => {
        const pod = await get(name);
        return pod !== undefined && what(pod) ? pod : undefined;
      },
      DEADLINE_MS,
    );
  const containersOf = async (name: string) => (await runtime.listContainers()).filter(({ pod }) => pod.name === name);

  it('registers its node, with what the host has and how it is', async () => {
    const node = await until('the node is ready', async () => {
      const found = await client.get(NODES, { name: NODE });
      return found?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' ? found : undefined;
    });
    expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' });
    expect(node.status?.allocatable).toMatchObject({ cpu: '4', pods: '110' });
    expect(node.status?.addresses).toContainEqual({ type: 'InternalIP', address: '192.0.2.1' });
    expect(node.status?.nodeInfo?.containerRuntimeVersion).toBe('hollow://1.0.0');
  });

  it('runs a pod that is bound to it, with an address of its range', async () => {
    await client.create(PODS, podOf('web'));
    const pod = await ready('web');
    expect(pod.status).toMatchObject({ phase: 'Running', podIP: '10.244.1.2', hostIP: '192.0.2.1' });
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      name: 'app',
      ready: true,
      started: true,
      restartCount: 0,
    });
    expect(network.pods.get(pod.metadata.uid)).toMatchObject({ ip: '10.244.1.2' });
  });

  it('settles: an unchanged pod is not written again', async () => {
    await client.create(PODS, podOf('calm'));
    const { metadata } = await ready('calm');
    runtime.control.resync();
    await client.create(PODS, podOf('other'));
    await ready('other');
    expect((await get('calm'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('restarts a container that ends, at once the first time, and counts', async () => {
    await client.create(PODS, podOf('crash'));
    await ready('crash');
    const [container] = await containersOf('crash');
    runtime.control.exit(container?.id ?? '', 3);
    const pod = await sees(
      'crash',
      ({ status }) =>
        status?.containerStatuses?.[0]?.restartCount === 1 && conditionOf({ status } as Pod, 'Ready') === 'True',
    );
    expect(pod.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  });

  it('backs off from the second crash on, and says so', async () => {
    behave = () => ({ exitAfterMs: 1, exitCode: 1 });
    await client.create(PODS, podOf('loop'));
    const pod = await sees(
      'loop',
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      ready: false,
      state: { waiting: { message: expect.stringContaining('back-off 10s restarting failed container=app') } },
      lastState: { terminated: { exitCode: 1 } },
    });
    await told('loop', 'BackOff', `Back-off restarting failed container app in pod loop_default(${pod.metadata.uid})`);
  });

  it('makes everything anew when the sandbox dies', async () => {
    const container = (name: string) => ({ name, image: 'local/app:1', command: ['serve'] });
    await client.create(PODS, podOf('sandboxed', { containers: [container('app'), container('helper')] }));
    await ready('sandboxed');
    const before = (await runtime.listSandboxes()).find(({ pod }) => pod.name === 'sandboxed');
    runtime.control.killSandbox(before?.id ?? '');
    const pod = await sees(
      'sandboxed',
      ({ status }) => status?.containerStatuses?.every(({ restartCount }) => restartCount === 1) === true,
    );
    await ready('sandboxed');
    const after = (await runtime.listSandboxes()).filter((sandbox) => sandbox.pod.name === 'sandboxed');
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({ state: 'ready', attempt: 1 });
    expect(pod.status?.podIP).toBe('10.244.1.2');
  });

  it('gives a pod of one container no sandbox, and the same address after a restart', async () => {
    await client.create(PODS, podOf('alone'));
    const { metadata } = await ready('alone');
    expect(await runtime.listSandboxes()).toEqual([]);
    const [first] = await containersOf('alone');
    expect(network.pods.get(metadata.uid)).toMatchObject({ ip: '10.244.1.2', pid: first?.pid });
    runtime.control.exit(first?.id ?? '', 0);
    const pod = await sees('alone', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    await ready('alone');
    expect(pod.status?.podIP).toBe('10.244.1.2');
    const second = (await containersOf('alone')).find(({ state }) => state === 'running');
    expect(network.pods.get(metadata.uid)).toMatchObject({ ip: '10.244.1.2', pid: second?.pid });
  });

  it('stops a deleted pod, reports its end, and takes it out of the API', async () => {
    await client.create(PODS, podOf('leaving'));
    const { metadata } = await ready('leaving');
    await client.delete(PODS, { namespace: 'default', name: 'leaving' });
    await until('it is gone', async () => (await get('leaving')) === undefined, DEADLINE_MS);
    await until('nothing is left', async () => (await containersOf('leaving')).length === 0, DEADLINE_MS);
    expect((await runtime.listSandboxes()).some(({ pod }) => pod.name === 'leaving')).toBe(false);
    expect(network.pods.has(metadata.uid)).toBe(false);
  });

  it('kills at once what was told to stop and hears no signal, when the pod is then deleted by force', async () => {
    behave = () => ({});
    await client.create(PODS, podOf('stubborn', { terminationGracePeriodSeconds: 3_600 }));
    await ready('stubborn');
    await client.delete(PODS, { namespace: 'default', name: 'stubborn' });
    await told('stubborn', 'Killing', 'Stopping container app');
    expect(await containersOf('stubborn')).toMatchObject([{ state: 'running' }]);
    await client.delete(PODS, { namespace: 'default', name: 'stubborn' }, { gracePeriodSeconds: 0 });
    await until('nothing is left', async () => (await containersOf('stubborn')).length === 0, DEADLINE_MS);
  });

  it('tears down a pod that vanished from the API', async () => {
    await client.create(PODS, podOf('forced'));
    await ready('forced');
    await client.delete(PODS, { namespace: 'default', name: 'forced' }, { gracePeriodSeconds: 0 });
    await until('nothing is left', async () => (await containersOf('forced')).length === 0, DEADLINE_MS);
  });

  it('adopts running pods after its own restart: no container is restarted, no status changes', async () => {
    await client.create(PODS, podOf('kept'));
    const before = await ready('kept');
    const [container] = await containersOf('kept');
    await stop();
    startAgent();
    await until('it is attached again', () => network.pods.has(before.metadata.uid), DEADLINE_MS);
    await client.create(PODS, podOf('newcomer'));
    const newcomer = await ready('newcomer');
    expect(newcomer.status?.podIP).not.toBe(before.status?.podIP);
    expect((await containersOf('kept')).map(({ id }) => id)).toEqual([container?.id]);
    expect((await get('kept'))?.status).toEqual(before.status);
    expect((await get('kept'))?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('removes pods that were deleted while it was away', async () => {
    await client.create(PODS, podOf('meanwhile'));
    await ready('meanwhile');
    await stop();
    await client.delete(PODS, { namespace: 'default', name: 'meanwhile' }, { gracePeriodSeconds: 0 });
    startAgent();
    await until('nothing is left', async () => (await containersOf('meanwhile')).length === 0, DEADLINE_MS);
  });

  it('gives back the volume of a pod that left while it was away, though it looked at the volume first', async () => {
    await stop();
    const name = 'v1';
    await client.create(PERSISTENT_VOLUMES, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, labels: { [VOLUME_NODE_LABEL]: NODE }, finalizers: [NODE_LOCAL_FINALIZER] },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: NODE_LOCAL, volumeHandle: name },
        persistentVolumeReclaimPolicy: 'Delete',
      },
    });
    await client.delete(PERSISTENT_VOLUMES, { name });
    const patch = (body: Json, options?: { subresource: 'status' }) =>
      client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body }, options);
    await patch({ metadata: { finalizers: [NODE_LOCAL_FINALIZER] } });
    await patch({ status: { phase: 'Released' } }, { subresource: 'status' });
    const left = path.join(stateDir, 'pods', 'uid-of-one-that-left');
    await mkdir(left, { recursive: true });
    const mount = { volume: name, source: { type: 'folder', handle: name }, readOnly: false, exclusive: false };
    await writeFile(path.join(left, 'claims.json'), JSON.stringify({ disk: mount }));

    // Which pods there are is told when the volume has been looked at.
    let looks = 0;
    const list: Client['list'] = async (type, options) => {
      if (type.plural === PODS.plural) await until('the volume was looked at', () => looks > 1, DEADLINE_MS);
      const answer = await client.list(type, options);
      if (type.plural === PERSISTENT_VOLUMES.plural) looks += 1;
      return answer;
    };
    startAgent({ client: { ...client, list } });
    await until('it is gone', async () => (await client.get(PERSISTENT_VOLUMES, { name })) === undefined, DEADLINE_MS);
  });

  it('tells at the Service and the Node that another program holds a NodePort, and when it is over', async () => {
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'NodePort', clusterIP: '10.96.5.5', ports: [{ port: 80, nodePort: 30_080 }] },
    });
    await until('it is routed', () => network.routes.some(({ nodePort }) => nodePort === 30_080), DEADLINE_MS);
    network.tellNodePortProblems([{ address: '127.0.0.1', port: 30_080, reason: 'EADDRINUSE' }]);
    const event = await until(
      'the event',
      async () => (await client.list(EVENTS)).items.find(({ reason }) => reason === 'NodePortTaken'),
      DEADLINE_MS,
    );
    expect(event).toMatchObject({ type: 'Warning', involvedObject: { kind: 'Service', name: 'web' } });
    expect(event.message).toContain('NodePort 30080 does not answer on 127.0.0.1: another program holds it');
    const condition = async () =>
      (await client.get(NODES, { name: NODE }))?.status?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
    await until('the Node says it', async () => (await condition())?.reason === 'NodePortTaken', DEADLINE_MS);
    expect(await condition()).toMatchObject({ status: 'False', message: 'another program holds 127.0.0.1:30080' });
    network.tellNodePortProblems([]);
    await until('it is over', async () => (await condition())?.reason === 'NetworkReady', DEADLINE_MS);
  });

  const hostPort = { ports: [{ containerPort: 8080, hostPort: 8_081, hostIP: '127.0.0.1' }] };
  const led = (...pods: readonly string[]) =>
    until(
      `host ports lead to ${pods.join(', ')}`,
      () => network.hostPorts.map(({ pod }) => pod).join() === pods.map((name) => `default/${name}`).join(),
      DEADLINE_MS,
    );

  it('leads host ports to a pod while it has containers, and no longer', async () => {
    await client.create(PODS, podOf('plain'));
    behave = () => ({});
    await client.create(PODS, podOf('web', { terminationGracePeriodSeconds: 2 }, hostPort));
    const { status } = await ready('web');
    await led('web');
    const backend = { ip: status?.podIP, port: 8080 };
    expect(network.hostPorts).toEqual([
      { pod: 'default/web', protocol: 'TCP', hostPort: 8_081, hostIP: '127.0.0.1', backend },
    ]);
    await client.delete(PODS, { namespace: 'default', name: 'web' });
    await sees('web', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(network.hostPorts).toHaveLength(1);
    await led();
  });

  it('leads host ports again after it was started anew, before anything else, with the control plane down', async () => {
    await client.create(PODS, podOf('web', {}, hostPort));
    await ready('web');
    await led('web');
    await stop();
    const refuse = () => Promise.reject(new ApiError('ServiceUnavailable', 'down'));
    const dead = async function* (): AsyncGenerator<never> {
      yield await refuse();
    };
    startAgent({ client: { ...client, get: refuse, list: refuse, patch: refuse, watch: dead } });
    await until('the pod is attached again', () => network.pods.size === 1, DEADLINE_MS);
    await led('web');
    expect(network.calls.indexOf('setHostPorts')).toBeLessThan(network.calls.indexOf('start'));
    await stop();
    await client.delete(PODS, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });

    startAgent();
    await led();
  });

  it('leads host ports to no pod that ran before the machine stopped and runs no more', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'db-1', controller: true };
    const { metadata, ...rest } = podOf('db-0', {}, hostPort);
    await client.create(PODS, { ...rest, metadata: { ...metadata, ownerReferences: [owner] } });
    await ready('db-0');
    await led('db-0');
    await stop();
    runtime.control.halt();
    const refuse = () => Promise.reject(new ApiError('ServiceUnavailable', 'down'));
    const dead = async function* (): AsyncGenerator<never> {
      yield await refuse();
    };
    startAgent({ client: { ...client, get: refuse, list: refuse, patch: refuse, watch: dead } });
    await until('it has started', () => network.running, DEADLINE_MS);
    await led();
  });

  it('tries host ports again that could not be set', async () => {
    network.failNext('setHostPorts', new Error('busy'));
    await client.create(PODS, podOf('web', {}, hostPort));
    await ready('web');
    await led('web');
  });

  it('tells at the pod that another program holds its host port', async () => {
    await client.create(PODS, podOf('web', {}, hostPort));
    await ready('web');
    network.tellNodePortProblems([{ address: '127.0.0.1', port: 8_081, reason: 'EADDRINUSE' }]);
    const words =
      'HostPort 8081 does not answer on 127.0.0.1: another program holds it. It is taken as soon as it is free.';
    await told('web', 'HostPortTaken', words);
  });

  it('sends no connection to a pod of its own that is down, whatever the API says', async () => {
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { clusterIP: '10.96.5.5', ports: [{ port: 80 }] },
    });
    const started = Array.from({ length: 2 }, async (_, index) => {
      await client.create(PODS, podOf(`web-${index}`));
      return ready(`web-${index}`);
    });
    const [first, second] = await Promise.all(started);
    const endpoints = [first, second].map((pod) => ({
      addresses: [pod?.status?.podIP ?? ''],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: 'default', name: pod?.metadata.name ?? '', uid: pod?.metadata.uid ?? '' },
    }));
    await client.create(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints,
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    });
    const backends = () => network.routes.flatMap((route) => route.backends.map(({ ip }) => ip));
    const ip = (pod: Pod | undefined) => pod?.status?.podIP ?? '';
    await until('both are backends', () => backends().length === 2, DEADLINE_MS);
    // No controller runs here: the slice goes on saying that both are ready.
    const crash = async () =>
      runtime.control.exit((await containersOf('web-0')).find(({ state }) => state === 'running')?.id ?? '', 1);
    const restarts = () => get('web-0').then((pod) => pod?.status?.containerStatuses?.[0]?.restartCount);
    await crash();
    await until('it is back', async () => (await restarts()) === 1 && backends().length === 2, DEADLINE_MS);
    await crash(); // now it waits ten seconds
    await until('the other is the only backend', () => backends().length === 1, DEADLINE_MS);
    expect(backends()).toEqual([ip(second)]);
  });

  it('goes on with the control plane down: pods restart, Services stay, nothing is taken for deleted', async () => {
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { clusterIP: '10.96.5.5', ports: [{ port: 80 }] },
    });
    await client.create(PODS, podOf('lonely'));
    const { metadata } = await ready('lonely');
    await until(
      'the Service is routed',
      () => network.routes.some(({ service }) => service === 'default/web:80'),
      DEADLINE_MS,
    );
    await stop();

    const refuse = () => Promise.reject(new ApiError('ServiceUnavailable', 'down'));
    const down = {
      get: refuse,
      list: refuse,
      create: refuse,
      update: refuse,
      patch: refuse,
      apply: refuse,
      delete: refuse,
      requestToken: refuse,
    };
    const dead = async function* (): AsyncGenerator<never> {
      yield await refuse();
    };
    startAgent({ client: { ...down, watch: dead, logs: dead } });
    await until('the pod is attached again', () => network.pods.has(metadata.uid), DEADLINE_MS);
    const [first] = await containersOf('lonely');
    runtime.control.exit(first?.id ?? '', 1);
    await until(
      'it runs again',
      async () => (await containersOf('lonely')).some(({ attempt, state }) => attempt === 1 && state === 'running'),
      DEADLINE_MS,
    );
    expect(network.routes.map(({ service }) => service)).toContain('default/web:80');
    expect([...network.records.a.keys()]).toContain('web.default.svc.cluster.local');
    await stop();

    startAgent();
    const pod = await sees('lonely', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    expect(pod.metadata.uid).toBe(metadata.uid);
  });

  it('starts no pod of a StatefulSet again from memory: it may run elsewhere by now', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'db-1', controller: true };
    const { metadata, ...rest } = podOf('db-0');
    await client.create(PODS, { ...rest, metadata: { ...metadata, ownerReferences: [owner] } });
    await client.create(PODS, podOf('other'));
    await Promise.all([ready('db-0'), ready('other')]);
    await stop();
    runtime.control.halt();

    const refuse = () => Promise.reject(new ApiError('ServiceUnavailable', 'down'));
    const dead = async function* (): AsyncGenerator<never> {
      yield await refuse();
    };
    startAgent({ client: { ...client, get: refuse, list: refuse, patch: refuse, watch: dead } });
    const runs = async (name: string) => (await containersOf(name)).some(({ state }) => state === 'running');
    await until('the other one runs again', () => runs('other'), DEADLINE_MS);
    expect(await runs('db-0')).toBe(false);
    await stop();

    startAgent();
    await until('it runs again once the API was asked', () => runs('db-0'), DEADLINE_MS);
  });

  it('is not ready after the engine missed three checks, and is again when it answers', async () => {
    await stop();
    const clock = new FakeClock(Date.now());
    startAgent({ clock });
    const status = async () =>
      (await client.get(NODES, { name: NODE }))?.status?.conditions?.find(({ type }) => type === 'Ready');
    const said = (word: string) =>
      until(
        `the node says ${word}`,
        async () => {
          await clock.advance(1_000);
          return (await status())?.status === word ? await status() : undefined;
        },
        DEADLINE_MS,
      );
    await until(
      'the agent runs',
      async () => {
        await clock.advance(1_000);
        return network.running;
      },
      DEADLINE_MS,
    );
    for (let miss = 0; miss < 4; miss += 1) {
      runtime.control.failNext('version', new RuntimeError('EngineUnavailable', 'gone'));
    }
    expect(await said('False')).toMatchObject({
      reason: 'ContainerRuntimeNotReady',
      message: expect.stringContaining('gone'),
    });
    await said('True');
  });

  it('runs without the rights to touch the network, and says so', async () => {
    await stop();
    const support = {
      ok: false,
      lacks: 'rights',
      reason: 'no CAP_NET_ADMIN',
      remedy: 'start the agent as root',
    } as const;
    startAgent({ createNetwork: () => createFakeNetwork(support) });
    // While the network is set up the condition stands as well, with other words.
    await until(
      'the condition is told, and why',
      async () => {
        const { status } = (await client.get(NODES, { name: NODE })) ?? {};
        const told = status?.conditions?.find(({ reason }) => reason === 'NetworkRightsMissing');
        return told?.message === 'no CAP_NET_ADMIN. start the agent as root';
      },
      DEADLINE_MS,
    );
    await client.create(PODS, podOf('islanded'));
    await ready('islanded');
  });

  it('restarts the container whose image changed, in its place', async () => {
    await client.create(PODS, podOf('updated'));
    await ready('updated');
    await client.patch(
      PODS,
      { namespace: 'default', name: 'updated' },
      { type: 'strategic', body: { spec: { containers: [{ name: 'app', image: 'local/app:2' }] } } },
    );
    const pod = await sees('updated', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
    expect(pod.status?.containerStatuses?.[0]?.image).toContain('local/app:2');
  });

  it('says which ConfigMap is missing, and starts as soon as it is there', async () => {
    await client.create(
      PODS,
      podOf('waits', {}, { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }] }),
    );
    const pod = await sees(
      'waits',
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "settings" not found');
    await client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data: { a: '1' },
    });
    await ready('waits');
  });

  it('brings mounted files up to date without a restart', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'files', namespace: 'default' } };
    await client.create(CONFIG_MAPS, { ...map, data: { 'greeting.txt': 'old' } });
    await client.create(
      PODS,
      podOf(
        'mounted',
        { volumes: [{ name: 'content', configMap: { name: 'files' } }] },
        { volumeMounts: [{ name: 'content', mountPath: '/content' }] },
      ),
    );
    const { metadata } = await ready('mounted');
    const file = path.join(stateDir, 'pods', metadata.uid, 'volumes', 'content', 'greeting.txt');
    expect(await readFile(file, 'utf8')).toBe('old');
    await client.patch(CONFIG_MAPS, map.metadata, { type: 'merge', body: { data: { 'greeting.txt': 'new' } } });
    await until('the file changed', async () => (await readFile(file, 'utf8')) === 'new', DEADLINE_MS);
    // The next agent goes on where this one ended.
    await stop();
    const change = (text: string) =>
      client.patch(CONFIG_MAPS, map.metadata, { type: 'merge', body: { data: { 'greeting.txt': text } } });
    await change('newer');
    startAgent();
    await until('the file changed again', async () => (await readFile(file, 'utf8')) === 'newer', DEADLINE_MS);
    await change('newest');
    await until('the file is kept', async () => (await readFile(file, 'utf8')) === 'newest', DEADLINE_MS);
    expect((await get('mounted'))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it('pulls what is not there, and says clearly when it cannot', async () => {
    await client.create(PODS, podOf('pulls', {}, { image: 'local/pulled:1', imagePullPolicy: 'IfNotPresent' }));
    await ready('pulls');
    await client.create(PODS, podOf('cannot', {}, { image: 'local/nowhere:1' }));
    const pod = await sees(
      'cannot',
      ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
    );
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain('local/nowhere:1');
    await told('cannot', 'BackOff', 'Back-off pulling image "local/nowhere:1"');
    await told('cannot', 'Failed', 'Error: ImagePullBackOff');
    await client.create(PODS, podOf('never', {}, { image: 'local/nowhere:1', imagePullPolicy: 'Never' }));
    await sees('never', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImageNeverPull');
  });

  it('pulls all the same when a pull secret is not there, and says so', async () => {
    const spec = { imagePullSecrets: [{ name: 'absent' }] };
    await client.create(PODS, podOf('secretless', spec, { image: 'local/pulled:1', imagePullPolicy: 'Always' }));
    await ready('secretless');
    await told(
      'secretless',
      'FailedToRetrieveImagePullSecret',
      'Unable to retrieve some image pull secrets (absent: it is not there); attempting to pull the image may not succeed.',
    );
  });

  it('runs init containers in order before the others, and ends a pod that runs to completion', async () => {
    behave = ([word]) => (word === 'serve' ? { exitAfterMs: 5, exitCode: 0 } : { exitAfterMs: 1, exitCode: 0 });
    const init = (name: string) => ({ name, image: 'local/app:1', command: [name] });
    await client.create(PODS, podOf('job', { restartPolicy: 'Never', initContainers: [init('one'), init('two')] }));
    const pod = await sees('job', ({ status }) => status?.phase === 'Succeeded');
    const started = (await containersOf('job')).map(({ name }) => name);
    expect(started).toEqual(['one', 'two', 'app']);
    expect(conditionOf(pod, 'Initialized')).toBe('True');
    await until('its sandbox is gone', async () =>
      (await runtime.listSandboxes()).every(({ pod: { name } }) => name !== 'job'),
    );
  });

  it('asks nothing else, and calls nothing started, until the startup probe has succeeded', async () => {
    let execCode = 1;
    behave = () => ({
      stopCode: 0,
      get execCode() {
        return execCode;
      },
    });
    const ask = { exec: { command: ['check'] }, periodSeconds: 1 };
    const probes = {
      startupProbe: { ...ask, failureThreshold: 600 },
      livenessProbe: { ...ask, failureThreshold: 1 },
      readinessProbe: { ...ask, failureThreshold: 1 },
    };
    await client.create(PODS, podOf('slow', {}, probes));
    const stateOf = ({ status }: Pod) => status?.containerStatuses?.[0];
    const waits = await sees('slow', (pod) => stateOf(pod)?.state?.running !== undefined);
    expect(stateOf(waits)).toMatchObject({ started: false, ready: false, restartCount: 0 });
    await until(
      'the startup probe has failed more than once',
      async () => {
        const { items } = await client.list(EVENTS, { namespace: 'default' });
        const failed = items.filter(({ reason, message }) => reason === 'Unhealthy' && message?.startsWith('Startup'));
        return failed.some(({ count = 1 }) => count > 1);
      },
      DEADLINE_MS,
    );
    expect(stateOf((await get('slow')) as Pod)).toMatchObject({ started: false, ready: false, restartCount: 0 });
    execCode = 0;
    await ready('slow');
    execCode = 1;
    const restarted = await sees('slow', (pod) => stateOf(pod)?.restartCount === 1);
    expect(stateOf(restarted)?.restartCount).toBe(1);
  });

  it('restarts a container whose liveness probe fails', async () => {
    behave = () => ({ stopCode: 0, execCode: 1 });
    await client.create(
      PODS,
      podOf('sick', {}, { livenessProbe: { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 } }),
    );
    await sees('sick', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
  });

  it('ends the sidecars of a pod after the others, the last first, and the pod with them', async () => {
    behave = ([word]) => (word === 'serve' ? { exitAfterMs: 50, exitCode: 0 } : { stopCode: 0 });
    const sidecar = (name: string) => ({ name, image: 'local/app:1', command: [name], restartPolicy: 'Always' });
    const initContainers = [sidecar('one'), sidecar('two')];
    const ends: (string | undefined)[] = [];
    const abort = new AbortController();
    const listening = (async () => {
      for await (const event of runtime.events(abort.signal)) {
        if (event.type === 'died' && event.pod.name === 'helped') ends.push(event.containerName);
      }
    })();
    await client.create(PODS, podOf('helped', { restartPolicy: 'Never', initContainers }));
    const pod = await sees('helped', ({ status }) => status?.phase === 'Succeeded');
    expect(ends).toEqual(['app', 'two', 'one']);
    abort.abort();
    await listening;
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual([
      'Completed',
      'Completed',
    ]);
  });

  it('kills a container whose start hook fails, without telling what the hook said', async () => {
    behave = () => ({ stopCode: 0, execCode: 1 });
    const postStart = { exec: { command: ['say', 's3cret'] } };
    await client.create(PODS, podOf('hooked', {}, { lifecycle: { postStart } }));
    await sees('hooked', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
    await told('hooked', 'FailedPostStartHook', 'PostStartHook failed');
    await told('hooked', 'Killing', 'FailedPostStartHook');
    const { items } = await client.list(EVENTS, { namespace: 'default' });
    expect(JSON.stringify(items)).not.toContain('s3cret');
  });

  it.each<[string, (port: number) => object]>([
    ['sleeps', () => ({ sleep: { seconds: 3_600 } })],
    ['is a request that nobody answers', (port) => ({ httpGet: { host: '127.0.0.1', port } })],
  ])('waits no longer for a start hook that %s when its container or its pod ends', async (_how, handler) => {
    behave = () => ({}); // It heeds no signal.
    let asked = 0;
    let open = 0;
    const silent = createServer(() => {
      asked += 1;
    });
    silent.on('connection', (socket) => {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
    });
    closers.push(async () => {
      silent.closeAllConnections();
      silent.close();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const postStart = handler((silent.address() as AddressInfo).port);
    // The node's network: the agent itself is the only one who may be asked there.
    const spec = { terminationGracePeriodSeconds: 3_600, hostNetwork: true };
    await client.create(PODS, podOf('hooked', spec, { lifecycle: { postStart } }));
    const running = (count: number) =>
      until(
        `run ${count} of the container waits for its hook`,
        async () => {
          const [one] = (await containersOf('hooked')).filter(
            ({ state, attempt }) => state === 'running' && attempt === count,
          );
          return 'sleep' in postStart || asked > count ? one : undefined;
        },
        DEADLINE_MS,
      );
    runtime.control.exit((await running(0)).id, 3);
    await running(1);
    await client.delete(PODS, { namespace: 'default', name: 'hooked' });
    await until('nothing is asked any more', () => open === 0, DEADLINE_MS);
    expect((await containersOf('hooked')).some(({ state }) => state === 'running')).toBe(true);
    await client.delete(PODS, { namespace: 'default', name: 'hooked' }, { gracePeriodSeconds: 1 });
    await until('nothing is left', async () => (await containersOf('hooked')).length === 0, DEADLINE_MS);
  });

  it('refuses a pod that may not run here, and says why', async () => {
    const sysctls = [{ name: 'kernel.msgmax', value: '1' }];
    await client.create(PODS, podOf('reckless', { securityContext: { sysctls } }));
    const { status } = await sees('reckless', (pod) => pod.status?.phase === 'Failed');
    const message = 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted';
    expect(status).toMatchObject({ reason: 'SysctlForbidden', message });
    await told('reckless', 'SysctlForbidden', message);
    expect(await containersOf('reckless')).toEqual([]);
  });

  it('gives back what the volumes of a pod held once it has ended, and only then', async () => {
    behave = ([command]) => (command === 'once' ? { exitAfterMs: 1, exitCode: 0 } : { stopCode: 0 });
    await client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'word', namespace: 'default' },
      stringData: { word: 'abracadabra' },
    });
    const kept = await mkdtemp(path.join(tmpdir(), 'plumb-kept-'));
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
      { name: 'secret', secret: { secretName: 'word' } },
      { name: 'kept', hostPath: { path: kept } },
    ];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
    await writeFile(path.join(kept, 'data'), 'stays');
    await client.create(PODS, podOf('job', { volumes, restartPolicy: 'Never' }, { command: ['once'], volumeMounts }));
    await client.create(PODS, podOf('server', { volumes }, { volumeMounts }));
    const server = await ready('server');
    const job = await sees('job', ({ status }) => status?.phase === 'Succeeded');
    const held = async ({ metadata }: Pod) =>
      (
        await Promise.all(
          ['pods', 'memory/pods'].map((place) => namesIn(path.join(stateDir, place, metadata.uid, 'volumes'))),
        )
      )
        .flat()
        .sort();
    await until('its volumes are gone', async () => (await held(job)).length === 0);
    // Its files would follow.
    await client.patch(
      PODS,
      { namespace: 'default', name: 'job' },
      { type: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    await client.patch(
      PODS,
      { namespace: 'default', name: 'server' },
      { type: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    await client.create(PODS, podOf('later'));
    await ready('later');
    expect(await held(job)).toEqual([]);
    expect(await held(server)).toEqual(['disk', 'memory', 'secret']);
    expect(await readFile(path.join(kept, 'data'), 'utf8')).toBe('stays');
    expect(await namesIn(path.join(stateDir, 'pods', job.metadata.uid))).toContain('last-words');
    expect(await containersOf('job'), 'its log can still be read').toHaveLength(1);
    await rm(kept, { recursive: true });
  });

  it('ends a pod that has had its time', async () => {
    await client.create(PODS, podOf('timed', { activeDeadlineSeconds: 1 }));
    const { status } = await sees('timed', (pod) => pod.status?.phase === 'Failed');
    expect(status?.reason).toBe('DeadlineExceeded');
    await told('timed', 'DeadlineExceeded', 'Pod was active on the node longer than the specified deadline');
    expect((await containersOf('timed')).map(({ state }) => state)).toEqual(['exited']);
  });

  it('answers questions for logs, and says when there is none', async () => {
    behave = () => ({ stopCode: 0, output: 'one\ntwo' });
    await client.create(PODS, podOf('talks'));
    const { metadata } = await ready('talks');
    const pod = { namespace: 'default', name: 'talks', uid: metadata.uid };
    control.ask({ type: 'log', ticket: 't1', pod, options: { container: 'app', tailLines: 1 } });
    control.ask({ type: 'log', ticket: 't2', pod, options: { container: 'app', previous: true } });
    await until('both are answered', () => control.answers.size === 2, DEADLINE_MS);
    expect(control.answers.get('t1')).toBe('two\n');
    expect(control.answers.get('t2')).toMatch(/^refused: previous terminated container "app"/);
  });
});
