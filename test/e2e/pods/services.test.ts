/**
 * Official tests of Services' endpoints and of what pods resolve. Source: kubernetes test/e2e/network: service.go, dns.go,
 * dns_common.go (v1.32).
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { ENDPOINT_SLICES, PODS, SERVICES, type Service } from '#api';
import { type DockerBed, official, startDockerBed } from '../../conformance/support/docker-bed.ts';
import type { Body } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';

let bed: DockerBed;
beforeAll(async () => {
  bed = await startDockerBed();
});
afterAll(() => bed.close());

const image = STAND_IN_IMAGE;
const podOf = (name: string, container: object = {}, spec: object = {}, labels: object = {}): Body => ({
  metadata: { name, labels },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, ...container }], ...spec },
});

// Endpoints.

/** A pod that serves at so many ports, each by a program of its own. */
const serverPod = (name: string, ports: readonly number[]): Body =>
  podOf(
    name,
    {
      command: ['sh', '-c', `trap "exit 0" TERM; ${ports.map((port) => `/agnhost netexec ${port} &`).join(' ')} wait`],
      ports: ports.map((containerPort) => ({ containerPort })),
      readinessProbe: { tcpSocket: { port: ports[0] }, periodSeconds: 1 },
    },
    {},
    { app: 'server' },
  );

/** Waits until the slices of a Service hold exactly these pods, each with these ports. */
async function hasEndpoints(namespace: string, service: string, wanted: Readonly<Record<string, number[]>>) {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  await until(`${service} has the endpoints ${JSON.stringify(wanted)}`, async () => {
    const { items } = await bed.of(ENDPOINT_SLICES, namespace).list({ labelSelector });
    const found: Record<string, number[]> = {};
    for (const { endpoints, ports } of items) {
      for (const { targetRef, conditions } of endpoints ?? []) {
        if (conditions?.terminating === true) continue;
        const name = targetRef?.name ?? '';
        found[name] = [...(found[name] ?? []), ...(ports ?? []).map(({ port }) => port ?? 0)].sort((a, b) => a - b);
      }
    }
    const sorted = (all: typeof found) => JSON.stringify(Object.entries(all).sort());
    if (sorted(found) === sorted(wanted)) return true;
    throw new Error(JSON.stringify(found));
  });
}

/** Waits until a port of a Service answers in a pod, by the Service's name and by its address. */
async function isReached(namespace: string, { metadata, spec }: Service, port: number): Promise<void> {
  for (const host of [metadata.name, spec.clusterIP ?? '']) {
    await until(`${host}:${port} answers`, async () => {
      const url = `http://${host}:${port}/healthz`;
      return (await bed.exec(namespace, 'client', ['timeout', '3', 'wget', '-q', '-O', '-', url])) === 'ok\n';
    });
  }
}

official('[sig-network] Services should serve a basic endpoint from pods [Conformance]', async () => {
  const namespace = await bed.namespace('services');
  const name = 'endpoint-test2';
  const pods = bed.of(PODS, namespace);
  const service = await bed
    .of(SERVICES, namespace)
    .create({ metadata: { name }, spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 80 }] } });
  await hasEndpoints(namespace, name, {});
  await Promise.all([bed.ready(namespace, podOf('client')), bed.ready(namespace, serverPod('pod1', [80]))]);
  await hasEndpoints(namespace, name, { pod1: [80] });
  await isReached(namespace, service, 80);
  await bed.ready(namespace, serverPod('pod2', [80]));
  await hasEndpoints(namespace, name, { pod1: [80], pod2: [80] });
  await isReached(namespace, service, 80);
  await pods.delete('pod1');
  await hasEndpoints(namespace, name, { pod2: [80] });
  await isReached(namespace, service, 80);
  await pods.delete('pod2');
  await hasEndpoints(namespace, name, {});
});

official('[sig-network] Services should serve multiport endpoints from pods [Conformance]', async () => {
  const namespace = await bed.namespace('services');
  const name = 'multi-endpoint-test';
  const pods = bed.of(PODS, namespace);
  const ports = [
    { name: 'portname1', port: 80, targetPort: 100 },
    { name: 'portname2', port: 81, targetPort: 101 },
  ];
  const selector = { app: 'server' };
  const service = await bed.of(SERVICES, namespace).create({ metadata: { name }, spec: { selector, ports } });
  await hasEndpoints(namespace, name, {});
  await Promise.all([bed.ready(namespace, podOf('client')), bed.ready(namespace, serverPod('pod1', [100, 101]))]);
  await hasEndpoints(namespace, name, { pod1: [100, 101] });
  await bed.ready(namespace, serverPod('pod2', [100, 101]));
  await hasEndpoints(namespace, name, { pod1: [100, 101], pod2: [100, 101] });
  await isReached(namespace, service, 80);
  await isReached(namespace, service, 81);
  await pods.delete('pod1');
  await hasEndpoints(namespace, name, { pod2: [100, 101] });
  await pods.delete('pod2');
  await hasEndpoints(namespace, name, {});
});

// Names.

official('[sig-network] DNS should support configurable pod DNS nameservers [Conformance]', async () => {
  const namespace = await bed.namespace('dns');
  const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] };
  await bed.ready(namespace, podOf('test-dns-nameservers', {}, { dnsPolicy: 'None', dnsConfig }));
  const says = (program: string) => bed.exec(namespace, 'test-dns-nameservers', ['/agnhost', program]);
  expect(await says('dns-suffix')).toBe('resolv.conf.local\n');
  expect(await says('dns-server-list')).toBe('1.1.1.1\n');
});
