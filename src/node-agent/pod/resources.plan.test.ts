import { describe, expect, it } from 'vitest';
import type { Pod } from './pod.types.ts';
import { containerResources, qosOf } from './resources.plan.ts';

type Amounts = Readonly<Record<string, string>>;
interface Asked {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

/** A node of 8 GiB. */
const NODE_MEMORY = 8 * 2 ** 30;

describe('src/node-agent/pod/resources.plan.ts', () => {
  const podOf = (...asked: readonly Asked[]): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: asked.map((resources, index) => ({ name: `c${index}`, image: 'x', resources })) },
  });
  const planned = (asked: Asked) => {
    const pod = podOf(asked);
    const [spec] = pod.spec.containers;
    if (spec === undefined) throw new Error('no container');
    return containerResources(pod, spec, { memoryBytes: NODE_MEMORY });
  };

  it("limits the processes of each container to its node's number, where there is one", () => {
    const pod = podOf({}, {});
    const limits = (podPidsLimit?: number) =>
      pod.spec.containers.map((spec) => {
        const node = { memoryBytes: NODE_MEMORY, ...(podPidsLimit === undefined ? {} : { podPidsLimit }) };
        return containerResources(pod, spec, node).pidsLimit;
      });
    expect(limits(100)).toEqual([100, 100]);
    expect(limits()).toEqual([undefined, undefined]);
  });

  // Source: kubernetes pkg/kubelet/cm/helpers_linux_test.go: 2 shares at least, 1024 for a CPU.
  it.each<[string, Asked, number]>([
    ['nothing asked for', {}, 2],
    ['a request of 0', { requests: { cpu: '0' } }, 2],
    ['1m, below the least the kernel takes', { requests: { cpu: '1m' } }, 2],
    ['50m', { requests: { cpu: '50m' } }, 51],
    ['100m', { requests: { cpu: '100m' } }, 102],
    ['half a CPU', { requests: { cpu: '0.5' } }, 512],
    ['one', { requests: { cpu: '1' } }, 1_024],
    ['300, more than the kernel takes', { requests: { cpu: '300' } }, 262_144],
    ['only a limit, which is then the request', { limits: { cpu: '2' } }, 2_048],
    ['a request below its limit', { requests: { cpu: '250m' }, limits: { cpu: '2' } }, 256],
  ])('gives shares of CPU by the request: %s', (_, asked, cpuShares) => {
    expect(planned(asked).cpuShares).toBe(cpuShares);
  });

  it.each<[string, Asked, number | undefined]>([
    ['nothing asked for', {}, undefined],
    ['only a request', { requests: { cpu: '1' } }, undefined],
    ['a limit of 0, which is none', { limits: { cpu: '0' } }, undefined],
    ['5m, below the least the kernel takes', { limits: { cpu: '5m' } }, 1_000],
    ['50m', { limits: { cpu: '50m' } }, 5_000],
    ['one and a half', { limits: { cpu: '1500m' } }, 150_000],
    ['sixteen', { limits: { cpu: '16' } }, 1_600_000],
  ])('makes the limit of CPU a quota of 100 ms: %s', (_, asked, quota) => {
    const { cpuQuotaMicros, cpuPeriodMicros } = planned(asked);
    expect(cpuQuotaMicros).toBe(quota);
    expect(cpuPeriodMicros).toBe(quota === undefined ? undefined : 100_000);
  });

  it.each<[string, Asked, number | undefined]>([
    ['nothing asked for', {}, undefined],
    ['only a request, which is for the scheduler', { requests: { memory: '1Gi' } }, undefined],
    ['a limit of 0, which is none', { limits: { memory: '0' } }, undefined],
    ['a limit in bytes', { limits: { memory: '134217728' } }, 134_217_728],
    ['binary', { limits: { memory: '256Mi' } }, 268_435_456],
    ['decimal', { limits: { memory: '256M' } }, 256_000_000],
    ['a power of ten', { limits: { memory: '1e9' } }, 1_000_000_000],
    ['a fraction of a byte, rounded up', { limits: { memory: '10000000500m' } }, 10_000_001],
    ['less than an engine takes', { limits: { memory: '1Mi' } }, 6_291_456],
  ])('limits memory: %s', (_, asked, bytes) => {
    expect(planned(asked).memoryLimitBytes).toBe(bytes);
  });

  // Source: kubernetes pkg/kubelet/qos/policy.go.
  it.each<[string, Asked, number]>([
    ['a pod that asks for nothing first', {}, 1_000],
    ['a pod that has all it may use last', { limits: { cpu: '1', memory: '1Gi' } }, 0],
    ['a pod of a quarter of the node', { requests: { memory: '2Gi' } }, 750],
    ['a pod of more than the node', { requests: { memory: '20Gi' } }, 2],
    ['a pod of almost nothing', { requests: { memory: '1' } }, 999],
    ['a pod that asks for CPU only', { requests: { cpu: '1' } }, 999],
  ])('has the kernel kill %s', (_, asked, oomScoreAdj) => {
    expect(planned(asked).oomScoreAdj).toBe(oomScoreAdj);
  });

  it.each<[string, readonly Asked[], string]>([
    ['nothing', [{}], 'BestEffort'],
    ['zeros', [{ requests: { cpu: '0' }, limits: { memory: '0' } }], 'BestEffort'],
    ['only what is neither CPU nor memory', [{ limits: { 'example.com/gpu': '1' } }], 'BestEffort'],
    ['limits of both', [{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
    [
      'limits of both, and the same again in other words',
      [{ requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: '1', memory: '1Gi' } }],
      'Guaranteed',
    ],
    ['a request below its limit', [{ requests: { cpu: '1m' }, limits: { cpu: '1', memory: '1Gi' } }], 'Burstable'],
    ['a limit of memory only', [{ limits: { memory: '1Gi' } }], 'Burstable'],
    ['one container of two', [{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
  ])('knows the class of a pod that asks for %s', (_, asked, qos) => {
    expect(qosOf(podOf(...asked))).toBe(qos);
  });
});
