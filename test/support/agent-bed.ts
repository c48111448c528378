import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONFIG_MAPS, type KubeObject, NODES, PODS, type Pod, type ResourceType, SERVICE_ACCOUNTS } from '#api';
import { type Log, silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createFakeNetwork, type Network } from '#network';
import {
  createHttpsControl,
  createNodeAgent,
  NO_THRESHOLDS,
  type NodeAgentOptions,
  removeAgentFolder,
  settingDefaults,
} from '#node-agent';
import type { Runtime } from '#runtime';
import { nodeUser } from '#server';
import { type ApiServer, startApiServer } from './api-server.ts';
import { until } from './until.ts';

const DEADLINE_MS = 60_000;
export const BED_NODE = 'node-1';
const ADMIN = { name: 'admin', groups: ['system:masters'] };

/** Gives a pod's namespace a way out that leads nowhere, and touches nothing outside it. */
export function innerNetwork(): Network {
  const fake = createFakeNetwork();
  return {
    ...fake,
    attachPod: async ({ ip, pid }) => {
      const lines = [
        'link add eth0 type veth peer name eth1',
        'link set lo up',
        'link set eth0 up',
        'link set eth1 up',
        `addr add ${ip}/32 dev eth0`,
        'route add default dev eth0',
      ];
      const done = spawnSync('nsenter', ['-t', String(pid), '-n', 'ip', '-batch', '-'], { input: lines.join('\n') });
      if (done.status !== 0) throw new Error(done.stderr.toString());
    },
  };
}

export interface AgentBed {
  readonly server: ApiServer;
  readonly client: Client;
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Creates a pod of this bed's node and waits until it is ready. */
  run(pod: KubeObject): Promise<Pod>;
  /** Ends the agent; containers go on. */
  stopAgent(): Promise<void>;
  close(): Promise<void>;
}

/** What a namespace's controller would have made: pods of the bed have it mounted. */
const furniture = (ca: string): readonly (readonly [ResourceType, KubeObject])[] => [
  [SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } }],
  [
    CONFIG_MAPS,
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-root-ca.crt', namespace: 'default' },
      data: { 'ca.crt': ca },
    },
  ],
];

/** A real API server over HTTPS and a real agent on a runtime, joined by the real control connection. No scheduler: pods name their node. */
export async function startAgentBed(
  runtime: Runtime,
  { log = silentLog, agent: options = {} }: { readonly log?: Log; readonly agent?: Partial<NodeAgentOptions> } = {},
): Promise<AgentBed> {
  const server = await startApiServer({ log });
  const stateDir = await mkdtemp(path.join(tmpdir(), 'plumb-bed-'));
  const client = await server.client(ADMIN);
  for (const [resource, object] of furniture(server.ca)) await client.create(resource, object);
  const agentUser = nodeUser(BED_NODE);
  const abort = new AbortController();
  const agent = createNodeAgent(
    {
      client: await server.client(agentUser, 'agent/1'),
      runtime,
      createNetwork: innerNetwork,
      control: createHttpsControl({
        server: server.url,
        ca: server.ca,
        token: await server.tokens.issue(agentUser),
        nodeName: BED_NODE,
        clock: systemClock,
        log,
      }),
      clock: systemClock,
      log,
      nodeName: BED_NODE,
      stateDir,
      address: '192.0.2.1',
      version: 'test',
    },
    // How full the disk of whoever runs the tests is must decide nothing.
    { settings: { ...settingDefaults, ...NO_THRESHOLDS }, ...options },
  );
  const running = agent.run(abort.signal);
  const stopAgent = async () => {
    abort.abort();
    await running;
  };
  await until(
    'the node registers',
    async () => (await client.get(NODES, { name: BED_NODE })) !== undefined,
    DEADLINE_MS,
  );
  await client.patch(NODES, { name: BED_NODE }, { type: 'merge', body: { spec: { podCIDR: '10.244.1.0/24' } } });
  await until('the agent is connected', () => server.tunnel.isConnected(BED_NODE), DEADLINE_MS);
  return {
    server,
    client,
    kubeconfig: await server.kubeconfig(ADMIN),
    async run(pod) {
      await client.create(PODS, pod);
      const { name, namespace = 'default' } = pod.metadata;
      const isReady = ({ status }: Pod) =>
        status?.conditions?.some(({ type, status: word }) => type === 'Ready' && word === 'True') === true;
      return until(
        `${name} is ready`,
        async () => {
          const found = await client.get(PODS, { namespace, name: name ?? '' });
          if (found !== undefined && isReady(found)) return found;
          throw new Error(JSON.stringify(found?.status));
        },
        DEADLINE_MS,
      );
    },
    stopAgent,
    async close() {
      await stopAgent();
      await server.close();
      await removeAgentFolder(stateDir);
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** A pod of this bed that serves until it is told to end. */
export function bedPod(name: string, image: string, container: object = {}, spec: object = {}): KubeObject {
  const serve = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: {
      nodeName: BED_NODE,
      terminationGracePeriodSeconds: 2,
      containers: [{ name: 'app', image, command: ['/bin/sh', '-c', serve], ...container }],
      ...spec,
    },
  };
}

/** An owner of its own for a runtime's containers. */
export const bedOwner = () => `test/${randomUUID()}`;
