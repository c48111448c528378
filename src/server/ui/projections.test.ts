import { describe, expect, it } from 'vitest';
import {
  APPLICATION_CONDITIONS,
  type Application,
  type Condition,
  type Event,
  type Node,
  type Pod,
  type SyncRun,
} from '#api';
import { planApplicationSummary } from './application-summary.plan.ts';
import { planEvents } from './event-summary.plan.ts';
import { planNodes } from './node-summary.plan.ts';
import { planPod, planTopOwner } from './pod-summary.plan.ts';
import { planHistory, planRun } from './run-summary.plan.ts';

const meta = (name: string, namespace?: string) => ({
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...(namespace === undefined ? {} : { namespace }),
});

const application = (status: Application['status'], spec: Partial<Application['spec']> = {}): Application => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: meta('site', 'argocd'),
  spec,
  ...(status === undefined ? {} : { status }),
});

describe('src/server/ui/application-summary.plan.ts', () => {
  it('knows nothing of an Application that was never looked at', () => {
    expect(planApplicationSummary(application(undefined))).toEqual({
      namespace: 'argocd',
      name: 'site',
      sync: 'Unknown',
      health: 'Unknown',
      drifted: 0,
      objects: 0,
      automated: false,
      selfHeal: false,
      prune: false,
    });
  });

  it('counts what drifted and what is to go', () => {
    const resource = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'a' };
    const summary = planApplicationSummary(
      application({
        sync: { status: 'OutOfSync', revision: 'abc' },
        resources: [
          { ...resource, status: 'Synced' },
          { ...resource, status: 'OutOfSync' },
          { ...resource, status: 'Synced', requiresPruning: true },
        ],
      }),
    );
    expect(summary).toMatchObject({ sync: 'OutOfSync', revision: 'abc', drifted: 2, objects: 3 });
  });

  it.each([
    [undefined, false, false, false],
    [{ selfHeal: true, prune: true }, true, true, true],
    [{ selfHeal: true, enabled: false }, false, false, false],
    [{}, true, false, false],
  ])('reads the policy %o', (automated, isAutomated, selfHeal, prune) => {
    const syncPolicy = automated === undefined ? {} : { automated };
    const summary = planApplicationSummary(application({}, { syncPolicy }));
    expect([summary.automated, summary.selfHeal, summary.prune]).toEqual([isAutomated, selfHeal, prune]);
  });

  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  const condition = (type: string, second: number, status: Condition['status'] = 'True') => ({
    type,
    status,
    message: `${type} says`,
    lastTransitionTime: at(second),
  });

  it.each(Object.entries(APPLICATION_CONDITIONS))('tells of %s, and since when', (type, severity) => {
    const summary = planApplicationSummary(
      application({ sync: { status: 'Synced' }, conditions: [condition(type, 3)], reconciledAt: at(9) }),
    );
    expect(summary).toMatchObject({ severity, message: `${type} says`, since: at(3) });
  });

  it.each<[string, readonly Condition[], string | undefined]>([
    [
      'the worst',
      [condition('UnsupportedFields', 1), condition('SyncError', 2), condition('RepositoryUnreachable', 3)],
      'RepositoryUnreachable',
    ],
    [
      'what waits for a person before a warning',
      [condition('NotAllowedWarning', 1), condition('PruneBlocked', 2)],
      'PruneBlocked',
    ],
    [
      'the oldest of what is as bad',
      [condition('SyncError', 4), condition('DuplicateResource', 2)],
      'DuplicateResource',
    ],
    ['a type of another version', [condition('Novelty', 1)], 'Novelty'],
    ['nothing that is over', [condition('SyncError', 1, 'False')], undefined],
  ])('tells %s', (_what, conditions, type) => {
    const { message } = planApplicationSummary(application({ conditions: [...conditions] }));
    expect(message).toBe(type === undefined ? undefined : `${type} says`);
  });
});

describe('src/server/ui/run-summary.plan.ts', () => {
  const run = (name: string, createdAt: string, status: SyncRun['status']): SyncRun => ({
    apiVersion: 'plumbline.dev/v1',
    kind: 'SyncRun',
    metadata: { ...meta(name, 'argocd'), creationTimestamp: createdAt },
    spec: {
      application: 'site',
      revision: 'abc',
      trigger: 'commit',
      requestedBy: 'git',
      digest: 'd',
      plan: [],
      renderedSets: [],
    },
    ...(status === undefined ? {} : { status }),
  });
  const result = { group: '', kind: 'ConfigMap', namespace: 'web', name: 'a', wave: 0 };

  it('lists the newest first, of this Application only', () => {
    const runs = [
      run('a', '2026-01-01T00:00:01Z', undefined),
      run('c', '2026-01-01T00:00:02Z', undefined),
      run('b', '2026-01-01T00:00:02Z', undefined),
      {
        ...run('d', '2026-01-01T00:00:03Z', undefined),
        spec: { ...run('d', '', undefined).spec, application: 'other' },
      },
    ];
    expect(planHistory(runs, 'site', 2).map(({ name }) => name)).toEqual(['c', 'b']);
  });

  it('counts what it did', () => {
    const status = {
      phase: 'Succeeded' as const,
      results: (['created', 'unchanged', 'created', 'pruned'] as const).map((action) => ({ ...result, action })),
    };
    expect(planRun(run('a', '', status)).counts).toEqual({ created: 2, pruned: 1 });
    expect(planRun(run('a', '', undefined))).toMatchObject({ phase: 'Pending', counts: {}, results: [], hooks: [] });
  });
});

describe('src/server/ui/node-summary.plan.ts', () => {
  const node = (name: string, ready: string): Node =>
    ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: meta(name),
      status: {
        conditions: [{ type: 'Ready', status: ready, message: `${name} says` }],
        capacity: { cpu: '4', memory: '8Gi', pods: '110' },
        addresses: [
          { type: 'Hostname', address: name },
          { type: 'InternalIP', address: '10.0.0.1' },
        ],
        nodeInfo: { kubeletVersion: 'v1', containerRuntimeVersion: 'docker://20' },
      },
    }) as unknown as Node;
  const pod = (nodeName: string | undefined, phase: string): Pod =>
    ({ metadata: meta('p', 'web'), spec: { nodeName }, status: { phase } }) as unknown as Pod;

  it('counts the pods that live on each', () => {
    const pods = [pod('b', 'Running'), pod('b', 'Pending'), pod('b', 'Succeeded'), pod(undefined, 'Pending')];
    const nodes = planNodes([node('b', 'True'), node('a', 'Unknown')], pods);
    expect(nodes).toMatchObject([
      { name: 'a', ready: false, pods: 0, message: 'a says' },
      { name: 'b', ready: true, pods: 2, podCapacity: 110, cpu: '4', address: '10.0.0.1', runtime: 'docker://20' },
    ]);
  });
});

describe('src/server/ui/pod-summary.plan.ts', () => {
  const owned = (kind: string, name: string, by?: readonly [kind: string, name: string]) => ({
    metadata: {
      ...meta(name, 'web'),
      ...(by === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: by[0], name: by[1], uid: by[1], controller: true }] }),
    },
    kind,
  });
  const pod = (by?: readonly [string, string], status: object = {}) =>
    ({ ...owned('Pod', 'p', by), spec: { containers: [{ name: 'c' }] }, status }) as unknown as Pod;

  it('climbs to the top of the owners', () => {
    const replicaSet = owned('ReplicaSet', 'site-1', ['Deployment', 'site']);
    const lookup = (_namespace: string, kind: string) => (kind === 'ReplicaSet' ? replicaSet : undefined);
    expect(planTopOwner(pod(['ReplicaSet', 'site-1']), lookup)).toBe('apps/Deployment/web/site');
    expect(planTopOwner(pod(['ReplicaSet', 'site-1']), () => undefined)).toBe('apps/ReplicaSet/web/site-1');
    expect(planTopOwner(pod(), lookup)).toBe('Pod/web/p');
  });

  it('stops in a ring of owners', () => {
    const ring = owned('ReplicaSet', 'r', ['ReplicaSet', 'r']);
    expect(planTopOwner(pod(['ReplicaSet', 'r']), () => ring)).toBe('apps/ReplicaSet/web/r');
  });

  it.each([
    [
      'waiting',
      {
        containerStatuses: [
          { restartCount: 3, state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } },
        ],
      },
      'ImagePullBackOff: no such image',
    ],
    [
      'failed',
      { containerStatuses: [{ restartCount: 3, state: { terminated: { reason: 'Error', exitCode: 1 } } }] },
      'Error',
    ],
    [
      'done',
      { containerStatuses: [{ restartCount: 3, state: { terminated: { reason: 'Completed', exitCode: 0 } } }] },
      undefined,
    ],
    [
      'running',
      {
        containerStatuses: [
          { restartCount: 3, state: { running: {} }, lastState: { terminated: { reason: 'Error' } } },
        ],
      },
      undefined,
    ],
    [
      'not scheduled',
      { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes fit' }] },
      '0/1 nodes fit',
    ],
  ])('says why a pod is %s', (_what, status, message) => {
    expect(planPod(pod(undefined, status), 'x').message).toBe(message);
  });
});

describe('src/server/ui/event-summary.plan.ts', () => {
  it('gives the newest of what concerns', () => {
    const event = (name: string, second: number): Event =>
      ({
        metadata: meta(`${name}.${second}`, 'web'),
        involvedObject: { kind: 'Pod', namespace: 'web', name, apiVersion: 'v1' },
        reason: 'R',
        lastTimestamp: `2026-01-01T00:00:0${second}Z`,
      }) as unknown as Event;
    const events = planEvents([event('a', 1), event('b', 2), event('a', 3)], ({ key }) => key === 'Pod/web/a', 10);
    expect(events.map(({ lastSeen }) => lastSeen.slice(-3))).toEqual(['03Z', '01Z']);
    expect(events[0]).not.toHaveProperty('namespace');
  });
});
