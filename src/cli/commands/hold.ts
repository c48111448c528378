import {
  APPLICATIONS,
  type Application,
  isSuspended,
  PINNED_ANNOTATION,
  SUSPENDED_ANNOTATION,
  type SyncRun,
} from '#api';
import { CliError } from '../errors.ts';
import { plain, shortCommit } from '../output.ts';
import { APPLICATION_NAMESPACE, requireApplication, type Session } from '../session.ts';
import { runsOf } from './sync.ts';

/** What these commands write is theirs: syncing a parent Application takes none of it off. */
const MANAGER = 'plumb';

type Own = Pick<Session, 'output'> & { readonly client: Parameters<typeof requireApplication>[0] };

async function annotate({ client }: Own, name: string, annotation: string, value: string | null): Promise<void> {
  const body = { metadata: { annotations: { [annotation]: value } } };
  await client.patch(
    APPLICATIONS,
    { namespace: APPLICATION_NAMESPACE, name },
    { type: 'merge', body },
    { fieldManager: MANAGER },
  );
}

/** Lets no sync of an Application begin until it is resumed. */
export async function suspend(session: Own, name: string, reason: string | undefined): Promise<void> {
  await requireApplication(session.client, name);
  await annotate(session, name, SUSPENDED_ANNOTATION, reason === undefined || reason === '' ? 'true' : reason);
  session.output.note(`${name} is suspended: no sync begins until plumb app resume ${name}.`);
}

/** Lets syncs begin again. Nothing to do is done. */
export async function resume(session: Own, name: string): Promise<void> {
  const { metadata } = await requireApplication(session.client, name);
  if (metadata.annotations?.[SUSPENDED_ANNOTATION] === undefined) {
    session.output.note(`${name} is not suspended.`);
    return;
  }
  await annotate(session, name, SUSPENDED_ANNOTATION, null);
  session.output.note(`${name} is resumed.`);
}

const WHOLE = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The whole id of the commit that a word names: a run by its number or name, the beginning of a run's commit, or an id. */
export function commitOf(word: string, runs: readonly SyncRun[]): string {
  if (WHOLE.test(word)) return word;
  // Seven digits are an abbreviated commit, not the number of a run: fewer runs than that are kept.
  const byRun = /^\d{1,6}$/.test(word) ? runs[Number(word) - 1] : runs.find(({ metadata }) => metadata.name === word);
  if (byRun !== undefined) return byRun.spec.revision;
  const begun = /^[0-9a-f]{7,}$/.test(word) ? runs.filter(({ spec }) => spec.revision.startsWith(word)) : [];
  const [commit, ...more] = new Set(begun.map(({ spec }) => spec.revision));
  if (commit !== undefined && more.length === 0) return commit;
  throw new CliError(`"${word}" names ${commit === undefined ? 'no' : 'more than one'} commit`, {
    hint: 'Give the number of a run in plumb history, its commit, or the whole id of any commit.',
    exitCode: 2,
  });
}

async function holdAt(session: Own, application: Application, commit: string): Promise<void> {
  const { name } = application.metadata;
  if ((application.spec.sources ?? []).length > 1)
    throw new CliError(`${name} has several sources: only an Application of one source can be pinned`, {
      hint: 'Set the targetRevision of each in Git.',
      exitCode: 2,
    });
  await annotate(session, name, PINNED_ANNOTATION, commit);
  session.output.note(`${name} is pinned to ${shortCommit(commit)}: newer commits wait until plumb app unpin ${name}.`);
}

/** Holds an Application at a commit. */
export async function pin(session: Own, name: string, word: string): Promise<void> {
  const application = await requireApplication(session.client, name);
  await holdAt(session, application, commitOf(word, await runsOf(session, name)));
}

/** Lets an Application follow Git again. Nothing to do is done. */
export async function unpin(session: Own, name: string): Promise<void> {
  const { metadata, spec } = await requireApplication(session.client, name);
  if (metadata.annotations?.[PINNED_ANNOTATION] === undefined) {
    session.output.note(`${name} is not pinned.`);
    return;
  }
  await annotate(session, name, PINNED_ANNOTATION, null);
  session.output.note(`${name} follows ${plain(spec.source?.targetRevision || 'the default branch')} again.`);
}

/** The commit to go back to when none is named: of the newest run that succeeded at another than the newest run's. */
export function commitBefore(runs: readonly SyncRun[], current: string | undefined): string | undefined {
  return runs.find(({ spec, status }) => status?.phase === 'Succeeded' && spec.revision !== current)?.spec.revision;
}

/** Pins an Application to the commit of an earlier run; without a word to that of the last good run before this commit. */
export async function rollback(session: Own, name: string, word: string | undefined): Promise<void> {
  const application = await requireApplication(session.client, name);
  const { annotations } = application.metadata;
  const runs = await runsOf(session, name);
  if (isSuspended(application))
    throw new CliError(`${name} is suspended: it would not go back`, { hint: `First: plumb app resume ${name}` });
  if (word === undefined && annotations?.[PINNED_ANNOTATION] !== undefined)
    throw new CliError(`${name} is pinned already: say to which run`, {
      hint: `plumb history ${name} lists them.`,
      exitCode: 2,
    });
  const commit = word === undefined ? commitBefore(runs, application.status?.sync?.revision) : commitOf(word, runs);
  if (commit === undefined)
    throw new CliError(`${name} has no earlier run that succeeded`, { hint: `plumb history ${name} lists its runs.` });
  await holdAt(session, application, commit);
}
