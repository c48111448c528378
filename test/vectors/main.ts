import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkVector, VECTOR_CHECKS, type VectorResult } from './check-vector.ts';

const folder = process.argv[2] ?? '';
const files = new Set(await readdir(folder));
const names = [
  ...new Set([...files].filter((file) => /\.(json|pb)$/.test(file)).map((file) => file.replace(/\.\w+$/, ''))),
].sort();
const complete = names.filter((name) => files.has(`${name}.json`) && files.has(`${name}.pb`));
const lonely = names.filter((name) => !complete.includes(name));

const results: VectorResult[] = [];
for (const name of complete) {
  const [json, protobuf] = await Promise.all([
    readFile(path.join(folder, `${name}.json`)),
    readFile(path.join(folder, `${name}.pb`)),
  ]);
  results.push(checkVector({ name, json, protobuf }));
}

const width = Math.max(...names.map((name) => name.length), 'kind'.length);
const row = (name: string, cells: readonly string[]) =>
  console.log(
    [name.padEnd(width), ...cells.map((cell, index) => cell.padEnd(VECTOR_CHECKS[index]?.length ?? 0))].join('  '),
  );
row('kind', VECTOR_CHECKS);
for (const { name, checks } of results)
  row(
    name,
    VECTOR_CHECKS.map((check) => (checks[check] === '' ? 'ok' : 'FAIL')),
  );

const reasons = results.flatMap(({ name, checks }) =>
  VECTOR_CHECKS.filter((check) => checks[check] !== '').map((check) => `${name}: ${check}: ${checks[check]}`),
);
for (const reason of [...reasons, ...lonely.map((name) => `${name}: only one of .json and .pb is there`)])
  console.log(reason);

const failed = results.filter(({ checks }) => VECTOR_CHECKS.some((check) => checks[check] !== '')).length;
console.log(
  `\n${2 * results.length} files of ${results.length} kinds: ${2 * (results.length - failed)} ok, ${2 * failed} failed`,
);
process.exitCode = failed + lonely.length > 0 || results.length === 0 ? 1 : 0;
