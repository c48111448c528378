import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, silentLog, systemClock } from '#base';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createGitFixture, type GitFixture } from '../../test/support/git-fixture.ts';
import { type GitHttpServer, serveOverHttp } from '../../test/support/git-http-server.ts';
import { until } from '../../test/support/until.ts';
import type { GitRequest } from './meter.types.ts';
import {
  createRepositories,
  MAX_HINT_IDS,
  type Repositories,
  type RepositoriesOptions,
  repositoriesDefaults,
} from './repositories.ts';

/** No poll happens in a test that does not step its clock so far. */
const HOURS_MS = 24 * 3_600_000;

describe('src/sync/repositories.ts', () => {
  let directory: string;
  let fixture: GitFixture;
  let server: GitHttpServer;
  let repositories: Repositories;
  let ended: number;
  let asked: GitRequest[];
  let random: number;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plumb-repos-'));
    fixture = await createGitFixture();
    server = await serveOverHttp(fixture);
    await fixture.commit({ a: '1' });
    ended = 0;
    asked = [];
    random = 0.5;
  });
  afterEach(async () => {
    await repositories.close();
    await server.close();
    await fixture.remove();
    await rm(directory, { recursive: true, force: true });
  });

  const create = (clock: Clock, options: Partial<RepositoriesOptions> = {}) => {
    repositories = createRepositories(
      {
        clock,
        log: silentLog,
        random: () => random,
        meter: { gitRequest: (request) => asked.push(request) },
        onFetched: () => {
          ended += 1;
        },
      },
      { ...repositoriesDefaults, pollMs: HOURS_MS, stateDir: directory, localPaths: [fixture.path], ...options },
    );
  };
  const tip = async (url: string) => (await repositories.use(url).mirror()).resolve('main');
  const fetchesEnded = (count: number) => until(`${count} fetches have ended`, () => ended === count);

  it('sees a commit of a local repository by watching it, long before a poll', async () => {
    create(systemClock);
    await tip(fixture.path);
    // Twice: the first may be found by the look that follows the watcher's start.
    for (const text of ['2', '3']) {
      const commit = await fixture.commit({ a: text });
      await until('the commit is fetched', async () => (await tip(fixture.path)) === commit, 30_000);
    }
    await fixture.git('pack-refs', '--all');
    const packed = await fixture.commit({ a: '4' });
    await until('a commit after packing the refs is fetched', async () => (await tip(fixture.path)) === packed, 30_000);
  });

  it.each([
    ['early', 0, 80_000],
    ['late', 0.999_999, 120_000],
  ])('polls what it cannot watch, spread around the interval: %s', async (_when, chance, dueMs) => {
    random = chance;
    const clock = new FakeClock();
    create(clock, { pollMs: 100_000, pollJitter: 0.2 });
    const first = tip(server.url);
    await clock.advance(0);
    await first;
    await fetchesEnded(1);
    const commit = await fixture.commit({ a: '2' });
    await clock.advance(dueMs - 1);
    expect(server.fetches).toBe(1);
    await clock.advance(1);
    await fetchesEnded(2);
    expect(await tip(server.url)).toBe(commit);
    await clock.advance(dueMs);
    await fetchesEnded(3);
    expect(server.fetches).toBe(3);
  });

  it('makes one fetch of many hints, no sooner than is good for the server, and knows the ids of the newest', async () => {
    const clock = new FakeClock();
    create(clock, { hintMs: 5_000 });
    const first = tip(server.url);
    await clock.advance(0);
    await first;
    await fetchesEnded(1);
    const commit = await fixture.commit({ a: '2' });
    const ids = Array.from({ length: 1_000 }, (_, index) => `hint-${index}`);
    for (const id of ids) expect(repositories.hint(server.url, 'webhook', { id })).toEqual([server.url]);
    await clock.advance(4_999);
    expect(server.fetches).toBe(1);
    await clock.advance(1);
    await fetchesEnded(2);
    expect(await tip(server.url)).toBe(commit);
    expect(repositories.use(server.url).lastHints).toEqual(ids.slice(-MAX_HINT_IDS));
    await clock.advance(60_000);
    expect(server.fetches).toBe(2);
  });

  it('fetches once more for what was hinted while a fetch ran', async () => {
    const clock = new FakeClock();
    create(clock, { hintMs: 5_000 });
    repositories.use(server.url);
    const running = clock.advance(0);
    for (const id of ['a', 'b']) repositories.hint(server.url, 'webhook', { id });
    await running;
    // The timer of the first fetch has fired, so these came while it ran.
    for (const id of ['c', 'd']) repositories.hint(server.url, 'webhook', { id });
    expect(ended).toBe(0);
    await fetchesEnded(1);
    await clock.advance(5_000);
    await fetchesEnded(2);
    expect(repositories.use(server.url).lastHints).toContain('d');
    await clock.advance(60_000);
    expect(server.fetches).toBe(2);
  });

  it('knows the files that its webhooks told of, and only while nothing else asked for the fetch', async () => {
    const clock = new FakeClock();
    create(clock, { pollMs: 60_000, hintMs: 5_000 });
    const first = tip(server.url);
    await clock.advance(0);
    await first;
    await fetchesEnded(1);
    const paths = () => repositories.use(server.url).lastPaths;
    expect(paths()).toBeUndefined();
    const hints = async (...told: readonly (readonly string[] | undefined)[]) => {
      const before = ended;
      for (const [index, each] of told.entries())
        repositories.hint(server.url, 'webhook', { id: `${index}`, paths: each });
      await clock.advance(5_000);
      await fetchesEnded(before + 1);
    };
    await hints(['a', 'b'], ['b', 'c']);
    expect(paths()).toEqual(['a', 'b', 'c']);
    await hints(['d'], undefined, ['e']);
    expect(paths()).toBeUndefined();
    server.isUp = false;
    await hints(['lost']);
    server.isUp = true;
    await hints(['f']);
    expect(paths()).toBeUndefined();
    await hints(['g']);
    expect(paths()).toEqual(['g']);
    await clock.advance(72_000);
    await fetchesEnded(7);
    expect(paths()).toBeUndefined();
  });

  it('is about all files once in a poll interval, however fast webhooks come', async () => {
    const clock = new FakeClock();
    create(clock, { pollMs: 60_000, hintMs: 5_000 });
    const first = tip(server.url);
    await clock.advance(0);
    await first;
    await fetchesEnded(1);
    const told: (readonly string[] | undefined)[] = [];
    for (let index = 0; index < 14; index += 1) {
      repositories.hint(server.url, 'webhook', { id: `${index}`, paths: ['a'] });
      await clock.advance(5_000);
      await fetchesEnded(index + 2);
      told.push(repositories.use(server.url).lastPaths);
    }
    expect(told.filter((paths) => paths === undefined)).toHaveLength(1);
    expect(told.indexOf(undefined)).toBe(11);
  });

  it('keeps the ids of hints until a fetch succeeds, and polls on when all hints are lost', async () => {
    const clock = new FakeClock();
    create(clock, { pollMs: 60_000, hintMs: 5_000 });
    const first = tip(server.url);
    await clock.advance(0);
    await first;
    await fetchesEnded(1);
    server.isUp = false;
    repositories.hint(server.url, 'webhook', { id: 'early' });
    await clock.advance(5_000);
    await fetchesEnded(2);
    expect(repositories.use(server.url).failure).toMatchObject({ code: 'RepositoryUnreachable' });
    server.isUp = true;
    const commit = await fixture.commit({ a: '2' });
    await clock.advance(60_000);
    await fetchesEnded(3);
    expect(await tip(server.url)).toBe(commit);
    expect(repositories.use(server.url)).toMatchObject({ failure: undefined, lastHints: ['early'] });
    expect(asked.map(({ repoURL, failed }) => [repoURL, failed])).toEqual(
      [false, true, false].map((failed) => [server.url, failed]),
    );
    await clock.advance(60_000);
    await fetchesEnded(4);
    expect(repositories.use(server.url).lastHints).toEqual([]);
  });
});
