import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PODS, type Pod } from '#api';
import { silentLog, systemClock } from '#base';
import { createLinuxNetwork, takePodNetwork } from '#network';
import { createHttpsControl, createNodeAgent, removeAgentFolder } from '#node-agent';
import { createDockerRuntime, type DockerRuntime } from '#runtime';
import { GROUP_MASTERS, nodeUser } from '#server';
import { clusterNetwork } from '../../../src/app/config.ts';
import { loadStandIn } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';
import { type ConformanceBed, startConformanceBed } from './bed.ts';
import { accepted, type Body } from './resource.ts';
import { readWebSocket } from './web-socket.ts';

/** As long as anything may take on a machine that does much at once, in ms; less where it is to fail (mutations.ts). */
const SOON_MS = Number(process.env['PLUMBLINE_PATIENCE_MS'] ?? 90_000);
const NODE = 'node-1';

/** A cluster of one node on which containers really run: our agent, its network, and the engine at DOCKER_HOST. */
export interface DockerBed extends ConformanceBed {
  readonly node: string;
  readonly runtime: DockerRuntime;
  /** Waits until a pod is as wanted. */
  sees(namespace: string, name: string, what: string, passes: (pod: Pod) => boolean): Promise<Pod>;
  /** Creates a pod and waits until it is ready. */
  ready(namespace: string, pod: Body): Promise<Pod>;
  /** Creates a pod and waits until it has ended. */
  ended(namespace: string, pod: Body): Promise<Pod>;
  log(namespace: string, name: string, query?: string): Promise<string>;
  /** What a command says in the container `main` of a pod. */
  exec(namespace: string, name: string, command: readonly string[]): Promise<string>;
  /** The messages of a WebSocket at a path of a pod, to its end. */
  messages(namespace: string, path: string, protocol: string): Promise<readonly Buffer[]>;
  /** Waits until a container's log holds all these words. */
  says(namespace: string, name: string, words: readonly string[], container?: string): Promise<string>;
}

/** Only inside a host of its own, which `npm run` and the end-to-end stage make: it takes the network of the host. */
export async function startDockerBed(): Promise<DockerBed> {
  const bed = await startConformanceBed({ nodes: 0 });
  const { server } = bed;
  const stateDir = await mkdtemp(path.join(tmpdir(), 'plumb-docker-bed-'));
  const owner = `conformance/${path.basename(stateDir)}`;
  const base = { clock: systemClock, log: silentLog };
  const runtime = createDockerRuntime({ owner, ...base });
  await loadStandIn(runtime);
  const networkOwner = { id: owner, directory: stateDir };
  await takePodNetwork(networkOwner, silentLog);
  const user = nodeUser(NODE);
  const { hostname, port } = new URL(server.url);
  const {
    podCidr: clusterCidr,
    serviceCidr,
    dnsServiceIP: dnsIP,
    domain: clusterDomain,
    apiServiceIP,
  } = clusterNetwork;
  const agent = createNodeAgent({
    client: await server.client(user, 'agent/1'),
    runtime,
    createNetwork: (podCidr) =>
      createLinuxNetwork(
        {
          owner: networkOwner,
          podCidr,
          clusterCidr,
          serviceCidr,
          dnsIP,
          clusterDomain,
          api: { serviceIP: apiServiceIP, host: hostname, port: Number(port) },
        },
        base,
      ),
    control: createHttpsControl({
      server: server.url,
      ca: server.ca,
      token: await server.tokens.issue(user),
      nodeName: NODE,
      ...base,
    }),
    ...base,
    nodeName: NODE,
    stateDir,
    version: 'test',
  });
  const stopping = new AbortController();
  const running = agent.run(stopping.signal);
  await until('the node is connected', () => server.tunnel.isConnected(NODE), SOON_MS);

  const sees: DockerBed['sees'] = (namespace, name, what, passes) =>
    until(
      `${name} ${what}`,
      async () => {
        const pod = await bed.of(PODS, namespace).find(name);
        if (pod !== undefined && passes(pod)) return pod;
        throw new Error(JSON.stringify(pod?.status));
      },
      SOON_MS,
    );
  const log: DockerBed['log'] = async (namespace, name, query = '') => {
    const answer = await bed.https.send({ path: `/api/v1/namespaces/${namespace}/pods/${name}/log${query}` });
    if (answer.status !== 200) accepted(answer);
    return answer.text;
  };
  const messages: DockerBed['messages'] = async (namespace, pathOfPod, protocol) =>
    readWebSocket({
      url: server.url,
      ca: server.ca,
      token: await server.tokens.issue({ name: 'admin', groups: [GROUP_MASTERS] }),
      path: `/api/v1/namespaces/${namespace}/pods/${pathOfPod}`,
      protocol,
    });
  return {
    ...bed,
    node: NODE,
    runtime,
    sees,
    async ready(namespace, pod) {
      const { metadata } = await bed.of(PODS, namespace).create(pod);
      return sees(namespace, metadata.name, 'is ready', isReady);
    },
    async ended(namespace, pod) {
      const { metadata } = await bed.of(PODS, namespace).create(pod);
      const hasEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
      return sees(namespace, metadata.name, 'has ended', hasEnded);
    },
    log,
    messages,
    async exec(namespace, name, command) {
      const query = new URLSearchParams({ stdout: '1', stderr: '1', container: 'main' });
      for (const word of command) query.append('command', word);
      const all = await messages(namespace, `${name}/exec?${query}`, 'v4.channel.k8s.io');
      const said = all.filter((message) => message[0] === 1).map((message) => message.subarray(1).toString());
      return said.join('');
    },
    says: (namespace, name, words, container) =>
      until(
        `${name} says ${words.join(', ')}`,
        async () => {
          const said = await log(namespace, name, container === undefined ? '' : `?container=${container}`);
          if (words.every((word) => said.includes(word))) return said;
          throw new Error(said.slice(-500));
        },
        SOON_MS,
      ),
    async close() {
      stopping.abort();
      await running;
      await runtime.removeAll();
      await removeAgentFolder(stateDir);
      await rm(stateDir, { recursive: true, force: true });
      await bed.close();
    },
  };
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') === true;

/** An official test by its codename; those of a file run beside each other. */
export const official = (codename: string, steps: () => Promise<void>) => it.concurrent(codename, steps);

/** An official test of the form "a pod with this spec ends well, and has said that". */
export function prints(
  bed: () => DockerBed,
  codename: string,
  prepare: (namespace: string) => Promise<Body> | Body,
  expected: readonly (string | RegExp)[],
): void {
  official(codename, async () => {
    const namespace = await bed().namespace('prints');
    const { metadata, status } = await bed().ended(namespace, await prepare(namespace));
    const said = await bed().log(namespace, metadata.name);
    for (const words of expected) expect(said).toMatch(typeof words === 'string' ? new RegExp(escaped(words)) : words);
    expect(status?.phase, said).toBe('Succeeded');
  });
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
