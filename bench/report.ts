import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FILE = path.resolve(import.meta.dirname, '../docs/benchmarks.md');
const AT_SCALE = '\n## At scale\n';

/** What is measured by one command and written together: the top of the page, or the part about large clusters. */
export type Part = 'all' | 'at scale';

/** How and on what it was measured. `more` is what else matters. */
export async function headerOf(command: string, ...more: readonly string[]): Promise<string> {
  const { stdout: commit } = await run('git', ['rev-parse', '--short', 'HEAD']);
  const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, kernel ${os.release()}, Node ${process.version}`;
  const facts = [machine, ...more].join(', ');
  return `Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)} at commit ${commit.trim()}: ${facts}. Median (min–max, p95); ratio of the medians.`;
}

/** Puts one part into docs/benchmarks.md and leaves the other as it is. */
export async function writePart(part: Part, text: string): Promise<void> {
  const before = await readFile(FILE, 'utf8');
  const at = before.indexOf(AT_SCALE);
  const [top, scale] = at < 0 ? [before, ''] : [before.slice(0, at), before.slice(at)];
  await writeFile(FILE, part === 'all' ? `# Benchmarks\n\n${text}\n${scale}` : `${top}${AT_SCALE}\n${text}\n`);
}
