import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SyncRun } from '#api';
import { configMap, createSyncBed, type SyncBed } from '../../../test/support/sync-bed.ts';
import { commitBefore, commitOf, pin, resume, rollback, suspend, unpin } from './hold.ts';
import { waitForApplication } from './wait.ts';

const run = (name: string, revision: string, phase = 'Succeeded') =>
  ({ metadata: { name }, spec: { revision }, status: { phase } }) as SyncRun;
const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

describe('src/cli/commands/hold.ts', () => {
  let bed: SyncBed;
  let said: string[];
  beforeEach(async () => {
    bed = await createSyncBed();
    said = [];
  });
  afterEach(() => bed.close());
  const session = () => {
    const tell = (text: string) => void said.push(text);
    return { client: bed.as('ada', 'plumb'), output: { write: tell, note: tell } };
  };

  it.each([
    ['1', B],
    ['web-1', A],
    ['aaaaaaa', A],
    ['c'.repeat(40), 'c'.repeat(40)],
  ])('takes %s for a commit', (word, commit) => {
    expect(commitOf(word, [run('web-2', B), run('web-1', A)])).toBe(commit);
  });

  it.each(['3', 'web-9', 'aaaaaa', 'main', 'ccccccc'])('takes %s for none', (word) => {
    expect(() => commitOf(word, [run('web-2', B), run('web-1', A)])).toThrow('names no commit');
  });

  it('goes back to the last good run of another commit', () => {
    expect(commitBefore([run('3', B, 'Failed'), run('2', B), run('1', A)], B)).toBe(A);
    expect(commitBefore([run('2', B), run('1', A, 'Failed')], B)).toBeUndefined();
  });

  it('rolls back, says so, and follows Git again', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', first);
    const second = await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'broken' }) });
    await bed.synced('web', second);
    await rollback(session(), 'web', undefined);
    await bed.synced('web', first);
    expect(said.at(-1)).toBe(`web is pinned to ${first.slice(0, 7)}: newer commits wait until plumb app unpin web.`);
    await expect(rollback(session(), 'web', undefined)).rejects.toMatchObject({ exitCode: 2 });
    await pin(session(), 'web', second);
    await bed.synced('web', second);
    await unpin(session(), 'web');
    await unpin(session(), 'web');
    expect(said.slice(-2)).toEqual(['web follows main again.', 'web is not pinned.']);
    await waitForApplication(session(), 'web', 60_000);
  });

  it('suspends with a reason; waiting in vain ends at once, and resuming lets it end well', async () => {
    const first = await bed.repo.commit({ 'web/a.yaml': configMap('a') });
    await bed.apply('web');
    await bed.synced('web', first);
    await suspend(session(), 'web', 'database moves');
    const second = await bed.repo.commit({ 'web/a.yaml': configMap('a', { key: 'new' }) });
    await bed.until('it is seen', async () => (await bed.application('web'))?.status?.sync?.revision === second);
    await expect(waitForApplication(session(), 'web', 60_000)).rejects.toThrow('suspended (database moves)');
    await expect(rollback(session(), 'web', undefined)).rejects.toThrow('is suspended');
    await resume(session(), 'web');
    await waitForApplication(session(), 'web', 60_000);
    expect(said.at(-1)).toBe(`web: Synced at ${second.slice(0, 7)}, Healthy`);
  });
});
