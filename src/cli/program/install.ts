import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { defaultListen, install, parsePort, uninstall } from '#app';
import { GitError, parseRepositoryUrl } from '#git';
import type { ProgramContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { ownProgram } from '../own-program.ts';

/** Where a machine keeps what belongs to a service. */
const STATE_DIR = '/var/lib/plumbline';

interface InstallFlags {
  readonly path: string;
  readonly revision: string;
  readonly only?: 'agent' | 'server';
  readonly user: string;
  readonly listen: string;
  readonly apiPort: number;
  readonly dockerHost?: string;
  readonly nodeName?: string;
  readonly config?: string;
  readonly root?: string;
}

/** The machine's own service manager starts everything, also after a reboot. */
export function addInstallCommands(program: Command, { output }: Pick<ProgramContext, 'output' | 'exit'>): void {
  program
    .command('install [repository]')
    .description('write systemd units for this machine and start them: the agent first, then the control plane')
    .option('--path <path>', 'folder of the repository that holds the first objects', '.')
    .option('--revision <revision>', 'branch, tag or commit', 'HEAD')
    .addOption(new Option('--only <part>', 'one of the two').choices(['agent', 'server']))
    .option('--user <user>', 'whom the control plane runs as; made when it is not there', 'plumbline')
    .option('--listen <address>', 'address the API listens on', defaultListen.host)
    .option('--api-port <port>', 'port of the API', (text) => parsePort(text, '--api-port'), defaultListen.apiPort)
    .option('--docker-host <url>', 'the Docker engine (default: /var/run/docker.sock)')
    .option('--node-name <name>', "this machine's name in the cluster (default: its host name)")
    .option('--config <file>', "the node's settings: docs/nodes.md")
    .option('--root <dir>', 'write below this folder and start nothing: for an image of a machine')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb install https://git.example.com/team/cluster.git\n  plumb install --only agent            on another machine, with agent.json from the first',
    )
    .action(async (repository: string | undefined, flags: InstallFlags, command: Command) => {
      const given = command.optsWithGlobals<{ stateDir?: string }>().stateDir;
      const stateDir = path.resolve(given ?? STATE_DIR);
      const files = await install({
        program: ownProgram,
        parts: flags.only === undefined ? ['agent', 'server'] : [flags.only],
        stateDir,
        user: flags.user,
        serverArgs: serverArgs(repository, stateDir, flags),
        agentArgs: flagsOf({
          '--docker-host': flags.dockerHost,
          '--node-name': flags.nodeName,
          '--config': flags.config && path.resolve(flags.config),
        }),
        ...(flags.root === undefined ? {} : { root: flags.root }),
      });
      output.write(files.map((file) => `wrote ${file}`).join('\n'));
    });
  program
    .command('uninstall')
    .description('end and remove what plumb install wrote; containers and state stay: plumb reset removes those')
    .option('--root <dir>', 'below this folder, where nothing runs')
    .addHelpText('after', '\nExample:\n  plumb uninstall && plumb reset --state-dir /var/lib/plumbline --yes')
    .action(async (flags: { root?: string }) => {
      const files = await uninstall(flags);
      output.write(
        files.length === 0 ? 'Nothing is installed here.' : files.map((file) => `removed ${file}`).join('\n'),
      );
    });
}

/** The control plane leaves the agent to its own unit. */
function serverArgs(repository: string | undefined, stateDir: string, flags: InstallFlags): readonly string[] {
  if (flags.only === 'agent') return [];
  if (repository === undefined)
    throw new CliError('the control plane needs a repository to follow', {
      exitCode: 2,
      hint: 'plumb install REPOSITORY, or plumb install --only agent',
    });
  return [
    'up',
    followable(repository),
    ...flagsOf({
      '--path': flags.path,
      '--revision': flags.revision,
      '--state-dir': stateDir,
      '--listen': flags.listen,
      '--api-port': String(flags.apiPort),
      '--node-name': flags.nodeName,
    }),
    '--no-agent',
  ];
}

/** What the control plane will take: here, for it refuses later than the unit is there to be read, again and again. */
function followable(repository: string): string {
  const address = existsSync(repository) ? path.resolve(repository) : repository;
  try {
    parseRepositoryUrl(address, { allowLocal: true });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new CliError(error.message, { exitCode: 2, hint: 'Credentials belong to plumb repo add.', cause: error });
  }
  return address;
}

/** Flags that have a value. */
function flagsOf(flags: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}
