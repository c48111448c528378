import { APPLICATIONS, type Application, isApiError, SYNC_RUNS, type SyncRun, type SyncRunStatus } from '#api';
import { errorMessage } from '#base';
import type { Client } from '#client';
import { CliError } from '../errors.ts';
import { type Output, paint, plain, shortCommit } from '../output.ts';
import { progressLines } from '../run-progress.ts';
import { APPLICATION_NAMESPACE, requireApplication } from '../session.ts';

/** What these commands need of a session. */
interface Session {
  readonly client: Client;
  readonly output: Output;
}

const MANAGER = 'plumb';

/** Asks for a sync of one Application, and resolves to the id by which the answer is known. */
export async function requestSync(
  session: Session,
  name: string,
  options: { readonly prune?: boolean },
): Promise<string> {
  const { client, output } = session;
  await requireApplication(client, name);
  const sync = options.prune === undefined ? {} : { prune: options.prune };
  const { operation } = await client.patch(
    APPLICATIONS,
    { namespace: APPLICATION_NAMESPACE, name },
    { type: 'merge', body: { operation: { sync } } },
    { fieldManager: MANAGER },
  );
  output.note(`Asked for a sync of ${name}.`);
  return operation?.id ?? '';
}

/** Runs of one Application, newest first. */
export async function runsOf(session: Session, application: string): Promise<readonly SyncRun[]> {
  const { items } = await session.client.list(SYNC_RUNS, {
    namespace: APPLICATION_NAMESPACE,
    fieldSelector: `spec.application=${application}`,
  });
  return items.toSorted(
    (a, b) =>
      b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) ||
      b.metadata.name.localeCompare(a.metadata.name),
  );
}

/** Every state of one Application, from now until the signal aborts or the server ends the watch. */
export async function* statesOf({ client }: Session, name: string, signal: AbortSignal): AsyncGenerator<Application> {
  const at = { namespace: APPLICATION_NAMESPACE, fieldSelector: `metadata.name=${name}`, signal };
  const { items, resourceVersion } = await client.list(APPLICATIONS, at);
  yield* items;
  for await (const event of client.watch(APPLICATIONS, { ...at, resourceVersion })) {
    if (event.type === 'BOOKMARK') continue;
    if (event.type === 'DELETED') throw new CliError(`${name} was deleted meanwhile`, { exitCode: 1 });
    yield event.object;
  }
}

const isOver = (status: SyncRunStatus | undefined) =>
  status !== undefined && status.phase !== 'Pending' && status.phase !== 'Running';

/** Tells on stderr what a run does, as it does it, until it ends, stops for a person, or the signal aborts. */
async function tellProgress({ client, output }: Session, run: string, signal: AbortSignal): Promise<void> {
  const at = { namespace: APPLICATION_NAMESPACE, fieldSelector: `metadata.name=${run}`, signal };
  let before: SyncRunStatus | undefined;
  const tell = ({ status }: SyncRun) => {
    if (status === undefined) return;
    for (const line of progressLines(before, status)) output.note(line);
    before = status;
  };
  try {
    const { items, resourceVersion } = await client.list(SYNC_RUNS, at);
    for (const item of items) tell(item);
    if (items.length === 0 || isOver(before)) return;
    for await (const event of client.watch(SYNC_RUNS, { ...at, resourceVersion })) {
      if (event.type === 'DELETED') return;
      if (event.type !== 'BOOKMARK') tell(event.object);
      if (isOver(before)) return;
    }
  } catch (error) {
    // How the run ends is asked about elsewhere, and fails there if it cannot be told.
    if (!signal.aborted) output.note(`How run ${run} goes on cannot be shown: ${plain(errorMessage(error))}`);
  }
}

/** The run that does what was asked for, as far as this state of the Application tells. */
type Following =
  | { readonly is: 'waiting' }
  | { readonly is: 'nothing-to-do' }
  | { readonly is: 'following'; readonly run: string };

/** Which run answers a request. Throws when it cannot be answered. */
function runFor({ status, operation }: Application, id: string): Following {
  const answer = status?.lastOperation;
  if (answer?.id !== id) {
    // Another person's request may have taken the place of this one before it was looked at: it asks for the same.
    const isReplaced = operation?.id !== id && answer !== undefined && Number(answer.id) > Number(id);
    if (!isReplaced) return { is: 'waiting' };
  }
  if (answer?.run !== undefined) return { is: 'following', run: answer.run };
  if (answer?.message === undefined) return { is: 'nothing-to-do' };
  throw new CliError(plain(answer.message), { hint: 'plumb status tells more.', exitCode: 1 });
}

/** Whether a run has ended well; or the run that took its place. Throws when it ended badly or waits for a person. */
function ended(
  name: string,
  run: string,
  found: SyncRun | undefined,
  { status }: Application,
): boolean | { readonly next: string } {
  // Gone from the history: so many have ended since that this one did too.
  if (found === undefined) return true;
  switch (found.status?.phase) {
    case 'Succeeded':
      return true;
    case 'Failed':
      throw new CliError(`the run of ${name} failed: ${plain(found.status.message ?? 'no reason is known')}`, {
        hint: `plumb history ${name} tells of every object.`,
        exitCode: 1,
      });
    case 'PruneBlocked':
      throw new CliError(`the run of ${name} waits for approval`, {
        hint: `See what would be deleted: plumb approve ${name}. Then: plumb approve ${name} --yes`,
        exitCode: 1,
      });
    case 'Superseded':
      if (status?.run !== undefined && status.run.name !== run) return { next: status.run.name };
      // The newer commit may ask for nothing.
      return status?.sync?.status === 'Synced' && status.sync.revision === found.status.supersededBy;
    default:
      return false;
  }
}

/**
 * Waits until the run that answers a request has ended, or there was nothing to do. Throws when it failed, waits for
 * approval, or left the Application other than Git says.
 */
export async function waitForSync(session: Session, name: string, id: string, timeoutMs: number): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    let run: string | undefined;
    let telling: { readonly run: string; readonly done: Promise<void> } | undefined;
    const endOf = async (of: string, application: Application) => {
      if (telling?.run !== of) {
        await telling?.done;
        telling = { run: of, done: tellProgress(session, of, deadline) };
      }
      const found = await session.client.get(SYNC_RUNS, { namespace: APPLICATION_NAMESPACE, name: of });
      // It sees the end itself: what the run did is told before what became of it.
      if (found === undefined || isOver(found.status)) await telling.done;
      return ended(name, of, found, application);
    };
    for await (const application of statesOf(session, name, deadline)) {
      if (run === undefined) {
        const following = runFor(application, id);
        if (following.is === 'waiting') continue;
        if (following.is === 'nothing-to-do') return tellEnd(session, application, 'there was nothing to do');
        run = following.run;
      }
      let end = await endOf(run, application);
      // This may be the last that is heard of it: a run that took its place is asked about at once.
      for (; typeof end === 'object'; end = await endOf(run, application)) run = end.next;
      if (end && application.status?.run?.phase !== 'Running')
        return tellEnd(session, application, `run ${run} succeeded`);
    }
    throw new CliError('the server ended the connection before the run ended', {
      hint: `plumb status ${name} shows how far it is.`,
      exitCode: 2,
    });
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new CliError(`${name} did not end its run within ${timeoutMs / 1000} s`, {
      hint: 'plumb status shows what it waits for.',
      exitCode: 1,
      cause: error,
    });
  }
}

function tellEnd({ output }: Session, { metadata: { name }, status }: Application, what: string): void {
  const { sync, health, conditions = [] } = status ?? {};
  const words = `${sync?.status ?? 'Unknown'} at ${shortCommit(sync?.revision)}, ${health?.status ?? 'Unknown'}`;
  output.note(`${name}: ${what}; ${words}`);
  if (sync?.status === 'Synced') return;
  for (const { type, message = '' } of conditions) output.note(`  ${type}: ${plain(message)}`);
  throw new CliError(`${name} is not as Git says`, { hint: `plumb diff ${name} shows the difference.`, exitCode: 1 });
}

/** Lets a run go on that waits because it would delete more than its budget. */
export async function approve(session: Session, name: string, yes: boolean): Promise<void> {
  const { client, output } = session;
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
        // Who and when the server writes: whoever the kubeconfig is of, now.
        body: { metadata: { resourceVersion: blocked.metadata.resourceVersion }, status: { approval: {} } },
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
