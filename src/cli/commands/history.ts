import type { SyncRun } from '#api';
import { diffRuns } from '#app';
import { CliError } from '../errors.ts';
import { formatTable, paint, plain, shortCommit } from '../output.ts';
import { requireApplication, type Session } from '../session.ts';
import { age, formatOrigin } from '../words.ts';
import { runsOf } from './sync.ts';

const summary = ({ status }: SyncRun) => {
  const counts = new Map<string, number>();
  for (const { action } of status?.results ?? []) counts.set(action, (counts.get(action) ?? 0) + 1);
  counts.delete('unchanged');
  return [...counts].map(([action, count]) => `${count} ${action}`).join(', ') || plain(status?.message ?? '');
};

/** Lists the runs of an Application, newest first, numbered so that two can be compared. */
export async function history(session: Session, name: string, nowMs: number): Promise<void> {
  await requireApplication(session.client, name);
  const runs = await runsOf(session, name);
  if (runs.length === 0) {
    session.output.note(`${name} has no runs yet.`);
    return;
  }
  const rows = runs.map((run, index) => [
    String(index + 1),
    shortCommit(run.spec.revision),
    plain(run.spec.author ?? '-'),
    paint(run.status?.phase ?? 'Pending'),
    run.spec.trigger,
    run.status?.durationMs === undefined ? '-' : `${(run.status.durationMs / 1000).toFixed(1)}s`,
    age(run.metadata.creationTimestamp, nowMs),
    plain((run.spec.message ?? '').split('\n')[0] ?? ''),
    summary(run),
  ]);
  session.output.write(
    formatTable(['#', 'COMMIT', 'AUTHOR', 'RESULT', 'TRIGGER', 'TOOK', 'AGE', 'MESSAGE', 'CHANGES'], rows),
  );
  for (const { kind, namespace, name: object, message, origin } of runs[0]?.status?.results?.filter(
    ({ action }) => action === 'failed',
  ) ?? []) {
    session.output.write(
      `\n${paint('Failed')} ${kind} ${namespace}/${object}${formatOrigin(origin)}: ${plain(message ?? '')}`,
    );
  }
}

/** A run by its number in `plumb history` or by its name. */
export function pickRun(runs: readonly SyncRun[], word: string): SyncRun {
  const found = /^\d+$/.test(word) ? runs[Number(word) - 1] : runs.find(({ metadata }) => metadata.name === word);
  if (found === undefined)
    throw new CliError(`there is no run "${word}"`, {
      hint: 'Name a run by its number in plumb history, or by its full name.',
      exitCode: 2,
    });
  return found;
}

/** Prints what differs between the objects that two runs rendered, as a unified diff with secrets masked. */
export async function compareRuns(session: Session, name: string, from: string, to: string): Promise<void> {
  await requireApplication(session.client, name);
  const runs = await runsOf(session, name);
  const difference = await diffRuns(session.client, pickRun(runs, from), pickRun(runs, to));
  if (difference.objects.length === 0) session.output.note('The rendered objects of both runs are the same.');
  for (const { patch } of difference.objects) session.output.write(plain(patch).trimEnd());
}
