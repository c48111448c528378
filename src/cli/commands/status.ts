import type { Application, ResourceStatus } from '#api';
import { APPLICATIONS, NODES, SYNC_RUNS } from '#api';
import { isReady, networkTrouble } from '../nodes.ts';
import { formatTable, paint, plain, shortCommit } from '../output.ts';
import { APPLICATION_NAMESPACE, requireApplication, type Session } from '../session.ts';
import { formatDrift, formatOrigin } from '../words.ts';

const objectName = ({ kind, namespace, name }: ResourceStatus) =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

function details(application: Application): readonly string[] {
  const lines: string[] = [];
  for (const condition of application.status?.conditions ?? []) {
    if (condition.status === 'True' && condition.message !== undefined)
      lines.push(`  ${paint('warn')} ${condition.type}: ${plain(condition.message)}`);
  }
  for (const resource of application.status?.resources ?? []) {
    const where = formatOrigin(resource.origin);
    if (resource.status === 'OutOfSync') {
      lines.push(
        `  ${paint('OutOfSync')} ${objectName(resource)}${resource.requiresPruning ? ' is no longer in Git' : ''}${where}`,
      );
      for (const drift of resource.drift ?? []) lines.push(`      ${formatDrift(drift)}`);
    } else if (resource.health !== undefined && resource.health.status !== 'Healthy') {
      lines.push(
        `  ${paint(resource.health.status)} ${objectName(resource)}: ${plain(resource.health.message ?? '')}${where}`,
      );
    }
  }
  return lines;
}

/** Prints every Application: is it true to Git, is it healthy, and if not, why. Resolves to whether all are both. */
export async function status({ client, output }: Session, name?: string): Promise<boolean> {
  // A name that was mistyped is not a cluster that hangs true.
  if (name !== undefined) await requireApplication(client, name);
  const [applications, nodes, runs] = await Promise.all([
    client.list(APPLICATIONS, { namespace: APPLICATION_NAMESPACE }),
    client.list(NODES),
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
      : `${paint(state.run.phase)} ${plain(messages.get(state.run.name)?.split('\n')[0] ?? '')}`,
  ]);
  output.write(formatTable(['APPLICATION', 'SYNC', 'HEALTH', 'COMMIT', 'LAST RUN'], rows));
  for (const application of shown) {
    const lines = details(application);
    if (lines.length > 0) output.write(`\n${application.metadata.name}\n${lines.join('\n')}`);
  }
  const notReady = nodes.items.filter((node) => !isReady(node));
  for (const node of nodes.items) {
    const trouble = networkTrouble(node);
    if (trouble !== undefined) output.write(`\n${paint('warn')} ${trouble.what}`);
  }
  for (const node of notReady) output.write(`\n${paint('NotReady')} node ${node.metadata.name}`);
  if (nodes.items.length === 0) output.write('\nNo node has joined: pods wait until an agent runs (plumb agent).');
  return (
    notReady.length === 0 &&
    shown.every(({ status: state }) => state?.sync?.status === 'Synced' && state.health?.status === 'Healthy')
  );
}
