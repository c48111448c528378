import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec, ReplicaSet } from '#api';
import { isActive } from '../shared/pods.plan.ts';
import { inOrderOfDeletion } from './ranking.plan.ts';
import { planReplicaSet, withReplicaFailure } from './replica-set.plan.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1_000).toISOString();

const replicaSet = (replicas: number, more: object = {}, metadata: object = {}): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: 'rs',
    namespace: 'd',
    uid: 'rs',
    resourceVersion: '1',
    creationTimestamp: '',
    generation: 3,
    ...metadata,
  },
  spec: { replicas, selector: {}, template: { metadata: { labels: { app: 'web' } } }, ...more },
});

interface Parts {
  readonly phase?: 'Pending' | 'Running' | 'Failed' | 'Succeeded';
  /** Ready for so many seconds. */
  readonly ready?: number;
  readonly node?: string;
  readonly cost?: string;
  readonly restarts?: number;
  readonly age?: number;
  readonly going?: boolean;
  readonly labels?: Record<string, string>;
}

const pod = (
  name: string,
  {
    phase = 'Running',
    ready,
    node = 'n1',
    cost,
    restarts = 0,
    age = 100,
    going = false,
    labels = { app: 'web' },
  }: Parts = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: at(age),
    labels,
    ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    ...(going ? { deletionTimestamp: at(0) } : {}),
  },
  spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) } as PodSpec,
  status: {
    phase,
    conditions: [{ type: 'Ready', status: ready === undefined ? 'False' : 'True', lastTransitionTime: at(ready ?? 0) }],
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: ready !== undefined, restartCount: restarts }],
  },
});

const plan = (of: ReplicaSet, pods: readonly Pod[], burst = 500) =>
  planReplicaSet({ replicaSet: of, pods, nowMs, burst });
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

describe('src/controllers/replica-set/replica-set.plan.ts', () => {
  it.each([
    { what: 'makes what is missing', of: replicaSet(3), pods: [pod('a')], create: 2, deleted: 0 },
    { what: 'deletes the surplus', of: replicaSet(1), pods: [pod('a'), pod('b')], create: 0, deleted: 1 },
    { what: 'does nothing when the number is right', of: replicaSet(1), pods: [pod('a')], create: 0, deleted: 0 },
    { what: 'replaces a pod that goes', of: replicaSet(1), pods: [pod('a', { going: true })], create: 1, deleted: 0 },
    {
      what: 'replaces a pod that failed',
      of: replicaSet(1),
      pods: [pod('a', { phase: 'Failed' })],
      create: 1,
      deleted: 0,
    },
    {
      what: 'makes nothing on its way out',
      of: replicaSet(3, {}, { deletionTimestamp: at(0) }),
      pods: [],
      create: 0,
      deleted: 0,
    },
  ])('$what', ({ of, pods, create, deleted }) => {
    const planned = plan(of, pods);
    expect([planned.create, planned.delete.length]).toEqual([create, deleted]);
  });

  it('never makes or deletes more than a burst, and never both, and comes to the number wanted', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 20 }), (wanted, there, burst) => {
        const pods = Array.from({ length: there }, (_, index) => pod(`p${index}`));
        const { create, delete: gone } = plan(replicaSet(wanted), pods, burst);
        expect(create + gone.length).toBe(Math.min(burst, Math.abs(wanted - there)));
        expect(create * gone.length).toBe(0);
        expect(gone.every(isActive)).toBe(true);
      }),
    );
  });

  it('counts pods in its status, leaving out those that have ended or go', () => {
    const pods = [
      pod('ready', { ready: 10 }),
      pod('fresh', { ready: 3 }),
      pod('starting', { labels: { app: 'other' } }),
      pod('going', { ready: 10, going: true }),
      pod('failed', { phase: 'Failed' }),
    ];
    const planned = plan(replicaSet(3, { minReadySeconds: 5 }), pods);
    expect(planned.status).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      observedGeneration: 3,
    });
    expect(planned.requeueAfterMs).toBe(2_000);
  });

  it('says that pods could not be made, once, and takes it back', () => {
    const failure = { reason: 'FailedCreate', error: new Error('no room') } as const;
    const { status } = plan(replicaSet(1), []);
    const failing = withReplicaFailure(status, failure, nowMs);
    expect(failing.conditions).toMatchObject([{ type: 'ReplicaFailure', status: 'True', message: 'no room' }]);
    expect(withReplicaFailure(failing, failure, nowMs + 60_000)).toEqual(failing);
    expect(withReplicaFailure(failing, undefined, nowMs)).toEqual(status);
  });
});

describe('src/controllers/replica-set/ranking.plan.ts', () => {
  it.each([
    ['without a node', pod('b', { node: '' }), pod('a', { ready: 50 })],
    ['pending', pod('b', { phase: 'Pending' }), pod('a')],
    ['not ready', pod('b'), pod('a', { ready: 50 })],
    ['cheaper', pod('b', { ready: 50, cost: '-1' }), pod('a', { ready: 50 })],
    ['ready for less long', pod('b', { ready: 5 }), pod('a', { ready: 5_000 })],
    ['restarted more often', pod('b', { ready: 50, restarts: 2 }), pod('a', { ready: 50 })],
    ['younger', pod('b', { ready: 50, age: 10 }), pod('a', { ready: 50, age: 1_000 })],
  ])('gives up first what is %s', (_, first, second) => {
    expect(names(inOrderOfDeletion([second, first], nowMs))).toEqual(['b', 'a']);
    expect(names(inOrderOfDeletion([first, second], nowMs))).toEqual(['b', 'a']);
  });

  it('looks at restarts of sidecars, not of other init containers, where those of the containers are the same', () => {
    const withInit = (name: string, sidecar: number, init: number, restarts = 0): Pod => {
      const made = pod(name, { ready: 50, restarts });
      const counts = { side: sidecar, init };
      return {
        ...made,
        spec: {
          ...made.spec,
          initContainers: [{ name: 'side', restartPolicy: 'Always' }, { name: 'init' }],
        } as PodSpec,
        status: {
          ...made.status,
          initContainerStatuses: Object.entries(counts).map(([each, restartCount]) => ({
            name: each,
            image: '',
            imageID: '',
            ready: true,
            restartCount,
          })),
        },
      };
    };
    const first = (...pods: readonly Pod[]) => names(inOrderOfDeletion(pods, nowMs))[0];
    expect(first(withInit('b', 0, 9), withInit('a', 3, 0))).toBe('a');
    expect(first(withInit('b', 3, 0), withInit('a', 0, 9))).toBe('b');
    expect(first(withInit('b', 9, 0), withInit('a', 0, 0, 1))).toBe('a');
  });

  it('gives up first what stands beside others of its kind', () => {
    const pods = [pod('alone', { node: 'n2', ready: 50 }), pod('x', { ready: 50 }), pod('y', { ready: 50 })];
    expect(names(inOrderOfDeletion(pods, nowMs)).at(-1)).toBe('alone');
  });

  it("counts the pods of its Deployment's other sets among those", () => {
    const pods = [pod('a', { node: 'n2', ready: 50 }), pod('b', { ready: 50 })];
    const others = ['x', 'y'].map((name) => pod(name, { node: 'n2', ready: 50 }));
    const ended = pod('z', { phase: 'Succeeded' });
    expect(names(inOrderOfDeletion(pods, nowMs))).toEqual(['b', 'a']);
    const related = [...pods, ...others, ended];
    const plan = planReplicaSet({ replicaSet: replicaSet(1), pods, related, nowMs, burst: 9 });
    expect(names(plan.delete)).toEqual(['a']);
  });
});
