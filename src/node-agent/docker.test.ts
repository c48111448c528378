import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubeObject, NODES, PODS, type Pod, SECRETS } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createApi, createLocalClient } from '#server';
import { createMemoryStore } from '#store';
import { innerNetwork } from '../../test/support/agent-bed.ts';
import { dockerForTests } from '../../test/support/images.ts';
import { until } from '../../test/support/until.ts';
import { createNodeAgent } from './node-agent.ts';
import { removeAgentFolder } from './volumes/pod-folders.ts';

const NODE = 'node-1';
const DEADLINE_MS = 60_000;
const docker = await dockerForTests(`test/${randomUUID()}`);

if (docker.ok) {
  const { runtime, image } = docker;

  describe('src/node-agent/node-agent.ts, on a real engine', () => {
    let stateDir: string;
    let client: Client;
    let stop: () => Promise<void>;
    const closers: (() => Promise<void>)[] = [];

    const startAgent = () => {
      const abort = new AbortController();
      const agent = createNodeAgent({
        client,
        runtime,
        createNetwork: innerNetwork,
        control: {
          messages: async function* () {},
          send: async () => undefined,
          dial: () => Promise.reject(new Error('nobody asks')),
          refuse: async () => undefined,
        },
        clock: systemClock,
        log: silentLog,
        nodeName: NODE,
        stateDir,
        address: '192.0.2.1',
        version: 'test',
      });
      const running = agent.run(abort.signal);
      stop = async () => {
        abort.abort();
        await running;
      };
    };

    beforeAll(async () => {
      stateDir = await mkdtemp(path.join(tmpdir(), 'plumb-agent-'));
      const store = createMemoryStore({ clock: systemClock });
      const api = await createApi({ store, clock: systemClock, log: silentLog });
      client = createLocalClient(api, { user: { name: 'admin', groups: ['system:masters'] }, userAgent: 'test/1' });
      closers.push(async () => {
        await api.close();
        await store.close();
      });
      startAgent();
      await until(
        'the node registers',
        async () => (await client.get(NODES, { name: NODE })) !== undefined,
        DEADLINE_MS,
      );
      await client.patch(NODES, { name: NODE }, { type: 'merge', body: { spec: { podCIDR: '10.244.1.0/24' } } });
    });

    afterAll(async () => {
      await stop();
      await runtime.removeAll();
      for (const close of closers.splice(0)) await close();
      await removeAgentFolder(stateDir);
    });

    const serve = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done';
    const podOf = (
      name: string,
      container: Record<string, unknown> = {},
      spec: Record<string, unknown> = {},
    ): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: {
        nodeName: NODE,
        terminationGracePeriodSeconds: 5,
        containers: [{ name: 'app', image, command: ['/bin/sh', '-c', serve], ...container }],
        ...spec,
      },
    });
    const get = (name: string) => client.get(PODS, { namespace: 'default', name });
    const sees = (name: string, what: (pod: Pod) => boolean) =>
      until(
        `${name} as wanted`,
        async () => {
          const pod = await get(name);
          return pod !== undefined && what(pod) ? pod : undefined;
        },
        DEADLINE_MS,
      );
    const isReady = ({ status }: Pod) =>
      status?.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') === true;
    const containerOf = async (name: string) =>
      (await runtime.listContainers()).find(({ pod, state }) => pod.name === name && state === 'running');

    it('starts, restarts, adopts and ends a pod', async () => {
      await client.create(PODS, podOf('life'));
      const started = await sees('life', isReady);
      const first = await containerOf('life');
      expect(started.status?.containerStatuses?.[0]?.containerID).toBe(`docker://${first?.id}`);

      process.kill(first?.pid ?? 0, 'SIGKILL');
      const restarted = await sees(
        'life',
        (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(pod),
      );
      expect(restarted.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
        exitCode: 137,
        reason: 'Error',
      });

      const second = await containerOf('life');
      await stop();
      startAgent();
      await client.create(PODS, podOf('after'));
      await sees('after', isReady);
      expect((await containerOf('life'))?.id).toBe(second?.id);
      expect((await get('life'))?.status).toEqual(restarted.status);

      await client.delete(PODS, { namespace: 'default', name: 'life' });
      await until('it is gone', async () => (await get('life')) === undefined, DEADLINE_MS);
      await until(
        'nothing is left',
        async () => (await runtime.listContainers()).every(({ pod }) => pod.name !== 'life'),
        DEADLINE_MS,
      );
    });

    it('starts the program of a pod without a sandbox only when its network stands', async () => {
      const script = 'hostname; ls /sys/class/net; echo $HOSTNAME; sleep 1000';
      await client.create(PODS, podOf('gated', { command: undefined, args: ['sh', '-c', script] }));
      const pod = await sees('gated', isReady);
      const container = await containerOf('gated');
      expect((await runtime.listSandboxes()).some(({ pod: { name } }) => name === 'gated')).toBe(false);
      const said = async () => {
        let output = '';
        for await (const chunk of runtime.logs(container?.id ?? '', {})) output += Buffer.from(chunk).toString();
        return output.split('\n').length > 4 ? output : undefined;
      };
      expect(await until('it has spoken', said, DEADLINE_MS)).toBe('gated\neth0\neth1\nlo\ngated\n');
      expect((await runtime.exec(container?.id ?? '', ['/bin/ip', 'addr'], 5_000)).output).toContain(
        pod.status?.podIP ?? 'no address',
      );
    });

    it('keeps containers that share a pod in one sandbox', async () => {
      const shell = (script: string) => ({ image, command: ['/bin/sh', '-c', script] });
      await client.create(
        PODS,
        podOf(
          'pair',
          {},
          {
            containers: [
              { name: 'server', ...shell('while :; do echo found | nc -l -p 9000; done') },
              { name: 'client', ...shell('until nc 127.0.0.1 9000; do sleep 0.05; done; hostname; sleep 1000') },
            ],
          },
        ),
      );
      await sees('pair', isReady);
      const containers = (await runtime.listContainers()).filter(({ pod: { name } }) => name === 'pair');
      const asker = containers.find(({ name }) => name === 'client');
      const said = async () => {
        let output = '';
        for await (const chunk of runtime.logs(asker?.id ?? '', {})) output += Buffer.from(chunk).toString();
        return output.includes('pair\n') ? output : undefined;
      };
      expect(await until('they have met', said, DEADLINE_MS)).toContain('found');
      expect(new Set(containers.map(({ sandboxId }) => sandboxId)).size).toBe(1);
    });

    const saidBy = async (pod: string, container: string) => {
      const found = (await runtime.listContainers()).find(
        ({ pod: { name }, name: of }) => name === pod && of === container,
      );
      let output = '';
      for await (const chunk of runtime.logs(found?.id ?? '', {})) output += Buffer.from(chunk).toString();
      return output;
    };

    it('lets the containers of a pod see, and end, each other’s processes where it says so, and nobody else’s', async () => {
      const shell = (script: string) => ({ image, command: ['/bin/sh', '-c', script] });
      // A name that no other process of this machine has.
      const mark = `marked-${randomUUID().slice(0, 8)}`;
      const worker = { name: 'worker', ...shell(`trap 'exit 5' TERM; : ${mark}; while :; do sleep 0.05; done`) };
      // Put together only as it runs: the command line of whoever looks does not have it.
      const find = `a=marked b=${mark.slice('marked-'.length)}; found=none; for each in /proc/[0-9]*; do case "$(tr '\\0' ' ' < $each/cmdline)" in *"$a-$b"*) found=\${each#/proc/};; esac; done 2>/dev/null`;
      const looks = `while :; do ${find}; echo "pid1=$(tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1) found=$found"; sleep 0.2; done`;
      const pair = (name: string, spec: object) =>
        podOf(name, {}, { restartPolicy: 'Never', containers: [worker, { name: 'looker', ...shell(looks) }], ...spec });
      await client.create(PODS, pair('together', { shareProcessNamespace: true }));
      await client.create(PODS, pair('apart', {}));
      await client.create(PODS, pair('host-pid', { hostPID: true }));
      for (const name of ['together', 'apart', 'host-pid']) await sees(name, isReady);
      const lastLine = async (name: string) => (await saidBy(name, 'looker')).trim().split('\n').at(-1) ?? '';
      await until(
        'the pods have looked',
        async () => (await lastLine('host-pid')) !== '' && (await lastLine('apart')) !== '',
        DEADLINE_MS,
      );
      expect(
        await until('it sees the other', async () => /found=\d+/.test(await lastLine('together')), DEADLINE_MS),
      ).toBe(true);
      // Alone, process 1 is its own shell; together it is the one that keeps the pod.
      expect(await lastLine('apart')).toBe('pid1=/bin/sh found=none');
      expect(await lastLine('together')).not.toContain('pid1=/bin/sh ');
      // On the host's, the engine's and the pods' are seen alike.
      expect(await lastLine('host-pid')).toMatch(/found=\d+/);

      const { id } = (await runtime.listContainers()).find(
        ({ pod, name }) => pod.name === 'together' && name === 'looker',
      ) ?? { id: '' };
      await runtime.exec(id, ['/bin/sh', '-c', `${find}; kill $found`], 5_000);
      const ended = await sees('together', ({ status }) => {
        const [of] = (status?.containerStatuses ?? []).filter(({ name }) => name === 'worker');
        return of?.state?.terminated !== undefined;
      });
      const codes = ended.status?.containerStatuses?.map(({ name, state }) => [name, state?.terminated?.exitCode]);
      expect(Object.fromEntries(codes ?? [])).toMatchObject({ worker: 5 });
      for (const name of ['together', 'apart', 'host-pid']) {
        await client.delete(PODS, { namespace: 'default', name }, { gracePeriodSeconds: 0 });
      }
    });

    it.each<[string, object, string]>([
      [
        'cluster-first',
        { dnsConfig: { searches: ['corp.example'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } },
        'nameserver 10.96.0.10\nsearch default.svc.cluster.local svc.cluster.local cluster.local corp.example\noptions ndots:2 edns0\n',
      ],
      [
        'none',
        { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.53', '192.0.2.54'], searches: ['only.example'] } },
        'nameserver 192.0.2.53\nnameserver 192.0.2.54\nsearch only.example\n',
      ],
    ])('gives a container the resolver that its pod asks for: %s', async (name, spec, expected) => {
      await client.create(
        PODS,
        podOf(`dns-${name}`, { command: ['/bin/cat', '/etc/resolv.conf'] }, { restartPolicy: 'Never', ...spec }),
      );
      await sees(`dns-${name}`, ({ status }) => status?.phase === 'Succeeded');
      expect(await saidBy(`dns-${name}`, 'app')).toBe(expected);
    });

    it('gives a container the resolver of the host where its pod says so', async () => {
      await client.create(
        PODS,
        podOf(
          'dns-default',
          { command: ['/bin/cat', '/etc/resolv.conf'] },
          { restartPolicy: 'Never', dnsPolicy: 'Default' },
        ),
      );
      await sees('dns-default', ({ status }) => status?.phase === 'Succeeded');
      const servers = (text: string) => text.split('\n').filter((line) => line.startsWith('nameserver'));
      const host = await readFile('/etc/resolv.conf', 'utf8');
      expect(servers(await saidBy('dns-default', 'app'))).toEqual(servers(host).slice(0, 3));
    });

    it('gives a container its variables, files, names and last words', async () => {
      await client.create(SECRETS, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'token', namespace: 'default' },
        data: { value: Buffer.from('s3cret').toString('base64') },
      });
      const script = [
        'echo "$NAME $GREETING $(cat /secret/value) $(stat -c %a /secret/..data/value)"',
        'echo "$(hostname) $(cat /scratch/sub/file 2>/dev/null)"',
        'cat /labels/all; echo',
        'head -n 1 /etc/resolv.conf',
        'head -n 1 /etc/hosts',
        'id -u; id -g',
        'echo goodbye > /dev/termination-log',
        'exit 4',
      ].join('; ');
      await client.create(
        PODS,
        podOf(
          'facts',
          {
            command: ['/bin/sh', '-c', script],
            env: [
              { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'GREETING', value: 'hello-$(NAME)' },
            ],
            volumeMounts: [
              { name: 'secret', mountPath: '/secret' },
              { name: 'labels', mountPath: '/labels' },
              { name: 'scratch', mountPath: '/scratch' },
              { name: 'scratch', mountPath: '/part', subPath: 'sub/deeper' },
            ],
          },
          {
            restartPolicy: 'Never',
            securityContext: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 2000 },
            volumes: [
              { name: 'secret', secret: { secretName: 'token', defaultMode: 0o440 } },
              { name: 'labels', downwardAPI: { items: [{ path: 'all', fieldRef: { fieldPath: 'metadata.labels' } }] } },
              { name: 'scratch', emptyDir: {} },
            ],
          },
        ),
      );
      const pod = await sees('facts', ({ status }) => status?.phase === 'Failed');
      const [container] = (await runtime.listContainers()).filter(({ pod: { name } }) => name === 'facts');
      let output = '';
      for await (const chunk of runtime.logs(container?.id ?? '', {})) output += Buffer.from(chunk).toString();
      expect(output.split('\n')).toEqual([
        'facts hello-facts s3cret 440',
        'facts ',
        'app="facts"',
        'nameserver 10.96.0.10',
        '# Managed by Plumbline.',
        '65532',
        '65532',
        '',
      ]);
      await until('its last words are told', async () => {
        const found = await get('facts');
        return found?.status?.containerStatuses?.[0]?.state?.terminated?.message === 'goodbye\n';
      });
      expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(4);
    });
  });
} else {
  describe('src/node-agent/node-agent.ts, on a real engine', () => {
    it.skip(`needs a Docker engine (${docker.reason})`, () => undefined);
  });
}
