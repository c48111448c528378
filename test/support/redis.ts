import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buildScratchImage, type ScratchFile } from '#runtime';
import { filesOfPackages, librariesOf } from './debian.ts';

const TRIPLES: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

const PACKAGES = ['redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];

/** The packages' files, fetched once. */
export const redisFiles = (): Promise<string> => filesOfPackages(PACKAGES);

/** Debian's Redis, server and client, with their libraries, as a tar for `docker load`. Needs `apt-get` and a Debian host. */
export async function redisTar(tag: string): Promise<Iterable<Uint8Array>> {
  const folder = await redisFiles();
  // The server is the same program as the tools that check its files.
  const programs = { 'bin/redis-server': 'redis-check-rdb', 'bin/redis-cli': 'redis-cli' };
  const sources = Object.values(programs).map((name) => path.join(folder, 'usr/bin', name));
  const libraries = await librariesOf(sources, path.join(folder, 'usr/lib', TRIPLES[process.arch] ?? ''));
  const places = [
    ...Object.keys(programs).map((at, index) => [at, sources[index] ?? ''] as const),
    ...[...libraries].map(([at, from]) => [at.slice(1), from] as const),
  ];
  const files: ScratchFile[] = await Promise.all(
    places.map(async ([at, from]) => ({ path: at, content: await readFile(from), mode: 0o755 })),
  );
  const env = ['PATH=/bin', 'LD_LIBRARY_PATH=/lib'];
  return buildScratchImage({ tag, files, config: { cmd: ['/bin/redis-server'], env } });
}
