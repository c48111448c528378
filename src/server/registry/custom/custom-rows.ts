import {
  apiVersionOf,
  type CustomResourceDefinition,
  customModel,
  type KindModel,
  type KubeObject,
  parseJsonPath,
  type ResourceType,
  resourceTypeOf,
  type StoredObject,
  servedNames,
  servedVersions,
  storageVersion,
} from '#api';
import { deepFreeze, equalJson } from '#base';
import type { CustomResource, ResourceRow } from '../api.ts';
import { allVerbs, scale, statusOf } from '../rows/shared.ts';
import {
  countAnyChange,
  countGeneration,
  firstGeneration,
  keepStatus,
  onCreate,
  onUpdate,
  startStatus,
} from '../rows/strategy.ts';
import type { ScalePaths } from '../scale.plan.ts';
import { customColumns } from './columns.ts';

type Version = ReturnType<typeof servedVersions>[number];

/** One row for each served version of a definition, the preferred first. */
export function customRows(definition: CustomResourceDefinition): readonly ResourceRow[] {
  const stored = storageVersion(definition);
  if (stored === undefined) return [];
  const storage = modelIn(definition, stored);
  return servedVersions(definition).map((version) => customRow(definition, version, storage));
}

interface Modelled {
  readonly type: ResourceType;
  readonly model: KindModel;
}

function modelIn(definition: CustomResourceDefinition, version: Version): Modelled {
  const type = resourceTypeOf(definition, version.name);
  return { type, model: customModel(type, version.schema?.openAPIV3Schema) };
}

function customRow(definition: CustomResourceDefinition, version: Version, storage: Modelled): ResourceRow {
  const { singular, shortNames, categories } = servedNames(definition);
  const own = version.storage ? storage : modelIn(definition, version);
  const { type, model } = own;
  const { status, scale: scalePaths } = version.subresources ?? {};
  const isGoing = definition.metadata.deletionTimestamp !== undefined;
  const custom: CustomResource = {
    model,
    fromStored: reader(own),
    toStored: version.storage ? (object) => object : writer(storage),
    ...(scalePaths === undefined ? {} : { scale: pathsOf(scalePaths) }),
    ...(version.deprecated === true ? { deprecation: deprecationOf(type, version) } : {}),
  };
  const subresources = {
    ...(status === undefined ? {} : statusOf(type)),
    ...(scalePaths === undefined ? {} : { scale }),
  };
  return {
    type,
    singular: singular || type.kind.toLowerCase(),
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    // Nothing new begins where everything is about to go.
    verbs: isGoing ? allVerbs.filter((verb) => verb !== 'create') : allVerbs,
    ...(Object.keys(subresources).length === 0 ? {} : { subresources }),
    columns: customColumns(version.additionalPrinterColumns),
    fieldSelectors: selectableFields(version, custom),
    custom,
    customSchema: version.schema?.openAPIV3Schema,
    ...(status === undefined
      ? { prepareForCreate: firstGeneration, prepareForUpdate: countAnyChange }
      : {
          prepareForCreate: onCreate(startStatus(), firstGeneration),
          prepareForUpdate: onUpdate(keepStatus, countGeneration()),
        }),
  };
}

/** Stored objects in one version: pruned and with defaults by its schema, once each. */
function reader({ type, model }: Modelled): CustomResource['fromStored'] {
  const apiVersion = apiVersionOf(type);
  const read = new WeakMap<StoredObject, StoredObject>();
  return (object) => {
    const known = read.get(object);
    if (known !== undefined) return known;
    const { object: pruned } = model.prune({ ...object, apiVersion });
    const whole = { ...model.withDefaults(pruned), metadata: object.metadata };
    // Most objects are stored as they are answered: then there is one of them only.
    const made = equalJson(whole, object) ? object : deepFreeze(whole as StoredObject);
    read.set(object, made);
    read.set(made, made);
    return made;
  };
}

/** Only the version changes, and what the stored version has no field for goes: conversion strategy `None`. */
function writer({ type, model }: Modelled): CustomResource['toStored'] {
  const apiVersion = apiVersionOf(type);
  return (object: KubeObject) => {
    const { object: pruned } = model.prune({ ...object, apiVersion });
    return { ...pruned, metadata: object.metadata };
  };
}

function pathsOf({
  specReplicasPath,
  statusReplicasPath,
  labelSelectorPath,
}: NonNullable<NonNullable<Version['subresources']>['scale']>): ScalePaths {
  const selector = labelSelectorPath === undefined ? undefined : parseJsonPath(labelSelectorPath);
  return {
    specReplicas: parseJsonPath(specReplicasPath)?.fields ?? [],
    statusReplicas: parseJsonPath(statusReplicasPath)?.fields ?? [],
    ...(selector === undefined ? {} : { labelSelector: selector }),
  };
}

function selectableFields(
  { selectableFields: fields = [] }: Version,
  { fromStored }: CustomResource,
): Readonly<Record<string, (object: StoredObject) => string>> {
  return Object.fromEntries(
    fields.map(({ jsonPath }) => {
      const path = parseJsonPath(jsonPath);
      const textOf = (object: StoredObject) => {
        const [value] = path?.find(fromStored(object)) ?? [];
        return value === undefined || value === null ? '' : String(value);
      };
      return [jsonPath.replace(/^\./, ''), textOf];
    }),
  );
}

function deprecationOf(type: ResourceType, { deprecationWarning }: Version): string {
  return deprecationWarning ?? `${apiVersionOf(type)} ${type.kind} is deprecated`;
}
