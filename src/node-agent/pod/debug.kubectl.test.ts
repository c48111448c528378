import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS, type Pod } from '#api';
import { type AgentBed, BED_NODE, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const binary = findKubectl();

if (docker.ok && binary !== undefined) {
  const { runtime, image } = docker;

  describe('src/node-agent/pod, debugged by stock kubectl', () => {
    let bed: AgentBed;
    beforeAll(async () => {
      bed = await startAgentBed(runtime);
      const hello = 'mkdir /www; echo hello > /www/index.html; httpd -p 127.0.0.1:8080 -h /www; exec sleep 4321';
      const serve = { command: ['/bin/sh', '-c', hello] };
      const sleeper = { name: 'second', image, command: ['sleep', '1234'] };
      await Promise.all([
        bed.run(bedPod('alone', image, serve)),
        bed.run(bedPod('pair', image, {}, { containers: [{ name: 'app', image, ...serve }, sleeper] })),
      ]);
    });
    afterAll(async () => {
      await bed?.close();
      await runtime.removeAll();
    });

    const kubectl = (args: readonly string[]) =>
      createKubectl(binary, bed.kubeconfig, path.join(bed.server.directory, 'cache'))(args);
    const start = (line: string): ChildProcess =>
      spawn('script', ['-qfec', `'${binary}' ${line}`, '/dev/null'], {
        env: { ...process.env, KUBECONFIG: bed.kubeconfig, HOME: bed.server.directory },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    const podNamed = async (name: string): Promise<Pod> => {
      const pod = await bed.client.get(PODS, { namespace: 'default', name });
      if (pod === undefined) throw new Error(`${name} is gone`);
      return pod;
    };
    const statusOf = async (pod: string, name: string) =>
      (await podNamed(pod)).status?.ephemeralContainerStatuses?.find((status) => status.name === name);

    it.each(['alone', 'pair'])('looks around in a pod that runs: %s', async (name) => {
      const child = start(`debug ${name} --image=${image} --target=app -c look -it -- sh`);
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const ended = new Promise((resolve) => child.once('close', resolve));
      await until('the shell answers', () => {
        child.stdin?.write('echo it-is-$((40+2))\n');
        return output.includes('it-is-42');
      });
      // The network of the pod, the processes of the target, and nothing of the other container's.
      child.stdin?.write('wget -qO- http://127.0.0.1:8080/; ps; exit 5\n');
      await ended;
      expect(output).toContain('hello');
      expect(output).toContain('sleep 4321');
      expect(output).not.toContain('sleep 1234');
      const status = await until('its end is told', async () => {
        const told = await statusOf(name, 'look');
        return told?.state?.terminated !== undefined && told;
      });
      expect(status).toMatchObject({ restartCount: 0, ready: false, state: { terminated: { exitCode: 5 } } });
      // The pod goes on as it was.
      const pod = await podNamed(name);
      expect(pod.status?.phase).toBe('Running');
      expect(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
      expect((await kubectl(['logs', name, '-c', 'look'])).stdout).toContain('it-is-42');
    });

    it('leaves one that ends ended, and runs commands in one that runs', async () => {
      const debug = (name: string, ...command: string[]) =>
        kubectl(['debug', 'alone', `--image=${image}`, '-c', name, '--', ...command]);
      expect((await debug('brief', 'false')).code).toBe(0);
      expect((await debug('lasting', 'sleep', '999')).code).toBe(0);
      await until('both are told', async () => {
        const [brief, lasting] = [await statusOf('alone', 'brief'), await statusOf('alone', 'lasting')];
        return brief?.state?.terminated !== undefined && lasting?.state?.running !== undefined;
      });
      const ps = await kubectl(['exec', 'alone', '-c', 'lasting', '--', 'ps']);
      expect(ps.stdout).toContain('sleep 999');
      expect(ps.stdout).not.toContain('sleep 4321');
      const ran = (await runtime.listContainers()).filter(({ name }) => name === 'brief');
      expect(ran).toMatchObject([{ attempt: 0, state: 'exited', exitCode: 1 }]);
    });

    it('copies a pod to look into it, and shows its processes', async () => {
      const copied = await kubectl([
        'debug',
        'pair',
        '--copy-to=copy',
        '--same-node',
        '--share-processes',
        `--image=${image}`,
        '-c',
        'look',
        '--',
        'sleep',
        '777',
      ]);
      expect(copied).toMatchObject({ code: 0 });
      await until('the copy runs', async () =>
        (await podNamed('copy')).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      );
      const { stdout } = await kubectl(['exec', 'copy', '-c', 'look', '--', 'ps']);
      for (const command of ['sleep 777', 'sleep 1234', 'sleep 4321']) expect(stdout).toContain(command);
    });

    it('looks at the node: its processes and its files', async () => {
      const made = await kubectl(['debug', `node/${BED_NODE}`, `--image=${image}`, '--', 'sleep', '888']);
      expect(made).toMatchObject({ code: 0 });
      const name = /node-debugger-\S+/.exec(made.stdout + made.stderr)?.[0] ?? '';
      await until('the debugger runs', async () => (await podNamed(name)).status?.phase === 'Running');
      const { stdout } = await kubectl([
        'exec',
        name,
        '--',
        'sh',
        '-c',
        `cat /host/proc/${process.pid}/comm; kill -0 ${process.pid} && echo seen`,
      ]);
      expect(stdout).toContain('seen');
    });
  });
} else {
  describe('src/node-agent/pod, debugged by stock kubectl', () => {
    it.skip(`needs Docker and kubectl 1.32 (${docker.ok ? 'no kubectl' : docker.reason})`, () => undefined);
  });
}
