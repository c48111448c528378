import { type Command, Option } from 'commander';
import { doctor } from '../commands/doctor.ts';
import { printKubeconfig, printLoginLink } from '../commands/login.ts';
import { printVersion } from '../commands/version.ts';
import type { ProgramContext } from '../context.ts';
import { kubeconfigPath, type SessionOptions } from '../session.ts';

const collect = (value: string, before: readonly string[]) => [...before, value];

/** Credentials, a look at the machine, the version. */
export function addToolCommands(program: Command, { output, exit }: ProgramContext): void {
  const globals = (command: Command) => command.optsWithGlobals<SessionOptions>();
  program
    .command('kubeconfig')
    .description('print the kubeconfig; with --user, one with a new token for somebody else')
    .option('--user <name>', 'make a token for this user')
    .option(
      '--group <group>',
      'a group of that user: system:masters (may do everything), plumbline:viewers (may look), or one that a role binding names',
      collect,
      [],
    )
    .addHelpText(
      'after',
      '\nExamples:\n  export KUBECONFIG=$(pwd)/.plumbline/kubeconfig\n  plumb kubeconfig --user bea --group plumbline:viewers > bea.kubeconfig',
    )
    .action(async (options: { user?: string; group: readonly string[] }, command: Command) => {
      await printKubeconfig(kubeconfigPath(globals(command)), options, output);
    });
  program
    .command('login')
    .description('print a new link to the dashboard; it works once')
    .addHelpText('after', '\nExamples:\n  plumb login\n  xdg-open "$(plumb login)"')
    .action(async (_options: unknown, command: Command) => printLoginLink(kubeconfigPath(globals(command)), output));
  program
    .command('doctor')
    .description('look at this machine and this installation, and tell what is wrong and what to do')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb doctor\n  plumb doctor --state-dir /srv/plumbline && echo "nothing is broken"',
    )
    .action(async (_options: unknown, command: Command) => {
      exit((await doctor(globals(command), output)) ? 0 : 1);
    });
  program
    .command('version')
    .description('versions of this program and of the server; exit code 2 when the server cannot be asked')
    .option('--client', 'only of this program')
    .addOption(new Option('-o, --output <form>', 'for scripts').choices(['json', 'yaml']))
    .addHelpText('after', '\nExamples:\n  plumb version\n  plumb version --client -o json')
    .action(
      async ({ client = false, output: form }: { client?: boolean; output?: 'json' | 'yaml' }, command: Command) => {
        const options = { ...globals(command), client, ...(form === undefined ? {} : { form }) };
        if (!(await printVersion(options, output))) exit(2);
      },
    );
}
