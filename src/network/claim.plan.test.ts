import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Claim, planClaim, planClaimTable, readClaim } from './claim.plan.ts';

const mine: Claim = { id: 'a/node', directory: '/srv/a', pid: 10, startTime: 100 };
const other: Claim = { id: 'b/node', directory: '/srv/b', pid: 20, startTime: 200 };
const commentsOf = (claim: Claim) =>
  planClaimTable(claim, undefined).flatMap(({ add }) => {
    const comment = add?.['rule']?.['comment'];
    return typeof comment === 'string' ? [comment] : [];
  });

describe('src/network/claim.plan.ts', () => {
  it.each([
    ['nobody has it', undefined, 'write'],
    ['it is ours already', { claim: mine, processRuns: true, directoryIsThere: true }, 'keep'],
    [
      'our folder has moved',
      { claim: { ...mine, directory: '/old' }, processRuns: true, directoryIsThere: false },
      'write',
    ],
    ['our last agent has ended', { claim: { ...mine, pid: 9 }, processRuns: false, directoryIsThere: true }, 'write'],
    [
      'our last agent had our pid',
      { claim: { ...mine, startTime: 9 }, processRuns: false, directoryIsThere: true },
      'write',
    ],
    ['another agent of ours runs', { claim: { ...mine, pid: 9 }, processRuns: true, directoryIsThere: true }, 'refuse'],
    ["another's agent runs", { claim: other, processRuns: true, directoryIsThere: true }, 'refuse'],
    ["another's agent runs without its folder", { claim: other, processRuns: true, directoryIsThere: false }, 'refuse'],
    ["another's pods may go on", { claim: other, processRuns: false, directoryIsThere: true }, 'refuse'],
    ['another is gone', { claim: other, processRuns: false, directoryIsThere: false }, 'write'],
    ['it cannot be read', { claim: undefined, processRuns: false, directoryIsThere: false }, 'refuse'],
  ] as const)('when %s: %#', (_situation, found, type) => {
    expect(planClaim(mine, found).type).toBe(type);
  });

  it('reads back what it writes, whatever the folder is called, in comments that nft takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.nat(), fc.nat(), (name, pid, startTime) => {
        const claim = { id: 'b/node', directory: `/${name}`, pid, startTime };
        const comments = commentsOf(claim);
        expect(readClaim(comments)).toEqual(claim);
        for (const comment of comments) expect(comment).toMatch(/^[\x21-\x7e]{1,127}( \d+)?$/);
      }),
    );
  });

  it.each([[[]], [['id:x']], [['process:1 2']], [['id:x', 'process:1']], [['id:%', 'process:1 2']]])(
    'does not take %j for a claim',
    (comments) => {
      expect(readClaim(comments)).toBeUndefined();
    },
  );
});
