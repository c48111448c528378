import { describe, expect, it } from 'vitest';
import { VOLUME_ANNOTATIONS } from '#api';
import { aClaim, aVolume } from '../../../test/support/volume-objects.ts';
import { type BindingPlan, planBinding } from './binding.plan.ts';

const { bindCompleted, boundByController } = VOLUME_ANNOTATIONS;
const ref = { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid: 'claim-1' };
const bound = { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } };
const complete = aClaim({ annotations: { [bindCompleted]: 'yes' }, spec: { volumeName: 'v' }, status: bound });
const steps = ['volume', 'volumeStatus', 'claim', 'claimStatus'];
const done = aVolume('v', { spec: { claimRef: ref }, phase: 'Bound' });

describe('src/controllers/volumes/binding.plan.ts', () => {
  // That any history of these writes, with a crash between any two, binds right is shown in histories.test.ts.
  it.each<[string, BindingPlan, readonly string[]]>([
    ['all four for two that are free', planBinding(aVolume('v'), aClaim()), steps],
    [
      'what is left when the volume names the claim',
      planBinding(aVolume('v', { spec: { claimRef: ref } }), aClaim()),
      steps.slice(1),
    ],
    ['what is left when the volume says that it is bound', planBinding(done, aClaim()), steps.slice(2)],
    ['what is left when the claim names the volume', planBinding(done, { ...complete, status: {} }), ['claimStatus']],
    ['nothing where all is said', planBinding(done, complete), []],
    [
      'the uid of a claim that the volume was reserved for',
      planBinding(aVolume('v', { spec: { claimRef: { ...ref, uid: '' } } }), aClaim()),
      steps,
    ],
    [
      'nothing of a size that has grown since',
      planBinding(aVolume('v', { spec: { claimRef: ref, capacity: { storage: '9Gi' } }, phase: 'Bound' }), complete),
      [],
    ],
    [
      'other access modes',
      planBinding(aVolume('v', { spec: { claimRef: ref, accessModes: ['ReadWriteMany'] }, phase: 'Bound' }), complete),
      ['claimStatus'],
    ],
  ])('writes %s', (_what, plan, expected) => {
    expect(Object.keys(plan)).toEqual(expected);
  });

  it('says who chose: the controller, or whoever named volume or claim before', () => {
    const chosen = { [boundByController]: 'yes' };
    expect(planBinding(aVolume('v'), aClaim()).volume).toMatchObject({ metadata: { annotations: chosen } });
    expect(planBinding(aVolume('v'), aClaim()).claim).toMatchObject({ metadata: { annotations: chosen } });
    const reserved = planBinding(aVolume('v', { spec: { claimRef: { ...ref, uid: '' } } }), aClaim());
    expect(reserved.volume).toEqual({ spec: { claimRef: { apiVersion: 'v1', ...ref } } });
    const named = planBinding(aVolume('v'), aClaim({ spec: { volumeName: 'v' } }));
    expect(named.claim).toEqual({ metadata: { annotations: { [bindCompleted]: 'yes' } }, spec: { volumeName: 'v' } });
  });
});
