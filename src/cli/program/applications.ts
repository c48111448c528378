import { type Command, Option } from 'commander';
import { APPLICATIONS } from '#api';
import { diff } from '../commands/diff.ts';
import { get, OUTPUT_FORMS, type OutputForm } from '../commands/get.ts';
import { compareRuns, history } from '../commands/history.ts';
import { pin, resume, rollback, suspend, unpin } from '../commands/hold.ts';
import { type PlanForm, printPlan } from '../commands/plan.ts';
import { status } from '../commands/status.ts';
import { approve, requestSync, waitForSync } from '../commands/sync.ts';
import { waitForApplication } from '../commands/wait.ts';
import type { ProgramContext } from '../context.ts';
import { APPLICATION_NAMESPACE, openSession, type SessionOptions } from '../session.ts';
import { parseSeconds } from '../words.ts';

const globals = (command: Command) => command.optsWithGlobals<SessionOptions>();

/** How long `--wait` waits for a run, in seconds. */
const DEFAULT_WAIT_SECONDS = '300';

interface SyncFlags {
  readonly prune?: boolean;
  readonly wait?: boolean;
  readonly timeout: string;
}

/** Commands about Applications, under their short names and, with those that have none, as `plumb app …`: the same code. */
export function addApplicationCommands(program: Command, context: ProgramContext): void {
  addStatus(program, context);
  const app = program
    .command('app')
    .description('Applications: all that can be asked of them and done to them')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb app list\n  plumb app plan web\n  plumb app rollback web\n  plumb app suspend web --reason "database moves"',
    );
  addLists(app, context);
  for (const parent of [program, app]) {
    const prefix = parent === app ? 'plumb app' : 'plumb';
    addDiff(parent, context, prefix);
    addSync(parent, context, prefix);
    addApprove(parent, context, prefix);
    addHistory(parent, context, prefix);
  }
  addPlanAndWait(app, context);
  addHolds(app, context);
}

function addStatus(program: Command, { output, exit }: ProgramContext): void {
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
}

/** `list` and `get` are `plumb get applications`, where Applications live. */
function addLists(app: Command, { output }: ProgramContext): void {
  const form = () => new Option('-o, --output <form>', 'more columns, whole objects, or names').choices(OUTPUT_FORMS);
  app
    .command('list')
    .description('every Application: is it Synced, is it Healthy')
    .addOption(form())
    .addHelpText('after', '\nExamples:\n  plumb app list -o wide\n  plumb app list -o name')
    .action(async (options: { output?: OutputForm }, command: Command) => {
      const session = await openSession(globals(command), output);
      await get(session, APPLICATIONS, { namespace: APPLICATION_NAMESPACE, form: options.output ?? 'table' });
    });
  app
    .command('get <application>')
    .description('one Application as plumb status tells of it, or with -o as the API has it')
    .addOption(form())
    .addHelpText('after', '\nExamples:\n  plumb app get web\n  plumb app get web -o yaml')
    .action(async (name: string, options: { output?: OutputForm }, command: Command) => {
      const session = await openSession(globals(command), output);
      if (options.output === undefined) await status(session, name, Date.now());
      else await get(session, APPLICATIONS, { namespace: APPLICATION_NAMESPACE, name, form: options.output });
    });
}

function addDiff(parent: Command, { output, exit }: ProgramContext, prefix: string): void {
  parent
    .command('diff <application>')
    .description('what a sync would change; exit code 0 nothing, 1 something, 2 it cannot be told')
    .option('--local <dir>', 'compare a folder here instead of the commit')
    .addHelpText(
      'after',
      `\nExample, in CI before a merge:\n  ${prefix} diff web --local ./web || echo "this changes the cluster"`,
    )
    .action(async (name: string, options: { local?: string }, command: Command) => {
      exit((await diff(await openSession(globals(command), output), name, options)) ? 1 : 0);
    });
}

function addSync(parent: Command, { output }: ProgramContext, prefix: string): void {
  parent
    .command('sync <application>')
    .description('make the cluster true to Git now')
    .option('--prune', 'also delete what is no longer in Git')
    .option('--wait', 'wait until the run has ended, and tell what it does')
    .option('--timeout <seconds>', 'how long to wait', DEFAULT_WAIT_SECONDS)
    .addHelpText('after', `\nExamples:\n  ${prefix} sync web --wait\n  ${prefix} sync web --prune`)
    .action(async (name: string, options: SyncFlags, command: Command) => {
      const timeoutMs = parseSeconds(options.timeout, '--timeout') * 1_000;
      const session = await openSession(globals(command), output);
      const id = await requestSync(session, name, options);
      if (options.wait === true) await waitForSync(session, name, id, timeoutMs);
    });
}

function addApprove(parent: Command, { output }: ProgramContext, prefix: string): void {
  parent
    .command('approve <application>')
    .description('let a run go on that waits because it would delete more than its budget')
    .option('--yes', 'approve; without it the list is only shown')
    .addHelpText(
      'after',
      `\nExamples:\n  ${prefix} approve web          what would be deleted\n  ${prefix} approve web --yes    delete it`,
    )
    .action(async (name: string, options: { yes?: boolean }, command: Command) => {
      await approve(await openSession(globals(command), output), name, options.yes === true);
    });
}

function addHistory(parent: Command, { output }: ProgramContext, prefix: string): void {
  parent
    .command('history <application> [from] [to]')
    .description('what was synced, newest first; with two numbers of that list: what differs between them')
    .addHelpText(
      'after',
      `\nExample:\n  ${prefix} history web          list the runs\n  ${prefix} history web 2 1      what the newest run changed`,
    )
    .action(
      async (name: string, from: string | undefined, to: string | undefined, _options: unknown, command: Command) => {
        const session = await openSession(globals(command), output);
        if (from === undefined) await history(session, name, Date.now());
        else await compareRuns(session, name, from, to ?? '1');
      },
    );
}

function addPlanAndWait(app: Command, { output }: ProgramContext): void {
  app
    .command('plan <application>')
    .description('what a sync would create, change, delete and restart; changes nothing')
    .option('--local <dir>', 'of a folder here instead of the commit')
    .addOption(new Option('-o, --output <form>', 'for scripts').choices(['json', 'yaml']))
    .addHelpText('after', '\nExamples:\n  plumb app plan web\n  plumb app plan web --local ./web -o json')
    .action(async (name: string, options: { local?: string; output?: PlanForm }, command: Command) => {
      await printPlan(await openSession(globals(command), output), name, options);
    });
  app
    .command('wait <application>')
    .description('wait until it is Synced and Healthy; exit code 1 when it does not come to that')
    .option('--timeout <seconds>', 'how long to wait', DEFAULT_WAIT_SECONDS)
    .addHelpText('after', '\nExample:\n  plumb app wait web --timeout 60 && echo "up"')
    .action(async (name: string, options: { timeout: string }, command: Command) => {
      const timeoutMs = parseSeconds(options.timeout, '--timeout') * 1_000;
      await waitForApplication(await openSession(globals(command), output), name, timeoutMs);
    });
}

function addHolds(app: Command, { output }: ProgramContext): void {
  app
    .command('rollback <application> [run]')
    .description('pin it to the commit of an earlier run: of the last good one, unless a run or commit is named')
    .option('--prune', 'also delete what that commit does not have')
    .option('--wait', 'wait until the run has ended, and tell what it does')
    .option('--timeout <seconds>', 'how long to wait', DEFAULT_WAIT_SECONDS)
    .addHelpText('after', '\nExamples:\n  plumb app rollback web --wait\n  plumb app rollback web 3')
    .action(async (name: string, word: string | undefined, options: SyncFlags, command: Command) => {
      const timeoutMs = parseSeconds(options.timeout, '--timeout') * 1_000;
      const session = await openSession(globals(command), output);
      await rollback(session, name, word);
      const id = await requestSync(session, name, options);
      if (options.wait === true) await waitForSync(session, name, id, timeoutMs);
    });
  app
    .command('pin <application> <commit>')
    .description('hold it at a commit (of a run, by number, or a whole id) instead of what Git names')
    .addHelpText('after', '\nExamples:\n  plumb app pin web 1\n  plumb app pin web 4f2a91c')
    .action(async (name: string, commit: string, _options: unknown, command: Command) => {
      await pin(await openSession(globals(command), output), name, commit);
    });
  app
    .command('unpin <application>')
    .description('let it follow Git again')
    .addHelpText('after', '\nExample:\n  plumb app unpin web')
    .action(async (name: string, _options: unknown, command: Command) => {
      await unpin(await openSession(globals(command), output), name);
    });
  app
    .command('suspend <application>')
    .description('let no sync begin until it is resumed')
    .option('--reason <text>', 'why: plumb status shows it')
    .addHelpText('after', '\nExample:\n  plumb app suspend web --reason "database moves"')
    .action(async (name: string, options: { reason?: string }, command: Command) => {
      await suspend(await openSession(globals(command), output), name, options.reason);
    });
  app
    .command('resume <application>')
    .description('let syncs begin again')
    .addHelpText('after', '\nExample:\n  plumb app resume web')
    .action(async (name: string, _options: unknown, command: Command) => {
      await resume(await openSession(globals(command), output), name);
    });
}
