import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { context } from 'esbuild';
import { roomsPlugin } from '../support/bundle.ts';
import type { Mutation } from './ported.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One test file with all of our code that it needs as plain JavaScript, made anew with a mutation or without. */
export interface MutableBundle {
  /** Throws when the test does not load the file of the mutation: that would change nothing. */
  build(mutation?: Mutation): Promise<void>;
  close(): Promise<void>;
}

/** `import.meta` of each module tells of its source, as if it were not bundled. */
const rooted = (text: string, file: string) =>
  text
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
    .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file)));

export async function openMutableBundle(entry: string, outfile: string): Promise<MutableBundle> {
  let current: Mutation | undefined;
  let isLoaded = false;
  const made = await context({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['source'],
    packages: 'external',
    logLevel: 'error',
    plugins: [
      roomsPlugin,
      {
        name: 'mutation',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
            let text = await readFile(file, 'utf8');
            if (current !== undefined && file === path.join(ROOT, current.file)) {
              const { find, replace } = current;
              isLoaded = true;
              text = text.replace(find, () => replace);
            }
            return { contents: rooted(text, file), loader: 'ts' };
          });
        },
      },
    ],
  });
  return {
    async build(mutation) {
      current = mutation;
      isLoaded = false;
      await made.rebuild();
      if (mutation !== undefined && !isLoaded) throw new Error(`${entry} does not load ${mutation.file}`);
    },
    close: () => made.dispose(),
  };
}
