import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, type Log } from '#base';
import type { DockerRuntime, Runtime } from '#runtime';

type ImageLoader = Pick<DockerRuntime, 'loadImage' | 'imageStatus'>;

/**
 * Loads every image archive (`*.tar`, as `docker save` writes them) of a folder: images for hosts without a registry. An
 * archive whose images the engine has already is left alone.
 */
export async function loadImages(directory: string, runtime: ImageLoader, log: Log): Promise<void> {
  let names: readonly string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names.filter((one) => one.endsWith('.tar')).sort()) {
    const file = path.join(directory, name);
    try {
      if (await isLoaded(file, runtime)) continue;
      await runtime.loadImage(createReadStream(file));
      log.info({ archive: name }, 'image archive loaded');
    } catch (error) {
      // One bad archive must not keep the node from its pods; those that need it say ErrImagePull.
      log.error({ archive: name, err: error }, 'image archive could not be loaded');
    }
  }
}

/** A runtime that says that an image is absent only once `loaded` has settled: until then it may still come. */
export function withImagesComing<T extends Pick<Runtime, 'imageStatus'>>(runtime: T, loaded: Promise<void>): T {
  return {
    ...runtime,
    imageStatus: async (ref: string) => {
      const found = await runtime.imageStatus(ref);
      if (found !== undefined) return found;
      await loaded;
      return runtime.imageStatus(ref);
    },
  };
}

/** Whether each of the archive's tags names, in the engine, the image that is in the archive. */
async function isLoaded(file: string, runtime: Pick<ImageLoader, 'imageStatus'>): Promise<boolean> {
  const images = await readManifest(file);
  if (images === undefined || images.length === 0) return false;
  for (const { tags, id } of images) {
    if (tags.length === 0) return false;
    for (const tag of tags) if ((await runtime.imageStatus(tag))?.id !== id) return false;
  }
  return true;
}

interface ArchivedImage {
  readonly tags: readonly string[];
  /** `sha256:…` of its configuration, by which an engine names it. */
  readonly id: string;
}

/** Source: POSIX ustar; the field `size` is octal digits at 124. */
const BLOCK = 512;
/** Files looked over in search of the manifest, and bytes of one that is read. */
const MAX_ENTRIES = 10_000;
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** What `manifest.json` tells; undefined when the archive has none that can be read: then it is loaded to be sure. */
async function readManifest(file: string): Promise<readonly ArchivedImage[] | undefined> {
  const archive = await open(file, 'r');
  try {
    let at = 0;
    for (let entries = 0; entries < MAX_ENTRIES; entries += 1) {
      const header = await bytesAt(archive, at, BLOCK);
      const name = header?.toString('latin1', 0, 100).split('\0', 1)[0];
      if (header === undefined || name === undefined || name === '') return undefined;
      const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
      if (!Number.isSafeInteger(size)) return undefined;
      if (name === 'manifest.json') {
        const text = size > MAX_MANIFEST_BYTES ? undefined : await bytesAt(archive, at + BLOCK, size);
        return text === undefined ? undefined : parseManifest(text.toString('utf8'));
      }
      at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    }
    return undefined;
  } finally {
    await archive.close();
  }
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return bytesRead === length ? buffer : undefined;
}

function parseManifest(text: string): readonly ArchivedImage[] | undefined {
  let images: unknown;
  try {
    images = JSON.parse(text);
  } catch {
    return undefined; // a broken archive: loading it says what is wrong
  }
  if (!Array.isArray(images)) return undefined;
  return images.map((image: { readonly Config?: unknown; readonly RepoTags?: unknown } | null) => {
    const digest = /([0-9a-f]{64})(?:\.json)?$/.exec(String(image?.Config ?? ''))?.[1] ?? '';
    const tags = Array.isArray(image?.RepoTags) ? image.RepoTags.filter((tag) => typeof tag === 'string') : [];
    return { tags, id: `sha256:${digest}` };
  });
}
