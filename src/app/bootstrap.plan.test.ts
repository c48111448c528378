import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api';
import { planUpgrade } from './bootstrap.plan.ts';

const OURS = { manager: 'us', mark: 'provisioner' };
const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'p' };
const wanted: KubeObject = { ...CLASS, metadata: { name: 'x' }, allowVolumeExpansion: true };
const live = (more: object, ...managers: readonly string[]): KubeObject => ({
  ...CLASS,
  metadata: {
    name: 'x',
    managedFields: managers.map((manager) => ({ manager, fieldsV1: { 'f:provisioner': {} } })),
  },
  ...more,
});

describe('src/app/bootstrap.plan.ts', () => {
  it.each<[string, KubeObject, object | undefined]>([
    ['of an older version what it lacks', live({}, 'us'), { allowVolumeExpansion: true }],
    ['nothing when it is there', live({ allowVolumeExpansion: true }, 'us'), undefined],
    ['nothing when a person has said no', live({ allowVolumeExpansion: false }, 'us'), undefined],
    ['nothing of an object that another made', live({}, 'kubectl-create'), undefined],
    ['nothing of an object that another applies too', live({}, 'us', 'plumbline'), undefined],
    ['nothing of an object that nobody is known to have made', live({}), undefined],
  ])('gives %s', (_name, found, patch) => {
    expect(planUpgrade(found, wanted, OURS)).toEqual(patch);
  });

  it('minds nobody who manages another field, such as an annotation', () => {
    const found = live({}, 'us');
    found.metadata.managedFields?.push({ manager: 'kubectl-edit', fieldsV1: { 'f:metadata': {} } });
    expect(planUpgrade(found, wanted, OURS)).toEqual({ allowVolumeExpansion: true });
  });
});
