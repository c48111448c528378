import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
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
