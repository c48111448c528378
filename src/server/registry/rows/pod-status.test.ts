import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec, PodStatus } from '#api';
import { summarisePod } from './pod-status.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const running = { state: { running: { startedAt: '2026-01-01T11:00:00Z' } }, ready: true, restartCount: 0 };
const named = (name: string, status: object = {}) => ({ name, image: 'x', imageID: '', ...running, ...status });

interface Situation {
  readonly status?: Partial<PodStatus>;
  readonly spec?: Partial<PodSpec>;
  readonly metadata?: object;
}

function summary({ status = {}, spec = {}, metadata = {} }: Situation) {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec },
    status,
  } as Pod;
  const { ready, status: said, restarts } = summarisePod(pod, NOW);
  return `${ready} ${said} ${restarts}`;
}

describe('src/server/registry/rows/pod-status.ts', () => {
  it.each<[string, Situation, string]>([
    ['waits for a node', { status: { phase: 'Pending' } }, '0/2 Pending 0'],
    [
      'is gated',
      {
        status: {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
        },
      },
      '0/2 SchedulingGated 0',
    ],
    ['runs', { status: { phase: 'Running', containerStatuses: [named('a'), named('b')] } }, '2/2 Running 0'],
    [
      'runs and is not ready',
      { status: { phase: 'Running', containerStatuses: [named('a'), named('b', { ready: false })] } },
      '1/2 Running 0',
    ],
    [
      'cannot get its image',
      {
        status: {
          phase: 'Pending',
          containerStatuses: [
            named('a', { ready: false, state: { waiting: { reason: 'ImagePullBackOff' } } }),
            named('b'),
          ],
        },
      },
      '1/2 ImagePullBackOff 0',
    ],
    [
      'crashes again and again',
      {
        status: {
          phase: 'Running',
          containerStatuses: [
            named('a', {
              ready: false,
              restartCount: 3,
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T11:55:00Z' } },
            }),
            named('b'),
          ],
        },
      },
      '1/2 CrashLoopBackOff 3 (5m ago)',
    ],
    [
      'ended with a code',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [named('a', { ready: false, state: { terminated: { exitCode: 3 } } })],
        },
      },
      '0/2 ExitCode:3 0',
    ],
    [
      'ended by a signal',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [named('a', { ready: false, state: { terminated: { exitCode: 137, signal: 9 } } })],
        },
      },
      '0/2 Signal:9 0',
    ],
    [
      'completed beside one that runs and is ready',
      {
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            named('a', { ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
            named('b'),
          ],
        },
      },
      '1/2 Running 0',
    ],
    [
      'completed beside one that runs, not ready',
      {
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [
            named('a', { ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
            named('b'),
          ],
        },
      },
      '1/2 NotReady 0',
    ],
    [
      'is initializing',
      {
        spec: { initContainers: [{ name: 'i' }, { name: 'j' }] },
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            named('i', { state: { terminated: { exitCode: 0 } }, restartCount: 2 }),
            named('j', { state: { running: {} }, ready: false }),
          ],
        },
      },
      '0/2 Init:1/2 2',
    ],
    [
      'fails to initialize',
      {
        spec: { initContainers: [{ name: 'i' }] },
        status: {
          phase: 'Pending',
          initContainerStatuses: [named('i', { ready: false, state: { terminated: { exitCode: 2 } } })],
        },
      },
      '0/2 Init:ExitCode:2 0',
    ],
    [
      'has a sidecar',
      {
        spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }] },
        status: {
          phase: 'Running',
          initContainerStatuses: [named('s', { started: true, restartCount: 1 })],
          containerStatuses: [named('a'), named('b', { restartCount: 1 })],
        },
      },
      '3/3 Running 2',
    ],
    [
      'is going',
      {
        metadata: { deletionTimestamp: '2026-01-01T12:00:30Z' },
        status: { phase: 'Running', containerStatuses: [named('a'), named('b')] },
      },
      '2/2 Terminating 0',
    ],
    [
      'has ended and is going',
      { metadata: { deletionTimestamp: '2026-01-01T12:00:30Z' }, status: { phase: 'Succeeded' } },
      '0/2 Succeeded 0',
    ],
    ['was evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/2 Evicted 0'],
    [
      'is on a lost node',
      { metadata: { deletionTimestamp: '2026-01-01T12:00:30Z' }, status: { phase: 'Running', reason: 'NodeLost' } },
      '0/2 Unknown 0',
    ],
  ])('says of a pod that %s what kubectl says', (_, situation, said) => {
    expect(summary(situation)).toBe(said);
  });
});
