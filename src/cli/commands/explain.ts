import {
  isApiError,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type Pod,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
} from '#api';
import { type PlacementOwners, type PlacementPlan, type PlacementStorage, planPlacement } from '#scheduler';
import { formatTable, plain } from '../output.ts';
import type { Session } from '../session.ts';

/** What the pod says itself of having no node: the scheduler's own words. */
export const unscheduled = ({ status }: Pod) =>
  status?.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False');

/** Why a pod has no node, node by node. */
export async function explain(session: Session, pod: Pod): Promise<void> {
  const { client, output } = session;
  const [nodes, pods, namespaces, budgets] = await Promise.all([
    client.list(NODES),
    client.list(PODS),
    client.list(NAMESPACES),
    client.list(POD_DISRUPTION_BUDGETS),
  ]);
  const [storage, owners] = await Promise.all([
    unlessForbidden(session, 'its claims', () => storageFor(session, pod)),
    unlessForbidden(session, 'the pods that it belongs together with', () => ownersFor(session, pod)),
  ]);
  const plan = planPlacement({
    ...(storage === undefined ? {} : { storage }),
    ...(owners === undefined ? {} : { owners }),
    pod,
    nodes: nodes.items,
    pods: pods.items,
    namespaces: namespaces.items,
    budgets: budgets.items,
  });
  const said = unscheduled(pod);
  if (said !== undefined) output.write(`The scheduler said: ${plain(`${said.reason}: ${said.message ?? ''}`)}`);
  output.write(`As things stand now: ${plain(plan.reason)}`);
  for (const line of promiseLines(pod, plan)) output.write(line);
  if (plan.answers.length > 0) output.write(`\n${answerTable(plan)}`);
}

async function storageFor({ client }: Session, { metadata }: Pod): Promise<PlacementStorage> {
  const [claims, volumes, storageClasses] = await Promise.all([
    client.list(PERSISTENT_VOLUME_CLAIMS, inNamespaceOf(metadata)),
    client.list(PERSISTENT_VOLUMES),
    client.list(STORAGE_CLASSES),
  ]);
  return { claims: claims.items, volumes: volumes.items, storageClasses: storageClasses.items };
}

async function ownersFor({ client }: Session, { metadata }: Pod): Promise<PlacementOwners> {
  const here = inNamespaceOf(metadata);
  const [services, replicaSets, replicationControllers, statefulSets] = await Promise.all([
    client.list(SERVICES, here),
    client.list(REPLICA_SETS, here),
    client.list(REPLICATION_CONTROLLERS, here),
    client.list(STATEFUL_SETS, here),
  ]);
  return {
    services: services.items,
    replicaSets: replicaSets.items,
    replicationControllers: replicationControllers.items,
    statefulSets: statefulSets.items,
  };
}

const inNamespaceOf = ({ namespace }: Pod['metadata']) => (namespace === undefined ? {} : { namespace });

/** Who may not list something is told what the answer leaves out. */
async function unlessForbidden<T>({ output }: Session, what: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error;
    output.note(`Without a look at ${what}: ${error.message}`);
    return undefined;
  }
}

function promiseLines({ status }: Pod, { victims }: PlacementPlan): readonly string[] {
  const promised = status?.nominatedNodeName;
  return [
    ...(promised ? [`It is promised room on node ${plain(promised)}.`] : []),
    ...victims.map(({ metadata }) => `It may take the room of pod ${metadata.namespace}/${metadata.name}.`),
  ];
}

export function answerTable({ answers }: Pick<PlacementPlan, 'answers'>): string {
  const rows = answers.map(({ node, reasons, ifOthersLeft }) => [
    plain(node),
    reasons.length === 0 ? 'yes' : ifOthersLeft ? 'if others left' : 'no',
    plain(reasons.join(', ')),
  ]);
  return formatTable(['NODE', 'TAKES IT', 'WHY NOT'], rows);
}
