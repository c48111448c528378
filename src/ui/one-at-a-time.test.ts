import { describe, expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

/** Work that ends when it is told to. */
function heldWork() {
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  return { work, begun: () => ends.length, end: (index: number) => ends[index]?.() };
}
const settled = async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

describe('src/ui/one-at-a-time', () => {
  it('runs at once, and once more for all that was asked meanwhile', async () => {
    const { work, begun, end } = heldWork();
    const ask = oneAtATime(work);
    const first = ask();
    for (let times = 0; times < 10; times += 1) await ask();
    expect(begun()).toBe(1);
    end(0);
    await settled();
    expect(begun()).toBe(2);
    end(1);
    await first;
    expect(begun()).toBe(2);
  });

  it('runs again when asked later, also after a failure', async () => {
    let runs = 0;
    const ask = oneAtATime(async () => {
      runs += 1;
      if (runs === 1) throw new Error('down');
    });
    await expect(ask()).rejects.toThrow('down');
    await ask();
    expect(runs).toBe(2);
  });
});
