import { describe, expect, it } from 'vitest';
import { planBackOff } from './back-off.plan.ts';
import type { ContainerStatus, Pod } from './pod.types.ts';

describe('src/node-agent/pod/back-off.plan.ts', () => {
  const pod = (): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'demo',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { containers: [{ name: 'app', image: 'ghcr.io/web:1' }] },
  });
  const waits = (reason: string, last?: string): ContainerStatus => ({
    name: 'app',
    image: 'ghcr.io/web:1',
    imageID: '',
    ready: false,
    restartCount: 1,
    state: { waiting: { reason } },
    ...(last === undefined ? {} : { lastState: { terminated: { exitCode: 1, containerID: last } } }),
  });
  const problem = (failedAtMs: number) => new Map([['app', { reason: 'ErrImagePull', message: 'no', failedAtMs }]]);

  it.each(['ContainerCreating', 'ErrImagePull', 'CreateContainerError', 'PodInitializing'])(
    'tells nothing of %s',
    (reason) => {
      expect(planBackOff(pod(), { containerStatuses: [waits(reason)] }, problem(1))).toEqual([]);
    },
  );

  it('tells a crash loop in the words of the kubelet', () => {
    const [told] = planBackOff(pod(), { containerStatuses: [waits('CrashLoopBackOff', 'docker://1')] }, new Map());
    expect(told).toMatchObject({
      container: 'app',
      events: [
        {
          type: 'Warning',
          reason: 'BackOff',
          message: 'Back-off restarting failed container app in pod web_demo(u1)',
        },
      ],
    });
  });

  it('tells a pull that waits in the words of the kubelet, of an init container too', () => {
    const [told] = planBackOff(pod(), { initContainerStatuses: [waits('ImagePullBackOff')] }, problem(7));
    expect(told?.events).toEqual([
      { type: 'Normal', reason: 'BackOff', message: 'Back-off pulling image "ghcr.io/web:1"' },
      { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff' },
    ]);
  });

  it('knows one wait from the next', () => {
    const crash = (id: string) =>
      planBackOff(pod(), { containerStatuses: [waits('CrashLoopBackOff', id)] }, new Map())[0]?.wait;
    const pull = (ms: number) =>
      planBackOff(pod(), { containerStatuses: [waits('ImagePullBackOff')] }, problem(ms))[0]?.wait;
    expect(crash('docker://1')).toBe(crash('docker://1'));
    expect(new Set([crash('docker://1'), crash('docker://2'), pull(1), pull(2)]).size).toBe(4);
  });
});
