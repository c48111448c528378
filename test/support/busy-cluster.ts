import { DEPLOYMENTS, type Deployment, type KubeObject, PODS, type Pod } from '#api';
import { createLog, systemClock } from '#base';
import type { Client } from '#client';
import { createControllers } from '#controllers';
import { startCluster } from './cluster.ts';
import { createHollowNode, type HollowNode, type HollowNodeOptions, type HollowOutcome } from './hollow-node.ts';
import { until } from './until.ts';

export const namespace = 'default';
export const labels = { app: 'web' };

export interface BusyCluster {
  readonly client: Client;
  readonly nodes: readonly HollowNode[];
  /** What the controllers warned of; a test that expects nothing of the kind checks that it is empty. */
  readonly warnings: readonly string[];
  /** How pods turn out from now on. */
  setOutcome(outcome: (pod: Pod) => HollowOutcome): void;
  revision(): Promise<number>;
  close(): Promise<void>;
}

/** The API over a store in memory, all controllers, and hollow nodes: two where none are named. Without `beatMs` they are lost after 40 s. */
export async function startBusyCluster(
  nodeNames: readonly string[] | undefined = ['n1', 'n2'],
  more: Pick<HollowNodeOptions, 'beatMs'> = {},
): Promise<BusyCluster> {
  const warnings: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line) => void warnings.push(line) } });
  const cluster = await startCluster();
  const { client } = cluster;
  const stopping = new AbortController();
  let outcome: (pod: Pod) => HollowOutcome = () => 'ready';
  const deps = { client, clock: systemClock };
  const nodes = nodeNames.map((name) => createHollowNode({ ...deps, ...more, name, outcome: (pod) => outcome(pod) }));
  const controllers = createControllers({ ...deps, log }, { caCertificate: 'PEM' });
  const running = Promise.all([controllers.run(stopping.signal), ...nodes.map((node) => node.run(stopping.signal))]);
  await until('the controllers run', () => controllers.synced);
  return {
    client,
    nodes,
    warnings,
    setOutcome(next) {
      outcome = next;
      for (const node of nodes) node.refresh();
    },
    revision: () => cluster.revision(),
    async close() {
      stopping.abort();
      await running;
      await cluster.close();
    },
  };
}

export function deploymentObject(image: string, spec: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } },
      ...spec,
    },
  };
}

/** As `kubectl rollout status` judges it. */
export function isRolledOut({ metadata, spec, status }: Deployment): boolean {
  const counts = [status?.updatedReplicas ?? 0, status?.replicas ?? 0, status?.availableReplicas ?? 0];
  return status?.observedGeneration === metadata.generation && counts.every((count) => count === (spec.replicas ?? 1));
}

export async function rolledOut(client: Client): Promise<Deployment> {
  return await until(
    'the rollout is complete',
    async () => {
      const deployment = await client.get(DEPLOYMENTS, { namespace, name: 'web' });
      return deployment !== undefined && isRolledOut(deployment) && deployment;
    },
    60_000,
  );
}

export async function listPods(client: Client): Promise<readonly Pod[]> {
  return (await client.list(PODS, { namespace })).items;
}
