import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentBed, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const binary = findKubectl('1.32');

if (docker.ok && binary !== undefined) {
  const { runtime, image } = docker;

  describe('src/node-agent/streams, logs for stock kubectl', () => {
    let bed: AgentBed;
    const logs = (...args: readonly string[]) =>
      createKubectl(binary, bed.kubeconfig, path.join(bed.server.directory, 'cache'))(['logs', ...args]);

    beforeAll(async () => {
      bed = await startAgentBed(runtime);
      const shell = (name: string, script: string) => ({ name, image, command: ['/bin/sh', '-c', script] });
      const talk = 'for n in 1 2 3 4; do echo line $n; done; exec sleep 1000';
      const containers = [shell('one', talk), shell('two', 'echo other; exec sleep 1000')];
      await bed.run(bedPod('talk', image, {}, { containers, initContainers: [shell('first', 'echo early')] }));
      // Its first run ends, its second stays.
      const again = 'if [ -e /kept/ran ]; then echo second; exec sleep 1000; fi; touch /kept/ran; echo first; exit 1';
      const kept = { volumes: [{ name: 'kept', emptyDir: {} }] };
      const mount = { command: ['/bin/sh', '-c', again], volumeMounts: [{ name: 'kept', mountPath: '/kept' }] };
      await bed.run(bedPod('again', image, mount, kept));
      await until('the second run has spoken', async () => (await logs('again')).stdout === 'second\n');
    });
    afterAll(async () => {
      await bed?.close();
      await runtime.removeAll();
    });

    it.each([
      ['of a container', ['talk', '-c', 'one'], 'line 1\nline 2\nline 3\nline 4\n'],
      ['of an init container', ['talk', '-c', 'first'], 'early\n'],
      ['the last lines', ['talk', '-c', 'one', '--tail=2'], 'line 3\nline 4\n'],
      ['no lines', ['talk', '-c', 'one', '--tail=0'], ''],
      ['the first bytes', ['talk', '-c', 'one', '--limit-bytes=9'], 'line 1\nli'],
      ['of the last hour', ['talk', '-c', 'two', '--since=1h'], 'other\n'],
      ['since a time to come', ['talk', '-c', 'two', '--since-time=2999-01-01T00:00:00Z'], ''],
      ['of the run before', ['again', '--previous'], 'first\n'],
    ])('gives them %s', async (_what, args, expected) => {
      expect(await logs(...args)).toEqual({ stdout: expected, stderr: '', code: 0 });
    });

    it('gives them with times', async () => {
      const { stdout } = await logs('talk', '-c', 'two', '--timestamps');
      expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z other\n$/);
    });

    it('gives those of all containers, each line with where it is from', async () => {
      const { stdout, code } = await logs('-l', 'app=talk', '--all-containers', '--prefix', '--tail=1');
      expect(code).toBe(0);
      expect(stdout.trim().split('\n').toSorted()).toEqual([
        '[pod/talk/first] early',
        '[pod/talk/one] line 4',
        '[pod/talk/two] other',
      ]);
    });

    it('says what it cannot give', async () => {
      expect((await logs('talk', '-c', 'one', '--previous')).stderr).toContain(
        'previous terminated container "one" in pod "talk" not found',
      );
      expect((await logs('talk', '-c', 'nope')).stderr).toContain('container nope is not valid for pod talk');
    });
  });
} else {
  describe('src/node-agent/streams, logs for stock kubectl', () => {
    it.skip(`needs Docker and kubectl (${docker.ok ? 'no kubectl' : docker.reason})`, () => undefined);
  });
}
