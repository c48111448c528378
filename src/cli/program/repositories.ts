import { type Command, Option } from 'commander';
import { addRepository, listRepositories, type RepoAddOptions, removeRepository } from '../commands/repo.ts';
import type { ProgramContext } from '../context.ts';
import { openSession, type SessionOptions } from '../session.ts';

/** `plumb repo`: credentials of private repositories. */
export function addRepoCommands(program: Command, { output }: ProgramContext): void {
  const session = (command: Command) => openSession(command.optsWithGlobals<SessionOptions>(), output);
  const repo = program
    .command('repo')
    .description('credentials of private repositories')
    .addHelpText('after', '\nExamples:\n  plumb repo list\n  plumb repo add --help');
  repo
    .command('add <url>')
    .description('try the credentials against the server, then store them encrypted')
    .option('--ssh-key <file>', 'private key for ssh:// and user@host:path addresses')
    .option('--known-hosts <file>', 'host keys to trust; without it the keys shown now are printed for you to compare')
    .option('--token <file>', 'access token for https:// addresses; - reads it from standard input')
    .option('--username <name>', 'user name that goes with the token or password')
    .option('--password-file <file>', 'password for https:// addresses; - reads it from standard input')
    .option('--webhook-secret-file <file>', 'secret shared with the forge; opens a webhook for this repository')
    .addOption(
      new Option('--webhook-provider <provider>', 'how the forge signs its webhooks').choices([
        'github',
        'gitlab',
        'gitea',
        'forgejo',
        'gogs',
        'bitbucket',
        'bitbucket-server',
        'generic',
      ]),
    )
    .option('--yes', 'accept the host keys that the server shows now')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb repo add git@github.com:team/cluster.git --ssh-key ~/.ssh/deploy_key\n  plumb repo add https://gitlab.com/team/cluster.git --username bot --token - < token.txt',
    )
    .action(async (url: string, options: RepoAddOptions, command: Command) =>
      addRepository(await session(command), url, options),
    );
  repo
    .command('list')
    .description('addresses and which credentials are stored, never the credentials')
    .addHelpText('after', '\nExample:\n  plumb repo list')
    .action(async (_options: unknown, command: Command) => listRepositories(await session(command)));
  repo
    .command('remove <url>')
    .description('forget the credentials of a repository')
    .addHelpText('after', '\nExample:\n  plumb repo remove git@github.com:team/cluster.git')
    .action(async (url: string, _options: unknown, command: Command) => removeRepository(await session(command), url));
}
