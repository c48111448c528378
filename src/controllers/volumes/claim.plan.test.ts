import { describe, expect, it } from 'vitest';
import { type PersistentVolumeClaim, VOLUME_ANNOTATIONS } from '#api';
import { aClaim, aClass, aVolume, refTo } from '../../../test/support/volume-objects.ts';
import { type ClaimSnapshot, planClaim } from './claim.plan.ts';

const { bindCompleted, boundByController, selectedNode } = VOLUME_ANNOTATIONS;
const COMPLETE = { [bindCompleted]: 'yes' };
const delayed = aClass({ volumeBindingMode: 'WaitForFirstConsumer' });
const named = (more: Parameters<typeof aClaim>[0] = {}): PersistentVolumeClaim =>
  aClaim({ ...more, spec: { volumeName: 'v', ...more.spec } });

describe('src/controllers/volumes/claim.plan.ts', () => {
  it.each<[what: string, snapshot: Partial<ClaimSnapshot>, type: string, told?: string]>([
    [
      'one that is bound',
      { claim: named({ annotations: COMPLETE }), named: aVolume('v', { spec: refTo('claim-1') }) },
      'bind',
    ],
    ['a bound one whose volume is gone', { claim: named({ annotations: COMPLETE }) }, 'lost', 'ClaimLost'],
    ['a bound one that names no volume any more', { claim: aClaim({ annotations: COMPLETE }) }, 'lost', 'ClaimLost'],
    [
      'a bound one whose volume is of a namesake',
      { claim: named({ annotations: COMPLETE }), named: aVolume('v', { spec: refTo('claim-0') }) },
      'lost',
      'ClaimMisbound',
    ],
    [
      'a bound one, though another volume would fit better',
      {
        claim: named({ annotations: COMPLETE }),
        named: aVolume('v', { spec: { ...refTo('claim-1'), capacity: { storage: '9Gi' } } }),
        candidates: [aVolume('w')],
      },
      'bind',
    ],
    ['one that asks for a volume that is not there', { claim: named() }, 'wait'],
    ['one that asks for a free volume by name', { claim: named(), named: aVolume('v') }, 'bind'],
    [
      "one that asks for another claim's volume",
      {
        claim: named(),
        named: aVolume('v', { spec: { claimRef: { name: 'other', namespace: 'default', uid: 'x' } } }),
      },
      'wait',
      'FailedBinding',
    ],
    [
      'one that asks for a volume that is going',
      { claim: named(), named: aVolume('v', { going: true }) },
      'wait',
      'VolumeMismatch',
    ],
    [
      'one that asks for a volume that is too small',
      { claim: named(), named: aVolume('v', { spec: { capacity: { storage: '1Mi' } } }) },
      'wait',
      'VolumeMismatch',
    ],
    [
      'one that got its volume a moment ago, as it was then',
      {
        claim: named({ annotations: { [boundByController]: 'yes' } }),
        named: aVolume('v', { spec: { ...refTo('claim-1'), capacity: { storage: '1Mi' } } }),
      },
      'bind',
    ],
    ['a free one, with a volume that fits', { candidates: [aVolume('v')], storageClass: aClass() }, 'bind'],
    ['a free one, with none', { storageClass: aClass() }, 'provision'],
    [
      'a free one, with none of the class that it asks for',
      { candidates: [aVolume('v', { spec: { storageClassName: '' } })], storageClass: aClass() },
      'provision',
    ],
    ['a delayed one without a pod', { storageClass: delayed }, 'wait', 'WaitForFirstConsumer'],
    [
      'a delayed one, whatever fits',
      { candidates: [aVolume('v')], storageClass: delayed },
      'wait',
      'WaitForFirstConsumer',
    ],
    ['a delayed one with a pod', { storageClass: delayed, waitingPods: ['p'] }, 'wait', 'WaitForPodScheduled'],
    [
      'a delayed one that a volume names',
      { candidates: [aVolume('v', { spec: refTo() })], storageClass: delayed },
      'bind',
    ],
    [
      'a delayed one whose pod has a node',
      { claim: aClaim({ annotations: { [selectedNode]: 'n1' } }), storageClass: delayed },
      'provision',
    ],
    ['one of a class that is not there', {}, 'wait', 'ProvisioningFailed'],
    ['one of no class', { claim: aClaim({ spec: { storageClassName: '' } }) }, 'wait', 'FailedBinding'],
  ])('decides on %s', (_what, snapshot, type, told) => {
    const before = JSON.stringify(snapshot);
    const plan = planClaim({
      claim: aClaim(),
      named: undefined,
      candidates: [],
      storageClass: undefined,
      waitingPods: [],
      ...snapshot,
    });
    expect([plan.type, plan.event?.reason]).toEqual([type, told]);
    expect(JSON.stringify(snapshot)).toBe(before);
  });
});
