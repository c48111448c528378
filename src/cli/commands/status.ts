import type { Application, ResourceStatus } from '#api';
import { APPLICATIONS, NODES, PODS, REPLICA_SETS, SYNC_RUNS, severityOf } from '#api';
import { isReady, networkTrouble } from '../nodes.ts';
import { formatTable, paint, plain, shortCommit } from '../output.ts';
import { ownerKey, type PodTrouble, planPodTroubles } from '../pod-troubles.plan.ts';
import { APPLICATION_NAMESPACE, requireApplication, type Session } from '../session.ts';
import { age, formatDrift, formatOrigin } from '../words.ts';

const objectName = ({ kind, namespace, name }: ResourceStatus) =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

const isSick = ({ health }: ResourceStatus) => health !== undefined && health.status !== 'Healthy';

const since = (time: string | undefined, nowMs: number) => (time === undefined ? '' : ` (since ${age(time, nowMs)})`);

function conditionLines({ status }: Application, nowMs: number): readonly string[] {
  return (status?.conditions ?? []).flatMap((condition) => {
    const severity = severityOf(condition);
    if (severity === undefined) return [];
    const word = paint(severity === 'warning' ? 'warn' : 'error');
    const { type, message, lastTransitionTime } = condition;
    return [`  ${word} ${type}${since(lastTransitionTime, nowMs)}: ${plain(message ?? '')}`];
  });
}

function troubleLines(troubles: readonly PodTrouble[]): readonly string[] {
  return troubles.flatMap(({ pod, pods, container, reason, message, hint }) => [
    `      ${paint('error')} pod ${pod}${pods > 1 ? ` and ${pods - 1} more` : ''}${container === undefined ? '' : `, container ${container}`}: ${reason}${message === '' ? '' : `: ${plain(message)}`}`,
    `            ${hint}`,
  ]);
}

function resourceLines(resource: ResourceStatus, troubles: readonly PodTrouble[]): readonly string[] {
  const { status, health, requiresPruning, origin, drift = [] } = resource;
  const where = formatOrigin(origin);
  const lines: string[] = [];
  if (status === 'OutOfSync') {
    lines.push(`  ${paint(status)} ${objectName(resource)}${requiresPruning ? ' is no longer in Git' : ''}${where}`);
    for (const field of drift) lines.push(`      ${formatDrift(field)}`);
  }
  if (health !== undefined && isSick(resource)) {
    const message = plain(health.message ?? '');
    lines.push(`  ${paint(health.status)} ${objectName(resource)}${message === '' ? '' : `: ${message}`}${where}`);
    lines.push(...troubleLines(troubles.filter(({ owner }) => owner === ownerKey(resource))));
  }
  return lines;
}

/** Why the pods of what is not healthy do not run. Asks nothing when all is well. */
async function findTroubles({ client }: Session, applications: readonly Application[]): Promise<readonly PodTrouble[]> {
  const sick = applications.flatMap(({ status }) => status?.resources ?? []).filter(isSick);
  const namespaces = [...new Set(sick.map(({ namespace }) => namespace))].filter((namespace) => namespace !== '');
  const found = await Promise.all(
    namespaces.map(async (namespace) => {
      const [pods, replicaSets] = await Promise.all([
        client.list(PODS, { namespace }),
        client.list(REPLICA_SETS, { namespace }),
      ]);
      return planPodTroubles(pods.items, replicaSets.items);
    }),
  );
  return found.flat();
}

/** Prints what is wrong with the nodes. Resolves to whether every one is Ready. */
async function nodeStatus({ client, output }: Session): Promise<boolean> {
  const { items } = await client.list(NODES);
  let good = true;
  for (const node of items) {
    const trouble = networkTrouble(node);
    if (trouble !== undefined) output.write(`\n${paint('warn')} ${trouble.what}`);
    if (isReady(node)) continue;
    good = false;
    output.write(`\n${paint('NotReady')} node ${node.metadata.name}`);
  }
  if (items.length === 0) output.write('\nNo node has joined: pods wait until an agent runs (plumb agent).');
  return good;
}

/** Prints every Application: is it true to Git, is it healthy, and if not, why. Resolves to whether all are both. */
export async function status(session: Session, name: string | undefined, nowMs: number): Promise<boolean> {
  const { client, output } = session;
  // A name that was mistyped is not a cluster that hangs true.
  if (name !== undefined) await requireApplication(client, name);
  const [applications, runs] = await Promise.all([
    client.list(APPLICATIONS, { namespace: APPLICATION_NAMESPACE }),
    client.list(SYNC_RUNS, { namespace: APPLICATION_NAMESPACE }),
  ]);
  const shown = applications.items.filter((application) => name === undefined || application.metadata.name === name);
  const messages = new Map(runs.items.map((run) => [run.metadata.name, run.spec.message ?? '']));
  const rows = shown.map(({ metadata, status: state }) => [
    metadata.name,
    paint(state?.sync?.status ?? 'Unknown'),
    paint(state?.health?.status ?? 'Unknown'),
    shortCommit(state?.sync?.revision),
    state?.run === undefined
      ? '-'
      : `${paint(state.run.phase)} ${plain(messages.get(state.run.name)?.split('\n')[0] ?? '')}`.trimEnd(),
  ]);
  if (rows.length === 0) output.note('There are no Applications yet: plumb up REPO makes the first.');
  else output.write(formatTable(['APPLICATION', 'SYNC', 'HEALTH', 'COMMIT', 'LAST RUN'], rows, output.columns));
  const troubles = await findTroubles(session, shown);
  for (const application of shown) {
    const lines = [
      ...conditionLines(application, nowMs),
      ...(application.status?.resources ?? []).flatMap((resource) => resourceLines(resource, troubles)),
    ];
    if (lines.length > 0) output.write(`\n${application.metadata.name}\n${lines.join('\n')}`);
  }
  const nodesAreReady = await nodeStatus(session);
  return (
    nodesAreReady &&
    shown.every(({ status: state }) => state?.sync?.status === 'Synced' && state.health?.status === 'Healthy')
  );
}
