import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment, Pod, ReplicaSet } from '#api';
import { planReplicaSet } from '../replica-set/replica-set.plan.ts';
import { isActive, isReady } from '../shared/pods.plan.ts';
import { planDeployment } from './deployment.plan.ts';
import { boundsOf, newReplicas, oldReplicas, shareOf } from './rolling.plan.ts';

const meta = (name: string) => ({
  name,
  namespace: 'd',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

function deploymentOf(replicas: number, rollingUpdate: object | undefined, image = 'v1'): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...meta('web'), generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', ...(rollingUpdate === undefined ? {} : { rollingUpdate }) },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
    },
  };
}

const setOf = (name: string, wanted: number, pods: number, available: number): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: meta(name),
  spec: { replicas: wanted, selector: { matchLabels: {} } },
  status: { replicas: pods, availableReplicas: available },
});

describe('src/controllers/deployment/rolling.plan.ts', () => {
  it.each([
    [10, '25%', '25%', 3, 2],
    [3, '25%', '25%', 1, 0],
    [1, '25%', '25%', 1, 0],
    [3, 0, 0, 0, 1],
    [2, 0, '25%', 0, 1],
    [5, '100%', '100%', 5, 5],
    [2, 1, 5, 1, 2],
    [0, '25%', '25%', 0, 0],
  ] as const)(
    '%i replicas, surge %s, unavailable %s: at most %i more and %i fewer',
    (replicas, surge, unavailable, more, fewer) => {
      const bounds = boundsOf(deploymentOf(replicas, { maxSurge: surge, maxUnavailable: unavailable }));
      expect(bounds).toEqual({ replicas, maxSurge: more, maxUnavailable: fewer });
    },
  );

  it('lets the new set wait while an old one may have more pods than were counted', () => {
    const bounds = { replicas: 6, maxSurge: 0, maxUnavailable: 1 };
    const counted = setOf('old', 5, 4, 4);
    const grownAndShrunk = { ...counted, metadata: { ...counted.metadata, generation: 3 } };
    const fresh = shareOf(setOf('new', 0, 0, 0));
    expect(newReplicas(bounds, fresh, [shareOf(grownAndShrunk)])).toBe(0);
    expect(newReplicas(bounds, fresh, [shareOf(counted)])).toBe(1);
  });

  // Kinds of cases as in kubernetes pkg/controller/deployment/rolling_test.go, TestDeploymentController_reconcileNewReplicaSet.
  it.each([
    { replicas: 10, surge: 0, old: [10, 10], fresh: 0, expected: 0 },
    { replicas: 10, surge: 2, old: [10, 10], fresh: 0, expected: 2 },
    { replicas: 10, surge: 2, old: [5, 5], fresh: 0, expected: 7 },
    { replicas: 10, surge: 2, old: [10, 10], fresh: 2, expected: 2 },
    { replicas: 10, surge: 2, old: [2, 2], fresh: 11, expected: 10 },
    // Pods that the old set has still to give up take room as well.
    { replicas: 10, surge: 2, old: [5, 8], fresh: 0, expected: 4 },
  ])(
    'grows the new set to $expected: $replicas + $surge, old $old, new $fresh',
    ({ replicas, surge, old, fresh, expected }) => {
      const bounds = { replicas, maxSurge: surge, maxUnavailable: 0 };
      const [wanted = 0, pods = 0] = old;
      const shares = [shareOf(setOf('old', wanted, pods, wanted))];
      expect(newReplicas(bounds, shareOf(setOf('new', fresh, fresh, fresh)), shares)).toBe(expected);
    },
  );

  // Kinds of cases as in TestDeploymentController_reconcileOldReplicaSets, same file.
  it.each([
    { replicas: 10, unavailable: 0, old: 10, oldReady: 10, fresh: 0, freshReady: 0, expected: 10 },
    { replicas: 10, unavailable: 2, old: 10, oldReady: 10, fresh: 0, freshReady: 0, expected: 8 },
    { replicas: 10, unavailable: 2, old: 10, oldReady: 8, fresh: 0, freshReady: 0, expected: 8 },
    { replicas: 10, unavailable: 2, old: 10, oldReady: 9, fresh: 0, freshReady: 0, expected: 8 },
    { replicas: 10, unavailable: 2, old: 8, oldReady: 8, fresh: 2, freshReady: 0, expected: 8 },
    { replicas: 10, unavailable: 0, old: 10, oldReady: 10, fresh: 2, freshReady: 2, expected: 8 },
    { replicas: 10, unavailable: 0, old: 10, oldReady: 0, fresh: 2, freshReady: 0, expected: 10 },
    // The old set was told to give up 2 already, and its status does not say so yet.
    { replicas: 10, unavailable: 0, old: 8, oldReady: 10, fresh: 5, freshReady: 5, expected: 5 },
  ])('shrinks the old set to $expected: $old, $oldReady ready, new $fresh, $freshReady ready', (each) => {
    const bounds = { replicas: each.replicas, maxSurge: 0, maxUnavailable: each.unavailable };
    const fresh = shareOf(setOf('new', each.fresh, each.fresh, each.freshReady));
    const result = oldReplicas(bounds, fresh, [shareOf(setOf('old', each.old, each.old, each.oldReady))]);
    expect(result).toEqual([each.expected]);
  });
});

/**
 * A cluster of one Deployment as plain data. Each actor sees what others wrote only when it is told to look, so that
 * decisions on old news happen in every possible way; its own writes it sees at once, as the expectations promise.
 */
class Model {
  #deployment: Deployment;
  readonly sets = new Map<string, ReplicaSet>();
  readonly pods = new Map<string, Pod>();
  #count = 0;
  #nowMs = Date.parse('2026-01-01T00:00:00Z');

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  get active(): readonly Pod[] {
    return [...this.pods.values()].filter(isActive);
  }

  get ready(): number {
    return this.active.filter(isReady).length;
  }

  setImage(image: string): void {
    const { metadata, spec } = this.#deployment;
    const { replicas } = spec;
    const rollingUpdate = spec.strategy?.rollingUpdate;
    const next = deploymentOf(replicas ?? 1, rollingUpdate, image);
    this.#deployment = { ...next, metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 } };
  }

  deploy(): void {
    this.#nowMs += 1_000;
    const plan = planDeployment({
      deployment: this.#deployment,
      replicaSets: [...this.sets.values()],
      running: new Set(),
      nowMs: this.#nowMs,
    });
    for (const { replicaSet, replicas, annotations } of plan.change) {
      const { metadata, spec } = replicaSet;
      this.sets.set(metadata.uid, {
        ...replicaSet,
        metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations }) },
        spec: { ...spec, ...(replicas === undefined ? {} : { replicas }) },
      });
    }
    if (plan.create !== undefined) {
      const { name = '' } = plan.create.metadata;
      const created = { ...plan.create, metadata: { ...meta(name), ...plan.create.metadata }, status: { replicas: 0 } };
      this.sets.set(name, created as unknown as ReplicaSet);
    }
    for (const { metadata } of plan.remove) this.sets.delete(metadata.uid);
    this.#deployment = { ...this.#deployment, status: plan.status };
  }

  /** One ReplicaSet makes or deletes what it lacks or has too much; its status is as old as its view. */
  replicate(uid: string): void {
    const replicaSet = this.sets.get(uid);
    if (replicaSet === undefined) return;
    const own = [...this.pods.values()].filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === uid);
    const plan = planReplicaSet({ replicaSet, pods: own, nowMs: this.#nowMs, burst: 500 });
    for (const pod of plan.delete) {
      expect(pod.metadata.ownerReferences?.[0]?.uid).toBe(uid);
      this.pods.delete(pod.metadata.uid);
    }
    for (let n = 0; n < plan.create; n += 1) {
      this.#count += 1;
      const name = `pod-${this.#count}`;
      const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid, controller: true }];
      const metadata = { ...meta(name), ownerReferences };
      this.pods.set(name, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata,
        spec: { containers: [] },
        status: { phase: 'Pending' },
      });
    }
    this.sets.set(uid, { ...replicaSet, status: plan.status });
  }

  setReady(pod: Pod, ready: boolean): void {
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    this.pods.set(pod.metadata.uid, { ...pod, status: { phase: 'Running', conditions } });
  }

  /** Everything that can happen by itself happens, until nothing does. */
  settle(): void {
    let before = '';
    for (let round = 0; round < 200; round += 1) {
      this.deploy();
      for (const uid of this.sets.keys()) this.replicate(uid);
      for (const pod of this.active) if (!isReady(pod)) this.setReady(pod, true);
      const sizes = [...this.sets.values()].map(({ metadata, spec, status }) => [
        metadata.name,
        spec.replicas,
        status?.availableReplicas,
      ]);
      const now = JSON.stringify([sizes, [...this.pods.keys()]]);
      if (now === before) return;
      before = now;
    }
    throw new Error('it never comes to its end');
  }
}

const pick = <T>(items: readonly T[], which: number): T | undefined => items[which % Math.max(1, items.length)];

describe('src/controllers/deployment/deployment.plan.ts, with its ReplicaSets', () => {
  const bound = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom('0%', '25%', '50%', '100%'));
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'deploy' as const }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('replicate' as const), which: fc.nat(3) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('ready' as const), which: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('image' as const), which: fc.nat(3) }) },
  );

  it('never has too few ready pods nor too many, whatever becomes ready when, and comes to its end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        bound,
        bound,
        fc.array(step, { maxLength: 120 }),
        (replicas, maxSurge, maxUnavailable, steps) => {
          const deployment = deploymentOf(replicas, { maxSurge, maxUnavailable });
          const bounds = boundsOf(deployment);
          const model = new Model(deployment);
          model.settle();
          expect(model.ready).toBe(replicas);
          for (const each of steps) {
            if (each.do === 'deploy') model.deploy();
            else if (each.do === 'image') model.setImage(`v${each.which}`);
            else if (each.do === 'replicate')
              model.replicate([...model.sets.keys()][each.which % model.sets.size] ?? '');
            else {
              const pod = pick(
                model.active.filter((candidate) => !isReady(candidate)),
                each.which,
              );
              if (pod !== undefined) model.setReady(pod, true);
            }
            expect(model.ready).toBeGreaterThanOrEqual(replicas - bounds.maxUnavailable);
            expect(model.active.length).toBeLessThanOrEqual(replicas + bounds.maxSurge);
          }
          model.settle();
          expect([model.ready, model.active.length]).toEqual([replicas, replicas]);
          expect([...model.sets.values()].filter(({ spec }) => (spec.replicas ?? 0) > 0)).toHaveLength(1);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('loses no pod by its own doing when pods fail by themselves', () => {
    const failing = fc.oneof(step, fc.record({ do: fc.constant('sick' as const), which: fc.nat(20) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(failing, { maxLength: 100 }), (replicas, steps) => {
        const model = new Model(deploymentOf(replicas, { maxSurge: 1, maxUnavailable: 0 }));
        model.settle();
        for (const each of steps) {
          const ready = model.active.filter(isReady);
          if (each.do === 'deploy') model.deploy();
          else if (each.do === 'image') model.setImage(`v${each.which}`);
          else if (each.do === 'replicate') model.replicate([...model.sets.keys()][each.which % model.sets.size] ?? '');
          else if (each.do === 'ready') {
            const pod = pick(
              model.active.filter((candidate) => !isReady(candidate)),
              each.which,
            );
            if (pod !== undefined) model.setReady(pod, true);
          } else {
            const pod = pick(ready, each.which);
            if (pod !== undefined) model.setReady(pod, false);
          }
          expect(model.active.length).toBeLessThanOrEqual(replicas + 1);
        }
        model.settle();
        expect([model.ready, model.active.length]).toEqual([replicas, replicas]);
      }),
      { numRuns: 60 },
    );
  });
});
