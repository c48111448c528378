import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT_SLICES, SERVICES } from '#api';
import { type AgentBed, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const binary = findKubectl();

if (docker.ok && binary !== undefined) {
  const { runtime, image } = docker;

  describe('src/node-agent/streams, led to pods by stock kubectl', () => {
    let bed: AgentBed;
    let child: ChildProcess | undefined;

    beforeAll(async () => {
      bed = await startAgentBed(runtime);
      // One listens on the pod's address alone, the other on its loopback alone.
      const script = [
        'mkdir -p /www/sub; echo address > /www/index.html; echo below > /www/sub/index.html',
        'httpd -p "$POD_IP:8080" -h /www; exec httpd -f -p 127.0.0.1:8081 -h /www',
      ].join('\n');
      const env = [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];
      const { status } = await bed.run(bedPod('site', image, { command: ['/bin/sh', '-c', script], env }));
      const metadata = { name: 'web', namespace: 'default' };
      const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
      await bed.client.create(SERVICES, { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } });
      await bed.client.create(ENDPOINT_SLICES, {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [status?.podIP ?? ''], targetRef: { kind: 'Pod', name: 'site' } }],
        ports: [{ name: 'http', port: 8080 }],
      });
    });
    afterAll(async () => {
      child?.kill();
      await bed?.close();
      await runtime.removeAll();
    });

    const raw = (what: string) =>
      createKubectl(
        binary,
        bed.kubeconfig,
        path.join(bed.server.directory, 'cache'),
      )(['get', '--raw', `/api/v1/namespaces/default/${what}`]);

    it('reaches a Service and a pod on its own address, and nothing on its loopback', async () => {
      expect(await raw('services/http:web:80/proxy/')).toMatchObject({ stdout: 'address\n', code: 0 });
      expect(await raw('pods/site:8080/proxy/sub/')).toMatchObject({ stdout: 'below\n', code: 0 });
      const loopback = await raw('pods/site:8081/proxy/');
      expect(loopback.code).toBe(1);
      expect(loopback.stderr).toContain('error trying to reach service: port 8081 of the pod: connection refused');
    });

    it('serves a browser through kubectl proxy, redirects too', async () => {
      child = spawn(binary, ['proxy', '--port=0'], { env: { ...process.env, KUBECONFIG: bed.kubeconfig } });
      let output = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const port = await until('kubectl listens', () => /127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
      const at = `http://127.0.0.1:${port}/api/v1/namespaces/default/pods/site:8080/proxy`;
      // busybox leads `/sub` to `/sub/`.
      const answer = await fetch(`${at}/sub`);
      expect([answer.url, await answer.text()]).toEqual([`${at}/sub/`, 'below\n']);
    });
  });
} else {
  describe('src/node-agent/streams, led to pods by stock kubectl', () => {
    it.skip(`needs Docker and kubectl 1.32 (${docker.ok ? 'no kubectl' : docker.reason})`, () => undefined);
  });
}
