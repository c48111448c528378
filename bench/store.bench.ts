/**
 * Durable commits per second of the SQLite store, beside the same disk's bare fdatasync.
 * Run: npx tsx --conditions=source bench/store.bench.ts [seconds per row]
 */
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { silentLog, systemClock } from '#base';
import { openSqliteStore, type Store } from '#store';

const SECONDS = Number(process.argv[2] ?? 4);
const VALUE = Buffer.alloc(2_048, 'x');
/** Keys that are written in turn, so that every commit replaces a value. */
const KEYS = 5_000;

interface Row {
  readonly writers: number;
  readonly commitsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly loopDelayP99Ms: number;
  readonly walMiB: number;
}

async function measure(store: Store, path: string, writers: number): Promise<Row> {
  const latencies: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  let next = 0;
  const write = async () => {
    while (performance.now() - startMs < SECONDS * 1000) {
      const from = performance.now();
      next += 1;
      await store.commit([{ type: 'put', key: `/registry/pods/default/pod-${next % KEYS}`, value: VALUE }]);
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const elapsed = (performance.now() - startMs) / 1000;
  delay.disable();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => round(latencies[Math.floor(latencies.length * share)] ?? 0);
  return {
    writers,
    commitsPerSecond: Math.round(latencies.length / elapsed),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    loopDelayP99Ms: round(delay.percentile(99) / 1e6),
    walMiB: Math.round((await stat(`${path}-wal`)).size / 1_048_576),
  };
}

function bareSyncsPerSecond(path: string): number {
  const file = openSync(path, 'w');
  const startMs = performance.now();
  let syncs = 0;
  for (; performance.now() - startMs < 1_000; syncs += 1) {
    writeSync(file, VALUE);
    fdatasyncSync(file);
  }
  return syncs;
}

const round = (value: number) => Math.round(value * 100) / 100;

const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
try {
  const path = join(folder, 'store.db');
  console.log(`limit: ${bareSyncsPerSecond(join(folder, 'bare'))} fdatasync/s of 2 KiB on this disk`);
  const store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path });
  // As the API server does: history is kept for a while only.
  const compacting = setInterval(
    () => void store.revision().then((revision) => store.compact(revision - 20_000)),
    1_000,
  );
  const rows: Row[] = [];
  for (const writers of [1, 32, 128]) rows.push(await measure(store, path, writers));
  clearInterval(compacting);
  console.table(rows);
  await store.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
