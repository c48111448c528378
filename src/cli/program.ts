import { Command, CommanderError } from 'commander';
import colors from 'picocolors';
import { isApiError } from '#api';
import { StartError } from '#app';
import { errorMessage, PlumblineError } from '#base';
import type { ProgramContext } from './context.ts';
import { CliError } from './errors.ts';
import { type Output, plain, terminalOutput } from './output.ts';
import { addApplicationCommands } from './program/applications.ts';
import { addObjectCommands } from './program/objects.ts';
import { addRenderCommand } from './program/render.ts';
import { addRepoCommands } from './program/repositories.ts';
import { addRunCommands } from './program/run.ts';
import { addToolCommands } from './program/tools.ts';
import { version } from './version.ts';

const EXAMPLES = `
Examples:
  plumb up https://git.example.com/team/cluster.git   follow a repository on this machine
  plumb status                                        is everything true to Git, and if not, why
  plumb diff web --local ./web                        what would change; exit code 1 when something would
  plumb history web                                   what was synced, by whom, with what result
  plumb logs web-5d9c7 -n demo -f                     follow a container's output
`;

function tell(error: unknown, output: Output): number {
  // Commander says 1 for a typing error; to `diff` in a script that would mean: something differs.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const red = colors.red('error:');
  if (error instanceof CliError || error instanceof StartError) {
    output.note(`${error instanceof CliError ? colors.red(error.prefix) : red} ${error.message}`);
    if (error.hint !== undefined) output.note(error.hint);
    return error instanceof CliError ? error.exitCode : 2;
  }
  if (isApiError(error)) {
    output.note(`${red} ${plain(error.message)}`);
    if (error.reason === 'Unauthorized')
      output.note('The token in the kubeconfig is not known to this server. On the server: plumb kubeconfig');
    return 2;
  }
  if (error instanceof PlumblineError) {
    output.note(`${red} ${plain(error.message)}`);
    if (error.code === 'ServerUnreachable') output.note('Is the control plane running? npm start, or plumb up REPO.');
    return 2;
  }
  output.note(`${red} ${plain(errorMessage(error))}`);
  if (process.env['PLUMBLINE_DEBUG'] !== undefined && error instanceof Error) output.note(error.stack ?? '');
  return 2;
}

/** The command line, as `main` runs it and `plumb help` shows it. */
export function createProgram(context: ProgramContext): Command {
  const { output } = context;
  const program = new Command('plumb')
    .description('GitOps for a handful of machines: Docker hosts run exactly what the commit says.')
    .version(version, '-V, --version')
    .option(
      '--state-dir <dir>',
      'where this installation keeps everything (default: .plumbline, or $PLUMBLINE_STATE_DIR)',
    )
    .option('--kubeconfig <file>', 'the API to talk to (default: $KUBECONFIG, or the one in the state folder)')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(plumb help lists the commands)')
    .configureOutput({
      writeOut: (text) => output.write(text.trimEnd()),
      writeErr: (text) => output.note(text.trimEnd()),
    })
    .exitOverride();
  addRunCommands(program, context);
  addApplicationCommands(program, context);
  addRenderCommand(program, context);
  addRepoCommands(program, context);
  addObjectCommands(program, context);
  addToolCommands(program, context);
  return program;
}

/** Any long time, in ms: the timer only has to be there. */
const KEEP_ALIVE_MS = 1_000_000;

/** Runs one command line and resolves to its exit code: 0 done, 1 a difference or a refusal, 2 it could not be carried out. */
export async function main(args: readonly string[], output: Output = terminalOutput): Promise<number> {
  let code = 0;
  const context: ProgramContext = {
    output,
    exit: (given) => {
      code = given;
    },
  };
  const program = createProgram(context);
  // Timers of ours do not keep a process alive; a command that only waits must not end before it is done.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return tell(error, output);
  } finally {
    clearInterval(alive);
  }
}
