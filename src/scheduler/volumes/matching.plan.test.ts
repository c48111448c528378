import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PersistentVolume } from '#api';
import { aClaim, aVolume, refTo } from '../../../test/support/volume-objects.ts';
import { type MatchInput, planMatch } from './matching.plan.ts';

const sized = (name: string, storage: string, more: object = {}) =>
  aVolume(name, { spec: { capacity: { storage }, ...more } });
const onNode = (node: string) => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: [node] }] }] },
  },
});

describe('src/controllers/volumes/matching.plan.ts', () => {
  it.each<[what: string, input: Partial<MatchInput> & Pick<MatchInput, 'volumes'>, name: string | undefined]>([
    ['nothing of nothing', { volumes: [] }, undefined],
    ['the smallest that does', { volumes: [sized('a', '5Gi'), sized('b', '2Gi'), sized('c', '1Mi')] }, 'b'],
    ['of equal ones the first by name', { volumes: [sized('b', '1Gi'), sized('a', '1Gi')] }, 'a'],
    [
      'one without access modes to spare before a smaller one',
      { volumes: [sized('a', '1Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }), sized('b', '2Gi')] },
      'b',
    ],
    ['none that lacks an access mode', { volumes: [sized('a', '1Gi', { accessModes: ['ReadOnlyMany'] })] }, undefined],
    [
      'none for many where it is to be for one pod alone',
      { claim: aClaim({ spec: { accessModes: ['ReadWriteOncePod'] } }), volumes: [aVolume('a')] },
      undefined,
    ],
    ['none of another class', { volumes: [sized('a', '1Gi', { storageClassName: 'd' })] }, undefined],
    ['none of another mode', { volumes: [sized('a', '1Gi', { volumeMode: 'Block' })] }, undefined],
    ['none that is going', { volumes: [aVolume('a', { going: true })] }, undefined],
    ['none that was given back', { volumes: [aVolume('a', { phase: 'Released' })] }, undefined],
    [
      "none of another claim's",
      { volumes: [sized('a', '1Gi', { claimRef: { name: 'x', namespace: 'default' } })] },
      undefined,
    ],
    ['none that a namesake had', { volumes: [sized('a', '1Gi', refTo('claim-0'))] }, undefined],
    ['none that is promised', { volumes: [sized('a', '1Gi'), sized('b', '2Gi')], taken: new Set(['a']) }, 'b'],
    [
      'the one that names it, however large',
      { volumes: [sized('a', '1Gi'), sized('b', '9Gi', refTo('claim-1'))] },
      'b',
    ],
    ['only one that names it, if so asked', { volumes: [sized('a', '1Gi')], onlyNamed: true }, undefined],
    [
      'one that may be used on the node',
      {
        volumes: [sized('a', '1Gi', onNode('n1')), sized('b', '2Gi', onNode('n2'))],
        node: { name: 'n2', labels: { disk: 'n2' } },
      },
      'b',
    ],
    [
      'none, when the one that names it may not be used on the node',
      {
        volumes: [sized('a', '1Gi'), sized('b', '1Gi', { ...refTo(), ...onNode('n1') })],
        node: { name: 'n2', labels: { disk: 'n2' } },
      },
      undefined,
    ],
    [
      'one that the selector selects',
      {
        claim: aClaim({ spec: { selector: { matchLabels: { disk: 'fast' } } } }),
        volumes: [aVolume('a'), aVolume('b', { labels: { disk: 'fast' } })],
      },
      'b',
    ],
  ])('finds %s', (_what, input, name) => {
    expect(planMatch({ claim: aClaim(), ...input })?.metadata.name).toBe(name);
  });

  const volume = fc
    .record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      storage: fc.constantFrom('1Mi', '1Gi', '2Gi'),
      modes: fc.subarray(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'], { minLength: 1 }),
      phase: fc.constantFrom('Available', 'Bound', 'Released', 'Failed'),
      ref: fc.constantFrom({}, refTo(), refTo('claim-1'), refTo('claim-0')),
      going: fc.boolean(),
    })
    .map(({ name, storage, modes, phase, ref, going }) =>
      aVolume(name, { phase, going, spec: { capacity: { storage }, accessModes: modes, ...ref } }),
    );
  const nameOf = ({ metadata }: PersistentVolume) => metadata.name;

  it('never gives out what is going, another claim has or is too small, and finds the same in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(volume, { selector: nameOf, maxLength: 5 }), (volumes) => {
        const found = planMatch({ claim: aClaim(), volumes });
        expect(planMatch({ claim: aClaim(), volumes: [...volumes].reverse() })).toEqual(found);
        if (found === undefined) return;
        expect(found.metadata.deletionTimestamp).toBeUndefined();
        expect(found.spec?.claimRef?.uid ?? 'claim-1').toBe('claim-1');
        expect(found.spec?.capacity?.['storage']).not.toBe('1Mi');
      }),
    );
  });
});
