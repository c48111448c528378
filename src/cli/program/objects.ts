import type { Command } from 'commander';
import { describe } from '../commands/describe.ts';
import { get } from '../commands/get.ts';
import { logs } from '../commands/logs.ts';
import type { ProgramContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { resourceOfWord } from '../resources.ts';
import { openSession, type SessionOptions } from '../session.ts';

/** Resolves when the terminal or pipe has taken the bytes: a slow reader holds the stream up, not our memory. */
const toStdout = (chunk: Uint8Array) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
  });

function parseLines(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CliError(`--tail: "${text}" is not a number of lines`, { hint: 'Give a number from 0 up.', exitCode: 2 });
}

/** `plumb get|describe|logs`: a look at objects for people without kubectl. */
export function addObjectCommands(program: Command, { output }: ProgramContext): void {
  const session = (command: Command) => openSession(command.optsWithGlobals<SessionOptions>(), output);
  program
    .command('get <resource> [name]')
    .description('list objects')
    .option('-n, --namespace <namespace>', 'only this namespace (default: all)')
    .option('-l, --selector <selector>', 'only objects with these labels')
    .option('-o, --output <form>', '"wide" shows more columns')
    .addHelpText('after', '\nExamples:\n  plumb get pods -n web\n  plumb get deploy -l app=web -o wide')
    .action(
      async (
        word: string,
        name: string | undefined,
        options: { namespace?: string; selector?: string; output?: string },
        command: Command,
      ) => {
        if (options.output !== undefined && options.output !== 'wide')
          throw new CliError(`-o ${options.output} is not known here`, {
            hint: 'plumb get knows -o wide; kubectl knows the other forms.',
            exitCode: 2,
          });
        await get(await session(command), resourceOfWord(word), {
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
          ...(options.selector === undefined ? {} : { selector: options.selector }),
          ...(name === undefined ? {} : { name }),
          wide: options.output === 'wide',
        });
      },
    );
  program
    .command('describe <resource> <name>')
    .description('one object and the events about it')
    .option('-n, --namespace <namespace>', 'its namespace', 'default')
    .addHelpText('after', '\nExample:\n  plumb describe pod web-5d9c7 -n web')
    .action(async (word: string, name: string, options: { namespace: string }, command: Command) => {
      const resource = resourceOfWord(word);
      const open = await session(command);
      const object = await open.client.get(resource, {
        ...(resource.namespaced ? { namespace: options.namespace } : {}),
        name,
      });
      if (object === undefined)
        throw new CliError(
          `there is no ${resource.kind} "${name}"${resource.namespaced ? ` in namespace ${options.namespace}` : ''}`,
          { exitCode: 1 },
        );
      await describe(open, resource, { namespace: options.namespace, name }, object, Date.now());
    });
  program
    .command('logs <pod>')
    .description("a container's output")
    .option('-n, --namespace <namespace>', 'its namespace', 'default')
    .option('-c, --container <name>', 'which container, where there are several')
    .option('-f, --follow', 'go on until the container ends')
    .option('-p, --previous', 'of the container before the last restart')
    .option('--tail <lines>', 'only the last lines', parseLines)
    .option('--timestamps', 'a time before each line')
    .addHelpText(
      'after',
      '\nExamples:\n  plumb logs web-5d9c7 -n web -f --tail 100\n  plumb logs web-5d9c7 -n web -p     why did it restart',
    )
    .action(
      async (
        pod: string,
        options: {
          namespace: string;
          container?: string;
          follow?: boolean;
          previous?: boolean;
          tail?: number;
          timestamps?: boolean;
        },
        command: Command,
      ) => {
        await logs(await session(command), pod, options, toStdout);
      },
    );
}
