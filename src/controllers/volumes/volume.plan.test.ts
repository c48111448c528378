import { describe, expect, it } from 'vitest';
import { NODE_LOCAL, NODE_LOCAL_FINALIZER, VOLUME_ANNOTATIONS, VOLUME_NODE_LABEL } from '#api';
import { aClaim, aVolume, refTo } from '../../../test/support/volume-objects.ts';
import { planVolume, sharersOf, type VolumeSnapshot } from './volume.plan.ts';

const { boundByController, provisionedBy } = VOLUME_ANNOTATIONS;
const bound = aClaim({ spec: { volumeName: 'v' }, status: { phase: 'Bound' } });
/** A folder of the node n1 that was made for the claim. */
const folder = (more: Parameters<typeof aVolume>[1] = {}) =>
  aVolume('v', {
    phase: 'Bound',
    labels: { [VOLUME_NODE_LABEL]: 'n1' },
    annotations: { [provisionedBy]: NODE_LOCAL },
    finalizers: [NODE_LOCAL_FINALIZER],
    ...more,
    spec: {
      persistentVolumeReclaimPolicy: 'Delete',
      csi: { driver: NODE_LOCAL, volumeHandle: 'v' },
      ...refTo('claim-1'),
      ...more.spec,
    },
  });
const ours = { isDeletable: true, volume: folder() };
const freed = { metadata: { finalizers: [] } };

describe('src/controllers/volumes/volume.plan.ts', () => {
  it.each<
    [
      what: string,
      snapshot: Partial<VolumeSnapshot> & Pick<VolumeSnapshot, 'volume'>,
      phase: string | undefined,
      more?: object,
    ]
  >([
    ['a new one', { volume: aVolume('v', { phase: 'Pending' }) }, 'Available'],
    ['a free one, again', { volume: aVolume('v') }, undefined],
    ['one that waits for a claim by name', { volume: aVolume('v', { phase: '', spec: refTo() }) }, 'Available'],
    [
      'one whose claim is about to get it',
      { volume: aVolume('v', { spec: refTo('claim-1') }), claim: aClaim() },
      undefined,
    ],
    ['one whose claim has it', { volume: aVolume('v', { spec: refTo('claim-1') }), claim: bound }, 'Bound'],
    ['a bound one, again', { ...ours, claim: bound }, undefined],
    ['a bound one that is going', { ...ours, volume: folder({ going: true }), claim: bound }, undefined],
    [
      'one whose claim has another, that was found for it',
      { volume: aVolume('w', { annotations: { [boundByController]: 'yes' }, spec: refTo('claim-1') }), claim: bound },
      undefined,
      { volume: { metadata: { annotations: { [boundByController]: null } }, spec: { claimRef: null } } },
    ],
    [
      'one whose claim has another, that somebody meant for it',
      { volume: aVolume('w', { spec: refTo('claim-1') }), claim: bound },
      undefined,
      { volume: { spec: { claimRef: { uid: null, resourceVersion: null } } } },
    ],
    ['a folder whose claim is gone', ours, 'Released', { delete: true }],
    [
      'a folder whose claim is gone and has a namesake',
      { ...ours, claim: { ...aClaim(), metadata: { ...aClaim().metadata, uid: 'claim-2' } } },
      'Released',
      { delete: true },
    ],
    [
      'a folder to be kept',
      { ...ours, volume: folder({ spec: { persistentVolumeReclaimPolicy: 'Retain' } }) },
      'Released',
    ],
    ['a folder that its node is to delete', { ...ours, volume: folder({ phase: 'Released', going: true }) }, undefined],
    [
      'a folder of a node that left',
      { ...ours, volume: folder({ phase: 'Released', going: true }), isAbandoned: true },
      undefined,
      { volume: freed, event: 'VolumeAbandoned' },
    ],
    [
      'a folder that another volume names',
      { ...ours, sharers: ['other'] },
      'Released',
      { volume: freed, delete: true, event: 'VolumeShared' },
    ],
    [
      'a folder that another volume names, when somebody deleted this one',
      { ...ours, volume: folder({ going: true }), sharers: ['other'] },
      'Released',
      { volume: freed, event: 'VolumeShared' },
    ],
    ['one that another volume names while its claim has it', { ...ours, claim: bound, sharers: ['other'] }, undefined],
    [
      'one made by hand whose claim is gone',
      { volume: aVolume('v', { phase: 'Bound', spec: refTo('claim-1') }) },
      'Released',
    ],
    [
      'one made by hand that is to be deleted',
      {
        volume: aVolume('v', {
          phase: 'Bound',
          spec: { ...refTo('claim-1'), persistentVolumeReclaimPolicy: 'Delete' },
        }),
      },
      'Failed',
      { event: 'VolumeFailedDelete' },
    ],
    [
      'one made by hand that is to be emptied',
      {
        volume: aVolume('v', {
          phase: 'Bound',
          spec: { ...refTo('claim-1'), persistentVolumeReclaimPolicy: 'Recycle' },
        }),
      },
      'Failed',
      { event: 'VolumeFailedRecycle' },
    ],
    [
      "one of somebody else's driver, which deletes it",
      {
        volume: aVolume('v', {
          phase: 'Bound',
          annotations: { [provisionedBy]: 'example.com' },
          spec: { ...refTo('claim-1'), persistentVolumeReclaimPolicy: 'Delete' },
        }),
      },
      'Released',
    ],
    ['a free one that is going', { volume: aVolume('v', { going: true }) }, 'Released'],
    [
      'a free one that is going and a claim asks for',
      { volume: aVolume('v', { going: true }), isWanted: true },
      undefined,
    ],
  ])('decides on %s', (_what, snapshot, phase, more = {}) => {
    const input = {
      claim: undefined,
      isWanted: false,
      isDeletable: false,
      isAbandoned: false,
      sharers: [],
      ...snapshot,
    };
    const plan = planVolume(input);
    const said = (plan.status as { readonly status: { readonly phase: string } } | undefined)?.status.phase;
    const { volume, delete: deletes, event } = plan;
    const shown = {
      ...(volume && { volume }),
      ...(deletes && { delete: deletes }),
      ...(event && { event: event.reason }),
    };
    expect([said, shown]).toEqual([phase, more]);
  });

  it.each<[what: string, other: Parameters<typeof aVolume>[1], shares: boolean]>([
    ['the same handle, on no certain node', { spec: { csi: { driver: NODE_LOCAL, volumeHandle: 'v' } } }, true],
    [
      'the same handle of the same node',
      { labels: { [VOLUME_NODE_LABEL]: 'n1' }, spec: { csi: { driver: NODE_LOCAL, volumeHandle: 'v' } } },
      true,
    ],
    [
      'the same handle of another node',
      { labels: { [VOLUME_NODE_LABEL]: 'n2' }, spec: { csi: { driver: NODE_LOCAL, volumeHandle: 'v' } } },
      false,
    ],
    ['another handle', { spec: { csi: { driver: NODE_LOCAL, volumeHandle: 'w' } } }, false],
    ['the same handle of another driver', { spec: { csi: { driver: 'example.com', volumeHandle: 'v' } } }, false],
    ['the path of the folder', { spec: { local: { path: '/var/lib/plumbline/agent/volumes/v/' } } }, true],
    ['a path inside of it', { spec: { hostPath: { path: '/x//volumes/./v/sub' } } }, true],
    ['another path', { spec: { hostPath: { path: '/srv/volumes/vv' } } }, false],
  ])('sees whether a volume with %s has the same data', (_what, other, shares) => {
    expect(sharersOf(folder(), [folder(), aVolume('other', other)])).toEqual(shares ? ['other'] : []);
  });
});
