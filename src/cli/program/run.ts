import { type Command, Option } from 'commander';
import { defaultListen, parsePort } from '#app';
import { askOn } from '../ask.ts';
import { runAgentCommand } from '../commands/agent.ts';
import { reset } from '../commands/reset.ts';
import { runServerCommand, type ServerFlags, up, upDemo } from '../commands/up.ts';
import type { ProgramContext } from '../context.ts';
import { addInstallCommands } from './install.ts';

const port = (flag: string) => (text: string) => parsePort(text, flag);

function withServerFlags(command: Command): Command {
  return command
    .option('--listen <address>', 'address the API listens on; UI and webhooks stay on loopback', defaultListen.host)
    .option('--api-port <port>', 'port of the Kubernetes API (https)', port('--api-port'), defaultListen.apiPort)
    .option('--ui-port <port>', 'port of the dashboard (http on loopback)', port('--ui-port'), defaultListen.uiPort)
    .option(
      '--webhook-port <port>',
      'port of the webhook listener (http on loopback)',
      port('--webhook-port'),
      defaultListen.webhookPort,
    )
    .option('--poll <seconds>', 'time between two looks at a repository', '60')
    .option('--verbose', 'log every step');
}

const withNodeFlags = (command: Command) =>
  command
    .option('--docker-host <url>', 'the Docker engine: unix://… (default: $DOCKER_HOST or /var/run/docker.sock)')
    .option('--node-name <name>', "this machine's name in the cluster (default: its host name)");

/** Commands that run something: the whole, the control plane, the agent, and the end of it all. */
export function addRunCommands(program: Command, { output, exit }: ProgramContext): void {
  const stateDir = (command: Command) => command.optsWithGlobals<{ stateDir?: string }>().stateDir;
  withNodeFlags(
    withServerFlags(
      program
        .command('up <repository>')
        .description('follow a Git repository on this machine: control plane here, node agent beside it')
        .option('--path <path>', 'folder of the repository that holds the first objects', '.')
        .option('--revision <revision>', 'branch, tag or commit', 'HEAD')
        .option('--no-agent', 'somebody else starts the node agent (plumb install): only write its credential'),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  plumb up ./my-cluster --path apps\n  plumb up git@github.com:team/cluster.git --revision main   (first: plumb repo add …, on a running server)',
    )
    .action(async (repository: string, flags: ServerFlags & { path: string; revision: string }, command: Command) => {
      exit(
        await up(
          { repository, path: flags.path, revision: flags.revision },
          { ...flags, stateDir: stateDir(command) },
          output,
        ),
      );
    });
  withNodeFlags(
    withServerFlags(
      program
        .command('demo', { hidden: true })
        .description('what npm start runs: up, on a demo repository made from the sample'),
    ),
  ).action(async (flags: ServerFlags, command: Command) => {
    exit(await upDemo({ ...flags, stateDir: stateDir(command) }, output));
  });
  withServerFlags(
    program
      .command('server')
      .description('only the control plane, in the foreground')
      .addHelpText(
        'after',
        '\nExamples:\n  plumb server\n  plumb server --listen 10.0.0.5 --api-port 8443     for nodes on other machines',
      ),
  ).action(async (flags: ServerFlags, command: Command) => {
    exit(await runServerCommand({ ...flags, stateDir: stateDir(command) }, output));
  });
  withNodeFlags(program.command('agent').description('only the node agent, in the foreground; needs root'))
    .requiredOption('--agent-dir <dir>', 'where the agent keeps its credential and the pods of this node')
    .addOption(new Option('--pid-file <file>').hideHelp())
    .addOption(new Option('--fingerprint <text>').hideHelp())
    .option('--config <file>', "the node's settings (default: config.yaml in the agent's folder, if it is there)")
    .option('--verbose', 'log every step')
    .addHelpText('after', '\nExample:\n  plumb agent --agent-dir .plumbline/agent --verbose')
    .action(
      async (flags: {
        agentDir: string;
        dockerHost?: string;
        nodeName?: string;
        config?: string;
        pidFile?: string;
        fingerprint?: string;
        verbose?: boolean;
      }) => {
        exit(await runAgentCommand(flags));
      },
    );
  addInstallCommands(program, { output, exit });
  program
    .command('reset')
    .description('end the agent, remove the containers and kernel rules of this installation, and delete its state')
    .option('--yes', 'do it; without it only what would go is told')
    .option('--delete-volumes', 'the data of volumes too (default: asked on a terminal, kept without one)')
    .option('--no-delete-volumes', 'keep the data of volumes, and ask nothing')
    .option('--docker-host <url>', 'the Docker engine, where it is not the one the agent uses')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb reset          what would go\n  plumb reset --yes    end it and delete it; asks about the data of volumes',
    )
    .action(async (flags: { yes?: boolean; dockerHost?: string; deleteVolumes?: boolean }, command: Command) => {
      const ask = askOn({ input: process.stdin, output: process.stderr });
      exit(await reset({ ...flags, stateDir: stateDir(command) }, output, { ask }));
    });
}
