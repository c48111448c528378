import { describe, expect, it } from 'vitest';
import type { Pod, ReplicaSet } from '#api';
import { planPodTroubles } from './pod-troubles.plan.ts';

const meta = (name: string, owner?: { kind: string; name: string; uid: string }) => ({
  name,
  namespace: 'demo',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-11-23T10:00:00Z',
  ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', controller: true, ...owner }] }),
});
const replicaSet = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: meta('web-5d9', { kind: 'Deployment', name: 'web', uid: 'uid-web' }),
  spec: { selector: {} },
} as ReplicaSet;
const OF_WEB = { kind: 'ReplicaSet', name: 'web-5d9', uid: 'uid-web-5d9' };
const pod = (name: string, reason: string | undefined, owner?: typeof OF_WEB, extra: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...meta(name, owner), ...extra },
    spec: { containers: [] },
    status: {
      containerStatuses: [
        {
          name: 'main',
          state: reason === undefined ? { running: {} } : { waiting: { reason, message: `because of ${name}` } },
        },
      ],
    },
  }) as unknown as Pod;

describe('src/cli/pod-troubles.plan.ts', () => {
  it('tells of all pods of a Deployment once, with one of them to look at', () => {
    const pods = [
      pod('web-1', 'ImagePullBackOff', OF_WEB),
      pod('web-2', 'ErrImagePull', OF_WEB),
      pod('web-3', undefined, OF_WEB),
    ];
    expect(planPodTroubles(pods, [replicaSet])).toEqual([
      {
        owner: 'Deployment/demo/web',
        pod: 'web-1',
        namespace: 'demo',
        pods: 2,
        container: 'main',
        reason: 'ImagePullBackOff',
        message: 'because of web-1',
        hint: expect.stringContaining('imagePullSecrets'),
      },
    ]);
  });

  it.each([
    ['CrashLoopBackOff', 'plumb logs x -n demo -p'],
    ['CreateContainerConfigError', 'ConfigMap'],
    ['InvalidImageName', 'in Git'],
    ['ErrImageNeverPull', 'imagePullPolicy'],
    ['RunContainerError', 'plumb describe pod x -n demo'],
  ])('says what to do about %s of a pod that nobody controls', (reason, hint) => {
    expect(planPodTroubles([pod('x', reason)], [])).toEqual([
      expect.objectContaining({ owner: 'Pod/demo/x', reason, hint: expect.stringContaining(hint) }),
    ]);
  });

  it('tells of pods that no node takes, and how to learn why', () => {
    const waiting = (name: string, reason: string) => {
      const conditions = [{ type: 'PodScheduled', status: 'False', reason, message: '0/1 nodes are available: …' }];
      return { ...pod(name, undefined, OF_WEB), status: { conditions } } as unknown as Pod;
    };
    expect(
      planPodTroubles([waiting('web-1', 'Unschedulable'), waiting('web-2', 'Unschedulable')], [replicaSet]),
    ).toEqual([
      {
        owner: 'Deployment/demo/web',
        pod: 'web-1',
        namespace: 'demo',
        pods: 2,
        reason: 'Unschedulable',
        message: '0/1 nodes are available: …',
        hint: 'plumb explain web-1 -n demo tells why, node by node.',
      },
    ]);
    expect(planPodTroubles([waiting('web-1', 'SchedulingGated')], [replicaSet])).toEqual([]);
  });

  it.each([
    ['waits for what comes', pod('x', 'ContainerCreating')],
    ['runs', pod('x', undefined)],
    ['goes away', pod('x', 'ImagePullBackOff', undefined, { deletionTimestamp: '2026-11-23T10:00:00Z' })],
  ])('is silent on a pod that %s', (_what, one) => {
    expect(planPodTroubles([one], [])).toEqual([]);
  });
});
