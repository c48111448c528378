/** Source: kubernetes test/e2e/network: endpointslice.go, endpointslicemirroring.go, service_latency.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENDPOINT_SLICES, ENDPOINTS, PODS, REPLICATION_CONTROLLERS, SERVICES } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 1 });
});
afterAll(() => bed.close());

const slicesOf = async (namespace: string, service: string) =>
  (await bed.of(ENDPOINT_SLICES, namespace).list({ labelSelector: `kubernetes.io/service-name=${service}` })).items;

it('[sig-network] EndpointSlice should have Endpoints and EndpointSlices pointing to API Server [Conformance]', async () => {
  await bed.of(SERVICES, 'default').get('kubernetes');
  const { subsets = [] } = await bed.of(ENDPOINTS, 'default').get('kubernetes');
  expect(subsets.length).toBeGreaterThan(0);
  const slices = await slicesOf('default', 'kubernetes');
  expect(slices.length).toBeGreaterThan(0);
  const named = (ip: string, { name = '', port, protocol = '' }: { name?: string; port?: number; protocol?: string }) =>
    `${ip}:${port}/${name}/${protocol}`;
  const told = subsets.flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => ports.map((port) => named(ip, port))),
  );
  const sliced = slices.flatMap(({ endpoints, ports }) =>
    endpoints.flatMap(({ addresses }) => addresses.flatMap((ip) => (ports ?? []).map((port) => named(ip, port)))),
  );
  expect(sliced.sort()).toEqual(told.sort());
});

it('[sig-network] EndpointSlice should create and delete Endpoints and EndpointSlices for a Service with a selector specified [Conformance]', async () => {
  const namespace = await bed.namespace('endpointslice');
  const name = 'example-empty-selector';
  const selector = { 'does-not-match-anything': 'endpoints-and-endpoint-slices-should-still-be-created' };
  const services = bed.of(SERVICES, namespace);
  const endpoints = bed.of(ENDPOINTS, namespace);
  await services.create({
    metadata: { name },
    spec: { selector, ports: [{ name: 'example', port: 80, protocol: 'TCP' }] },
  });
  await soon('there are Endpoints', () => endpoints.find(name));
  const slice = await soon('there is a slice', async () => (await slicesOf(namespace, name))[0]);
  expect(slice.metadata.labels).toMatchObject({
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
  expect(slice.endpoints ?? []).toEqual([]);
  await services.delete(name);
  await soon('the Endpoints are gone', async () => (await endpoints.find(name)) === undefined);
  await soon('the slice is gone', async () => (await slicesOf(namespace, name)).length === 0);
});

it('[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]', async () => {
  const namespace = await bed.namespace('endpointslice');
  const pods = bed.of(PODS, namespace);
  const container = (ports: readonly object[]) => [{ name: 'container1', image: 'nginx:1.14', ports }];
  const named = (containerPort: number) => ({ name: 'example-name', containerPort });
  await pods.create({
    metadata: { name: 'pod1', labels: { pod1: 'on', shared12: 'on' } },
    spec: { containers: container([named(3000)]) },
  });
  await pods.create({
    metadata: { name: 'pod2', labels: { pod2: 'on', shared12: 'on' } },
    spec: { containers: container([named(3001), { name: 'other-port', containerPort: 3002 }]) },
  });
  const serve = (name: string, selector: object, port: string, targetPort: number | string) =>
    bed.of(SERVICES, namespace).create({
      metadata: { name },
      spec: {
        selector,
        publishNotReadyAddresses: true,
        ports: [{ name: port, port: 80, targetPort, protocol: 'TCP' }],
      },
    });
  await serve('example-int-port', { pod1: 'on' }, 'example', 3000);
  await serve('example-named-port', { shared12: 'on' }, 'http', 'example-name');
  await serve('example-no-match', { pod3: 'on' }, 'example-no-match', 8080);
  const ipOf = (name: string) => soon(`${name} has an address`, async () => (await pods.get(name)).status?.podIP);
  const [ip1, ip2] = [await ipOf('pod1'), await ipOf('pod2')];

  /** That both kinds offer exactly these addresses with these ports, in so many subsets and slices. */
  async function expectOffered(
    name: string,
    port: string,
    offered: readonly (readonly [string, number])[],
    slices: number,
  ) {
    const wanted = offered.map(([ip, at]) => `${ip}:${at}/${port}/TCP`).sort();
    await soon(`Endpoints ${name} are right`, async () => {
      const subsets = (await bed.of(ENDPOINTS, namespace).find(name))?.subsets ?? [];
      const found = subsets.flatMap(({ addresses = [], ports = [] }) =>
        addresses.flatMap(({ ip }) => ports.map((each) => `${ip}:${each.port}/${each.name}/${each.protocol}`)),
      );
      return subsets.length === offered.length && found.sort().join() === wanted.join();
    });
    const found = await soon(`the slices of ${name} are right`, async () => {
      const listed = await slicesOf(namespace, name);
      const all = listed.flatMap(({ endpoints = [], ports = [] }) =>
        endpoints.flatMap(({ addresses }) =>
          addresses.flatMap((ip) => (ports ?? []).map((each) => `${ip}:${each.port}/${each.name}/${each.protocol}`)),
        ),
      );
      return listed.length === slices && all.sort().join() === wanted.join() && listed;
    });
    const refs = found.flatMap(({ endpoints = [] }) =>
      endpoints.map(({ targetRef }) => `${targetRef?.kind}/${targetRef?.name}`),
    );
    const owners: Readonly<Record<string, string>> = { [ip1]: 'Pod/pod1', [ip2]: 'Pod/pod2' };
    expect(refs.sort()).toEqual(offered.map(([ip]) => owners[ip] ?? '').sort());
  }

  await expectOffered('example-int-port', 'example', [[ip1, 3000]], 1);
  const both = [
    [ip1, 3000],
    [ip2, 3001],
  ] as const;
  await expectOffered('example-named-port', 'http', both, 2);
  await expectOffered('example-no-match', 'example-no-match', [], 1);
  for (const { metadata } of await slicesOf(namespace, 'example-named-port'))
    await bed.of(ENDPOINT_SLICES, namespace).delete(metadata.name);
  await expectOffered('example-named-port', 'http', both, 2);
});

it('[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]', async () => {
  const namespace = await bed.namespace('endpointslicemirroring');
  const name = 'example-custom-endpoints';
  const port = { name: 'example', port: 80, protocol: 'TCP' };
  await bed.of(SERVICES, namespace).create({ metadata: { name }, spec: { ports: [port] } });
  const endpoints = bed.of(ENDPOINTS, namespace);
  const subset = (ip: string) => ({ addresses: [{ ip }], ports: [port] });
  const mirrored = (ip: string) =>
    soon(`one slice has ${ip}`, async () => {
      const slices = await slicesOf(namespace, name);
      return slices.length === 1 && slices[0]?.endpoints[0]?.addresses[0] === ip && slices[0];
    });
  const made = await endpoints.create({ metadata: { name }, subsets: [subset('10.1.2.3')] });
  const slice = await mirrored('10.1.2.3');
  expect(slice.ports).toMatchObject([port]);
  expect(slice.endpoints).toHaveLength(1);
  await endpoints.update({ ...made, subsets: [subset('10.2.3.4')] });
  expect((await mirrored('10.2.3.4')).ports).toMatchObject([port]);
  await endpoints.delete(name);
  await soon('the slice is gone', async () => (await slicesOf(namespace, name)).length === 0);
});

it('[sig-network] Service endpoints latency should not be very high [Conformance]', async () => {
  const namespace = await bed.namespace('svc-latency');
  const labels = { name: 'svc-latency-rc' };
  const containers = [{ name: 'c', image: 'pause:3.10' }];
  await bed.of(REPLICATION_CONTROLLERS, namespace).create({
    metadata: { name: 'svc-latency-rc' },
    spec: { replicas: 1, selector: labels, template: { metadata: { labels }, spec: { containers } } },
  });
  const pods = bed.of(PODS, namespace);
  await soon('its pod runs', async () => (await pods.list()).items[0]?.status?.phase === 'Running');
  const endpoints = bed.of(ENDPOINTS, namespace);
  const watch = await endpoints.watch({ resourceVersion: (await endpoints.list()).metadata.resourceVersion });

  const TRIALS = 200;
  const PARALLEL = 15;
  const begun = new Map<string, number>();
  const names = Array.from({ length: TRIALS }, (_, at) => `latency-svc-${at}`);
  const waiting = names.values();
  const work = async () => {
    for (const name of waiting) {
      begun.set(name, performance.now());
      const spec = { type: 'ClusterIP', selector: labels, ports: [{ protocol: 'TCP', port: 80 }] };
      await bed.of(SERVICES, namespace).create({ metadata: { name }, spec });
    }
  };
  const took = new Map<string, number>();
  const reading = async () => {
    while (took.size < TRIALS) {
      const { metadata } = await watch.next('ANY', ({ subsets = [] }) => (subsets[0]?.addresses ?? []).length > 0);
      if (!took.has(metadata.name)) took.set(metadata.name, performance.now() - (begun.get(metadata.name) ?? 0));
    }
  };
  await Promise.all([...Array.from({ length: PARALLEL }, work), reading()]);
  watch.stop();
  const sorted = [...took.values()].sort((left, right) => left - right);
  const percentile = (part: number) => sorted[Math.floor(TRIALS * part)] ?? Number.POSITIVE_INFINITY;
  expect(percentile(0.5)).toBeLessThan(20_000);
  expect(percentile(0.9)).toBeLessThan(30_000);
  expect(percentile(0.99)).toBeLessThan(50_000);
});
