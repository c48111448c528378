import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OwnerReference, StoredObject } from '#api';
import { FOREGROUND, ORPHAN, type OwnerState, planCollection } from './garbage-collection.plan.ts';

const object = (metadata: Partial<StoredObject['metadata']> = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'default', uid: 'me', resourceVersion: '1', creationTimestamp: '', ...metadata },
});
const reference = (uid: string, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  blockOwnerDeletion,
});
const owners = (...states: readonly OwnerState[]) =>
  states.map((state, at) => ({ state, reference: reference(`owner-${at}`) }));
const child = (blocks = true, more: Partial<StoredObject['metadata']> = {}) =>
  object({ name: 'child', uid: 'child', ownerReferences: [reference('me', blocks)], ...more });
const going = (...finalizers: readonly string[]) =>
  object({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [...finalizers] });

describe('src/controllers/garbage-collection/garbage-collection.plan.ts', () => {
  it.each([
    ['what nobody owns stays', object(), [], [], 'keep'],
    ['what has its owner stays', object(), ['present'], [], 'keep'],
    ['what has lost all owners goes', object(), ['absent', 'absent'], [], 'delete'],
    ['one owner is enough', object(), ['present', 'absent'], [], 'forget-owners'],
    ['an owner of a kind that is not served might be there', object(), ['unknown', 'unknown'], [], 'keep'],
    ['an owner in another namespace dooms nothing', object(), ['foreign'], [], 'keep'],
    ['what goes already is left to go', going('someone/else'), ['absent'], [], 'keep'],
    ['what is to be orphaned lets its dependents go first', going(ORPHAN), [], [child()], 'orphan-dependents'],
    ['and is released when none is left', going(ORPHAN), [], [], 'release'],
    ['what goes after its dependents waits for those that hold it', going(FOREGROUND), [], [child()], 'keep'],
    ['but not for those that do not', going(FOREGROUND), [], [child(false)], 'release'],
    ['nor for itself', going(FOREGROUND), [], [object({ ownerReferences: [reference('me')] })], 'release'],
  ] as const)('%s', (_, given, states, dependents, action) => {
    expect(planCollection({ object: given, owners: owners(...states), dependents }).action).toBe(action);
  });

  it.each([
    ['in the background, if nobody asked for more', object(), 'Background'],
    ['as its own finalizer asks', object({ finalizers: [ORPHAN] }), 'Orphan'],
    ['as its own finalizer asks', object({ finalizers: [FOREGROUND] }), 'Foreground'],
  ] as const)('deletes what is dependent %s', (_, given, policy) => {
    expect(planCollection({ object: given, owners: owners('absent'), dependents: [] })).toMatchObject({ policy });
  });

  it('passes going-after-dependents on, and breaks a ring of owners', () => {
    const snapshot = { object: object(), owners: owners('going-after-dependents') };
    expect(planCollection({ ...snapshot, dependents: [child()] })).toMatchObject({
      action: 'delete',
      policy: 'Foreground',
      unblock: false,
    });
    const waiting = child(true, { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [FOREGROUND] });
    expect(planCollection({ ...snapshot, dependents: [waiting] })).toMatchObject({
      policy: 'Foreground',
      unblock: true,
    });
  });

  it('never deletes what an owner that is there, or might be, keeps', () => {
    const state = fc.constantFrom<OwnerState>('present', 'going-after-dependents', 'absent', 'foreign', 'unknown');
    fc.assert(
      fc.property(fc.array(state, { maxLength: 5 }), fc.boolean(), (states, hasChild) => {
        const plan = planCollection({
          object: object(),
          owners: owners(...states),
          dependents: hasChild ? [child()] : [],
        });
        const kept = states.length === 0 || states.some((each) => ['present', 'foreign', 'unknown'].includes(each));
        expect(plan.action === 'delete').toBe(!kept);
      }),
    );
  });
});
