import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OwnerReference, PersistentVolumeClaim, StatefulSet } from '#api';
import { type ClaimWork, isIdle, planClaims, planOwners } from './claims.plan.ts';

type Policy = 'Retain' | 'Delete';

const setOf = (whenDeleted?: Policy, whenScaled?: Policy, replicas = 2): StatefulSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'd', uid: 'set' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'db' } },
      volumeClaimTemplates: [
        { metadata: { name: 'data', labels: { tier: 'ssd' } }, spec: { accessModes: ['ReadWriteOnce'] } },
        { metadata: { name: 'log' }, spec: { accessModes: ['ReadWriteOnce'] } },
      ],
      ...(whenDeleted === undefined ? {} : { persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } }),
    },
  }) as object as StatefulSet;

const owner = (kind: string, name: string, uid: string, controller = true): OwnerReference => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  name,
  uid,
  ...(controller ? { controller, blockOwnerDeletion: true } : {}),
});
const theSet = owner('StatefulSet', 'db', 'set');
const thePod = (ordinal: number) => owner('Pod', `db-${ordinal}`, `pod-${ordinal}`);
const alien = owner('StatefulSet', 'other', 'x');
const friend = owner('ConfigMap', 'note', 'y', false);

const claim = (name: string, ownerReferences: readonly OwnerReference[] = [], going = false): PersistentVolumeClaim =>
  ({
    metadata: { name, ownerReferences, ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  }) as object as PersistentVolumeClaim;
const finder = (claims: readonly PersistentVolumeClaim[]) => (name: string) =>
  claims.find(({ metadata }) => metadata.name === name);
const work = (statefulSet: StatefulSet, ordinal: number, claims: readonly PersistentVolumeClaim[]): ClaimWork =>
  planClaims(statefulSet, { ordinal, uid: `pod-${ordinal}` }, finder(claims));
const say = ({ make, own, going, foreign }: ClaimWork) =>
  [
    ...make.map(({ metadata }) => `+${metadata.name}`),
    ...own.map(({ claim: { metadata }, ownerReferences }) => {
      return `${metadata.name}→${ownerReferences.map(({ kind, name }) => `${kind}/${name}`).join() || 'nobody'}`;
    }),
    ...going.map((name) => `…${name}`),
    ...foreign.map((name) => `!${name}`),
  ].join(' ');
const pair = (ordinal: number, ...owners: readonly OwnerReference[]) =>
  ['data', 'log'].map((name) => claim(`${name}-db-${ordinal}`, owners));

describe('src/controllers/stateful-set/claims.plan.ts', () => {
  it.each<[string, ClaimWork, string]>([
    ['makes what is missing', work(setOf(), 0, [claim('log-db-0')]), '+data-db-0'],
    ['leaves what is there', work(setOf('Retain', 'Retain'), 0, pair(0)), ''],
    ['waits for what goes', work(setOf(), 0, [claim('data-db-0', [], true), claim('log-db-0')]), '…data-db-0'],
    [
      'gives them to the set that deletes with itself',
      work(setOf('Delete', 'Retain'), 0, pair(0)),
      'data-db-0→StatefulSet/db log-db-0→StatefulSet/db',
    ],
    [
      'gives them to the pod that is scaled away',
      work(setOf('Delete', 'Delete'), 5, pair(5, theSet)),
      'data-db-5→Pod/db-5 log-db-5→Pod/db-5',
    ],
    ['keeps those of a pod that is wanted from it', work(setOf('Retain', 'Delete'), 1, pair(1)), ''],
    [
      'takes them back from a pod that is wanted again',
      work(setOf('Retain', 'Delete'), 1, pair(1, thePod(1))),
      'data-db-1→nobody log-db-1→nobody',
    ],
    [
      'takes them from the set that keeps them now',
      work(setOf('Retain', 'Retain'), 0, pair(0, theSet, friend)),
      'data-db-0→ConfigMap/note log-db-0→ConfigMap/note',
    ],
    ['leaves those that another controls', work(setOf('Delete', 'Delete'), 0, pair(0, alien)), '!data-db-0 !log-db-0'],
    [
      'leaves those of an earlier set of its name',
      work(setOf('Delete', 'Retain'), 0, pair(0, owner('StatefulSet', 'db', 'before'))),
      '!data-db-0 !log-db-0',
    ],
  ])('%s', (_what, planned, expected) => {
    expect(say(planned)).toBe(expected);
  });

  it('names the labels of the template and of the selector', () => {
    const [data] = work(setOf('Delete', 'Retain'), 0, []).make;
    expect(data?.metadata).toMatchObject({
      namespace: 'd',
      labels: { tier: 'ssd', app: 'db' },
      ownerReferences: [theSet],
    });
  });

  it('follows any policy in one pass, touches no owner of another, and then rests', () => {
    const policy = fc.constantFrom<Policy>('Retain', 'Delete');
    const owners = fc.subarray([theSet, thePod(1), alien, friend, owner('Pod', 'db-1', 'before')]);
    const turn = fc.record({ whenDeleted: policy, whenScaled: policy, replicas: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 6 }), owners, fc.boolean(), (turns, first, hasBoth) => {
        let claims = pair(1, ...first).slice(0, hasBoth ? 2 : 1);
        const foreign = first.filter((each) => each !== theSet && each.uid !== 'pod-1');
        for (const { whenDeleted, whenScaled, replicas } of turns) {
          const statefulSet = setOf(whenDeleted, whenScaled, replicas);
          const planned = work(statefulSet, 1, claims);
          const alone = planOwners(statefulSet, { ordinal: 1, uid: 'pod-1' }, finder(claims));
          expect({ own: planned.own, foreign: planned.foreign }).toEqual(alone);
          const owned = new Map(planned.own.map((each) => [each.claim, each.ownerReferences]));
          const made = planned.make.map(({ metadata }) => claim(metadata.name ?? '', metadata.ownerReferences));
          claims = [
            ...claims.map((each) => claim(each.metadata.name, owned.get(each) ?? each.metadata.ownerReferences)),
            ...made,
          ];
          // What others have on it stays, on the claim that was there first.
          expect(claims[0]?.metadata.ownerReferences).toEqual(expect.arrayContaining(foreign));
          const again = work(statefulSet, 1, claims);
          expect(isIdle({ ...again, foreign: [] })).toBe(true);
          for (const { metadata } of claims) {
            const goes = whenScaled === 'Delete' && replicas <= 1;
            if (!foreign.some(({ controller }) => controller)) {
              const kinds = (metadata.ownerReferences ?? [])
                .filter(({ controller }) => controller)
                .map(({ kind }) => kind);
              expect(kinds).toEqual(goes ? ['Pod'] : whenDeleted === 'Delete' ? ['StatefulSet'] : []);
            }
          }
        }
      }),
    );
  });
});
