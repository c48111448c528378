import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS } from '#api';
import { type AgentBed, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const binary = findKubectl();

if (docker.ok && binary !== undefined) {
  const { runtime, image } = docker;

  describe('src/node-agent/stats, asked by stock kubectl', () => {
    let bed: AgentBed;
    beforeAll(async () => {
      bed = await startAgentBed(runtime);
    });
    afterAll(async () => {
      await bed?.close();
      await runtime.removeAll();
    });

    it('tops nodes and pods, and says of one that is not there yet that it has no figures', async () => {
      const kubectl = createKubectl(binary, bed.kubeconfig, path.join(bed.server.directory, 'cache'));
      const idle = { name: 'idle', image, command: ['sleep', '1000'] };
      const busy = { name: 'busy', image, command: ['/bin/sh', '-c', 'while :; do :; done'] };
      await bed.run(bedPod('mixed', image, {}, { containers: [idle, busy] }));
      const rows = await until('the figures are there', async () => {
        const { stdout, stderr } = await kubectl([
          'top',
          'pods',
          '-A',
          '--containers',
          '-l',
          'app=mixed',
          '--sort-by=cpu',
          '--no-headers',
        ]);
        const lines = stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/\s+/));
        if (lines.length === 2) return lines;
        throw new Error(stdout + stderr);
      });
      expect(rows.map(([namespace, pod, container]) => [namespace, pod, container])).toEqual([
        ['default', 'mixed', 'busy'],
        ['default', 'mixed', 'idle'],
      ]);
      const millis = rows.map(([, , , cpu = '']) => Number(/^(\d+)m$/.exec(cpu)?.[1]));
      expect(millis[0]).toBeGreaterThan(100);
      expect(millis[1]).toBeLessThan(100);
      await bed.client.create(PODS, bedPod('early', 'plumbline.test/absent:1'));
      const early = await kubectl(['top', 'pods', '-l', 'app=early']);
      expect(early).toMatchObject({ code: 1, stderr: 'error: metrics not available yet\n' });
      const nodes = await kubectl(['top', 'nodes', '--no-headers']);
      expect(nodes.stdout).toMatch(/^node-1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%\s*$/);
    });
  });
} else {
  describe('src/node-agent/stats, asked by stock kubectl', () => {
    it.skip(`needs Docker and kubectl 1.32 (${docker.ok ? 'no kubectl' : docker.reason})`, () => undefined);
  });
}
