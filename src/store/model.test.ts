import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { type Bundle, bundle } from '../../test/support/bundle.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createMemoryStore } from './memory-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import { bytes, line, take, text } from './store.contract.ts';
import type { Operation, Store } from './store.ts';

/** Sequences tried; each runs up to 40 steps on both stores. */
const RUNS = Number(process.env['PLUMBLINE_MODEL_RUNS'] ?? 30);

type Step =
  | { readonly type: 'commit'; readonly writes: readonly Write[] }
  | { readonly type: 'list' | 'watch'; readonly prefix: string; readonly back: number; readonly limit: number }
  | { readonly type: 'compact'; readonly back: number };
/** `guess`: how many commits ago the writer believes the key was written; undefined: it does not care. */
interface Write {
  readonly key: string;
  readonly type: 'put' | 'delete' | 'check';
  readonly value: string;
  readonly guess: number | undefined;
}

const key = fc.constantFrom('a', 'a/b', 'a/c', 'b', 'ü');
const back = fc.nat(12);
const write: fc.Arbitrary<Write> = fc.record({
  key,
  type: fc.constantFrom('put', 'put', 'put', 'delete', 'check'),
  value: fc.string({ maxLength: 8 }),
  guess: fc.option(fc.nat(3), { nil: undefined }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('commit'),
      writes: fc.uniqueArray(write, { selector: (w) => w.key, minLength: 1 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('list', 'watch'),
      prefix: fc.constantFrom('', 'a', 'a/', 'z'),
      back,
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact'), back }) },
);

/** What the step did, in terms relative to `start` and without `prefix`, so that two stores can be compared. */
async function play(store: Store, prefix: string, start: number, action: Step): Promise<unknown> {
  const now = await store.revision();
  const at = (distance: number) => Math.max(start, now - distance);
  const relative = (revision: number) => revision - start;
  switch (action.type) {
    case 'commit': {
      const operations: Operation[] = [];
      for (const { type, guess, ...rest } of action.writes) {
        const name = prefix + rest.key;
        const current = (await store.get(name))?.revision ?? 0;
        // Guess 0 is right; 1 says the key is absent; others are some revision.
        const ifRevision = guess === undefined || guess === 0 ? current : guess === 1 ? 0 : at(guess);
        const condition = guess === undefined && type !== 'check' ? {} : { ifRevision };
        if (type === 'put') operations.push({ type, key: name, value: bytes(rest.value), ...condition });
        else if (type === 'delete') operations.push({ type, key: name, ...condition });
        else operations.push({ type, key: name, ifRevision });
      }
      const result = await store.commit(operations);
      if (result.ok) return relative(result.revision);
      const { current } = result.conflict;
      return [result.conflict.key.slice(prefix.length), current && relative(current.revision), text(current?.value)];
    }
    case 'list': {
      const result = await store.list({
        prefix: prefix + action.prefix,
        revision: at(action.back),
        limit: action.limit,
      });
      if (!result.ok) return ['compacted', relative(result.compacted)];
      const items = result.items.map((item) => [
        item.key.slice(prefix.length),
        relative(item.revision),
        relative(item.createRevision),
        text(item.value),
      ]);
      return [items, relative(result.revision), result.more, result.remaining];
    }
    case 'watch': {
      const afterRevision = at(action.back);
      const first = await store.watch({ prefix, afterRevision, signal: AbortSignal.abort() });
      if (!first.ok) return ['compacted', relative(first.compacted)];
      const batches = await take(store, prefix + action.prefix, afterRevision, now - afterRevision);
      return batches.map(({ revision, events }) => [
        relative(revision),
        events.map((e) => line(e).replaceAll(prefix, '')),
      ]);
    }
    case 'compact':
      await store.compact(at(action.back));
      return 'compacted';
  }
}

describe('src/store: memory and SQLite', () => {
  let folder = '';
  let built: Bundle;
  let sqlite: Store;
  let run = 0;
  beforeAll(async () => {
    built = await bundle({ worker: new URL('./sqlite/store-worker.ts', import.meta.url) });
    folder = await mkdtemp(join(tmpdir(), 'plumbline-model-'));
    sqlite = await openSqliteStore(
      { clock: new FakeClock(), log: silentLog, worker: { url: built.url('worker'), execArgv: [] } },
      {
        path: join(folder, 'store.db'),
        encryption: { key: Buffer.alloc(32, 1), encrypts: (name) => name.includes('a/') },
      },
    );
  });
  afterAll(async () => {
    await sqlite.close();
    await rm(folder, { recursive: true, force: true });
    await built.remove();
  });

  it('answer every sequence of calls alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        // One SQLite store serves all runs, each under a prefix of its own and from where the last one left off.
        const prefix = `run${run++}:`;
        const memory = createMemoryStore({ clock: new FakeClock() });
        const starts = [await memory.revision(), await sqlite.revision()] as const;
        await sqlite.compact(starts[1]);
        for (const action of steps) {
          const expected = await play(memory, prefix, starts[0], action);
          expect(await play(sqlite, prefix, starts[1], action)).toEqual(expected);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
