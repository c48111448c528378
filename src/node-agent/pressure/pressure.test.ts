import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENTS, NODES, PODS, type Pod } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createFakeNetwork } from '#network';
import { createHollowRuntime, type HollowProcess, type HollowRuntime } from '#runtime';
import { createApi, createLocalClient } from '#server';
import { createMemoryStore } from '#store';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { createNodeAgent } from '../node-agent.ts';
import { planSettings } from '../settings/settings.plan.ts';
import { removeAgentFolder } from '../volumes/pod-folders.ts';
import type { MachineView } from './machine.ts';
import type { Signal } from './threshold.plan.ts';

const NODE = 'node-1';
const MI = 2 ** 20;
const PROCESSES: Readonly<Record<string, HollowProcess>> = {
  hungry: { stopCode: 0, memoryBytes: 300 * MI },
  modest: { stopCode: 0, memoryBytes: 10 * MI },
  writing: { stopCode: 0, layerBytes: 30 * MI },
};

describe('src/node-agent/pressure/pressure-manager.ts', () => {
  let stateDir: string;
  let client: Client;
  let runtime: HollowRuntime;
  let clock: FakeClock;
  let free: Map<Signal, () => number>;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    stateDir = await mkdtemp(path.join(tmpdir(), 'plumb-pressure-'));
    const store = createMemoryStore({ clock: systemClock });
    const api = await createApi({ store, clock: systemClock, log: silentLog });
    client = createLocalClient(api, { user: { name: 'admin', groups: ['system:masters'] }, userAgent: 'test/1' });
    clock = new FakeClock(Date.now());
    runtime = createHollowRuntime({
      clock,
      images: ['local/app:1'],
      registry: ['reg/pulled:1', 'reg/needed:1'],
      behave: ({ command }) => PROCESSES[command?.[0] ?? ''] ?? { stopCode: 0 },
    });
    free = new Map();
    const machine = async (): Promise<MachineView> => ({
      observations: new Map(
        [...free].map(([signal, available]) => [signal, { available: available(), capacity: 1000 * MI }]),
      ),
      hasImageFs: false,
    });
    const { settings } = planSettings({ evictionPressureTransitionPeriod: '1m' });
    const abort = new AbortController();
    const agent = createNodeAgent(
      {
        client,
        runtime,
        createNetwork: () => createFakeNetwork(),
        control: {
          messages: async function* () {},
          send: async () => undefined,
          dial: () => Promise.reject(new Error('nobody asks')),
          refuse: async () => undefined,
        },
        clock,
        log: silentLog,
        nodeName: NODE,
        stateDir,
        address: '192.0.2.1',
        machine,
        version: 'test',
      },
      { settings },
    );
    const running = agent.run(abort.signal);
    closers.push(async () => {
      abort.abort();
      await running;
      await api.close();
      await store.close();
      await removeAgentFolder(stateDir);
    });
    await soon('the node registers', async () => (await client.get(NODES, { name: NODE })) !== undefined);
    await client.patch(NODES, { name: NODE }, { type: 'merge', body: { spec: { podCIDR: '10.244.1.0/24' } } });
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  /** Lets the agent's time pass until the condition holds. */
  const soon = <T>(what: string, look: () => Promise<T | undefined | false>) =>
    until(what, async () => {
      await clock.advance(2_000);
      return await look();
    });

  /** Counts the calls of one operation from now on. */
  const calls = (operation: string) => {
    const count = () => runtime.control.calls.get(operation) ?? 0;
    const before = count();
    return () => count() - before;
  };

  const create = (name: string, of: { image?: string; command?: string; spec?: object; container?: object } = {}) =>
    client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        nodeName: NODE,
        containers: [
          { name: 'app', image: of.image ?? 'local/app:1', command: [of.command ?? 'modest'], ...of.container },
        ],
        ...of.spec,
      },
    });
  const get = (name: string) => client.get(PODS, { namespace: 'default', name });
  const inPhase = (name: string, phase: string) =>
    soon(`${name} is ${phase}`, async () => {
      const pod = await get(name);
      if (pod?.status?.phase === phase) return pod;
      throw new Error(JSON.stringify(pod?.status));
    });
  const conditionIs = (type: string, status: string) =>
    soon(`${type} is ${status}`, async () => {
      const node = await client.get(NODES, { name: NODE });
      return node?.status?.conditions?.find((one) => one.type === type && one.status === status);
    });
  const events = async (name: string) =>
    (await client.list(EVENTS, {})).items.filter(({ involvedObject }) => involvedObject.name === name);
  const told = (name: string, reason: string) =>
    soon(`${reason} is told of ${name}`, async () => (await events(name)).find((event) => event.reason === reason));
  const disruption = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'DisruptionTarget');

  it('evicts one pod when memory is short, says so everywhere, and is itself again after the transition', async () => {
    await create('greedy', { command: 'hungry' });
    await create('modest');
    await inPhase('greedy', 'Running');
    await inPhase('modest', 'Running');
    expect(await conditionIs('MemoryPressure', 'False')).toMatchObject({ reason: 'KubeletHasSufficientMemory' });

    // What it held comes back with its end.
    const stops = calls('stopContainer');
    free.set('memory.available', () => (stops() > 0 ? 350 * MI : 50 * MI));
    const gone = await inPhase('greedy', 'Failed');
    const message =
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ' +
      'Container app was using 300Mi, request is 0, has larger consumption of memory. ';
    expect(gone.status).toMatchObject({ reason: 'Evicted', message });
    expect(disruption(gone)).toMatchObject({ status: 'True', reason: 'TerminationByKubelet', message });
    expect(await told('greedy', 'Evicted')).toMatchObject({ type: 'Warning', message });
    expect(await told(NODE, 'NodeHasInsufficientMemory')).toMatchObject({ type: 'Normal' });
    expect(await told(NODE, 'EvictionThresholdMet')).toMatchObject({ message: 'Attempting to reclaim memory' });
    expect(await conditionIs('MemoryPressure', 'True')).toMatchObject({ reason: 'KubeletHasInsufficientMemory' });
    expect((await runtime.listContainers()).filter(({ state }) => state === 'running')).toHaveLength(1);

    await create('late');
    const rejected = await inPhase('late', 'Failed');
    expect(rejected.status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
    });
    expect(rejected.status?.containerStatuses).toBeUndefined();

    await conditionIs('MemoryPressure', 'False');
    await create('later');
    await inPhase('later', 'Running');
    expect((await get('modest'))?.status?.phase).toBe('Running');
  });

  it('frees what nobody needs before it evicts, and evicts nobody when that is enough', async () => {
    await create('needing', { image: 'reg/needed:1' });
    await create('passing', { image: 'reg/pulled:1' });
    await inPhase('needing', 'Running');
    await inPhase('passing', 'Running');
    await client.delete(PODS, { namespace: 'default', name: 'passing' }, { gracePeriodSeconds: 1 });
    await soon('it is gone', async () => (await get('passing')) === undefined);
    await soon('nothing is left of it', async () => (await runtime.listContainers()).length === 1);

    const removals = calls('removeImage');
    free.set('imagefs.available', () => (removals() > 0 ? 500 * MI : 40 * MI));
    await soon('its image is gone', async () => (await runtime.imageStatus('reg/pulled:1')) === undefined);
    await conditionIs('DiskPressure', 'True');
    await conditionIs('DiskPressure', 'False');
    expect((await get('needing'))?.status?.phase).toBe('Running');
    expect(await runtime.imageStatus('reg/needed:1'), 'in use').toBeDefined();
    expect(await runtime.imageStatus('local/app:1'), "somebody else's").toBeDefined();
  });

  it('ends a pod that outgrew its emptyDir, or its limit of storage, and no other', async () => {
    const volume = { volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Mi' } }] };
    const mount = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    await create('filling', { spec: volume, container: mount });
    await create('keeping', { spec: volume, container: mount });
    await create('writing', {
      command: 'writing',
      container: { resources: { limits: { 'ephemeral-storage': '20Mi' } } },
    });
    const { metadata } = await inPhase('filling', 'Running');
    const folder = path.join(stateDir, 'pods', metadata.uid, 'volumes/data/deep');
    await mkdir(folder);
    await writeFile(path.join(folder, 'much'), Buffer.alloc(2 * MI, 1));
    const filled = await inPhase('filling', 'Failed');
    expect(filled.status).toMatchObject({
      reason: 'Evicted',
      message: 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ',
    });
    expect(disruption(filled)).toBeUndefined();
    expect((await inPhase('writing', 'Failed')).status?.message).toBe(
      'Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. ',
    );
    expect((await get('keeping'))?.status?.phase).toBe('Running');
  });

  it('evicts no second pod for a disk that the first one filled: what its volumes held goes with it', async () => {
    const volume = { volumes: [{ name: 'data', emptyDir: {} }] };
    const mount = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    await create('filling', { spec: volume, container: mount });
    await create('innocent', { spec: volume, container: mount });
    const { metadata } = await inPhase('filling', 'Running');
    const innocent = await inPhase('innocent', 'Running');
    const folderOf = (uid: string) => path.join(stateDir, 'pods', uid, 'volumes');
    const file = path.join(folderOf(metadata.uid), 'data/much');
    await writeFile(file, Buffer.alloc(2 * MI, 1));

    free.set('nodefs.available', () => (existsSync(file) ? 10 * MI : 500 * MI));
    expect((await inPhase('filling', 'Failed')).status).toMatchObject({ reason: 'Evicted' });
    await conditionIs('DiskPressure', 'False');
    expect((await get('innocent'))?.status?.phase).toBe('Running');
    expect(existsSync(folderOf(metadata.uid))).toBe(false);
    expect(existsSync(folderOf(innocent.metadata.uid))).toBe(true);
    expect(await runtime.listContainers(), 'its log can still be read').toHaveLength(2);
  });
});
