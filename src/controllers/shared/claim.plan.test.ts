import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StoredObject, selectorFromObject } from '#api';
import { planClaim } from './claim.plan.ts';

const selector = selectorFromObject({ matchLabels: { app: 'web' } });
const object = (name: string, { app = 'web', owner = '', going = false } = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { app },
    ...(going ? { deletionTimestamp: 'now' } : {}),
    ...(owner === ''
      ? {}
      : { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: owner, uid: owner, controller: true }] }),
  },
});
const names = (objects: readonly StoredObject[]) => objects.map(({ metadata }) => metadata.name);
const plan = (candidates: readonly StoredObject[], owner = object('me')) => {
  const { owned, adopt, release } = planClaim({ owner, selector, candidates });
  return { owned: names(owned), adopt: names(adopt), release: names(release) };
};
const nothing = { owned: [], adopt: [], release: [] };

describe('src/controllers/shared/claim.plan.ts', () => {
  it.each([
    ['keeps what it controls and selects', object('a', { owner: 'me' }), { ...nothing, owned: ['a'] }],
    ["takes nobody's object that it selects", object('a'), { ...nothing, adopt: ['a'] }],
    ['lets go what it selects no more', object('a', { owner: 'me', app: 'other' }), { ...nothing, release: ['a'] }],
    ["leaves another's alone", object('a', { owner: 'you' }), nothing],
    ["takes nobody's object that is going", object('a', { going: true }), nothing],
    ['leaves alone what it does not select', object('a', { app: 'other' }), nothing],
  ])('%s', (_, candidate, expected) => {
    expect(plan([candidate])).toEqual(expected);
  });

  it('lets go, and does not take, what is no member', () => {
    const candidates = [object('a'), object('b'), object('c', { owner: 'me' }), object('d', { owner: 'me' })];
    const isMember = ({ metadata }: StoredObject) => metadata.name === 'b' || metadata.name === 'd';
    const { owned, adopt, release } = planClaim({ owner: object('me'), selector, candidates, isMember });
    expect([owned, adopt, release].map(names)).toEqual([['d'], ['b'], ['c']]);
  });

  it('takes and lets go nothing on its own way out', () => {
    const candidates = [object('a'), object('b', { owner: 'me', app: 'other' }), object('c', { owner: 'me' })];
    expect(plan(candidates, object('me', { going: true }))).toEqual({ ...nothing, owned: ['c'] });
  });

  it("never touches another's, and puts an object in one place at most", () => {
    const candidate = fc.record({
      app: fc.constantFrom('web', 'other'),
      owner: fc.constantFrom('', 'me', 'you'),
      going: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 10 }), (given) => {
        const candidates = given.map((each, at) => object(`${at}`, each));
        const { owned, adopt, release } = plan(candidates);
        const touched = [...owned, ...adopt, ...release];
        expect(new Set(touched).size).toBe(touched.length);
        expect(touched.filter((name) => given[Number(name)]?.owner === 'you')).toEqual([]);
      }),
    );
  });
});
