import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import { type DeleteOptions, isReleased, planDelete } from './delete.plan.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const identity = {
  name: 'x',
  namespace: 'web',
  uid: 'u',
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
};

const configMap = (metadata: object = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...identity, ...metadata },
});
const pod = (metadata: object = {}, spec: object = { nodeName: 'n1' }, status: object = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...identity, ...metadata },
  spec,
  status,
});
const namespace = (finalizers: string[], metadata: object = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { ...identity, ...metadata },
  spec: { finalizers },
  status: { phase: 'Active' },
});
const going = (seconds: number, grace: number) => ({
  deletionTimestamp: new Date(NOW + seconds * 1000).toISOString().replace('.000', ''),
  deletionGracePeriodSeconds: grace,
});

/** `remove`, `wait`, or the marks: `+seconds from now / grace [finalizers]`. */
function said(object: StoredObject, options: DeleteOptions = {}): string {
  const plan = planDelete(object, options, NOW);
  if (plan.action !== 'mark') return plan.action;
  const { deletionTimestamp = '', deletionGracePeriodSeconds, finalizers = [] } = plan.object.metadata;
  return `+${(Date.parse(deletionTimestamp) - NOW) / 1000} / ${deletionGracePeriodSeconds} [${finalizers.join()}]`;
}

describe('src/server/registry/delete.plan.ts', () => {
  it.each<[string, StoredObject, DeleteOptions, string]>([
    ['nothing holds', configMap(), {}, 'remove'],
    ['a finalizer holds', configMap({ finalizers: ['a'] }), {}, '+0 / 0 [a]'],
    ['a finalizer holds, and goes already', configMap({ finalizers: ['a'], ...going(-5, 0) }), {}, 'wait'],
    ['is to go in the foreground', configMap(), { propagationPolicy: 'Foreground' }, '+0 / 0 [foregroundDeletion]'],
    ['is to leave orphans', configMap(), { propagationPolicy: 'Orphan' }, '+0 / 0 [orphan]'],
    [
      'was to go in the foreground and now in the background',
      configMap({ finalizers: ['foregroundDeletion'], ...going(-5, 0) }),
      { propagationPolicy: 'Background' },
      'remove',
    ],
    [
      'was to go in the foreground and now leaves orphans',
      configMap({ finalizers: ['foregroundDeletion'] }),
      { propagationPolicy: 'Orphan' },
      '+0 / 0 [orphan]',
    ],
    ['keeps an earlier policy when none is named', configMap({ finalizers: ['orphan'] }), {}, '+0 / 0 [orphan]'],
    ['is a pod on a node', pod(), {}, '+30 / 30 []'],
    ['is a pod with its own grace', pod({}, { nodeName: 'n1', terminationGracePeriodSeconds: 5 }), {}, '+5 / 5 []'],
    ['is a pod with another grace asked for', pod(), { gracePeriodSeconds: 7 }, '+7 / 7 []'],
    ['is a pod with a grace below zero', pod(), { gracePeriodSeconds: -3 }, '+1 / 1 []'],
    ['is a pod to go at once', pod(), { gracePeriodSeconds: 0 }, 'remove'],
    ['is a pod on no node', pod({}, {}), {}, 'remove'],
    ['is a pod that has ended', pod({}, { nodeName: 'n1' }, { phase: 'Failed' }), {}, 'remove'],
    ['is a pod going already', pod(going(20, 30)), {}, 'wait'],
    ['is a pod going already, with more grace asked for', pod(going(20, 30)), { gracePeriodSeconds: 60 }, 'wait'],
    ['is a pod going already, with less grace asked for', pod(going(20, 30)), { gracePeriodSeconds: 5 }, '+-5 / 5 []'],
    ['is a pod going already, reported gone by its node', pod(going(20, 30)), { gracePeriodSeconds: 0 }, 'remove'],
    [
      'is a pod gone from its node, with a finalizer',
      pod({ ...going(20, 30), finalizers: ['a'] }),
      { gracePeriodSeconds: 0 },
      '+-10 / 0 [a]',
    ],
    ['is a namespace with contents', namespace(['kubernetes']), {}, '+0 / 0 []'],
    ['is an emptied namespace', namespace([]), {}, 'remove'],
  ])('an object that %s', (_, object, options, expected) => {
    expect(said(object, options)).toBe(expected);
  });

  it('marks a namespace as Terminating', () => {
    const plan = planDelete(namespace(['kubernetes']), {}, NOW);
    expect(plan).toMatchObject({ action: 'mark', object: { status: { phase: 'Terminating' } } });
  });

  it('counts the mark as a change of generation, once', () => {
    const object = configMap({ finalizers: ['a'], generation: 3 });
    const first = planDelete(object, {}, NOW);
    expect(first).toMatchObject({ action: 'mark', object: { metadata: { generation: 4 } } });
  });

  it.each<[string, KubeObject, boolean]>([
    ['is not going', configMap(), false],
    ['is going and held', configMap({ ...going(0, 0), finalizers: ['a'] }), false],
    ['is going and let go', configMap(going(0, 0)), true],
    ['is a pod within its grace', pod(going(10, 30)), false],
    ['is a namespace with contents', namespace(['kubernetes'], going(0, 0)), false],
    ['is an emptied namespace', namespace([], going(0, 0)), true],
  ])('tells whether an update releases an object that %s', (_, object, expected) => {
    expect(isReleased(object)).toBe(expected);
  });

  it('never gives a pod more time than an earlier call did, and never changes its argument', () => {
    const seconds = fc.option(fc.integer({ min: -1, max: 120 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(seconds, { minLength: 1, maxLength: 6 }), (asked) => {
        let object = pod();
        let latest = Number.POSITIVE_INFINITY;
        for (const gracePeriodSeconds of asked) {
          const before = JSON.stringify(object);
          const plan = planDelete(object, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }, NOW);
          expect(JSON.stringify(object)).toBe(before);
          if (plan.action === 'remove') return;
          if (plan.action === 'mark') object = plan.object as StoredObject;
          const due = Date.parse(object.metadata.deletionTimestamp ?? '');
          expect(due).toBeLessThanOrEqual(latest);
          latest = due;
        }
      }),
    );
  });
});
