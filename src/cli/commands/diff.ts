import path from 'node:path';
import type { ApplicationConditionType } from '#api';
import { diffAgainstLive } from '#app';
import { CliError } from '../errors.ts';
import { paint, plain } from '../output.ts';
import { requireApplication, type Session } from '../session.ts';
import { formatDrift, formatOrigin } from '../words.ts';

const objectName = ({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}) => `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;

/** With one of these, what Git says now is not known, or only in part. */
export const UNTOLD: ReadonlySet<string> = new Set<ApplicationConditionType>([
  'ComparisonError',
  'DuplicateResource',
  'InvalidManifest',
  'InvalidSpecError',
  'NotAllowed',
  'RepositoryUnreachable',
  'UnsupportedKind',
]);

/**
 * Prints what a sync would change, and resolves to whether it would change anything. Throws when that cannot be told,
 * which is exit code 2.
 */
export async function diff(session: Session, name: string, options: { readonly local?: string }): Promise<boolean> {
  const application = await requireApplication(session.client, name);
  const { output } = session;
  if (options.local !== undefined) return diffLocal(session, application, options.local);
  const { sync, conditions = [], resources = [] } = application.status ?? {};
  if (sync === undefined || sync.status === 'Unknown') {
    const why = conditions.find(({ status }) => status === 'True')?.message ?? 'it was not looked at yet';
    throw new CliError(`what Git says of ${name} is not known: ${plain(why)}`, { exitCode: 2 });
  }
  const different = resources.filter(({ status }) => status === 'OutOfSync');
  for (const { type, message = '' } of conditions) output.note(`${type}: ${plain(message)}`);
  for (const resource of different) {
    const left = resource.requiresPruning === true ? ' is no longer in Git' : '';
    output.write(`${paint('OutOfSync')} ${objectName(resource)}${left}${formatOrigin(resource.origin)}`);
    for (const drift of resource.drift ?? []) output.write(`    ${formatDrift(drift)}`);
  }
  if (conditions.some(({ type }) => UNTOLD.has(type)))
    throw new CliError(`what Git says of ${name} is known in part only`, {
      hint: 'The lines above tell what is missing.',
      exitCode: 2,
    });
  return different.length > 0 || sync.status === 'OutOfSync';
}

async function diffLocal(
  { client, output }: Session,
  application: Awaited<ReturnType<typeof requireApplication>>,
  directory: string,
): Promise<boolean> {
  const { changes, diagnostics } = await diffAgainstLive(client, application, path.resolve(directory));
  for (const { severity, path: file, line, message } of diagnostics)
    output.note(`${severity}: ${plain(file)}${line === 0 ? '' : `:${line}`}: ${plain(message)}`);
  for (const { key, action, fields, origin, message } of changes) {
    output.write(
      `${action} ${objectName(key)}${formatOrigin(origin)}${message === undefined ? '' : `: ${plain(message)}`}`,
    );
    for (const drift of fields) output.write(`    ${formatDrift(drift)}`);
  }
  const broken =
    diagnostics.filter(({ severity }) => severity === 'error').length +
    changes.filter(({ action }) => action === 'refused').length;
  if (broken > 0)
    throw new CliError(`${broken} ${broken === 1 ? 'object' : 'objects'} of this folder could not be applied`, {
      hint: 'The lines above tell which.',
      exitCode: 2,
    });
  return changes.length > 0;
}
