import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS, type Pod } from '#api';
import { type AgentBed, bedPod, startAgentBed } from '../../test/support/agent-bed.ts';
import { dockerForTests } from '../../test/support/images.ts';
import { freePorts } from '../../test/support/product.ts';
import { until } from '../../test/support/until.ts';
import { NO_THRESHOLDS, settingDefaults } from './settings/settings.plan.ts';

const docker = await dockerForTests(`test/${randomUUID()}`);

/** Serves /tmp by HTTP on a port, in a process that can be ended and started again. */
const serveOn = (port: number) =>
  `touch /tmp/ok; httpd -f -p 127.0.0.1:${port} -h /tmp & echo $! > /tmp/pid; while :; do sleep 0.1; done`;
const STOP = 'kill $(cat /tmp/pid)';
const startOn = (port: number) => `httpd -p 127.0.0.1:${port} -h /tmp`;
const QUICK = { periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1 };

describe.skipIf(!docker.ok)(
  `what a real engine makes of a pod${docker.ok ? '' : ` (skipped: ${docker.reason})`}`,
  () => {
    let bed: AgentBed;
    const image = docker.ok ? docker.image : '';
    beforeAll(async () => {
      const settings = { ...settingDefaults, ...NO_THRESHOLDS, podPidsLimit: 64 };
      if (docker.ok) bed = await startAgentBed(docker.runtime, { agent: { settings } });
    });
    afterAll(async () => {
      await bed?.close();
      if (docker.ok) await docker.runtime.removeAll();
    });

    const get = (name: string) => bed.client.get<Pod>(PODS, { namespace: 'default', name });
    const stateOf = async (name: string) => (await get(name))?.status?.containerStatuses?.[0];
    const containerId = async (name: string) => (await stateOf(name))?.containerID?.replace('docker://', '') ?? '';
    const inside = async (name: string, line: string) =>
      execFileSync('docker', ['exec', await containerId(name), '/bin/sh', '-c', line], { encoding: 'utf8' });

    /** In the host's own network, since those of this bed's pods are not reached from outside. */
    const asks = [
      ['exec', () => ({ exec: { command: ['/bin/stat', '/tmp/ok'] } }), 'rm /tmp/ok', () => 'touch /tmp/ok'],
      ['http', (port: number) => ({ httpGet: { host: '127.0.0.1', path: '/ok', port } }), STOP, startOn],
      [
        'http, by its status,',
        (port: number) => ({ httpGet: { host: '127.0.0.1', path: '/ok', port } }),
        'rm /tmp/ok',
        () => 'touch /tmp/ok',
      ],
      ['tcp', (port: number) => ({ tcpSocket: { host: '127.0.0.1', port } }), STOP, startOn],
    ] as const;
    let turn = 0;
    /** A pod that is ready, so that what is asked was answered once. */
    const runProbed = async (probes: (port: number) => object) => {
      const [port = 0] = await freePorts(1);
      turn += 1;
      const name = `probed-${turn}`;
      const container = { command: ['/bin/sh', '-c', serveOn(port)], ...probes(port) };
      await bed.run(bedPod(name, image, container, { hostNetwork: true, terminationGracePeriodSeconds: 0 }));
      expect((await stateOf(name))?.restartCount).toBe(0);
      return { name, port };
    };

    it.each(asks)(
      'learns by %s whether a container is ready, and restarts none for it',
      async (_kind, ask, broken, mended) => {
        const { name, port } = await runProbed((at) => ({ readinessProbe: { ...ask(at), ...QUICK } }));
        await inside(name, broken);
        await until('it is no longer ready', async () => (await stateOf(name))?.ready === false);
        await inside(name, mended(port));
        await until('it is ready again', async () => (await stateOf(name))?.ready === true);
        expect((await stateOf(name))?.restartCount).toBe(0);
      },
    );

    it.each(asks)('learns by %s that a container is dead, and restarts it', async (_kind, ask, broken) => {
      const { name } = await runProbed((at) => ({
        readinessProbe: { ...ask(at), ...QUICK },
        livenessProbe: { ...ask(at), ...QUICK, failureThreshold: 3 },
      }));
      const first = await containerId(name);
      await inside(name, broken);
      await until('it was restarted', async () => ((await stateOf(name))?.restartCount ?? 0) >= 1);
      await until('it is ready again', async () => (await stateOf(name))?.ready === true);
      expect(await containerId(name)).not.toBe(first);
    });

    it('holds a container to its limits: no swap, its share and ceiling of CPU, so many processes, its turn when memory is short', async () => {
      const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
      await bed.run(bedPod('limits', image, { resources }));
      const host = JSON.parse(
        execFileSync('docker', ['inspect', '--format', '{{json .HostConfig}}', await containerId('limits')], {
          encoding: 'utf8',
        }),
      ) as Record<string, unknown>;
      expect(host).toMatchObject({
        Memory: 64 * 2 ** 20,
        MemorySwap: 64 * 2 ** 20,
        CpuShares: 256,
        CpuPeriod: 100_000,
        CpuQuota: 50_000,
        PidsLimit: 64,
      });
      expect(host['OomScoreAdj']).toBeGreaterThan(2);
      expect(host['OomScoreAdj']).toBeLessThan(1_000);
    });
  },
);
