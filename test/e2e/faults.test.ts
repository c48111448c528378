import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENTS, type KubeObject, LEASES, NODES, PODS, type Pod } from '#api';
import { formatTime, silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { buildScratchImage, createDockerRuntime } from '#runtime';
import { startSmallEngine, type TestEngine, testEngine } from '../support/engine.ts';
import { fakeTime } from '../support/fake-time.ts';
import { BUSYBOX_IMAGE, dockerForTests } from '../support/images.ts';
import { type Product, startProduct } from '../support/product.ts';
import { startRegistry } from '../support/registry.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const HOUR_MS = 3_600_000;
/** What the machine does wrong; what runs must not care. */
let product: Product;
let client: Client;
let engine: TestEngine;
/** By how much the clock of control plane and agent is off: `+0`, `+3600`. */
let clockFile: string;
let registryLogins: string;

/** Marks its volume once, and says at each start how it found it. */
const KEEPER =
  'trap "exit 0" TERM; [ -f /data/mark ] || cat /proc/sys/kernel/random/uuid > /data/mark; while :; do sleep 0.1; done';
const STUBBORN = 'trap "" TERM; while :; do sleep 0.1; done';

const podOf = (name: string, command: string, more: { image?: string; spec?: object } = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 2,
    containers: [
      {
        name: 'app',
        image: more.image ?? BUSYBOX_IMAGE,
        imagePullPolicy: 'IfNotPresent',
        command: ['/bin/sh', '-c', command],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
    ...more.spec,
  },
});

beforeAll(async () => {
  const faketime = await fakeTime();
  const folder = await mkdtemp(path.join(tmpdir(), 'plumb-faults-'));
  clockFile = path.join(folder, 'offset');
  registryLogins = path.join(folder, 'docker');
  await writeFile(clockFile, '+0');
  engine = await testEngine();
  const docker = await dockerForTests('faults');
  if (!docker.ok) throw new Error(docker.reason);
  product = await startProduct({
    env: {
      LD_PRELOAD: faketime,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_CACHE_DURATION: '1',
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  });
  client = await product.client();
  await client.create(PODS, podOf('keeper', KEEPER));
  await product.untilTrue('web');
  await product.untilTrue('clock');
  await allReady();
});
afterAll(async () => {
  await product?.close();
});

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

async function pods(): Promise<readonly Pod[]> {
  const all = await Promise.all(['demo', 'default'].map((namespace) => client.list(PODS, { namespace })));
  return all.flatMap(({ items }) => items);
}

/** Everything that was declared serves: three of web, the clock, the keeper. */
const allReady = () =>
  until('every pod is ready', async () => {
    const all = await pods();
    if (all.length === 5 && all.every(isReady)) return all;
    throw new Error(JSON.stringify(all.map(({ metadata, status }) => [metadata.name, status?.containerStatuses])));
  });

/** What must not change where nothing is restarted: ids and starts by the engine's own account. */
async function containers(): Promise<string> {
  const ids = (await product.docker('ps', '-q', '--no-trunc', '--filter', 'label=io.kubernetes.pod.uid')).split('\n');
  const lines = await product.docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...ids);
  return lines.split('\n').sort().join('\n');
}

/** One new connection through the NodePort on loopback. */
const answers = async () => {
  const response = await fetch('http://127.0.0.1:30080/pod', {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(5_000),
  });
  return ((await response.json()) as { pod: string }).pod;
};
const serves = () => until('the sample answers', () => answers().catch(() => false));

async function keeperSays(...command: readonly string[]): Promise<string> {
  const filter = ['label=io.kubernetes.pod.name=keeper', 'label=io.kubernetes.container.name=app'];
  const id = await product.docker('ps', '-q', ...filter.flatMap((one) => ['--filter', one]));
  return await product.docker('exec', id, ...command);
}
const mark = () => keeperSays('/bin/cat', '/data/mark');
const addresses = (all: readonly Pod[]) =>
  Object.fromEntries(all.map(({ metadata, status }) => [metadata.name, status?.podIP]));
const restartsOf = (status: Pod['status']) => status?.containerStatuses?.[0]?.restartCount ?? 0;

describe('faults of a machine', () => {
  it('restarts nothing when Docker is restarted with live-restore', async () => {
    const before = await containers();
    await engine.stop();
    expect(await answers()).toMatch(/^web-/);
    await engine.start({ liveRestore: true });
    await allReady();
    expect(await containers()).toBe(before);
    expect((await pods()).map(({ status }) => restartsOf(status))).toEqual([0, 0, 0, 0, 0]);
    await serves();
  });

  it('goes on when the clock is set an hour forward, and back: nobody is evicted or restarted', async () => {
    const before = await containers();
    const uids = (await pods()).map(({ metadata }) => metadata.uid).sort();
    for (const [offset, ms] of [
      ['+3600', HOUR_MS],
      ['+0', 0],
    ] as const) {
      await writeFile(clockFile, offset);
      const near = (atMs: number) => Math.abs(atMs - Date.now() - ms) < HOUR_MS / 2;
      // Three renewals by the new clock: the control plane has judged the node by each.
      const seen = new Set<string>();
      await until('leases go on', async () => {
        const { items } = await client.list(LEASES, { namespace: 'kube-node-lease' });
        const time = items[0]?.spec?.renewTime ?? '';
        if (near(Date.parse(time))) seen.add(time);
        return seen.size >= 3;
      });
      await until('tokens in pods are good by the new clock', async () => {
        const token = await keeperSays('/bin/cat', '/var/run/secrets/kubernetes.io/serviceaccount/token');
        const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iat: number };
        if (near(claims.iat * 1000)) return true;
        throw new Error(`given at ${formatTime(claims.iat * 1000)}`);
      });
      const nodes = (await client.list(NODES, {})).items;
      expect(nodes.map(({ spec }) => spec?.taints ?? [])).toEqual([[]]);
      expect((await allReady()).map(({ metadata }) => metadata.uid).sort()).toEqual(uids);
      expect(await containers()).toBe(before);
    }
  });

  it('kills a container that ignores SIGTERM when its pod’s time is over', async () => {
    await client.create(PODS, podOf('stubborn', STUBBORN));
    const pod = await until('it is ready', async () => {
      const found = await client.get(PODS, { namespace: 'default', name: 'stubborn' });
      return found !== undefined && isReady(found) && found;
    });
    const id = (pod.status?.containerStatuses?.[0]?.containerID ?? '').replace('docker://', '');
    const fromMs = performance.now();
    await client.delete(PODS, { namespace: 'default', name: 'stubborn' }, {});
    await until('it is gone', async () => (await client.get(PODS, pod.metadata)) === undefined);
    expect(performance.now() - fromMs).toBeGreaterThan(2_000);
    await until('nothing is left of it', async () => {
      const left = await product.docker('ps', '-aq', '--no-trunc', '--filter', `id=${id}`);
      return left === '';
    });
  });

  it('says that an image is nowhere to be had, and lets everybody else run', async () => {
    await client.create(PODS, podOf('imageless', 'true', { image: '127.0.0.1:1/absent:1' }));
    const waiting = await until('it waits', async () => {
      const found = await client.get(PODS, { namespace: 'default', name: 'imageless' });
      const state = found?.status?.containerStatuses?.[0]?.state?.waiting;
      return state?.reason === 'ImagePullBackOff' && state;
    });
    expect(waiting.message).toContain('connection refused');
    const told = (await client.list(EVENTS, { namespace: 'default' })).items
      .filter(({ involvedObject }) => involvedObject.name === 'imageless')
      .map(({ reason, message }) => `${reason}: ${message}`);
    expect(told).toContain('Failed: Error: ErrImagePull');
    expect(told).toContain('BackOff: Back-off pulling image "127.0.0.1:1/absent:1"');
    await client.delete(PODS, { namespace: 'default', name: 'imageless' }, {});
    await allReady();
  });

  it('says that the disk is full while an image is pulled, and pulls what fits', async () => {
    const MI = 2 ** 20;
    const registry = await startRegistry();
    const small = await startSmallEngine(24 * MI);
    try {
      const owner = { owner: 'faults', clock: systemClock, log: silentLog, dockerConfigDir: registryLogins };
      await registry.login(registryLogins);
      const large = 'plumbline.test/large:1';
      const files = [{ path: 'large', content: randomBytes(40 * MI), mode: 0o644 }];
      await createDockerRuntime(owner).loadImage(buildScratchImage({ tag: large, files, config: { cmd: ['/large'] } }));
      const [largeRef, smallRef] = [
        await registry.push(large, 'large:1'),
        await registry.push(BUSYBOX_IMAGE, 'small:1'),
      ];
      const runtime = createDockerRuntime({ ...owner, host: small.host });
      await expect(runtime.pullImage(largeRef)).rejects.toMatchObject({
        code: 'ImagePullFailed',
        message: expect.stringContaining('no space left on device'),
      });
      expect(await runtime.pullImage(smallRef)).toMatchObject({ id: expect.stringMatching(/^sha256:/) });
    } finally {
      await small.close();
      await registry.close();
    }
  });

  it('brings every pod back with its address and its volumes when Docker is restarted without live-restore', async () => {
    const before = { addresses: addresses(await pods()), mark: await mark() };
    await engine.stop();
    await engine.start({ liveRestore: false });
    await until('the keeper was started again', async () => {
      const keeper = (await pods()).find(({ metadata }) => metadata.name === 'keeper');
      return restartsOf(keeper?.status) > 0;
    });
    const after = await allReady();
    expect(addresses(after)).toEqual(before.addresses);
    expect(await mark()).toBe(before.mark);
    await serves();
  });

  it('comes back by itself after a reboot, in the order of the units: engine, agent, control plane', async () => {
    const all = await pods();
    const before = {
      addresses: addresses(all),
      restarts: all.map(({ metadata, status }) => [metadata.name, restartsOf(status)] as const),
      mark: await mark(),
    };
    const agent = await product.agentPid();
    const command = (await readFile(`/proc/${agent}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    process.kill(agent, 'SIGKILL');
    await product.stopServer('SIGKILL');
    await engine.stop();
    // What a reboot takes from a machine: rules, links, and what was mounted.
    await run('nft', ['flush', 'ruleset']);
    const links = JSON.parse((await run('ip', ['-j', 'link'])).stdout) as readonly { ifname: string }[];
    for (const { ifname } of links.filter((one) => /^(pl|docker0)/.test(one.ifname)))
      await run('ip', ['link', 'delete', ifname]);
    const { stdout } = await run('findmnt', ['--noheadings', '--list', '--output', 'TARGET']);
    const mounted = stdout.split('\n').filter((target) => target.startsWith(`${product.stateDir}/`));
    for (const target of mounted.toSorted().toReversed()) await run('umount', ['--lazy', target]);

    await engine.start({ liveRestore: true });
    const [program = '', ...args] = command;
    spawn(program, args, { detached: true, stdio: 'ignore' }).unref();
    await product.start();
    client = await product.client();
    await until('the agent has started everything anew', async () => {
      const now = new Map((await pods()).map(({ metadata, status }) => [metadata.name, restartsOf(status)]));
      return before.restarts.every(([name, count]) => (now.get(name) ?? 0) > count);
    });
    await product.untilTrue('web');
    expect(addresses(await allReady())).toEqual(before.addresses);
    expect(await mark()).toBe(before.mark);
    await serves();
  });
});
