import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  asRoot,
  needsRootToRemove,
  removeInstallation,
  StartError,
  type StatePaths,
  statePaths,
  type VolumeData,
  volumesInWords,
} from '#app';
import { errorCode } from '#base';
import type { Ask } from '../ask.ts';
import { CliError } from '../errors.ts';
import type { Output } from '../output.ts';
import { ownProgram } from '../own-program.ts';
import { defaultStateDir } from '../session.ts';

export interface ResetFlags {
  readonly stateDir?: string | undefined;
  readonly yes?: boolean;
  readonly dockerHost?: string;
  /** Whether the data of volumes goes too. Absent: who sits at the terminal is asked, and without one it stays. */
  readonly deleteVolumes?: boolean;
}

export interface ResetCaller {
  readonly uid?: number;
  /** Absent where there is no terminal. */
  readonly ask?: Ask | undefined;
}

/**
 * Removes an installation from this machine: agent, containers, kernel rules, state. The images stay, and what
 * volumes hold unless somebody says that it goes. What root made is removed by root: through sudo for anyone else, or not at all.
 */
export async function reset(
  flags: ResetFlags,
  output: Output,
  { uid = process.getuid?.() ?? 0, ask }: ResetCaller = {},
): Promise<number> {
  const paths = statePaths(flags.stateDir ?? defaultStateDir());
  if (!existsSync(paths.root)) {
    output.note(`Nothing to remove: ${paths.root} is not there.`);
    return 0;
  }
  if (flags.yes !== true) {
    throw new CliError(
      `this would end the node agent, remove its containers and kernel rules, and delete ${paths.root}, but not the data of volumes`,
      { hint: 'To do it: plumb reset --yes; with the data of volumes: plumb reset --yes --delete-volumes' },
    );
  }
  if (await needsRootToRemove(paths, uid)) return resetAsRoot(paths, flags, output, uid);
  const { containers, kept, isFolderGone } = await removeInstallation(paths, {
    dockerHost: flags.dockerHost,
    deletesVolumes: (found) => flags.deleteVolumes ?? deletesVolumes(found, ask),
  });
  const files = isFolderGone ? paths.root : `what is in ${paths.root} but volumes`;
  output.write(`Removed ${containers} containers, their network, and ${files}.`);
  output.note(`What stays: ${kept.join('; ')}.`);
  return 0;
}

async function deletesVolumes(found: VolumeData, ask: Ask | undefined): Promise<boolean> {
  if (ask === undefined) return false;
  const answer = await ask(`Delete the data of ${volumesInWords(found)} too? It cannot be brought back.`);
  if (answer === undefined) throw new CliError('there was no answer, and nothing was removed');
  return answer;
}

async function resetAsRoot(
  paths: StatePaths,
  { dockerHost, deleteVolumes }: ResetFlags,
  output: Output,
  uid: number,
): Promise<number> {
  const host = dockerHost ?? process.env['DOCKER_HOST'];
  const line = [
    ...ownProgram,
    'reset',
    '--state-dir',
    paths.root,
    '--yes',
    ...(deleteVolumes === undefined ? [] : [deleteVolumes ? '--delete-volumes' : '--no-delete-volumes']),
    ...(host === undefined || host === '' ? [] : ['--docker-host', host]),
  ];
  output.note('The node agent ran as root: what it made is removed through sudo.');
  const [command = '', ...args] = asRoot(line, { uid });
  const code = await new Promise<number>((resolve, reject) => {
    spawn(command, args, { stdio: 'inherit' })
      .once('error', reject)
      .once('exit', (given) => resolve(given ?? 1));
  }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (code === 0) return 0;
  throw new StartError(
    'RootNeeded',
    code === undefined
      ? `${paths.root} is of a node agent that ran as root, and sudo is not here; nothing was removed`
      : `sudo ended with code ${code}; what was not removed is still known to ${paths.root}`,
    `Containers, kernel rules and links, and ${paths.root} stay until root runs: ${line.join(' ')}`,
  );
}
