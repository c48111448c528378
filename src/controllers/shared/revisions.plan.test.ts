import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ControllerRevision, STATEFUL_SETS } from '#api';
import { planRevisions, type Revisioned, type RevisionsPlan, templateOf } from './revisions.plan.ts';

const templateNamed = (image: string) => ({
  metadata: { labels: { app: 'db' } },
  spec: { containers: [{ name: 'c', image }] },
});
const ownerOf = (image: string, revisionHistoryLimit?: number): Revisioned =>
  ({
    metadata: { name: 'db', namespace: 'd', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { template: templateNamed(image), ...(revisionHistoryLimit === undefined ? {} : { revisionHistoryLimit }) },
  }) as object as Revisioned;
const revisionOf = (image: string, revision: number, name = image): ControllerRevision =>
  ({
    metadata: { name, uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
    data: { spec: { template: { ...templateNamed(image), $patch: 'replace' } } },
    revision,
  }) as object as ControllerRevision;

interface Asked {
  readonly inUse?: readonly string[];
  readonly counted?: boolean;
}

const plan = (
  owner: Revisioned,
  revisions: readonly ControllerRevision[],
  { inUse = [], counted = false }: Asked = {},
) =>
  planRevisions({
    owner,
    resource: STATEFUL_SETS,
    revisions,
    isInUse: ({ metadata }) => inUse.includes(metadata.name),
    limitCountsInUse: counted,
    hashLabel: 'hash',
  });
const say = ({ current, create, renumber, remove }: RevisionsPlan) =>
  [
    ...(current === undefined ? [] : [`=${current.metadata.name}`]),
    ...(create === undefined ? [] : [`+${create['revision']}`]),
    ...(renumber === undefined ? [] : [`${renumber.revision.metadata.name}→${renumber.to}`]),
    ...remove.map(({ metadata }) => `-${metadata.name}`),
  ].join(' ');
const [a1, b2, c3] = [revisionOf('a', 1), revisionOf('b', 2), revisionOf('c', 3)];

describe('src/controllers/shared/revisions.plan.ts', () => {
  it.each<[string, RevisionsPlan, string]>([
    ['makes the first', plan(ownerOf('a'), []), '+1'],
    ['rests where the newest is the template’s', plan(ownerOf('b'), [a1, b2]), '=b'],
    ['makes one for a new template', plan(ownerOf('c'), [b2, a1]), '+3'],
    ['makes an earlier one the newest again', plan(ownerOf('a'), [a1, b2, c3]), '=a a→4'],
    ['takes the newest of two that hold the template', plan(ownerOf('a'), [a1, revisionOf('a', 5, 'a5')]), '=a5'],
    ['drops the oldest beyond the limit', plan(ownerOf('c', 1), [a1, b2, c3]), '=c -a'],
    ['keeps none with a limit of nought', plan(ownerOf('c', 0), [c3, b2, a1]), '=c -a -b'],
    ['keeps what is in use', plan(ownerOf('c', 0), [a1, b2, c3], { inUse: ['a'] }), '=c -b'],
    ['leaves what is in use out of the count', plan(ownerOf('c', 1), [a1, b2, c3], { inUse: ['b'] }), '=c'],
    ['counts what is in use', plan(ownerOf('c', 1), [a1, b2, c3], { inUse: ['b'], counted: true }), '=c -a'],
  ])('%s', (_what, planned, expected) => {
    expect(say(planned)).toBe(expected);
  });

  it('keeps the newest number for the template, what is in use, and no more than the limit, in any history', () => {
    const images = ['a', 'b', 'c', 'd', 'e'];
    const turn = fc.record({
      image: fc.constantFrom(...images),
      limit: fc.nat(3),
      inUse: fc.subarray(images),
      counted: fc.boolean(),
      shuffled: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 12 }), (turns) => {
        let kept: readonly ControllerRevision[] = [];
        for (const { image, limit, inUse, counted, shuffled } of turns) {
          const owner = ownerOf(image, limit);
          const asked = { inUse, counted };
          const { create, renumber, remove } = plan(owner, shuffled ? [...kept].reverse() : kept, asked);
          expect(say(plan(owner, [...kept].reverse(), asked))).toBe(say(plan(owner, kept, asked)));
          expect(remove.some(({ metadata }) => inUse.includes(metadata.name))).toBe(false);
          kept = kept
            .filter((each) => !remove.includes(each))
            .map((each) => (each === renumber?.revision ? { ...each, revision: renumber.to } : each));
          if (create !== undefined) kept = [...kept, revisionOf(image, create['revision'] as number)];
          const newest = kept.reduce((most, each) => (each.revision > most.revision ? each : most));
          expect(templateOf(newest)).toEqual(owner.spec.template);
          expect(new Set(kept.map(({ revision }) => revision)).size).toBe(kept.length);
          const unused = kept.filter((each) => each !== newest && !inUse.includes(each.metadata.name));
          expect(unused.length).toBeLessThanOrEqual(limit);
          // Carried out, it rests.
          expect(say(plan(owner, kept, asked))).toBe(`=${newest.metadata.name}`);
        }
      }),
    );
  });
});
