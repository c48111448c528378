import { describe, expect, it } from 'vitest';
import type { Lease } from '#api';
import { planLease } from './leader-election.plan.ts';

const heldBy = (holderIdentity: string): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'x', namespace: 'kube-system', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { holderIdentity, leaseDurationSeconds: 15 },
});

describe('src/reconcile/leader-election.plan.ts', () => {
  it.each([
    { name: 'no lease', lease: undefined, age: 0, action: 'create' },
    { name: 'ours', lease: heldBy('me'), age: 99_000, action: 'renew' },
    { name: 'released', lease: heldBy(''), age: 0, action: 'acquire' },
    { name: 'held by another', lease: heldBy('other'), age: 14_999, action: 'wait' },
    { name: 'run out', lease: heldBy('other'), age: 15_000, action: 'acquire' },
  ])('$name: $action', ({ lease, age, action }) => {
    const plan = planLease({ observed: { lease, changedAtMs: 1_000 }, identity: 'me', nowMs: 1_000 + age });
    expect(plan.action).toBe(action);
  });
});
