import type { Command } from 'commander';
import { renderDirectory } from '../commands/render.ts';
import type { ProgramContext } from '../context.ts';

const collect = (value: string, before: readonly string[]) => [...before, value];

interface RenderFlags {
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly setString: readonly string[];
  readonly release?: string;
  readonly namespace: string;
  readonly crds: boolean;
}

/** What a folder becomes, without a server. */
export function addRenderCommand(program: Command, { output, exit }: ProgramContext): void {
  program
    .command('render <dir>')
    .description(
      'what a chart, a kustomization, or a folder of manifests, becomes: YAML on stdout, mistakes with file and line on stderr',
    )
    .option('-f, --values <file>', 'values over those of the chart; may be given several times', collect, [])
    .option('--set <key=value>', 'one value, as helm reads it: a.b=1,list={x,y}', collect, [])
    .option('--set-string <key=value>', 'the same, always as text', collect, [])
    .option('--release <name>', 'the name of the release (default: that of the folder)')
    .option('-n, --namespace <name>', 'the namespace of the release, and of objects that name none', 'default')
    .option('--no-crds', 'leave out what a chart has in crds/')
    .addHelpText(
      'after',
      '\nExit codes: 0 all is well, 1 something could not be applied as it stands, 2 it cannot be rendered.\n' +
        '\nExamples:\n  plumb render charts/web -f charts/web/values-production.yaml --set image.tag=v2\n' +
        '  plumb render apps/web > /dev/null && echo "no mistake in apps/web"',
    )
    .action(async (directory: string, flags: RenderFlags) => {
      exit((await renderDirectory(directory, flags, output)) ? 0 : 1);
    });
}
