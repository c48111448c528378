import { describe, expect, it } from 'vitest';
import { validatePodUpdate } from './pod-update.ts';

const containers = [{ name: 'main', image: 'sample:1' }];
const gate = (...names: string[]) => ({ schedulingGates: names.map((name) => ({ name })) });
const expression = (key: string) => ({ key, operator: 'Exists' });
const term = (...keys: string[]) => ({ matchExpressions: keys.map(expression) });
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const preferred = (key: string) => ({
  affinity: {
    nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term(key) }] },
  },
});
const update = (before: object, after: object) =>
  [...validatePodUpdate({ spec: { containers, ...after } } as never, { spec: { containers, ...before } } as never)].map(
    ({ path, message }) => `${path}: ${message.slice(0, 300)}`,
  );
const TERMS = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

describe('src/api/validation/pod-update.ts', () => {
  it.each<[string, object, object]>([
    ['the last gate be taken off', gate('a'), {}],
    ['one gate of two be taken off', gate('a', 'b'), gate('b')],
    ['gates change places', gate('a', 'b'), gate('b', 'a')],
    ['a gated pod be kept to more labels', gate('a'), { ...gate('a'), nodeSelector: { disk: 'ssd' } }],
    ['the last gate go together with a narrower choice', gate('a'), { nodeSelector: { disk: 'ssd' } }],
    ['a gated pod get node terms where it had none', gate('a'), { ...gate('a'), ...required(term('x')) }],
    [
      'a term of a gated pod grow',
      { ...gate('a'), ...required(term('x')) },
      { ...gate('a'), ...required(term('x', 'y')) },
    ],
    ['preferences of a gated pod change', { ...gate('a'), ...preferred('x') }, { ...gate('a'), ...preferred('y') }],
  ])('lets %s', (_, before, after) => {
    expect(update(before, after)).toEqual([]);
  });

  it.each<[string, object, object, readonly unknown[]]>([
    [
      'a new gate',
      gate('a'),
      gate('a', 'b'),
      ["spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'"],
    ],
    [
      'a gate on a pod that was let go',
      {},
      gate('a'),
      ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"],
    ],
    [
      'another label',
      { ...gate('a'), nodeSelector: { disk: 'ssd' } },
      { ...gate('a'), nodeSelector: { disk: 'hdd' } },
      [
        'spec.nodeSelector: Invalid value: {"disk":"hdd"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ],
    ],
    [
      'a further term, which would widen the choice',
      { ...gate('a'), ...required(term('x')) },
      { ...gate('a'), ...required(term('x'), term('y')) },
      [expect.stringMatching(`${TERMS}: Invalid value: .*: no additions/deletions to non-empty`)],
    ],
    [
      'another expression',
      { ...gate('a'), ...required(term('x')) },
      { ...gate('a'), ...required(term('y')) },
      [expect.stringMatching(/nodeSelectorTerms\[0\]: Invalid value: .*: only additions are allowed/)],
    ],
    [
      'an expression in an empty term, which matches nothing',
      { ...gate('a'), ...required({}) },
      { ...gate('a'), ...required(term('y')) },
      [expect.stringMatching(/nodeSelectorTerms\[0\]: Invalid value: .*: only additions are allowed/)],
    ],
    [
      'a selector of a pod without gates',
      {},
      { nodeSelector: { disk: 'ssd' } },
      [expect.stringMatching(/^spec: Forbidden: pod updates may not change fields other than/)],
    ],
    [
      'affinity to pods, gated or not',
      gate('a'),
      {
        ...gate('a'),
        affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
      },
      [expect.stringMatching(/^spec: Forbidden: pod updates may not change fields other than/)],
    ],
  ])('refuses %s', (_, before, after, expected) => {
    expect(update(before, after)).toEqual(expected);
  });
});
