import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesToFree, type ImageSnapshot, planImages } from './images.plan.ts';

const MINUTE = 60_000;
const imageOf = (id: string, more: Partial<ImageSnapshot['images'][number]> = {}) => ({
  id,
  tags: [`reg/${id}:1`],
  digests: [],
  sizeBytes: 10,
  ...more,
});
const snapshotOf = (more: Partial<ImageSnapshot> = {}): ImageSnapshot => ({
  images: [imageOf('a')],
  used: new Set(),
  wanted: new Set(),
  pulled: new Map([['a', new Set(['reg/a:1'])]]),
  ages: new Map([['a', { seenMs: 0, usedMs: 0 }]]),
  nowMs: 10 * MINUTE,
  minAgeMs: 2 * MINUTE,
  bytesToFree: Number.POSITIVE_INFINITY,
  ...more,
});
const removed = (more: Partial<ImageSnapshot>) => planImages(snapshotOf(more)).remove.map(({ id }) => id);

describe('src/node-agent/garbage/images.plan.ts', () => {
  it.each<[string, Partial<ImageSnapshot>, readonly string[]]>([
    ['one that it pulled and nobody needs', {}, ['a']],
    ['none that it did not pull', { pulled: new Map() }, []],
    ['none that a container is made of, running or not', { used: new Set(['a']) }, []],
    ['none that a pod asks for', { wanted: new Set(['reg/a:1']) }, []],
    [
      'none that a pod asks for by digest',
      { images: [imageOf('a', { digests: ['reg/a@d'] })], wanted: new Set(['reg/a@d']) },
      [],
    ],
    ['none that somebody gave another name', { images: [imageOf('a', { tags: ['reg/a:1', 'mine/a:1'] })] }, []],
    ['one whose name went to another', { images: [imageOf('a', { tags: [] })] }, ['a']],
    ['none that came a moment ago', { ages: new Map([['a', { seenMs: 9 * MINUTE, usedMs: 0 }]]) }, []],
    ['none that was used a moment ago', { ages: new Map([['a', { seenMs: 0, usedMs: 9 * MINUTE }]]) }, []],
    ['none whose age is not known', { ages: new Map() }, []],
    ['none while there is nothing to free', { bytesToFree: 0 }, []],
  ])('removes %s', (_, more, ids) => {
    expect(removed(more)).toEqual(ids);
  });

  it('takes one by its id where it has no name, and by all its names where it has', () => {
    expect(planImages(snapshotOf({ images: [imageOf('a', { tags: [] })] })).remove[0]?.names).toEqual(['a']);
    expect(planImages(snapshotOf()).remove[0]?.names).toEqual(['reg/a:1']);
  });

  it('forgets what is no more', () => {
    expect(planImages(snapshotOf({ images: [] })).forget).toEqual(['a']);
  });

  it('frees what is asked for, those unused for longest first, and not one image more', () => {
    const anyImage = fc.record({
      bytes: fc.integer({ min: 1, max: 100 }),
      usedMs: fc.integer({ min: 0, max: 10 * MINUTE }),
      ours: fc.boolean(),
      inUse: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyImage, { maxLength: 15 }), fc.integer({ min: 0, max: 500 }), (all, bytes) => {
        const id = (at: number) => `i${at}`;
        const plan = planImages({
          images: all.map((one, at) => imageOf(id(at), { sizeBytes: one.bytes })),
          used: new Set(all.flatMap((one, at) => (one.inUse ? [id(at)] : []))),
          wanted: new Set(),
          pulled: new Map(
            all.flatMap((one, at) => (one.ours ? [[id(at), new Set([`reg/${id(at)}:1`])] as const] : [])),
          ),
          ages: new Map(all.map((one, at) => [id(at), { seenMs: 0, usedMs: one.usedMs }])),
          nowMs: 10 * MINUTE,
          minAgeMs: MINUTE,
          bytesToFree: bytes,
        });
        const indexes = plan.remove.map((one) => Number(one.id.slice(1)));
        for (const at of indexes) expect(all[at]).toMatchObject({ ours: true, inUse: false });
        const times = indexes.map((at) => all[at]?.usedMs ?? 0);
        expect(times).toEqual([...times].sort((left, right) => left - right));
        const last = plan.remove.at(-1)?.bytes ?? 0;
        if (plan.remove.length > 0) expect(plan.bytes - last).toBeLessThan(bytes);
        const may = all.filter((one) => one.ours && !one.inUse && one.usedMs <= 9 * MINUTE);
        if (plan.bytes < bytes) expect(plan.remove).toHaveLength(may.length);
      }),
    );
  });

  it.each<[string, number, { highPercent: number; lowPercent: number }, number]>([
    ['below the high mark', 16, { highPercent: 85, lowPercent: 80 }, 0],
    ['at the high mark', 15, { highPercent: 85, lowPercent: 80 }, 5],
    ['full', 0, { highPercent: 85, lowPercent: 80 }, 20],
    ['turned off', 0, { highPercent: 100, lowPercent: 80 }, 0],
  ])('frees down to the low mark: %s', (_, available, marks, bytes) => {
    expect(bytesToFree({ available, capacity: 100 }, marks)).toBe(bytes);
  });
});
