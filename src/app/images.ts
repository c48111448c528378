import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, type Log } from '#base';
import type { DockerRuntime } from '#runtime';

/** Loads every image archive (`*.tar`, as `docker save` writes them) of a folder: images for hosts without a registry. */
export async function loadImages(
  directory: string,
  runtime: Pick<DockerRuntime, 'loadImage'>,
  log: Log,
): Promise<void> {
  let names: readonly string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names.filter((one) => one.endsWith('.tar')).sort()) {
    try {
      await runtime.loadImage(createReadStream(path.join(directory, name)));
      log.info({ archive: name }, 'image archive loaded');
    } catch (error) {
      // One bad archive must not keep the node from its pods; those that need it say ErrImagePull.
      log.error({ archive: name, err: error }, 'image archive could not be loaded');
    }
  }
}
