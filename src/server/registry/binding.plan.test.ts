import { describe, expect, it } from 'vitest';
import { isApiError, type StatusReason, type StoredObject } from '#api';
import { planBinding } from './binding.plan.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');

const pod = (spec: object = {}, metadata: object = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  spec,
  status: {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
      { type: 'Other', status: 'True' },
    ],
  },
});
const binding = (target: object | undefined, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name: 'a', ...metadata },
  target,
});

describe('src/server/registry/binding.plan.ts', () => {
  it('puts the pod on the node, with the annotations of the binding', () => {
    const before = pod({}, { annotations: { a: '1', b: '1' } });
    const bound = planBinding(before, binding({ kind: 'Node', name: 'n1' }, { annotations: { b: '2' } }), NOW);
    expect(bound).toMatchObject({ metadata: { annotations: { a: '1', b: '2' } }, spec: { nodeName: 'n1' } });
    expect(bound['status']).toEqual({
      phase: 'Pending',
      conditions: [
        { type: 'Other', status: 'True' },
        { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T12:00:00Z' },
      ],
    });
    expect(before['spec']).toEqual({});
  });

  const node = { kind: 'Node', name: 'n2' };
  it.each<[string, StoredObject, object | undefined, StatusReason, string]>([
    ['is bound already', pod({ nodeName: 'n1' }), node, 'Conflict', 'pod a is already assigned to node "n1"'],
    ['is going', pod({}, { deletionTimestamp: '2026-01-01T12:00:00Z' }), node, 'Conflict', 'pod a is being deleted'],
    ['is gated', pod({ schedulingGates: [{ name: 'x' }] }), node, 'Conflict', 'non-empty .spec.schedulingGates'],
    ['is to run on no node', pod(), { kind: 'Node', name: '' }, 'Invalid', 'target.name: Required value'],
    ['has no target', pod(), undefined, 'Invalid', 'target.name: Required value'],
    ['is to run on a pod', pod(), { kind: 'Pod', name: 'b' }, 'Invalid', 'target.kind: Unsupported value: "Pod"'],
  ])('refuses a pod that %s', (_, object, target, reason, message) => {
    const error = thrownBy(() => planBinding(object, binding(target), NOW));
    expect(isApiError(error, reason)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
