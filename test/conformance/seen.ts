/** The record of mutations that were seen to make their test fail: `seen.json`, written by `npm run mutations`. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './ported.ts';

const RECORD = fileURLToPath(new URL('./seen.json', import.meta.url));
const DIGITS = 12;

/** Another change is another mutation; what it is said to break is only words. */
const digest = ({ file, find, replace }: Mutation) =>
  createHash('sha256')
    .update(JSON.stringify([file, find, replace]))
    .digest('hex')
    .slice(0, DIGITS);

/** Codename → digest of the mutation that its test was last seen to fail of. */
export const readSeen = (): ReadonlyMap<string, string> =>
  new Map(Object.entries(JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, string>));

/** Whether a test was seen to fail of its mutation in its present form. */
export const isSeen = (codename: string, mutation: Mutation, seen = readSeen()): boolean =>
  seen.get(codename) === digest(mutation);

/** Records that a test failed of its mutation, or, without one, that it did not. */
export function writeSeen(codename: string, mutation: Mutation | undefined): void {
  const seen = new Map(readSeen());
  if (mutation === undefined) seen.delete(codename);
  else seen.set(codename, digest(mutation));
  const sorted = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(RECORD, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}
