import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EntryPoint, silentLog, systemClock } from '#base';
import { type Bundle, bundle } from '../../../test/support/bundle.ts';
import { checkInvariants, text } from '../store.contract.ts';
import { openSqliteStore } from './sqlite-store.ts';

/** SIGKILLs per run. A long run: PLUMBLINE_CRASH_CYCLES=1000. */
const CYCLES = Number(process.env['PLUMBLINE_CRASH_CYCLES'] ?? 15);
const CONTROL_CYCLES = Math.min(CYCLES, 5);
const WRITERS = 32;

/**
 * Writes as fast as it can and prints a line for each commit that it takes for acknowledged. As the control it prints
 * the line before the commit: what a store would do that acknowledges before it is on disk.
 */
const writerSource = (store: URL) => `
  import { writeSync } from 'node:fs';
  import { openSqliteStore } from ${JSON.stringify(store.href)};
  const [path, worker, cycle, control] = process.argv.slice(2);
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now(), after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  } };
  const store = await openSqliteStore({ clock, log, worker: { url: new URL(worker), execArgv: [] } }, { path });
  let next = 0;
  const write = async () => {
    for (;;) {
      const key = cycle + '/' + next++;
      const value = Buffer.from(key.repeat(20));
      if (control) writeSync(1, key + '\\n');
      const result = await store.commit([{ type: 'put', key, value }, { type: 'put', key: 'shared', value }]);
      if (!control) writeSync(1, key + ' ' + result.revision + '\\n');
    }
  };
  await Promise.all(Array.from({ length: ${WRITERS} }, write));
`;

describe('src/store/sqlite: SIGKILL', () => {
  let folder = '';
  let built: Bundle;
  let worker: EntryPoint;
  let child = '';
  beforeAll(async () => {
    built = await bundle({
      worker: new URL('./store-worker.ts', import.meta.url),
      store: new URL('./sqlite-store.ts', import.meta.url),
    });
    worker = { url: built.url('worker'), execArgv: [] };
    folder = await mkdtemp(join(tmpdir(), 'plumbline-crash-'));
    child = join(folder, 'writer.mjs');
    await writeFile(child, writerSource(built.url('store')));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await built.remove();
  });

  /** Runs one writer until it was killed; answers the lines it printed. */
  const killedWriter = (path: string, cycle: number, control: boolean) =>
    new Promise<string[]>((resolve, reject) => {
      const args = [child, path, worker.url.href, `${cycle}`, ...(control ? ['control'] : [])];
      const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let printed = '';
      process_.stdout.setEncoding('utf8');
      process_.stdout.on('data', (chunk: string) => {
        // From the first acknowledgement on it writes without pause; when it dies is left to chance.
        if (printed === '') setTimeout(() => process_.kill('SIGKILL'), 20 + Math.random() * 150);
        printed += chunk;
      });
      process_.on('error', reject);
      process_.on('close', (_code, signal) => {
        const lines = printed.slice(0, printed.lastIndexOf('\n')).split('\n');
        if (signal === 'SIGKILL') resolve(lines);
        else reject(new Error(`the writer ended by itself in cycle ${cycle}`));
      });
    });

  /** How many printed keys the store lacks after all cycles. Each cycle starts where the last one was killed. */
  const lost = async (name: string, cycles: number, control: boolean) => {
    const path = join(folder, name);
    const acknowledged = new Map<string, number>();
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      for (const printed of await killedWriter(path, cycle, control)) {
        const [key = '', revision = '0'] = printed.split(' ');
        acknowledged.set(key, Number(revision));
      }
    }
    const store = await openSqliteStore({ clock: systemClock, log: silentLog, worker }, { path });
    try {
      let missing = 0;
      for (const [key, revision] of acknowledged) {
        const found = await store.get(key);
        if (found === undefined || (!control && found.revision !== revision)) missing += 1;
        else expect(text(found.value)).toBe(key.repeat(20));
      }
      await checkInvariants(store);
      return { acknowledged: acknowledged.size, missing };
    } finally {
      await store.close();
    }
  };

  it('loses no acknowledged commit', { timeout: 20_000 + CYCLES * 2_000 }, async () => {
    const { acknowledged, missing } = await lost('store.db', CYCLES, false);
    expect(missing).toBe(0);
    expect(acknowledged).toBeGreaterThan(CYCLES * WRITERS);
  });

  it('would be seen to lose commits, were they acknowledged before they are on disk', { timeout: 60_000 }, async () => {
    const { missing } = await lost('control.db', CONTROL_CYCLES, true);
    expect(missing).toBeGreaterThan(0);
  });
});
