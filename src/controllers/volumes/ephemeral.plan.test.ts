import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, Pod } from '#api';
import { aClaim } from '../../../test/support/volume-objects.ts';
import { type EphemeralPlan, planEphemeralClaims } from './ephemeral.plan.ts';

const template = (labels?: object) => ({
  volumeClaimTemplate: {
    ...(labels === undefined ? {} : { metadata: { labels } }),
    spec: { accessModes: ['ReadWriteOnce'] },
  },
});
const scratch = (name: string, labels?: object) => ({ name, ephemeral: template(labels) });
const podWith = (volumes: readonly object[], going = false): Pod =>
  ({
    metadata: {
      name: 'p',
      namespace: 'default',
      uid: 'pod-1',
      ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [], volumes },
  }) as object as Pod;
const ownedBy = (name: string, uid: string | undefined): PersistentVolumeClaim => {
  const claim = aClaim();
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: uid ?? '', controller: true }];
  return { ...claim, metadata: { ...claim.metadata, name, ...(uid === undefined ? {} : { ownerReferences }) } };
};
const plan = (pod: Pod, ...claims: readonly PersistentVolumeClaim[]): EphemeralPlan =>
  planEphemeralClaims({ pod, claims: new Map(claims.map((claim) => [claim.metadata.name, claim])) });

describe('src/controllers/volumes/ephemeral.plan.ts', () => {
  it.each<[string, EphemeralPlan, readonly string[], string | undefined]>([
    ['makes what a pod asks for', plan(podWith([scratch('a'), scratch('b')])), ['p-a', 'p-b'], undefined],
    [
      'makes only what is missing',
      plan(podWith([scratch('a'), scratch('b')]), ownedBy('p-a', 'pod-1')),
      ['p-b'],
      undefined,
    ],
    ['makes none for a pod that goes', plan(podWith([scratch('a')], true)), [], undefined],
    [
      'makes none that a claim by name stands for',
      plan(podWith([{ name: 'a', persistentVolumeClaim: { claimName: 'x' } }])),
      [],
      undefined,
    ],
    ['makes none for other volumes', plan(podWith([{ name: 'a', emptyDir: {} }])), [], undefined],
    ['takes none of an earlier pod', plan(podWith([scratch('a')]), ownedBy('p-a', 'before')), [], 'FailedBinding'],
    [
      'takes none of nobody',
      plan(podWith([scratch('a'), scratch('b')]), ownedBy('p-b', undefined)),
      [],
      'FailedBinding',
    ],
  ])('%s', (_what, { create, event }, names, reason) => {
    expect(create.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(event?.reason).toBe(reason);
  });

  it('makes claims as the template says, which go with the pod', () => {
    const { create } = plan(podWith([scratch('a', { tier: 'ssd' })]));
    expect(create).toEqual([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: 'p-a',
          namespace: 'default',
          labels: { tier: 'ssd' },
          ownerReferences: [
            { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'pod-1', controller: true, blockOwnerDeletion: true },
          ],
        },
        spec: { accessModes: ['ReadWriteOnce'] },
      },
    ]);
  });

  it('never makes one that is there, and rests once all are, wherever it was stopped', () => {
    const names = ['a', 'b', 'c'];
    const owner = fc.constantFrom('pod-1', 'before', undefined);
    fc.assert(
      fc.property(
        fc.subarray(names),
        fc.dictionary(fc.constantFrom('p-a', 'p-b', 'p-x'), owner),
        fc.nat(3),
        (of, there, made) => {
          const pod = podWith(of.map((name) => scratch(name)));
          const claims = Object.entries(there).map(([name, uid]) => ownedBy(name, uid));
          const first = plan(pod, ...claims);
          const wanted = of.map((name) => `p-${name}`);
          for (const { metadata } of first.create) {
            expect(wanted).toContain(metadata.name);
            expect(there).not.toHaveProperty([metadata.name ?? '']);
          }
          const isTaken = wanted.some((name) => name in there && there[name] !== 'pod-1');
          expect(first.event !== undefined).toBe(isTaken);
          const some = first.create.slice(0, made).map(({ metadata }) => ownedBy(metadata.name ?? '', 'pod-1'));
          const rest = plan(pod, ...claims, ...some).create.map(({ metadata }) =>
            ownedBy(metadata.name ?? '', 'pod-1'),
          );
          expect(plan(pod, ...claims, ...some, ...rest).create).toEqual([]);
          if (!isTaken) expect(some.length + rest.length).toBe(wanted.filter((name) => !(name in there)).length);
        },
      ),
    );
  });
});
