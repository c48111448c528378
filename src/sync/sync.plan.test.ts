import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareOrder, kindRank } from './order.plan.ts';
import { planCascade, planSync } from './sync.plan.ts';
import type { Comparison, DesiredObject, OwnedObject, SyncSnapshot } from './sync.types.ts';

const key = (name: string, kind = 'ConfigMap') => ({ group: '', kind, namespace: 'default', name });
const idOf = (name: string, kind = 'ConfigMap') => `${kind}/default/${name}`;

const desired = (name: string, more: Partial<DesiredObject> = {}): DesiredObject => ({
  id: idOf(name),
  key: key(name),
  origin: { path: 'a.yaml', line: 1 },
  order: { wave: 0, rank: kindRank('ConfigMap'), id: idOf(name) },
  occupies: [],
  comparison: { state: 'in-sync' },
  force: false,
  claim: { type: 'own' },
  ...more,
});

const owned = (name: string, more: Partial<OwnedObject> = {}): OwnedObject => ({
  id: idOf(name),
  key: key(name),
  origin: { path: 'a.yaml', line: 1 },
  order: { wave: 0, rank: kindRank('ConfigMap'), id: idOf(name) },
  live: 'ours',
  pruneOption: 'free',
  cascadeOption: 'free',
  cascade: [],
  occupies: [],
  ...more,
});

const snapshot = (more: Partial<SyncSnapshot> = {}): SyncSnapshot => ({
  desired: [],
  owned: [],
  wantedElsewhere: new Set(),
  gates: new Map(),
  heldIds: new Set(),
  hookIds: new Set(),
  failedPaths: [],
  prune: true,
  allowEmpty: true,
  unrelatedHistory: false,
  pathMissing: false,
  ...more,
});

const actions = (given: SyncSnapshot) => planSync(given).steps.map(({ action, key: { name } }) => `${action} ${name}`);

describe('src/sync/sync.plan.ts', () => {
  it.each<[string, Partial<SyncSnapshot>, readonly string[]]>([
    ['creates what is missing', { desired: [desired('a', { comparison: { state: 'missing' } })] }, ['create a']],
    [
      'configures what differs',
      { desired: [desired('a', { comparison: { state: 'different', fields: [{ path: 'data.k' }], removals: [] } })] },
      ['configure a'],
    ],
    ['leaves alone what is as Git says', { desired: [desired('a')] }, []],
    ['leaves alone what is being deleted', { desired: [desired('a', { comparison: { state: 'deleting' } })] }, []],
    ['deletes what left Git', { owned: [owned('a')] }, ['prune a']],
    ['deletes nothing while pruning is off', { owned: [owned('a')], prune: false }, []],
    ['deletes nothing while a file cannot be read', { owned: [owned('a')], failedPaths: ['b.yaml'] }, []],
    ['deletes nothing that Git names in a broken form', { owned: [owned('a')], heldIds: new Set([idOf('a')]) }, []],
    [
      'deletes nothing that another Application takes',
      { owned: [owned('a')], wantedElsewhere: new Set([idOf('a')]) },
      [],
    ],
    ['deletes nothing that someone else made anew', { owned: [owned('a', { live: 'foreign' })] }, []],
    ['deletes nothing that is protected', { owned: [owned('a', { pruneOption: 'never' })] }, []],
    [
      'does not apply what two Applications claim',
      { desired: [desired('a', { comparison: { state: 'missing' }, claim: { type: 'conflict', application: 'x' } })] },
      [],
    ],
    [
      'goes by waves, then kinds, then names, and deletes after that, the other way round',
      {
        desired: [
          desired('b', { comparison: { state: 'missing' } }),
          desired('a', { comparison: { state: 'missing' } }),
          desired('late', { comparison: { state: 'missing' }, order: { wave: 1, rank: 0, id: idOf('late') } }),
          desired('early', { comparison: { state: 'missing' }, order: { wave: -1, rank: 90, id: idOf('early') } }),
        ],
        owned: [owned('x'), owned('y', { order: { wave: 3, rank: 0, id: idOf('y') } })],
      },
      ['create early', 'create a', 'create b', 'create late', 'prune y', 'prune x'],
    ],
    [
      'frees a place before it is taken again',
      {
        desired: [desired('new', { comparison: { state: 'missing' }, occupies: ['nodePort/TCP/30080'] })],
        owned: [owned('old', { occupies: ['nodePort/TCP/30080'] }), owned('other')],
      },
      ['prune old', 'create new', 'prune other'],
    ],
  ])('%s', (_name, more, expected) => {
    expect(actions(snapshot(more))).toEqual(expected);
  });

  it('strikes from the table what is gone, foreign or handed over, and nothing that stays', () => {
    const plan = planSync(
      snapshot({
        owned: [owned('gone', { live: 'gone' }), owned('foreign', { live: 'foreign' }), owned('moved'), owned('ours')],
        wantedElsewhere: new Set([idOf('moved')]),
        prune: false,
      }),
    );
    expect(plan.released).toEqual([idOf('gone'), idOf('foreign'), idOf('moved')]);
    expect(plan.kept.map(({ id }) => id)).toEqual([idOf('ours')]);
  });

  it('counts what an Application or a Namespace takes with it', () => {
    const cascade = Array.from({ length: 12 }, (_, index) => `ConfigMap/x/m${index}`);
    const plan = planSync(snapshot({ desired: [desired('stays')], owned: [owned('app', { cascade })] }));
    expect(plan.verdict).toMatchObject({ blocked: true, weight: 13, limit: 10 });
  });

  it('deletes with a deleted Application all it owns but what is protected or taken over', () => {
    const plan = planCascade(
      [owned('a'), owned('kept', { cascadeOption: 'never' }), owned('moved'), owned('going', { live: 'deleting' })],
      new Set([idOf('moved')]),
    );
    expect(plan.steps.map(({ id }) => id)).toEqual([idOf('a')]);
    expect(plan.deleting).toEqual([idOf('going')]);
  });

  describe('for any snapshot', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { maxLength: 8 });
    const comparison = fc.constantFrom<Comparison>(
      { state: 'missing' },
      { state: 'in-sync' },
      { state: 'deleting' },
      { state: 'different', fields: [{ path: 'data' }], removals: [] },
      { state: 'refused', message: 'no' },
    );
    const claim = fc.constantFrom<DesiredObject['claim']>(
      { type: 'own' },
      { type: 'take', from: 'x' },
      { type: 'wait', application: 'x' },
      { type: 'conflict', application: 'x' },
    );
    const order = (name: string) =>
      fc.record({ wave: fc.integer({ min: -2, max: 2 }), rank: fc.nat(3), id: fc.constant(idOf(name)) });
    const anyDesired = names.chain((all) =>
      fc.tuple(
        ...all.map((name) => fc.record({ comparison, claim, order: order(name) }).map((more) => desired(name, more))),
      ),
    );
    const anyOwned = names.chain((all) =>
      fc.tuple(
        ...all.map((name) =>
          fc
            .record({
              live: fc.constantFrom<OwnedObject['live']>('ours', 'foreign', 'gone', 'deleting'),
              pruneOption: fc.constantFrom<OwnedObject['pruneOption']>('free', 'never', 'confirm'),
              order: order(name),
            })
            .map((more) => owned(name, more)),
        ),
      ),
    );
    const anySnapshot: fc.Arbitrary<SyncSnapshot> = fc
      .record({
        desired: anyDesired,
        owned: anyOwned,
        elsewhere: names,
        held: names,
        failedPaths: fc.constantFrom<readonly string[]>([], [], ['broken.yaml']),
        prune: fc.boolean(),
        allowEmpty: fc.boolean(),
        unrelatedHistory: fc.boolean(),
        pathMissing: fc.boolean(),
      })
      .map(({ elsewhere, held, ...rest }) =>
        snapshot({
          ...rest,
          wantedElsewhere: new Set(elsewhere.map((name) => idOf(name))),
          heldIds: new Set(held.map((name) => idOf(name))),
        }),
      );

    it('never deletes what Git names, what is not ours, or anything after a load that failed in part', () => {
      fc.assert(
        fc.property(anySnapshot, (given) => {
          const wanted = new Set(given.desired.map(({ id }) => id));
          const ours = new Map(given.owned.map((object) => [object.id, object]));
          for (const { action, id } of planSync(given).steps) {
            if (action !== 'prune') continue;
            expect(given.prune).toBe(true);
            expect(given.failedPaths).toEqual([]);
            expect(wanted.has(id) || given.heldIds.has(id) || given.wantedElsewhere.has(id)).toBe(false);
            expect(ours.get(id)?.live).toBe('ours');
            expect(ours.get(id)?.pruneOption).not.toBe('never');
          }
        }),
      );
    });

    it('orders every apply, and does each object at most once', () => {
      fc.assert(
        fc.property(anySnapshot, (given) => {
          const { steps } = planSync(given);
          expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
          const applies = steps.filter(({ action }) => action !== 'prune');
          for (const [index, step] of applies.slice(1).entries()) {
            expect(compareOrder((applies[index] as typeof step).order, step.order)).toBeLessThan(0);
          }
        }),
      );
    });

    it('plans nothing once what it planned is done', () => {
      fc.assert(
        fc.property(anySnapshot, (given) => {
          const plan = planSync(given);
          const done = new Set(plan.steps.map(({ id }) => id));
          const after = snapshot({
            ...given,
            desired: given.desired.map((object) =>
              done.has(object.id) ? { ...object, comparison: { state: 'in-sync' } } : object,
            ),
            owned: given.owned.map((object) => (done.has(object.id) ? { ...object, live: 'gone' } : object)),
          });
          expect(planSync(after).steps).toEqual([]);
        }),
      );
    });

    it('accounts for every owned object that left Git: deleted, kept, going or let go', () => {
      fc.assert(
        fc.property(anySnapshot, (given) => {
          const plan = planSync(given);
          const wanted = new Set(given.desired.map(({ id }) => id));
          const left = given.owned.filter(({ id }) => !wanted.has(id)).map(({ id }) => id);
          const told = [
            ...plan.steps.flatMap(({ action, id }) => (action === 'prune' ? [id] : [])),
            ...plan.kept.map(({ id }) => id),
            ...plan.deleting,
            ...plan.released,
          ];
          expect(told.toSorted()).toEqual(left.toSorted());
        }),
      );
    });
  });
});
