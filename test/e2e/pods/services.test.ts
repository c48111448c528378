/**
 * Official tests of Services' endpoints and of what pods resolve. Source: kubernetes test/e2e/network: service.go, dns.go,
 * dns_common.go (v1.32).
 */
import { type Packet, type RecordType, streamDecode, streamEncode } from 'dns-packet';
import { afterAll, beforeAll, expect } from 'vitest';
import { ENDPOINT_SLICES, PODS, SERVICES, type Service } from '#api';
import { clusterNetwork } from '../../../src/app/config.ts';
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

const DOMAIN = clusterNetwork.domain;

interface Records {
  readonly namespace: string;
  readonly pod: string;
  readonly name: string;
  readonly type: RecordType;
}

/** What a pod hears of a full name by UDP: what nslookup says below the server's own address. */
const overUdp = async ({ namespace, pod, name, type }: Records) => {
  const said = await bed.exec(namespace, pod, ['nslookup', `-type=${type}`, `${name}.`]);
  return said.split('\n').slice(2).join('\n');
};

/** The same by TCP: the answers' data. */
async function overTcp({ namespace, pod, name, type }: Records): Promise<readonly unknown[]> {
  const query = streamEncode({ type: 'query', id: 1, flags: 256, questions: [{ name, type }] });
  const octal = [...query].map((byte) => `\\0${byte.toString(8)}`).join('');
  const script = `(printf %b '${octal}'; sleep 1) | nc -w 3 ${clusterNetwork.dnsServiceIP} 53 | busybox xxd -p`;
  const said = await bed.exec(namespace, pod, ['sh', '-c', script]);
  const { answers = [] }: Packet = streamDecode(Buffer.from(said.replace(/\s/g, ''), 'hex'));
  return answers.map((answer) => ('data' in answer ? answer.data : ''));
}

/** Waits until a name resolves in a pod, by UDP and TCP, as it is or with one of the pod's suffixes; answers what by TCP. */
async function resolves(wanted: Records, says: RegExp): Promise<readonly unknown[]> {
  const { namespace, pod, name } = wanted;
  const suffixes = (await bed.exec(namespace, pod, ['/agnhost', 'dns-suffix'])).trim().split(',');
  const names =
    name.endsWith(`.${DOMAIN}`) || name.endsWith('.arpa') ? [name] : suffixes.map((one) => `${name}.${one}`);
  return until(`${name} resolves`, async () => {
    const heard: string[] = [];
    for (const full of names) {
      const said = await overUdp({ ...wanted, name: full });
      heard.push(said);
      if (says.test(said)) return overTcp({ ...wanted, name: full });
    }
    throw new Error(heard.join('\n'));
  });
}
const ADDRESS = /^Address:\s+\d+\.\d+\.\d+\.\d+$/m;
const PORT = /service = 0 100 80 /;

const HEADLESS = 'dns-test-service';
const SELECTED = { 'dns-test': 'true' };
const querier = (labels: object = {}): Body => ({
  ...podOf('querier', {}, { hostname: 'dns-querier-1', subdomain: HEADLESS }, labels),
});

/** A headless Service and another one, and a pod that both lead to. */
async function named(): Promise<{ readonly namespace: string; readonly clusterIP: string }> {
  const namespace = await bed.namespace('dns');
  const services = bed.of(SERVICES, namespace);
  const spec = { selector: SELECTED, ports: [{ name: 'http', port: 80 }] };
  await services.create({ metadata: { name: HEADLESS }, spec: { ...spec, clusterIP: 'None' } });
  const regular = await services.create({ metadata: { name: 'test-service-2' }, spec });
  await bed.ready(namespace, querier(SELECTED));
  return { namespace, clusterIP: regular.spec.clusterIP ?? '' };
}

/** Both names of a pod stand in its own file of hosts, with its address. */
async function hasOwnNames(namespace: string, hostname: string, subdomain: string): Promise<void> {
  const { status } = await bed.of(PODS, namespace).get('querier');
  const hosts = await bed.exec(namespace, 'querier', ['cat', '/etc/hosts']);
  const [, ...names] =
    hosts
      .split('\n')
      .find((line) => line.startsWith(`${status?.podIP}\t`))
      ?.split('\t') ?? [];
  expect(names).toEqual([`${hostname}.${subdomain}.${namespace}.svc.${DOMAIN}`, hostname]);
}

official('[sig-network] DNS should provide DNS for the cluster [Conformance]', async () => {
  const namespace = await bed.namespace('dns');
  await bed.ready(namespace, querier());
  const name = `kubernetes.default.svc.${DOMAIN}`;
  expect(await resolves({ namespace, pod: 'querier', name, type: 'A' }, ADDRESS)).toEqual([
    clusterNetwork.apiServiceIP,
  ]);
});

official('[sig-network] DNS should provide /etc/hosts entries for the cluster [Conformance]', async () => {
  const namespace = await bed.namespace('dns');
  await bed.ready(namespace, querier());
  await hasOwnNames(namespace, 'dns-querier-1', HEADLESS);
});

/** All that official tests ask for of two Services, whose names end as given. */
async function servicesResolve(end: (namespace: string) => string, more: readonly string[] = []): Promise<void> {
  const { namespace, clusterIP } = await named();
  const ask = (name: string, type: RecordType, says: RegExp) =>
    resolves({ namespace, pod: 'querier', name, type }, says);
  const { status } = await bed.of(PODS, namespace).get('querier');
  for (const name of [`${HEADLESS}.${end(namespace)}`, ...more.map((one) => one.replace('NAMESPACE', namespace))])
    expect(await ask(name, 'A', ADDRESS)).toEqual([status?.podIP]);
  for (const name of [HEADLESS, 'test-service-2']) {
    const [found] = await ask(`_http._tcp.${name}.${end(namespace)}`, 'SRV', PORT);
    expect(found).toMatchObject({ port: 80, target: expect.stringContaining(`${name}.${namespace}.svc.${DOMAIN}`) });
  }
  const turned = `${clusterIP.split('.').reverse().join('.')}.in-addr.arpa`;
  expect(await ask(turned, 'PTR', /name = test-service-2\./)).toEqual([`test-service-2.${namespace}.svc.${DOMAIN}`]);
}

official('[sig-network] DNS should provide DNS for services [Conformance]', () =>
  servicesResolve((namespace) => `${namespace}.svc.${DOMAIN}`),
);

official('[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]', () =>
  servicesResolve((namespace) => `${namespace}.svc`, [HEADLESS, `${HEADLESS}.NAMESPACE`]),
);

official('[sig-network] DNS should provide DNS for pods for Hostname [Conformance]', async () => {
  const { namespace } = await named();
  await hasOwnNames(namespace, 'dns-querier-1', HEADLESS);
  expect(await bed.exec(namespace, 'querier', ['hostname'])).toBe('dns-querier-1\n');
});

official('[sig-network] DNS should provide DNS for pods for Subdomain [Conformance]', async () => {
  const { namespace } = await named();
  const { status } = await bed.of(PODS, namespace).get('querier');
  const name = `dns-querier-1.${HEADLESS}.${namespace}.svc.${DOMAIN}`;
  expect(await resolves({ namespace, pod: 'querier', name, type: 'A' }, ADDRESS)).toEqual([status?.podIP]);
});

official('[sig-network] DNS should provide DNS for ExternalName services [Conformance]', async () => {
  const namespace = await bed.namespace('dns');
  const services = bed.of(SERVICES, namespace);
  const service = 'dns-test-service-3';
  const name = `${service}.${namespace}.svc.${DOMAIN}`;
  const ask = (type: RecordType, says: RegExp) => resolves({ namespace, pod: 'querier', name, type }, says);
  await services.create({
    metadata: { name: service },
    spec: { type: 'ExternalName', externalName: 'foo.example.com' },
  });
  await bed.ready(namespace, querier());
  await ask('CNAME', /canonical name = foo\.example\.com$/m);
  await services.change(service, ({ spec }) => {
    spec.externalName = 'bar.example.com';
  });
  await ask('CNAME', /canonical name = bar\.example\.com$/m);
  const { spec } = await services.change(service, (object) => {
    object.spec.type = 'ClusterIP';
    delete object.spec.externalName;
    object.spec.ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
  });
  expect(await ask('A', ADDRESS)).toEqual([spec.clusterIP]);
});

/** A Service becomes another name of one that leads to pods, and its name leads there. */
async function becomesExternalName(name: string, type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const namespace = await bed.namespace('services');
  const services = bed.of(SERVICES, namespace);
  const ports = [{ port: 80, targetPort: 80 }];
  await services.create({ metadata: { name }, spec: { type, ports } });
  const other = await services.create({
    metadata: { name: 'externalsvc' },
    spec: { selector: { app: 'server' }, ports },
  });
  await Promise.all([bed.ready(namespace, serverPod('pod1', [80])), bed.ready(namespace, podOf('client'))]);
  const target = `externalsvc.${namespace}.svc.${DOMAIN}`;
  await services.change(name, ({ spec }) => {
    spec.type = 'ExternalName';
    spec.externalName = target;
    delete spec.ports;
  });
  const wanted: Records = { namespace, pod: 'client', name: `${name}.${namespace}.svc.${DOMAIN}`, type: 'A' };
  expect(await resolves(wanted, new RegExp(`canonical name = ${target}$`, 'm'))).toEqual([
    target,
    other.spec.clusterIP,
  ]);
}

official('[sig-network] Services should be able to change the type from ClusterIP to ExternalName [Conformance]', () =>
  becomesExternalName('clusterip-service', 'ClusterIP'),
);

official('[sig-network] Services should be able to change the type from NodePort to ExternalName [Conformance]', () =>
  becomesExternalName('nodeport-service', 'NodePort'),
);
