import { describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { Checkpointer } from './checkpointer.ts';

function start({ walBytes = 10, fail = false } = {}) {
  const clock = new FakeClock();
  const did: string[] = [];
  const checkpointer = new Checkpointer(
    {
      clock,
      log: silentLog,
      async checkpoint() {
        did.push('checkpoint');
        if (fail) throw new Error('disk');
        return { walBytes };
      },
      async resetLog({ truncate }) {
        did.push(truncate ? 'truncate' : 'restart');
      },
    },
    { everyMs: 200, walCapBytes: 1_000 },
  );
  return { clock, did, checkpointer };
}

describe('src/store/sqlite/checkpointer.ts', () => {
  it('does nothing at all before the first commit, nor after the quiet round', async () => {
    const { clock, did, checkpointer } = start();
    expect(clock.waiting).toBe(0);
    checkpointer.committed();
    checkpointer.committed();
    await clock.advance(200);
    expect(did).toEqual(['checkpoint']);
    await clock.advance(200);
    expect(did).toEqual(['checkpoint', 'checkpoint', 'truncate']);
    await clock.advance(60_000);
    expect(did).toHaveLength(3);
    expect(clock.waiting).toBe(0);
  });

  it('checkpoints every interval while commits come, without stopping them', async () => {
    const { clock, did, checkpointer } = start();
    for (let round = 0; round < 5; round += 1) {
      checkpointer.committed();
      await clock.advance(200);
    }
    expect(did).toEqual(Array.from({ length: 5 }, () => 'checkpoint'));
  });

  it('starts the log over above its cap', async () => {
    const { clock, did, checkpointer } = start({ walBytes: 1_001 });
    checkpointer.committed();
    await clock.advance(200);
    expect(did).toEqual(['checkpoint', 'checkpoint', 'restart']);
  });

  it('rests after a failure until the next commit', async () => {
    const { clock, did, checkpointer } = start({ fail: true });
    checkpointer.committed();
    await clock.advance(1_000);
    expect(did).toEqual(['checkpoint']);
    checkpointer.committed();
    await clock.advance(200);
    expect(did).toHaveLength(2);
  });

  it('does nothing after it was stopped', async () => {
    const { clock, did, checkpointer } = start();
    checkpointer.committed();
    await checkpointer.stop();
    await clock.advance(1_000);
    expect(did).toEqual([]);
  });
});
