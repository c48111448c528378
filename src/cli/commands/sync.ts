import { APPLICATIONS, isApiError, SYNC_RUNS, type SyncRun } from '#api';
import { CliError } from '../errors.ts';
import { paint, plain, shortCommit } from '../output.ts';
import { APPLICATION_NAMESPACE, requireApplication, type Session } from '../session.ts';

const MANAGER = 'plumb';

/** Ask of one Application, by the plan that is shown in `plumb status` and in the UI. */
export async function requestSync(
  session: Session,
  name: string,
  options: { readonly prune?: boolean },
): Promise<void> {
  const { client, output, person } = session;
  await requireApplication(client, name);
  const sync = options.prune === undefined ? {} : { prune: options.prune };
  await client.patch(
    APPLICATIONS,
    { namespace: APPLICATION_NAMESPACE, name },
    { type: 'merge', body: { operation: { initiatedBy: { username: person }, sync } } },
    { fieldManager: MANAGER },
  );
  output.note(`Asked for a sync of ${name}.`);
}

/** Runs of one Application, newest first. */
export async function runsOf(session: Session, application: string): Promise<readonly SyncRun[]> {
  const { items } = await session.client.list(SYNC_RUNS, { namespace: APPLICATION_NAMESPACE });
  return items
    .filter((run) => run.spec.application === application)
    .sort(
      (a, b) =>
        b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) ||
        b.metadata.name.localeCompare(a.metadata.name),
    );
}

/** Waits until no operation is asked for and the newest run has ended. Throws when it ended badly. */
export async function waitForSync(session: Session, name: string, timeoutMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const key = `metadata.name=${name}`;
  try {
    const list = await session.client.list(APPLICATIONS, { namespace: APPLICATION_NAMESPACE, fieldSelector: key });
    let application = list.items[0];
    const events = session.client.watch(APPLICATIONS, {
      namespace: APPLICATION_NAMESPACE,
      fieldSelector: key,
      resourceVersion: list.resourceVersion,
      signal: deadline,
    });
    const ended = () =>
      application !== undefined &&
      application.operation === undefined &&
      application.status?.run?.phase !== 'Running' &&
      application.status?.run?.phase !== 'Pending';
    if (!ended()) {
      for await (const event of events) {
        if (event.type === 'BOOKMARK') continue;
        application = event.object;
        if (ended()) break;
      }
      // The watch ended first: by the deadline, or by the server.
      if (!ended())
        throw new CliError('the server ended the connection before the run ended', {
          hint: `plumb status ${name} shows how far it is.`,
          exitCode: 2,
        });
    }
    const phase = application?.status?.run?.phase;
    if (phase === 'PruneBlocked')
      throw new CliError(`the run of ${name} waits for approval`, {
        hint: `See what would be deleted: plumb history ${name}. Then: plumb approve ${name}`,
        exitCode: 1,
      });
    if (phase === 'Failed')
      throw new CliError(`the run of ${name} failed`, { hint: `plumb history ${name} tells why.`, exitCode: 1 });
    session.output.note(
      `${name}: ${application?.status?.sync?.status ?? 'Unknown'}, ${application?.status?.health?.status ?? 'Unknown'}`,
    );
  } catch (error) {
    if (deadline.aborted)
      throw new CliError(`${name} did not end its run within ${timeoutMs / 1000} s`, {
        hint: 'plumb status shows what it waits for.',
        cause: error,
      });
    throw error;
  }
}

/** Lets a run go on that waits because it would delete more than its budget. */
export async function approve(session: Session, name: string, yes: boolean): Promise<void> {
  const { client, output, person } = session;
  await requireApplication(client, name);
  const blocked = (await runsOf(session, name)).find((run) => run.status?.phase === 'PruneBlocked');
  if (blocked === undefined)
    throw new CliError(`no run of ${name} waits for approval`, { hint: `plumb history ${name} lists its runs.` });
  const prunes = blocked.spec.plan.filter(({ action }) => action === 'prune');
  output.write(
    `Run ${blocked.metadata.name} (${shortCommit(blocked.spec.revision)} by ${plain(blocked.spec.author ?? 'unknown')}) would delete:`,
  );
  for (const { kind, namespace, name: object, reason } of prunes)
    output.write(`  ${kind} ${namespace === '' ? '' : `${namespace}/`}${object}: ${plain(reason)}`);
  if (!yes)
    throw new CliError('nothing was approved', { hint: `To delete these objects: plumb approve ${name} --yes` });
  try {
    await client.patch(
      SYNC_RUNS,
      { namespace: APPLICATION_NAMESPACE, name: blocked.metadata.name },
      {
        type: 'merge',
        body: {
          metadata: { resourceVersion: blocked.metadata.resourceVersion },
          status: { approval: { by: person, at: new Date().toISOString() } },
        },
      },
      { fieldManager: MANAGER, subresource: 'status' },
    );
  } catch (error) {
    if (isApiError(error, 'Conflict'))
      throw new CliError('the run changed while you looked at it', {
        hint: `Look again: plumb approve ${name}`,
        cause: error,
      });
    throw error;
  }
  output.note(`${paint('ok')} approved`);
}
