import { existsSync } from 'node:fs';
import { removeInstallation, statePaths } from '#app';
import { CliError } from '../errors.ts';
import type { Output } from '../output.ts';
import { defaultStateDir } from '../session.ts';

/** Removes an installation from this machine: agent, containers, kernel rules, state. The images stay. */
export async function reset(
  flags: { readonly stateDir?: string | undefined; readonly yes?: boolean; readonly dockerHost?: string },
  output: Output,
): Promise<number> {
  const paths = statePaths(flags.stateDir ?? defaultStateDir());
  if (!existsSync(paths.root)) {
    output.note(`Nothing to remove: ${paths.root} is not there.`);
    return 0;
  }
  if (flags.yes !== true) {
    throw new CliError(
      `this would end the node agent, remove its containers and kernel rules, and delete ${paths.root}`,
      { hint: 'To do it: plumb reset --yes' },
    );
  }
  const removed = await removeInstallation(paths, flags.dockerHost);
  output.write(`Removed ${removed.containers} containers and ${paths.root}.`);
  return 0;
}
