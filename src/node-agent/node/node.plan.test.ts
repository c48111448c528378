import { describe, expect, it } from 'vitest';
import { type HostFacts, type HostHealth, planNodeImages, planNodeStatus, sameNodeStatus } from './node.plan.ts';

const NOW = Date.UTC(2026, 0, 1);
const GI = 2 ** 30;
const facts: HostFacts = {
  name: 'node-1',
  address: '192.0.2.1',
  architecture: 'amd64',
  operatingSystem: 'linux',
  osImage: 'Debian',
  kernelVersion: '6.1',
  runtimeVersion: 'docker://20.10',
  agentVersion: 'v1.32.0',
  machineId: 'machine',
  systemUuid: 'firmware',
  bootId: 'boot',
  cpus: 4,
  memoryBytes: 8 * GI,
  ephemeralStorageBytes: 100 * GI,
  maxPods: 110,
  kept: { cpuMillis: 1500, memoryBytes: GI, storageBytes: 10 * GI },
};
const health: HostHealth = {
  pressure: new Set(),
  images: [],
  runtime: { ok: true, message: 'runs' },
  network: { ok: true, message: 'stands' },
};

describe('src/node-agent/node/node.plan.ts', () => {
  it('offers pods what is left of the machine when the rest is kept', () => {
    const { capacity, allocatable, nodeInfo } = planNodeStatus(undefined, facts, health, NOW);
    expect(capacity).toEqual({ cpu: '4', memory: '8388608Ki', 'ephemeral-storage': '104857600Ki', pods: '110' });
    expect(allocatable).toEqual({ cpu: '2500m', memory: '7340032Ki', 'ephemeral-storage': '94371840Ki', pods: '110' });
    expect(nodeInfo).toMatchObject({ systemUUID: 'firmware', machineID: 'machine' });
  });

  it('offers nothing rather than less than nothing', () => {
    const kept = { cpuMillis: 9000, memoryBytes: 9 * GI, storageBytes: 0 };
    const { allocatable } = planNodeStatus(undefined, { ...facts, kept }, health, NOW);
    expect(allocatable).toMatchObject({ cpu: '0', memory: '0Ki' });
  });

  it.each([
    ['MemoryPressure', 'KubeletHasInsufficientMemory', 'KubeletHasSufficientMemory'],
    ['DiskPressure', 'KubeletHasDiskPressure', 'KubeletHasNoDiskPressure'],
    ['PIDPressure', 'KubeletHasInsufficientPID', 'KubeletHasSufficientPID'],
  ] as const)('tells %s in the words of the kubelet, and since when', (type, yes, no) => {
    const told = (at: HostHealth, before = planNodeStatus(undefined, facts, health, NOW), nowMs = NOW + 60_000) => {
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', uid: 'u', resourceVersion: '1' } };
      const given = { ...node, metadata: { ...node.metadata, creationTimestamp: '' }, status: before } as never;
      return planNodeStatus(given, facts, at, nowMs).conditions?.find((one) => one.type === type);
    };
    const under = { ...health, pressure: new Set([type]) };
    expect(told(under)).toMatchObject({ status: 'True', reason: yes, lastTransitionTime: '2026-01-01T00:01:00Z' });
    expect(told(health)).toMatchObject({ status: 'False', reason: no, lastTransitionTime: '2026-01-01T00:00:00Z' });
  });

  it('names the fifty largest images, each by five names, digests first', () => {
    const images = Array.from({ length: 60 }, (_, at) => ({
      id: `i${at}`,
      tags: Array.from({ length: 6 }, (_none, tag) => `app${at}:${tag}`),
      digests: [`app${at}@sha256:d`],
      sizeBytes: at,
    }));
    const told = planNodeImages(images);
    expect(told).toHaveLength(50);
    expect(told[0]).toEqual({
      names: ['app59@sha256:d', 'app59:0', 'app59:1', 'app59:2', 'app59:3'],
      sizeBytes: 59,
    });
    expect(planNodeImages(images.toReversed())).toEqual(told);
  });

  it('takes another list of images for another status', () => {
    const before = planNodeStatus(undefined, facts, health, NOW);
    expect(sameNodeStatus(before, planNodeStatus(undefined, facts, health, NOW + 60_000))).toBe(true);
    const image = { id: 'i', tags: ['app:1'], digests: [], sizeBytes: 1 };
    expect(sameNodeStatus(before, planNodeStatus(undefined, facts, { ...health, images: [image] }, NOW))).toBe(false);
  });
});
