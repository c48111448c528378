import { describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '#api';
import { planOpenClaims, type VolumeView } from './pod-volumes.plan.ts';

const modes = { accessModes: ['ReadWriteOnce'], storageClassName: 'by-hand' };
const claim = (name: string, storage: string) =>
  ({
    metadata: { name, namespace: 'default', uid: name },
    spec: { ...modes, resources: { requests: { storage } } },
  }) as unknown as PersistentVolumeClaim;
const volume = (name: string, storage: string) =>
  ({
    metadata: { name, uid: name },
    spec: { ...modes, capacity: { storage } },
    status: { phase: 'Available' },
  }) as unknown as PersistentVolume;

describe('src/controllers/scheduling/pod-volumes.plan.ts', () => {
  it('lets the smallest claim choose first, then the first by name, however the pod orders them', () => {
    const view: VolumeView = {
      claim: () => undefined,
      volume: () => undefined,
      storageClass: () => undefined,
      candidates: () => [volume('v20', '20Gi'), volume('v5', '5Gi'), volume('v10', '10Gi')],
      nodes: [],
      isTaken: () => false,
    };
    const [a, b, small] = [claim('a', '2Gi'), claim('b', '2048Mi'), claim('z', '900Mi')];
    for (const open of [
      [a, b, small],
      [b, small, a],
      [small, b, a],
    ]) {
      const plan = planOpenClaims(open, { name: 'n1', labels: {} }, view);
      expect(plan?.match.map((each) => [each.claim.metadata.name, each.volume.metadata.name])).toEqual([
        ['z', 'v5'],
        ['a', 'v10'],
        ['b', 'v20'],
      ]);
    }
  });
});
