import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Where a worker thread's or child's entry file is, and what Node needs to run it from source as well as from dist. */
export interface EntryPoint {
  readonly url: URL;
  readonly execArgv: readonly string[];
}

/**
 * Finds `name` (without extension) beside the module whose `import.meta.url` is given. From source the entry is
 * TypeScript and runs through tsx, a development dependency; from dist it is plain JavaScript.
 */
export function entryPoint(importMetaUrl: string, name: string): EntryPoint {
  const fromSource = importMetaUrl.endsWith('.ts');
  return {
    url: new URL(`./${name}${fromSource ? '.ts' : '.js'}`, importMetaUrl),
    execArgv: fromSource ? ['--conditions=source', '--import', registerTsx(importMetaUrl)] : [],
  };
}

/** A module that registers tsx. `--import tsx` does so in a main thread only, this one in worker threads as well. */
function registerTsx(importMetaUrl: string): string {
  const commonJs = createRequire(importMetaUrl).resolve('tsx/esm/api');
  const api = pathToFileURL(commonJs.replace(/\.cjs$/, '.mjs')).href;
  return `data:text/javascript,import { register } from "${api}"; register();`;
}
