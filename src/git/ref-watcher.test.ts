import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentLog } from '#base';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createGitFixture } from '../../test/support/git-fixture.ts';
import { until } from '../../test/support/until.ts';
import { createRefWatcher } from './ref-watcher.ts';

it('tells of a commit at once, looks again behind it for one that was lost, and then is silent', async () => {
  const repo = await createGitFixture();
  const dir = await mkdtemp(join(tmpdir(), 'plumb-refs-'));
  const clock = new FakeClock();
  const toldAtMs: number[] = [];
  try {
    await repo.commit({ 'a.txt': 'a' });
    const onChange = () => void toldAtMs.push(clock.monotonicMs());
    const watcher = await createRefWatcher({ url: repo.path, dir, onChange, clock, log: silentLog });
    await clock.advance(1_000);
    const begunMs = clock.monotonicMs();
    toldAtMs.length = 0;
    await repo.commit({ 'a.txt': 'b' });
    await until('the change is seen', () => clock.waiting > 0);
    await clock.advance(100);
    expect(toldAtMs.length).toBeGreaterThan(0);
    await clock.advance(5_000);
    expect(toldAtMs.at(-1)).toBeGreaterThanOrEqual(begunMs + 1_500);
    await until('it is silent', async () => {
      await clock.advance(5_000);
      return clock.waiting === 0;
    });
    await watcher.close();
  } finally {
    await repo.remove();
    await rm(dir, { recursive: true, force: true });
  }
});
