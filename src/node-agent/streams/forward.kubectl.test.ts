import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AgentBed, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const versions = ['1.30', '1.31', '1.33'].flatMap((minor) => {
  const binary = findKubectl(minor);
  return binary?.endsWith(minor) ? [{ minor, binary }] : [];
});

if (docker.ok && versions.length > 0) {
  const { runtime, image } = docker;

  describe('src/node-agent/streams, forwarding for stock kubectl', () => {
    let bed: AgentBed;
    const children: ChildProcess[] = [];

    beforeAll(async () => {
      bed = await startAgentBed(runtime);
      // One that says what it heard until its caller ends, and one that does what it is told, and ends by itself.
      const script = [
        'nc -ll -p 7000 -e cat &',
        'nc -ll -p 7001 -e sh &',
        'trap "exit 0" TERM; while :; do sleep 0.05; done',
      ].join('\n');
      await bed.run(bedPod('echo', image, { command: ['/bin/sh', '-c', script] }));
    });
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
    });
    afterAll(async () => {
      await bed?.close();
      await runtime.removeAll();
    });

    /** Starts a forward to a port of the pod; answers the local port, and what kubectl complains of. */
    async function forward(binary: string, port: number): Promise<{ readonly port: number; complaints(): string }> {
      const child = spawn(binary, ['port-forward', 'pod/echo', `:${port}`, '--address', '127.0.0.1'], {
        env: { ...process.env, KUBECONFIG: bed.kubeconfig, HOME: bed.server.directory },
      });
      children.push(child);
      let output = '';
      let complaints = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        complaints += chunk.toString();
      });
      const local = await until('kubectl forwards', () => {
        if (child.exitCode !== null) throw new Error(complaints);
        return /127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      });
      return { port: Number(local), complaints: () => complaints };
    }

    /** Says `text`, ends its side, and answers the number of bytes heard and the first of them. */
    function talk(port: number, text: string | Buffer): Promise<{ readonly length: number; readonly start: string }> {
      return new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        let length = 0;
        let start = '';
        socket.on('data', (chunk: Buffer) => {
          if (start.length < 64) start += chunk.toString('latin1');
          length += chunk.length;
        });
        socket.on('end', () => {
          socket.end();
          resolve({ length, start: start.slice(0, 64) });
        });
        socket.on('error', reject);
        socket.end(text);
      });
    }

    describe.each(versions)('kubectl $minor', ({ binary }) => {
      it('carries connections, several at once, each side to its end', async () => {
        const { port } = await forward(binary, 7000);
        const words = ['one', 'two', 'three'];
        const heard = await Promise.all(words.map((word) => talk(port, word)));
        expect(heard.map(({ start }) => start)).toEqual(words);
      });

      it('carries 20 MiB from a server that ends by itself', async () => {
        const { port } = await forward(binary, 7001);
        expect((await talk(port, 'dd if=/dev/zero bs=65536 count=320 2>/dev/null; exit\n')).length).toBe(320 * 65_536);
      });
    });

    it('says that nothing listens there', async () => {
      const { port, complaints } = await forward(versions[0]?.binary ?? '', 7999);
      await talk(port, 'hello?').catch(() => undefined);
      await until('kubectl says why', () => {
        if (complaints().includes('connection refused')) return true;
        throw new Error(complaints());
      });
      expect(complaints()).toContain('error forwarding port 7999 to pod echo');
    });
  });
} else {
  describe('src/node-agent/streams, forwarding for stock kubectl', () => {
    it.skip(`needs Docker and kubectl (${docker.ok ? 'no kubectl' : docker.reason})`, () => undefined);
  });
}
