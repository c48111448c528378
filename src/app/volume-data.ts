import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, errorMessage } from '#base';
import { VOLUMES_FOLDER } from '#node-agent';
import type { Runtime } from '#runtime';
import { StartError } from './errors.ts';
import type { StatePaths } from './paths.ts';

/** Volumes of Docker that are named before the others are only counted. */
const NAMED_VOLUMES = 10;

/** What volumes hold on this machine. */
export interface VolumeData {
  /** Folders with the data of volumes, each with how many. */
  readonly folders: readonly { readonly path: string; readonly volumes: number }[];
  /** Names of volumes in Docker. */
  readonly engine: readonly string[];
}

/** An agent on a machine of its own has its folder alone; its volumes outlive its settings. */
export async function volumeFolders(paths: StatePaths): Promise<VolumeData['folders']> {
  const found = await Promise.all(
    [paths.root, paths.agent].map(async (agentDir) => {
      const folder = path.join(agentDir, VOLUMES_FOLDER);
      try {
        if ((await lstat(folder)).isDirectory()) return { path: folder, volumes: (await readdir(folder)).length };
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
      }
      return { path: folder, volumes: 0 };
    }),
  );
  return found.filter(({ volumes }) => volumes > 0);
}

/** Deletes all that is in a folder but what is kept, and the folders above that. */
export async function removeBut(directory: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory)) {
    const entry = path.join(directory, name);
    if (kept.has(entry)) continue;
    if ([...kept].some((each) => each.startsWith(`${entry}/`))) await removeBut(entry, kept);
    else await rm(entry, { recursive: true, force: true });
  }
}

/** Ends with what is there: one that cannot be removed leaves the state folder, so that the command can be repeated. */
export async function removeEngineVolumes(
  runtime: Pick<Runtime, 'removeVolume'>,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    try {
      await runtime.removeVolume(name);
    } catch (error) {
      throw new StartError(
        'VolumeNotRemovable',
        `the Docker volume ${name} could not be removed: ${errorMessage(error)}`,
        'Put it right and run the command again, or leave the data of volumes where it is: --no-delete-volumes',
        error,
      );
    }
  }
}

/** How many volumes hold data, and where. */
export function volumesInWords({ folders, engine }: VolumeData): string {
  const count = (many: number) => `${many} volume${many === 1 ? '' : 's'}`;
  const places = folders.map((each) => `${count(each.volumes)} in ${each.path}`);
  const names = engine.slice(0, NAMED_VOLUMES).join(', ');
  const more = engine.length - NAMED_VOLUMES;
  if (engine.length > 0)
    places.push(`${count(engine.length)} in Docker (${names}${more > 0 ? ` and ${more} more` : ''})`);
  return places.join(' and ');
}
