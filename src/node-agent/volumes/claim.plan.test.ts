import { describe, expect, it } from 'vitest';
import { DOCKER_VOLUMES, NODE_LOCAL } from '#api';
import { aClaim, aVolume, refTo } from '../../../test/support/volume-objects.ts';
import type { Pod } from '../pod/pod.types.ts';
import { type ClaimInput, planClaimMount } from './claim.plan.ts';

const podWith = (readOnly: boolean): Pod =>
  ({
    metadata: { name: 'web', namespace: 'default', uid: 'uid-1' },
    spec: {
      containers: [],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data', readOnly } }],
    },
  }) as unknown as Pod;
const podClaim = { volume: 'v', claim: 'data', ephemeral: false };
const claim = aClaim({ spec: { volumeName: 'pv' }, status: { phase: 'Bound' } });
const volumeOf = (spec: object) => aVolume('pv', { phase: 'Bound', spec: { ...refTo('claim-1'), ...spec } });
const planOf = (more: Partial<ClaimInput>, readOnly = false) =>
  planClaimMount({
    pod: podWith(readOnly),
    podClaim,
    claim,
    volume: volumeOf({ csi: { driver: NODE_LOCAL, volumeHandle: 'pv' } }),
    node: { name: 'n1', labels: {} },
    ...more,
  });

describe('src/node-agent/volumes/claim.plan.ts', () => {
  it.each([
    ['a folder of the node', { csi: { driver: NODE_LOCAL, volumeHandle: 'x' } }, { type: 'folder', handle: 'x' }],
    ['a path of the host', { hostPath: { path: '/x' } }, { type: 'hostPath', path: '/x', check: '' }],
    ['a local folder', { local: { path: '/x' } }, { type: 'hostPath', path: '/x', check: 'Directory' }],
    [
      'a volume of Docker',
      { csi: { driver: DOCKER_VOLUMES, volumeHandle: 'x_1' } },
      { type: 'engine', name: 'x_1', driver: 'local', options: {} },
    ],
    [
      'a volume of a driver of Docker, with options',
      {
        csi: {
          driver: DOCKER_VOLUMES,
          volumeHandle: 'xy',
          volumeAttributes: { driver: 'sshfs', 'opt.driver': 'a', 'opt.sshcmd': 'b', more: 'c' },
        },
      },
      { type: 'engine', name: 'xy', driver: 'sshfs', options: { driver: 'a', sshcmd: 'b' } },
    ],
    [
      'what a server shares',
      { nfs: { server: 's', path: '/x' }, mountOptions: ['hard'] },
      { type: 'nfs', server: 's', path: '/x', options: ['hard'] },
    ],
    [
      'what a server shares, read-only',
      { nfs: { server: 's', path: '/x', readOnly: true } },
      { type: 'nfs', server: 's', path: '/x', options: ['ro'] },
    ],
  ])('mounts %s', (_what, spec, source) => {
    expect(planOf({ volume: volumeOf(spec) })).toMatchObject({ mount: { volume: 'pv', source } });
  });

  it.each([
    ['nobody', { csi: { driver: NODE_LOCAL, volumeHandle: 'x' } }, false, false],
    ['the pod', { csi: { driver: NODE_LOCAL, volumeHandle: 'x' } }, true, true],
    ['the volume', { nfs: { server: 's', path: '/x', readOnly: true } }, false, true],
  ])('is read-only when %s says so', (_who, spec, readOnly, wanted) => {
    expect(planOf({ volume: volumeOf(spec) }, readOnly)).toMatchObject({ mount: { readOnly: wanted } });
  });

  it.each<[what: string, input: Partial<ClaimInput>, failure: string]>([
    ['no claim', { claim: undefined }, 'persistentvolumeclaims "data" not found'],
    [
      'a claim that goes',
      { claim: { ...claim, metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } },
      'PVC is being deleted',
    ],
    ['a claim without a volume', { claim: aClaim() }, 'PVC is not bound'],
    ['a volume that is gone', { volume: undefined }, 'persistentvolumes "pv" not found'],
    ["another claim's volume", { volume: volumeOf(refTo('claim-0')) }, 'does not point to claim.UID claim-1'],
    [
      'a name that is a path',
      { volume: volumeOf({ csi: { driver: DOCKER_VOLUMES, volumeHandle: '../x' } }) },
      'is no name of a Docker volume',
    ],
    ['a device', { volume: volumeOf({ volumeMode: 'Block' }) }, 'volumes of the mode Block are not supported'],
    [
      'a driver that nobody knows',
      { volume: volumeOf({ csi: { driver: 'x', volumeHandle: 'y' } }) },
      'driver name x not found',
    ],
    [
      'mount options for what is not mounted',
      { volume: volumeOf({ hostPath: { path: '/x' }, mountOptions: ['ro'] }) },
      'mount options are not supported',
    ],
    [
      'a volume of another node',
      {
        volume: volumeOf({
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }],
            },
          },
        }),
      },
      'NodeAffinity check failed',
    ],
  ])('refuses %s, and says why', (_what, input, failure) => {
    expect(planOf(input)).toEqual({ failure: expect.stringContaining(failure) });
  });

  it('gives a volume that is for one pod alone to one', () => {
    expect(planOf({ volume: volumeOf({ accessModes: ['ReadWriteOncePod'], local: { path: '/x' } }) })).toMatchObject({
      mount: { exclusive: true },
    });
  });
});
