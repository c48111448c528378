import path from 'node:path';
import { diffAgainstLive } from '#app';
import { type PlannedObject, planFromStatus, restartsPods } from '../changes.plan.ts';
import { CliError } from '../errors.ts';
import { formatTable, plain, shortCommit } from '../output.ts';
import { requireApplication, type Session } from '../session.ts';
import { formatDrift, formatOrigin } from '../words.ts';
import { UNTOLD } from './diff.ts';
import { document } from './get.ts';

type Own = Pick<Session, 'output'> & { readonly client: Parameters<typeof requireApplication>[0] };
export type PlanForm = 'json' | 'yaml';

interface Plan {
  /** Commit or folder. */
  readonly of: string;
  readonly changes: readonly PlannedObject[];
  /** What could not be read: the plan is not whole. */
  readonly untold: readonly string[];
}

/**
 * Prints what a sync would create, change, delete and restart. Changes nothing. Throws, exit code 2, when that is not known,
 * or only in part.
 */
export async function printPlan(
  session: Own,
  name: string,
  { local, output: form }: { readonly local?: string; readonly output?: PlanForm },
): Promise<void> {
  const application = await requireApplication(session.client, name);
  const plan = local === undefined ? planOfCommit(application) : await planOfFolder(session, application, local);
  const { output } = session;
  for (const line of plan.untold) output.note(line);
  if (form !== undefined) output.write(document({ application: name, of: plan.of, changes: plan.changes }, form));
  else tell(session, name, plan);
  const refused = plan.changes.some(({ action }) => action === 'refused');
  if (plan.untold.length > 0 || refused)
    throw new CliError(`the plan of ${name} is not whole`, {
      hint: 'The lines above tell what is missing.',
      exitCode: 2,
    });
}

function planOfCommit({ metadata, status }: Awaited<ReturnType<typeof requireApplication>>): Plan {
  const { sync, conditions = [], resources = [] } = status ?? {};
  if (sync === undefined || sync.status === 'Unknown') {
    const why = conditions.find((condition) => condition.status === 'True')?.message ?? 'it was not looked at yet';
    throw new CliError(`what Git says of ${metadata.name} is not known: ${plain(why)}`, { exitCode: 2 });
  }
  const untold = conditions.filter(({ type }) => UNTOLD.has(type));
  return {
    of: sync.revision ?? '',
    changes: planFromStatus(resources),
    untold: untold.map(({ type, message = '' }) => `${type}: ${plain(message)}`),
  };
}

async function planOfFolder(
  { client }: Own,
  application: Awaited<ReturnType<typeof requireApplication>>,
  directory: string,
): Promise<Plan> {
  const { changes, diagnostics } = await diffAgainstLive(client, application, path.resolve(directory));
  return {
    of: directory,
    changes: changes.map(({ key, ...change }) => ({ ...key, ...change, restarts: restartsPods(key, change.fields) })),
    untold: diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ path: file, line, message }) => `${plain(file)}${line === 0 ? '' : `:${line}`}: ${plain(message)}`),
  };
}

function tell({ output }: Own, name: string, { of, changes }: Plan): void {
  const place = /^[0-9a-f]{40,}$/.test(of) ? shortCommit(of) : plain(of);
  if (changes.length === 0) {
    output.note(`A sync of ${name} to ${place} would change nothing.`);
    return;
  }
  const rows = changes.map((change) => [
    change.action,
    plain(`${change.kind} ${change.namespace === '' ? '' : `${change.namespace}/`}${change.name}`),
    change.restarts ? 'restarts its pods' : '',
    `${formatOrigin(change.origin).trim()}${change.message === undefined ? '' : ` ${plain(change.message)}`}`,
  ]);
  // One line an object, with its fields below.
  const [header = '', ...lines] = formatTable(['ACTION', 'OBJECT', 'PODS', 'IN GIT'], rows).split('\n');
  output.write(header);
  for (const [index, line] of lines.entries()) {
    output.write(line);
    for (const drift of changes[index]?.fields ?? []) output.write(`    ${formatDrift(drift)}`);
  }
  const count = (action: PlannedObject['action']) => changes.filter((change) => change.action === action).length;
  const restarts = changes.filter((change) => change.restarts).length;
  output.note(
    `A sync of ${name} to ${place} would create ${count('create')}, change ${count('configure')}, delete ${count('prune')}; pods of ${restarts} restart.`,
  );
}
