import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment, DeploymentStatus, ReplicaSet } from '#api';
import { isComplete, planDeploymentStatus } from './status.plan.ts';

const nowMs = Date.parse('2026-01-01T01:00:00Z');
const meta = (name: string) => ({
  name,
  namespace: 'd',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } };

const deployment = (status: Partial<DeploymentStatus> = {}, spec: object = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { ...meta('web'), generation: 2 },
  spec: { replicas: 3, selector: {}, template, progressDeadlineSeconds: 600, ...spec },
  status,
});
const setOf = (
  name: string,
  wanted: number,
  ready: number,
  conditions?: NonNullable<ReplicaSet['status']>['conditions'],
): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: meta(name),
  spec: { replicas: wanted, selector: {} },
  status: {
    replicas: wanted,
    readyReplicas: ready,
    availableReplicas: ready,
    ...(conditions === undefined ? {} : { conditions }),
  },
});
const bounds = { replicas: 3, maxSurge: 1, maxUnavailable: 0 };
const plan = (of: Deployment, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[] = [], created?: string) =>
  planDeploymentStatus({ deployment: of, bounds, fresh, old, created, nowMs });
const said = ({ conditions = [] }: DeploymentStatus) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
const progressing = (reason: string, status: 'True' | 'False' | 'Unknown', lastUpdateTime: string) => ({
  conditions: [
    { type: 'Progressing', status, reason, message: 'm', lastUpdateTime, lastTransitionTime: lastUpdateTime },
  ],
});

describe('src/controllers/deployment/status.plan.ts', () => {
  it('counts pods of all sets, and those of the new one as updated', () => {
    const { status } = plan(deployment(), setOf('new', 2, 1), [setOf('old', 2, 2)]);
    expect(status).toMatchObject({
      observedGeneration: 2,
      replicas: 4,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      unavailableReplicas: 1,
    });
  });

  it.each([
    ['makes a set', deployment(), undefined, [], 'web-abc', 'True NewReplicaSetCreated'],
    ['finds its set', deployment(), setOf('new', 3, 0), [], undefined, 'True ReplicaSetUpdated'],
    ['is complete', deployment(), setOf('new', 3, 3), [], undefined, 'True NewReplicaSetAvailable'],
    [
      'has more ready pods',
      deployment({ replicas: 3, updatedReplicas: 3, readyReplicas: 1 }),
      setOf('new', 3, 2),
      [],
      undefined,
      'True ReplicaSetUpdated',
    ],
    [
      'has not moved for its deadline',
      deployment({
        replicas: 3,
        updatedReplicas: 3,
        ...progressing('ReplicaSetUpdated', 'True', '2026-01-01T00:50:00Z'),
      }),
      setOf('new', 3, 0),
      [],
      undefined,
      'False ProgressDeadlineExceeded',
    ],
    [
      'has a second left of its deadline',
      deployment({
        replicas: 3,
        updatedReplicas: 3,
        ...progressing('ReplicaSetUpdated', 'True', '2026-01-01T00:50:01Z'),
      }),
      setOf('new', 3, 0),
      [],
      undefined,
      'True ReplicaSetUpdated',
    ],
    [
      'lost a pod long after it was complete',
      deployment({
        replicas: 3,
        updatedReplicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        ...progressing('NewReplicaSetAvailable', 'True', '2026-01-01T00:00:00Z'),
      }),
      setOf('new', 3, 2),
      [],
      undefined,
      'True NewReplicaSetAvailable',
    ],
    ['is paused', deployment({}, { paused: true }), setOf('new', 3, 3), [], undefined, 'Unknown DeploymentPaused'],
    [
      'goes on',
      deployment(progressing('DeploymentPaused', 'Unknown', '2026-01-01T00:00:00Z')),
      setOf('new', 3, 0),
      [],
      undefined,
      'Unknown DeploymentResumed',
    ],
    [
      'has no deadline',
      deployment({}, { progressDeadlineSeconds: 2_147_483_647 }),
      setOf('new', 3, 3),
      [],
      undefined,
      undefined,
    ],
  ] as const)('says how a rollout goes that %s', (_, of, fresh, old, created, expected) => {
    expect(said(plan(of, fresh, old, created).status)['Progressing']).toBe(expected);
  });

  it('is available as long as maxUnavailable allows', () => {
    expect(said(plan(deployment(), setOf('new', 3, 3)).status)['Available']).toBe('True MinimumReplicasAvailable');
    expect(said(plan(deployment(), setOf('new', 3, 2)).status)['Available']).toBe('False MinimumReplicasUnavailable');
  });

  it('passes on that pods cannot be made, and takes it back', () => {
    const failure = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no' }];
    const failing = plan(deployment(), setOf('new', 3, 0, failure)).status;
    expect(said(failing)['ReplicaFailure']).toBe('True FailedCreate');
    expect(said(plan(deployment(failing), setOf('new', 3, 0)).status)['ReplicaFailure']).toBeUndefined();
  });

  it('looks again when the deadline passes, and only then', () => {
    const started = progressing('ReplicaSetUpdated', 'True', '2026-01-01T00:55:00Z');
    const stuck = deployment({
      replicas: 3,
      updatedReplicas: 3,
      observedGeneration: 2,
      unavailableReplicas: 3,
      ...started,
    });
    expect(plan(stuck, setOf('new', 3, 0)).requeueAfterMs).toBe(300_000);
    expect(plan(deployment(), setOf('new', 3, 3)).requeueAfterMs).toBeUndefined();
  });

  it('plans the same status again from the one it planned', () => {
    const of = deployment();
    const { status } = plan(of, setOf('new', 3, 3));
    expect(isComplete(of, status)).toBe(true);
    expect(plan(deployment(status), setOf('new', 3, 3)).status).toEqual(status);
  });

  it('gives up a rollout only when nothing moved for its deadline, in any history, and writes nothing twice', () => {
    const count = fc.nat(3);
    const turn = fc.record({ afterS: fc.constantFrom(0, 1, 299, 300, 601), fresh: count, ready: count, old: count });
    const deadlineS = 600;
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
        let atMs = nowMs;
        let movedMs = nowMs;
        let of = deployment({}, { progressDeadlineSeconds: deadlineS });
        const look = (fresh: ReplicaSet, old: readonly ReplicaSet[]) =>
          planDeploymentStatus({ deployment: of, bounds, fresh, old, created: undefined, nowMs: atMs });
        for (const { afterS, fresh, ready, old } of turns) {
          atMs += afterS * 1_000;
          const sets = [setOf('new', fresh, Math.min(fresh, ready)), [setOf('old', old, old)]] as const;
          const before = of.status;
          const { status, requeueAfterMs } = look(...sets);
          const was = (each: DeploymentStatus | undefined, type: string) =>
            each?.conditions?.find((condition) => condition.type === type);
          const now = was(status, 'Progressing');
          if (now?.lastUpdateTime !== was(before, 'Progressing')?.lastUpdateTime) movedMs = atMs;
          if (now?.reason === 'ProgressDeadlineExceeded' && was(before, 'Progressing')?.reason !== now.reason) {
            expect(
              Date.parse(was(before, 'Progressing')?.lastUpdateTime ?? '') + deadlineS * 1_000,
            ).toBeLessThanOrEqual(atMs);
          }
          if (requeueAfterMs !== undefined) expect(requeueAfterMs).toBe(movedMs + deadlineS * 1_000 - atMs);
          for (const { type, status: is, lastTransitionTime } of status.conditions ?? []) {
            const earlier = was(before, type);
            if (earlier?.status === is) expect(lastTransitionTime).toBe(earlier.lastTransitionTime);
          }
          expect(status.replicas ?? 0).toBe(fresh + old);
          expect(new Set(status.conditions?.map(({ type }) => type)).size).toBe(status.conditions?.length ?? 0);
          of = { ...of, status };
          expect(look(...sets).status).toEqual(status);
        }
      }),
    );
  });
});
