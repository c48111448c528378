import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** A test of a codename: the name is the first argument of `it`, or of one that is skipped where a program is missing. */
const TITLE = /\b(?:it|itWithKubectl)\(\s*(['"])(\[sig-.*?)\1,/g;

/** Codename → file below `test/conformance` that tests it. Throws when one is tested twice. */
export function testedCodenames(): ReadonlyMap<string, string> {
  const tested = new Map<string, string>();
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  for (const file of files.sort()) {
    for (const [, quote = '', title = ''] of readFileSync(path.join(FOLDER, file), 'utf8').matchAll(TITLE)) {
      const codename = title.replaceAll(`\\${quote}`, quote);
      if (tested.has(codename)) throw new Error(`${codename} is tested in ${tested.get(codename)} and in ${file}`);
      tested.set(codename, file);
    }
  }
  return tested;
}
