import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  definitionWarnings,
  type KubeObject,
  type StoredObject,
  storageVersion,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { createdColumn } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onUpdate } from './strategy.ts';

/** Source: apiextensions-apiserver pkg/registry/customresourcedefinition/strategy.go (v0.32). */
function startDefinition({ status: _, ...object }: KubeObject): KubeObject {
  const stored = storageVersion(object as CustomResourceDefinition)?.name;
  const status = {
    conditions: [],
    acceptedNames: { plural: '', kind: '' },
    storedVersions: stored === undefined ? [] : [stored],
  };
  return firstGeneration({ ...object, status } as KubeObject, 0);
}

/** A version that objects may have been stored in is remembered until a migration says that none is left. */
function rememberStored(object: KubeObject, old: StoredObject): KubeObject {
  const stored = storageVersion(object as CustomResourceDefinition)?.name;
  const status = (old as CustomResourceDefinition).status;
  const known = status?.storedVersions ?? [];
  if (stored === undefined || known.includes(stored)) return object;
  return { ...object, status: { ...status, storedVersions: [...known, stored] } };
}

export const definitionRow: ResourceRow = {
  type: CUSTOM_RESOURCE_DEFINITIONS,
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  verbs: allVerbs,
  subresources: statusOf(CUSTOM_RESOURCE_DEFINITIONS),
  columns: [createdColumn],
  prepareForCreate: startDefinition,
  prepareForUpdate: onUpdate(keepStatus, rememberStored, countGeneration('spec')),
  warningsOf: (object) => definitionWarnings(object as CustomResourceDefinition),
};
