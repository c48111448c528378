import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '#api';
import { planLogRequest } from './log-request.plan.ts';

const ended = { terminated: { exitCode: 1 } };

function podWith(status: Partial<ContainerStatus> | undefined, names: readonly string[] = ['a']): Pod {
  return {
    metadata: { name: 'p', namespace: 'd' },
    spec: { nodeName: 'n', containers: names.map((name) => ({ name })), initContainers: [{ name: 'setup' }] },
    ...(status === undefined ? {} : { status: { containerStatuses: [{ name: 'a', ...status }] } }),
  } as unknown as Pod;
}

describe('src/server/nodes/log-request.plan', () => {
  it.each([
    ['nothing known of it', undefined, {}],
    ['running', { state: { running: {} } }, {}],
    ['waiting for its restart', { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: ended }, {}],
    ['ended', { state: ended }, {}],
    ['ran before its image went', { state: { waiting: { reason: 'ErrImagePull' } }, lastState: ended }, {}],
    ['the one before a running one', { state: { running: {} }, lastState: ended }, { previous: true as const }],
    ['the one that waits', { state: { waiting: {} }, lastState: ended }, { previous: true as const }],
    ['by name', { state: { running: {} } }, { container: 'a' }],
  ])('asks the node: %s', (_what, status, options) => {
    expect(planLogRequest(podWith(status as Partial<ContainerStatus> | undefined), options)).toEqual({
      node: 'n',
      container: 'a',
    });
  });

  it.each([
    [
      'no image',
      podWith({ state: { waiting: { reason: 'ImagePullBackOff' } } }),
      {},
      'container "a" in pod "p" is waiting to start: trying and failing to pull image',
    ],
    [
      'no image yet',
      podWith({ state: { waiting: { reason: 'ErrImagePull' } } }),
      {},
      `container "a" in pod "p" is waiting to start: image can't be pulled`,
    ],
    [
      'not started yet',
      podWith({ state: { waiting: { reason: 'PodInitializing' } } }),
      {},
      'container "a" in pod "p" is waiting to start: PodInitializing',
    ],
    [
      'no run before the only one',
      podWith({ state: ended }),
      { previous: true as const },
      'previous terminated container "a" in pod "p" not found',
    ],
    [
      'no choice made',
      podWith(undefined, ['a', 'b']),
      {},
      'a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [setup]',
    ],
    ['no such container', podWith(undefined), { container: 'z' }, 'container z is not valid for pod p'],
    [
      'no node',
      { ...podWith(undefined), spec: { containers: [{ name: 'a' }] } } as unknown as Pod,
      {},
      'pod p does not have a host assigned',
    ],
  ])('refuses: %s', (_what, pod, options, message) => {
    expect(() => planLogRequest(pod, options)).toThrow(expect.objectContaining({ reason: 'BadRequest', message }));
  });
});
