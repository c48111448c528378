// The floors of floors.mjs, by dependency-cruiser. Fails also when nothing was cruised: then nothing was checked.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib/install.mjs';

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/dependency-cruiser/package.json'), 'utf8'));
const bin = manifest.bin.depcruise;
const run = spawnSync(
  process.execPath,
  [
    path.join(ROOT, 'node_modules/dependency-cruiser', bin),
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
    'src',
  ],
  { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 },
);
let report;
try {
  report = JSON.parse(run.stdout);
} catch (error) {
  process.stderr.write(`floors: dependency-cruiser gave no report (${error.message})\n${run.stderr}\n`);
  process.exit(1);
}
const { violations, totalCruised, totalDependenciesCruised } = report.summary;
for (const { from, to, rule } of violations) process.stdout.write(`${rule.severity} ${rule.name}: ${from} → ${to}\n`);
const errors = violations.filter(({ rule }) => rule.severity === 'error').length;
if (totalCruised < 50 || totalDependenciesCruised < 50) {
  process.stderr.write(`floors: only ${totalCruised} modules were read; the check itself is broken\n`);
  process.exit(1);
}
process.stdout.write(`floors: ${totalCruised} modules, ${totalDependenciesCruised} imports, ${errors} violations\n`);
process.exit(errors === 0 ? 0 : 1);
