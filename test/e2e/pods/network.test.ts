/**
 * Official tests of traffic between pods, and to them through Services and the API. Source: kubernetes
 * test/e2e/network: service.go, proxy.go, hostport.go; test/e2e/common/network: networking.go; test/e2e/apps:
 * replica_set.go (v1.32).
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect } from 'vitest';
import { PODS, REPLICA_SETS, SERVICES, type Service } from '#api';
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
const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
/** A pod that tells its name at /cgi-bin/hostname. */
const serverPod = (name: string, container: object = {}): Body => ({
  metadata: { name, labels: { app: 'server' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, args: ['netexec', '8080'], readinessProbe, ...container }],
  },
});
const HOSTNAME = '/cgi-bin/hostname';

const clientPod: Body = {
  metadata: { name: 'client' },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }] },
};

/** What a command says in the pod `client` of a namespace. */
const run = (namespace: string, ...command: readonly string[]) => bed.exec(namespace, 'client', command);
/** The page at an address, as the pod `client` sees it; empty where nobody answers. */
const fetched = (namespace: string, address: string) =>
  run(namespace, 'timeout', '3', 'wget', '-q', '-O', '-', `http://${address}${HOSTNAME}`);
const answers = (namespace: string, address: string, passes: (name: string) => boolean = (name) => name !== '') =>
  until(`${address} answers`, async () => {
    const name = await fetched(namespace, address);
    return passes(name) ? name : undefined;
  });

/** A namespace with a client, and so many servers. */
async function world(base: string, servers: readonly string[]): Promise<string> {
  const namespace = await bed.namespace(base);
  await Promise.all([bed.ready(namespace, clientPod), ...servers.map((name) => bed.ready(namespace, serverPod(name)))]);
  return namespace;
}
const service = (namespace: string, spec: object): Promise<Service> =>
  bed.of(SERVICES, namespace).create({
    metadata: { name: 'service' },
    spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  });
const addressOf = ({ spec }: Service) => `${spec.clusterIP}:80`;
const nodeAddressOf = async ({ spec }: Service, namespace: string) => {
  const { status } = await bed.of(PODS, namespace).get('client');
  return `${status?.hostIP}:${spec.ports?.[0]?.nodePort}`;
};

official(
  '[sig-network] Networking Granular Checks: Pods should function for intra-pod communication: http [NodeConformance] [Conformance]',
  async () => {
    const namespace = await world('pod-network', ['netserver-0', 'netserver-1']);
    for (const name of ['netserver-0', 'netserver-1']) {
      const { status } = await bed.of(PODS, namespace).get(name);
      expect(await answers(namespace, `${status?.podIP}:8080`)).toBe(name);
    }
  },
);

official(
  '[sig-network] Networking Granular Checks: Pods should function for node-pod communication: http [LinuxOnly] [NodeConformance] [Conformance]',
  async () => {
    const namespace = await world('pod-network', ['netserver-0']);
    const { status } = await bed.of(PODS, namespace).get('netserver-0');
    // This process is on the node.
    const answer = await fetch(`http://${status?.podIP}:8080${HOSTNAME}`);
    expect(await answer.text()).toBe('netserver-0');
  },
);

official('[sig-network] Services should be able to create a functioning NodePort service [Conformance]', async () => {
  const namespace = await world('services', ['server-0', 'server-1']);
  const made = await service(namespace, { type: 'NodePort' });
  await answers(namespace, addressOf(made), (name) => name === 'server-0');
  await answers(namespace, addressOf(made), (name) => name === 'server-1');
  await answers(namespace, await nodeAddressOf(made, namespace), (name) => name.startsWith('server-'));
});

const becomes = (namespace: string, alter: (spec: Service['spec']) => void) =>
  bed.of(SERVICES, namespace).change('service', ({ spec }) => alter(spec));

official(
  '[sig-network] Services should be able to change the type from ExternalName to ClusterIP [Conformance]',
  async () => {
    const namespace = await world('services', ['server-0']);
    await service(namespace, {
      type: 'ExternalName',
      externalName: 'foo.example.com',
      selector: undefined,
      ports: undefined,
    });
    const made = await becomes(namespace, (spec) => {
      spec.type = 'ClusterIP';
      delete spec.externalName;
      spec.selector = { app: 'server' };
      spec.ports = [{ port: 80, targetPort: 8080, protocol: 'TCP', name: 'http' }];
    });
    expect(await answers(namespace, addressOf(made))).toBe('server-0');
  },
);

official(
  '[sig-network] Services should be able to change the type from ExternalName to NodePort [Conformance]',
  async () => {
    const namespace = await world('services', ['server-0']);
    await service(namespace, {
      type: 'ExternalName',
      externalName: 'foo.example.com',
      selector: undefined,
      ports: undefined,
    });
    const made = await becomes(namespace, (spec) => {
      spec.type = 'NodePort';
      delete spec.externalName;
      spec.selector = { app: 'server' };
      spec.ports = [{ port: 80, targetPort: 8080, protocol: 'TCP', name: 'http' }];
    });
    expect(await answers(namespace, addressOf(made))).toBe('server-0');
    expect(await answers(namespace, await nodeAddressOf(made, namespace))).toBe('server-0');
  },
);

/** Visits in a row that must, or may not, meet one pod. Source: kubernetes test/e2e/framework/service/const.go (v1.32). */
const AFFINITY_COUNT = 15;

/** Whether so many visits in a row met one pod. */
async function meetsOne(namespace: string, address: string): Promise<boolean> {
  const met = new Set<string>();
  for (let time = 0; time < AFFINITY_COUNT; time += 1) met.add(await fetched(namespace, address));
  return met.size === 1 && !met.has('');
}
const keeps = (namespace: string, address: string, kept: boolean) =>
  until(
    `${address} ${kept ? 'keeps' : 'does not keep'} its client`,
    async () => (await meetsOne(namespace, address)) === kept,
  );

/** The address of a Service of three pods, as it is by itself or at a port of the node. */
const ADDRESSES = { ClusterIP: addressOf, NodePort: nodeAddressOf } as const;
async function affine(type: keyof typeof ADDRESSES) {
  const namespace = await world('services', ['server-0', 'server-1', 'server-2']);
  const made = await service(namespace, { type, sessionAffinity: 'ClientIP' });
  const address = await ADDRESSES[type](made, namespace);
  await answers(namespace, address);
  return { namespace, address };
}

const affinityWorks = (type: keyof typeof ADDRESSES) => async () => {
  const { namespace, address } = await affine(type);
  await keeps(namespace, address, true);
};
const affinitySwitches = (type: keyof typeof ADDRESSES) => async () => {
  const { namespace, address } = await affine(type);
  await becomes(namespace, (spec) => {
    spec.sessionAffinity = 'None';
    delete spec.sessionAffinityConfig;
  });
  await keeps(namespace, address, false);
  await becomes(namespace, (spec) => {
    spec.sessionAffinity = 'ClientIP';
  });
  await keeps(namespace, address, true);
};

official(
  '[sig-network] Services should have session affinity work for service with type clusterIP [LinuxOnly] [Conformance]',
  affinityWorks('ClusterIP'),
);

official(
  '[sig-network] Services should have session affinity work for NodePort service [LinuxOnly] [Conformance]',
  affinityWorks('NodePort'),
);

official(
  '[sig-network] Services should be able to switch session affinity for service with type clusterIP [LinuxOnly] [Conformance]',
  affinitySwitches('ClusterIP'),
);

official(
  '[sig-network] Services should be able to switch session affinity for NodePort service [LinuxOnly] [Conformance]',
  affinitySwitches('NodePort'),
);

/** The page that this process, which is on the node, gets as a client with this address of its own. */
async function pageAt(host: string, port: number, localAddress: string): Promise<string> {
  const request = get({ host, port, localAddress, path: HOSTNAME, agent: false, timeout: 5_000 });
  const [response] = await once(request, 'response');
  return text(response);
}

/** What a datagram is answered within five seconds; nothing when it is not. */
async function datagramAt(host: string, port: number): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
    socket.send('hello', port, host);
    return String((await answer)[0]);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return undefined;
    throw error;
  } finally {
    socket.close();
  }
}

/** agnhost's `netexec` serves UDP too; in the image that stands in for it no program does. Answers with a pod's name. */
async function serveDatagrams(name: string, uid: string): Promise<() => void> {
  const [container] = (await bed.runtime.listContainers()).filter(({ pod }) => pod.uid === uid);
  const source = `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (_, { port, address }) => socket.send(${JSON.stringify(name)}, port, address));
    socket.bind(8080, () => process.stdout.write('bound'));
  `;
  const child = spawn('nsenter', ['-t', `${container?.pid}`, '-n', process.execPath, '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return () => child.kill('SIGKILL');
}

official(
  '[sig-network] HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol [LinuxOnly] [Conformance]',
  async () => {
    const namespace = await bed.namespace('hostport');
    const hostPort = 54_323;
    const localhost = '127.0.0.1';
    const exposed = (name: string, port: object) =>
      bed.ready(namespace, serverPod(name, { ports: [{ containerPort: 8080, hostPort, ...port }] }));
    const pod1 = await exposed('pod1', { hostIP: localhost, protocol: 'TCP' });
    const hostIP = pod1.status?.hostIP ?? '';
    await exposed('pod2', { hostIP, protocol: 'TCP' });
    const pod3 = await exposed('pod3', { hostIP, protocol: 'UDP' });
    const stop = await serveDatagrams('pod3', pod3.metadata.uid);
    try {
      await until('all three answer', async () => {
        const first = await pageAt(localhost, hostPort, hostIP);
        const second = await pageAt(hostIP, hostPort, hostIP);
        const third = await datagramAt(hostIP, hostPort);
        return `${first} ${second} ${third}` === 'pod1 pod2 pod3';
      });
    } finally {
      stop();
    }
  },
);

official(
  '[sig-apps] ReplicaSet should serve a basic image on each replica with a public image [Conformance]',
  async () => {
    const namespace = await bed.namespace('replicaset');
    const labels = { app: 'basic' };
    const { spec } = serverPod('unused') as { spec: object };
    const template = { metadata: { labels }, spec };
    await bed
      .of(REPLICA_SETS, namespace)
      .create({ metadata: { name: 'basic' }, spec: { replicas: 2, selector: { matchLabels: labels }, template } });
    const running = await until('two pods are ready', async () => {
      const { items } = await bed.of(PODS, namespace).list({ labelSelector: 'app=basic' });
      const ready = items.filter(({ status }) =>
        status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
      );
      return ready.length === 2 ? ready : undefined;
    });
    for (const { metadata } of running) {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}:8080/proxy${HOSTNAME}`;
      expect((await bed.https.send({ path })).text).toBe(metadata.name);
    }
  },
);

official('[sig-network] Proxy version v1 should proxy through a service and a pod [Conformance]', async () => {
  const namespace = await bed.namespace('proxy');
  await bed.ready(namespace, serverPod('proxied'));
  const ports = [
    { name: 'portname1', port: 80, targetPort: 8080 },
    { name: 'portname2', port: 81, targetPort: 8080 },
  ];
  await service(namespace, { ports });
  const root = `/api/v1/namespaces/${namespace}`;
  const paths = [
    `${root}/pods/proxied:8080/proxy${HOSTNAME}`,
    `${root}/pods/http:proxied:8080/proxy${HOSTNAME}`,
    ...['portname1', 'portname2', '80', '81'].flatMap((port) => [
      `${root}/services/service:${port}/proxy${HOSTNAME}`,
      `${root}/services/http:service:${port}/proxy${HOSTNAME}`,
    ]),
  ];
  for (const path of paths) {
    const answer = await until(`${path} answers`, async () => {
      const found = await bed.https.send({ path });
      return found.status === 200 ? found : undefined;
    });
    expect(answer.text, path).toBe('proxied');
  }
});
