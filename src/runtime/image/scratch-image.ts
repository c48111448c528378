import { createHash } from 'node:crypto';
import { type TarEntry, tarFileHeader, writeTar } from './ustar.ts';

/** A file, or a symbolic link, of an image. `path` is relative to the image's root. */
export type ScratchFile =
  | { readonly path: string; readonly content: Uint8Array; readonly mode: number }
  | { readonly path: string; readonly linkTo: string };

/** What the image says about the process it runs. */
export interface ScratchConfig {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly stopSignal?: string;
  readonly exposedPorts?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ScratchImage {
  /** `name:tag`. */
  readonly tag: string;
  readonly files: readonly ScratchFile[];
  readonly config: ScratchConfig;
  /** This machine's, when absent. */
  readonly architecture?: string;
}

/** `x64` → `amd64`: Node's word for a processor to Docker's. */
export function imageArchitecture(nodeArch: string = process.arch): string {
  return nodeArch === 'x64' ? 'amd64' : nodeArch;
}

/**
 * A one-layer image as the tar that `docker load` takes. Times are fixed, so the same files give the same image id on
 * every host. Nothing is copied: `files` are held in memory once, as given.
 */
export function* buildScratchImage(image: ScratchImage): Generator<Uint8Array, void, undefined> {
  const entries = layerEntries(image.files);
  const digest = createHash('sha256');
  let layerSize = 0;
  for (const chunk of writeTar(entries)) {
    digest.update(chunk);
    layerSize += chunk.length;
  }
  const config = Buffer.from(JSON.stringify(imageConfig(image, digest.digest('hex'))));
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: [image.tag], Layers: ['layer.tar'] }]));
  yield* withoutEnd(writeTar([{ type: 'file', path: configName, mode: 0o644, content: config }]));
  // The layer is a multiple of 512 bytes long, as every tar is: no padding follows.
  yield tarFileHeader('layer.tar', 0o644, layerSize);
  yield* writeTar(entries);
  yield* writeTar([{ type: 'file', path: 'manifest.json', mode: 0o644, content: manifest }]);
}

/** A tar without its end mark, so that another may follow. */
function* withoutEnd(tar: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  let held: Uint8Array | undefined;
  for (const chunk of tar) {
    if (held !== undefined) yield held;
    held = chunk;
  }
}

/** Every parent folder first, each once. */
function layerEntries(files: readonly ScratchFile[]): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  const folders = new Set<string>();
  for (const file of files) {
    const parts = file.path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/');
      if (folders.has(folder)) continue;
      folders.add(folder);
      entries.push({ type: 'directory', path: folder, mode: folder === 'tmp' ? 0o1777 : 0o755 });
    }
    entries.push(
      'linkTo' in file
        ? { type: 'symlink', path: file.path, target: file.linkTo }
        : { type: 'file', path: file.path, mode: file.mode, content: file.content },
    );
  }
  return entries;
}

function imageConfig({ config, architecture }: ScratchImage, layerDigest: string): unknown {
  return {
    architecture: architecture ?? imageArchitecture(),
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      ...(config.entrypoint === undefined ? {} : { Entrypoint: config.entrypoint }),
      ...(config.cmd === undefined ? {} : { Cmd: config.cmd }),
      Env: config.env ?? [],
      WorkingDir: config.workingDir ?? '/',
      ...(config.user === undefined ? {} : { User: config.user }),
      ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
      ...(config.exposedPorts === undefined
        ? {}
        : { ExposedPorts: Object.fromEntries(config.exposedPorts.map((port) => [port, {}])) }),
      ...(config.labels === undefined ? {} : { Labels: config.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
  };
}
