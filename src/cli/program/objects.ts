import { type Command, Option } from 'commander';
import { PODS } from '#api';
import { describe } from '../commands/describe.ts';
import { explain } from '../commands/explain.ts';
import { type GetOptions, get, OUTPUT_FORMS, type OutputForm } from '../commands/get.ts';
import { logs } from '../commands/logs.ts';
import type { ProgramContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { DEFAULT_NAMESPACE, notFound, resourceOfWord } from '../resources.ts';
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

/** `plumb get|describe|explain|logs`: a look at objects for people without kubectl. */
export function addObjectCommands(program: Command, { output }: ProgramContext): void {
  const session = (command: Command) => openSession(command.optsWithGlobals<SessionOptions>(), output);
  program
    .command('get <resource> [name]')
    .description('list objects')
    .option('-n, --namespace <namespace>', 'its namespace', DEFAULT_NAMESPACE)
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-l, --selector <selector>', 'only objects with these labels')
    .addOption(new Option('-o, --output <form>', 'more columns, whole objects, or names').choices(OUTPUT_FORMS))
    .addHelpText(
      'after',
      '\nExamples:\n  plumb get pods -n web\n  plumb get deploy -A -l app=web -o wide\n  plumb get app web -n argocd -o yaml',
    )
    .action(
      async (
        word: string,
        name: string | undefined,
        { output: form = 'table', ...options }: Omit<GetOptions, 'name' | 'form'> & { output?: OutputForm },
        command: Command,
      ) => {
        const open = await session(command);
        const resource = await resourceOfWord(word, open.client);
        await get(open, resource, { ...options, ...(name === undefined ? {} : { name }), form });
      },
    );
  program
    .command('describe <resource> <name>')
    .description('one object and the events about it')
    .option('-n, --namespace <namespace>', 'its namespace', DEFAULT_NAMESPACE)
    .addHelpText('after', '\nExamples:\n  plumb describe pod web-5d9c7 -n web\n  plumb describe node $(hostname)')
    .action(async (word: string, name: string, { namespace }: { namespace: string }, command: Command) => {
      const open = await session(command);
      const resource = await resourceOfWord(word, open.client);
      const object = await open.client.get(resource, { ...(resource.namespaced ? { namespace } : {}), name });
      if (object === undefined) throw notFound(resource, name, namespace);
      await describe(open, resource, object, Date.now());
    });
  program
    .command('explain <pod>')
    .description('why a pod has no node, node by node')
    .option('-n, --namespace <namespace>', 'its namespace', DEFAULT_NAMESPACE)
    .addHelpText('after', '\nExamples:\n  plumb explain web-5d9c7 -n web')
    .action(async (name: string, { namespace }: { namespace: string }, command: Command) => {
      const open = await session(command);
      const pod = await open.client.get(PODS, { namespace, name });
      if (pod === undefined) throw notFound(PODS, name, namespace);
      await explain(open, pod);
    });
  program
    .command('logs <pod>')
    .description("a container's output")
    .option('-n, --namespace <namespace>', 'its namespace', DEFAULT_NAMESPACE)
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
