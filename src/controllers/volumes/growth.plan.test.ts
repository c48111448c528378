import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMergePatch, compareQuantities, type Json, NODE_LOCAL } from '#api';
import { aClaim, aVolume } from '../../../test/support/volume-objects.ts';
import { planGrowth } from './growth.plan.ts';

const asking = (storage: string, status: object = { capacity: { storage: '1Gi' } }, going = false) =>
  aClaim({ going, spec: { resources: { requests: { storage } } }, status: { phase: 'Bound', ...status } });
const folder = (storage = '1Gi') =>
  aVolume('v', { spec: { capacity: { storage }, csi: { driver: NODE_LOCAL, volumeHandle: 'v' } } });
const resizing = { type: 'Resizing', status: 'True' };
const other = { type: 'Other', status: 'True' };

describe('src/controllers/volumes/growth.plan.ts', () => {
  it.each([
    ['as much as it has', asking('1Gi'), folder(), {}],
    ['the same in other words', asking('1024Mi'), folder(), {}],
    ['less', asking('1Mi'), folder(), {}],
    ['more, before it was told how much it has', asking('2Gi', {}), folder(), {}],
    ['more, while it goes', asking('2Gi', undefined, true), folder(), {}],
    [
      'more',
      asking('2Gi'),
      folder(),
      {
        volume: { spec: { capacity: { storage: '2Gi' } } },
        claimStatus: { status: { capacity: { storage: '2Gi' } } },
        event: 'VolumeResizeSuccessful',
      },
    ],
    [
      'more, of a folder that was made larger already',
      asking('2Gi'),
      folder('2Gi'),
      { claimStatus: { status: { capacity: { storage: '2Gi' } } }, event: 'VolumeResizeSuccessful' },
    ],
    [
      'more, having been told that it grows',
      asking('2Gi', { capacity: { storage: '1Gi' }, conditions: [resizing, other] }),
      folder('2Gi'),
      {
        claimStatus: { status: { capacity: { storage: '2Gi' }, conditions: [other] } },
        event: 'VolumeResizeSuccessful',
      },
    ],
    ['more, of a volume that somebody else makes larger', asking('2Gi'), aVolume('v'), { event: 'ExternalExpanding' }],
  ])('decides on a claim that asks for %s', (_what, claim, volume, wanted) => {
    const { reason: _, event, ...writes } = planGrowth(claim, volume);
    expect({ ...writes, ...(event && { event: event.reason }) }).toEqual(wanted);
  });

  it('gives what is asked for in one pass, takes nothing away, and then rests', () => {
    const size = fc.constantFrom('1Mi', '1Gi', '1024Mi', '1500M', '3Gi');
    const conditions = fc.option(fc.subarray([resizing, other]), { nil: undefined });
    fc.assert(
      fc.property(size, size, size, conditions, (wanted, had, holds, told) => {
        const status = { capacity: { storage: had }, ...(told === undefined ? {} : { conditions: told }) };
        const before = { claim: asking(wanted, status), volume: folder(holds) };
        const { volume, claimStatus } = planGrowth(before.claim, before.volume);
        const patched = <T>(object: T, patch: Json = {}) => applyMergePatch(object as Json, patch) as T;
        const after = { claim: patched(before.claim, claimStatus), volume: patched(before.volume, volume) };
        const sizeOf = (each: typeof after) => each.claim.status?.capacity?.['storage'] ?? '';
        const roomOf = (each: typeof after) => each.volume.spec?.capacity?.['storage'] ?? '';
        expect(compareQuantities(sizeOf(after), wanted)).toBeGreaterThanOrEqual(0);
        expect(compareQuantities(sizeOf(after), sizeOf(before))).toBeGreaterThanOrEqual(0);
        expect(compareQuantities(roomOf(after), roomOf(before))).toBeGreaterThanOrEqual(0);
        // A folder is never told to be larger than its volume says, nor is the word of others on it lost.
        if (claimStatus !== undefined) expect(compareQuantities(roomOf(after), wanted)).toBeGreaterThanOrEqual(0);
        expect(after.claim.status?.conditions?.includes(other as never) ?? false).toBe(told?.includes(other) ?? false);
        const again = planGrowth(after.claim, after.volume);
        expect([again.volume, again.claimStatus, again.event]).toEqual([undefined, undefined, undefined]);
      }),
    );
  });
});
