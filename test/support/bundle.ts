import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const CACHE = new URL('../../node_modules/.cache/', import.meta.url);

/** `#room` is an import of this package, not a package of its own. */
export const roomsPlugin: Plugin = {
  name: 'rooms',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^#/ }, ({ path }) => ({
      path: fileURLToPath(new URL(`../../src/${path.slice(1)}/index.ts`, import.meta.url)),
    }));
  },
};

export interface Bundle {
  /** The module built from the entry of this name. */
  url(name: string): URL;
  remove(): Promise<void>;
}

/**
 * Builds entries to plain JavaScript beside the installed packages, so that a child or worker of a test starts in tens
 * of milliseconds, as from dist. Names → source files; packages stay outside the bundle.
 */
export async function bundle(entries: Readonly<Record<string, URL>>): Promise<Bundle> {
  await mkdir(CACHE, { recursive: true });
  const outdir = await mkdtemp(fileURLToPath(new URL('test-', CACHE)));
  await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, url]) => [name, fileURLToPath(url)])),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source'],
    packages: 'external',
    plugins: [roomsPlugin],
  });
  return {
    url: (name) => new URL(`file://${outdir}/${name}.mjs`),
    remove: () => rm(outdir, { recursive: true, force: true }),
  };
}
