import type { Command } from 'commander';
import { diff } from '../commands/diff.ts';
import { compareRuns, history } from '../commands/history.ts';
import { status } from '../commands/status.ts';
import { approve, requestSync, waitForSync } from '../commands/sync.ts';
import type { ProgramContext } from '../context.ts';
import { openSession, type SessionOptions } from '../session.ts';
import { parseSeconds } from '../words.ts';

const globals = (command: Command) => command.optsWithGlobals<SessionOptions>();

/** How long `--wait` waits for a run, in seconds. */
const DEFAULT_WAIT_SECONDS = '300';

/** Commands about Applications: what differs from Git, syncing, approving, history. */
export function addApplicationCommands(program: Command, { output, exit }: ProgramContext): void {
  program
    .command('status [application]')
    .description('is everything true to Git, and if not: what, since when, who, and in which line')
    .option(
      '--check',
      'for CI: exit code 1 unless all is Synced, Healthy and every node Ready; 2 when it cannot be told',
    )
    .addHelpText('after', '\nExamples:\n  plumb status\n  plumb status web --check && echo "true to Git"')
    .action(async (name: string | undefined, options: { check?: boolean }, command: Command) => {
      const good = await status(await openSession(globals(command), output), name, Date.now());
      if (options.check === true && !good) exit(1);
    });
  program
    .command('diff <application>')
    .description('what a sync would change; exit code 0 nothing, 1 something, 2 it cannot be told')
    .option('--local <dir>', 'compare a folder here instead of the commit')
    .addHelpText(
      'after',
      '\nExample, in CI before a merge:\n  plumb diff web --local ./web || echo "this changes the cluster"',
    )
    .action(async (name: string, options: { local?: string }, command: Command) => {
      exit((await diff(await openSession(globals(command), output), name, options)) ? 1 : 0);
    });
  program
    .command('sync <application>')
    .description('make the cluster true to Git now')
    .option('--prune', 'also delete what is no longer in Git')
    .option('--wait', 'wait until the run has ended')
    .option('--timeout <seconds>', 'how long to wait', DEFAULT_WAIT_SECONDS)
    .addHelpText('after', '\nExamples:\n  plumb sync web --wait\n  plumb sync web --prune')
    .action(async (name: string, options: { prune?: boolean; wait?: boolean; timeout: string }, command: Command) => {
      const timeoutMs = parseSeconds(options.timeout, '--timeout') * 1_000;
      const session = await openSession(globals(command), output);
      const id = await requestSync(session, name, options);
      if (options.wait === true) await waitForSync(session, name, id, timeoutMs);
    });
  program
    .command('approve <application>')
    .description('let a run go on that waits because it would delete more than its budget')
    .option('--yes', 'approve; without it the list is only shown')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb approve web          what would be deleted\n  plumb approve web --yes    delete it',
    )
    .action(async (name: string, options: { yes?: boolean }, command: Command) => {
      await approve(await openSession(globals(command), output), name, options.yes === true);
    });
  program
    .command('history <application> [from] [to]')
    .description('what was synced, newest first; with two numbers of that list: what differs between them')
    .addHelpText(
      'after',
      '\nExample:\n  plumb history web          list the runs\n  plumb history web 2 1      what the newest run changed',
    )
    .action(
      async (name: string, from: string | undefined, to: string | undefined, _options: unknown, command: Command) => {
        const session = await openSession(globals(command), output);
        if (from === undefined) await history(session, name, Date.now());
        else await compareRuns(session, name, from, to ?? '1');
      },
    );
}
