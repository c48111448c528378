import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Namespace, RESOURCES } from '#api';
import { deletionSteps, type Remaining, terminatingStatus } from './namespace.plan.ts';

const namespace = (status: object = {}) =>
  ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' }, status }) as unknown as Namespace;
const remaining = (counts: Record<string, number> = {}, finalizers: Record<string, number> = {}): Remaining => ({
  counts: new Map(Object.entries(counts)),
  finalizers: new Map(Object.entries(finalizers)),
});
const conditions = (status: Namespace['status']) =>
  (status?.conditions ?? []).map(({ type, status: said, message }) => `${type} ${said}: ${message}`);

describe('src/controllers/namespace/namespace.plan.ts', () => {
  it('takes every namespaced kind exactly once', () => {
    const kinds = deletionSteps().flat();
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(
      RESOURCES.filter(({ namespaced }) => namespaced)
        .map(({ kind }) => kind)
        .sort(),
    );
  });

  it.each([
    ['Deployment', 'ReplicaSet'],
    ['ReplicaSet', 'Pod'],
    ['Pod', 'ConfigMap'],
    ['Pod', 'Secret'],
    ['Pod', 'Event'],
    ['Application', 'Deployment'],
  ])('takes every %s before the first %s', (earlier, later) => {
    const stepOf = (kind: string) => deletionSteps().findIndex((step) => step.some((each) => each.kind === kind));
    expect(stepOf(earlier)).toBeLessThan(stepOf(later));
  });

  it('tells how many of what remain, and what holds them', () => {
    const { counts, finalizers } = remaining({ pods: 2, configmaps: 1 }, { 'example.com/x': 1 });
    expect(conditions(terminatingStatus(namespace(), { counts, finalizers }, 0))).toEqual([
      'NamespaceContentRemaining True: Some resources are remaining: configmaps has 1 resource instances, pods has 2 resource instances',
      'NamespaceFinalizersRemaining True: Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
    ]);
  });

  it('says the same thing only once, and keeps what others say', () => {
    const names = fc.dictionary(fc.constantFrom('pods', 'secrets', 'events'), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(names, names, (counts, finalizers) => {
        const before = namespace({ phase: 'Active', conditions: [{ type: 'Other', status: 'True' }] });
        const left = remaining(counts, finalizers);
        const once = terminatingStatus(before, left, 0);
        expect(terminatingStatus({ ...before, ...(once === undefined ? {} : { status: once }) }, left, 60_000)).toEqual(
          once,
        );
        expect(once?.conditions?.[0]).toEqual({ type: 'Other', status: 'True' });
        expect(once?.phase).toBe('Terminating');
      }),
    );
  });
});
