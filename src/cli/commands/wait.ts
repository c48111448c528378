import type { Application } from '#api';
import { SUSPENDED_ANNOTATION } from '#api';
import { CliError } from '../errors.ts';
import { plain, shortCommit } from '../output.ts';
import { requireApplication, type Session } from '../session.ts';
import { statesOf } from './sync.ts';

type Own = Pick<Session, 'output'> & { readonly client: Parameters<typeof requireApplication>[0] };

const words = ({ status }: Application) =>
  `${status?.sync?.status ?? 'Unknown'} at ${shortCommit(status?.sync?.revision)}, ${status?.health?.status ?? 'Unknown'}`;

/** Whether an Application is as it should be, as of its newest spec, with no run under way. Throws when only a person can help. */
function isThere({ metadata, status }: Application): boolean {
  const { name, generation, annotations } = metadata;
  if (status?.observedGeneration !== generation) return false;
  if (status?.run?.phase === 'PruneBlocked')
    throw new CliError(`the run of ${name} waits for approval`, {
      hint: `See what would be deleted: plumb approve ${name}`,
    });
  const isTrue = status?.sync?.status === 'Synced';
  const held = status?.conditions?.find(({ type }) => type === 'Suspended');
  if (
    !isTrue &&
    held !== undefined &&
    annotations?.[SUSPENDED_ANNOTATION] !== undefined &&
    status?.run?.phase !== 'Running'
  )
    throw new CliError(`${name}: ${plain(held.message ?? '')}`);
  return isTrue && status?.health?.status === 'Healthy' && status.run?.phase !== 'Running';
}

/** Waits until an Application is Synced and Healthy, and tells on the way how it is. Throws, exit code 1, when time is over. */
export async function waitForApplication(session: Own, name: string, timeoutMs: number): Promise<void> {
  await requireApplication(session.client, name);
  const deadline = AbortSignal.timeout(timeoutMs);
  let said = '';
  try {
    for await (const application of statesOf(session, name, deadline)) {
      if (words(application) !== said) session.output.note(`${name}: ${words(application)}`);
      said = words(application);
      if (isThere(application)) return;
    }
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new CliError(`${name} was not Synced and Healthy within ${timeoutMs / 1000} s: ${said}`, {
      hint: `plumb status ${name} shows what it waits for.`,
      cause: error,
    });
  }
  throw new CliError('the server ended the connection meanwhile', {
    hint: `plumb status ${name} shows how it is.`,
    exitCode: 2,
  });
}
