import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
/** Where ported tests are: those on nodes that pretend, and those on real Docker. */
const FOLDERS = ['conformance', 'e2e/pods'] as const;

/** A test of a codename: the name is the first argument of `it`, or of what stands for it where a file says it often. */
const TITLE = /\b(?:it|itWithKubectl|official|shows)\(\s*(['"])(\[sig-.*?)\1,/g;

/** Codename → file below `test` that tests it. Throws when one is tested twice. */
export function testedCodenames(): ReadonlyMap<string, string> {
  const tested = new Map<string, string>();
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(TESTS, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => path.join(folder, file)),
  );
  for (const file of files.sort()) {
    for (const [, quote = '', title = ''] of readFileSync(path.join(TESTS, file), 'utf8').matchAll(TITLE)) {
      const codename = title.replaceAll(`\\${quote}`, quote);
      if (tested.has(codename)) throw new Error(`${codename} is tested in ${tested.get(codename)} and in ${file}`);
      tested.set(codename, file);
    }
  }
  return tested;
}

/** Whether a file's tests run on real Docker, on a host of their own; the others run on nodes that pretend. */
export function isOnDocker(file: string | undefined): boolean {
  return file?.startsWith('e2e/') ?? false;
}
