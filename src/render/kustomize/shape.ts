/** What may stand where in a kustomization. Source of fields: kustomize api/types (v5.5). */
import { getOwn, isRecord, type Json } from '#api';

type Leaf = 'text' | 'number' | 'boolean' | 'textMap' | 'map';
export type Shape =
  | Leaf
  | { readonly list: Shape }
  | { readonly fields: Readonly<Record<string, Shape>>; readonly required?: readonly string[] };

const texts: Shape = { list: 'text' };
const fields = (shape: Readonly<Record<string, Shape>>, ...required: string[]): Shape => ({ fields: shape, required });
const listOf = (shape: Readonly<Record<string, Shape>>, ...required: string[]): Shape => ({
  list: { fields: shape, required },
});

const gvk = { group: 'text', version: 'text', kind: 'text' } as const;
const selector = {
  ...gvk,
  name: 'text',
  namespace: 'text',
  labelSelector: 'text',
  annotationSelector: 'text',
} as const;
const fieldOptions = fields({ delimiter: 'text', index: 'number', encoding: 'text', create: 'boolean' });
const generatorOptions = {
  labels: 'textMap',
  annotations: 'textMap',
  disableNameSuffixHash: 'boolean',
  immutable: 'boolean',
} as const;
const generator = {
  name: 'text',
  namespace: 'text',
  behavior: 'text',
  literals: texts,
  files: texts,
  envs: texts,
  env: 'text',
  options: fields(generatorOptions),
} as const;
const patch = {
  path: 'text',
  patch: 'text',
  target: fields(selector),
  options: fields({ allowNameChange: 'boolean', allowKindChange: 'boolean' }),
} as const;
const FIELD_SPECS = listOf({ ...gvk, path: 'text', create: 'boolean' }, 'path');

export const REPLACEMENT: Shape = fields({
  path: 'text',
  sourceValue: 'text',
  source: fields({ ...selector, fieldPath: 'text', options: fieldOptions }),
  targets: listOf({ select: fields(selector), reject: listOf(selector), fieldPaths: texts, options: fieldOptions }),
});

export const KUSTOMIZATION: Readonly<Record<string, Shape>> = {
  apiVersion: 'text',
  kind: 'text',
  metadata: 'map',
  resources: texts,
  bases: texts,
  components: texts,
  namespace: 'text',
  namePrefix: 'text',
  nameSuffix: 'text',
  commonLabels: 'textMap',
  commonAnnotations: 'textMap',
  labels: listOf({
    pairs: 'textMap',
    includeSelectors: 'boolean',
    includeTemplates: 'boolean',
    includeVolumeClaimTemplates: 'boolean',
    fields: FIELD_SPECS,
  }),
  images: listOf({ name: 'text', newName: 'text', newTag: 'text', tagSuffix: 'text', digest: 'text' }, 'name'),
  imageTags: listOf({ name: 'text', newName: 'text', newTag: 'text', digest: 'text' }, 'name'),
  replicas: listOf({ name: 'text', count: 'number' }, 'name', 'count'),
  patches: listOf(patch),
  patchesStrategicMerge: texts,
  patchesJson6902: listOf(patch),
  configMapGenerator: listOf(generator),
  secretGenerator: listOf({ ...generator, type: 'text' }),
  generatorOptions: fields(generatorOptions),
  replacements: { list: REPLACEMENT },
  vars: listOf(
    {
      name: 'text',
      objref: fields({ apiVersion: 'text', ...gvk, name: 'text', namespace: 'text' }, 'kind', 'name'),
      fieldref: fields({ apiVersion: 'text', fieldPath: 'text' }),
    },
    'name',
    'objref',
  ),
  configurations: texts,
  openapi: fields({ path: 'text', version: 'text' }),
  sortOptions: fields({ order: 'text', legacySortOptions: fields({ orderFirst: texts, orderLast: texts }) }),
  buildMetadata: texts,
};

/** A file of `configurations`. */
export const CONFIGURATION: Shape = fields({
  namePrefix: FIELD_SPECS,
  nameSuffix: FIELD_SPECS,
  namespace: FIELD_SPECS,
  commonLabels: FIELD_SPECS,
  labels: FIELD_SPECS,
  templateLabels: FIELD_SPECS,
  commonAnnotations: FIELD_SPECS,
  nameReference: listOf({ ...gvk, fieldSpecs: FIELD_SPECS }),
  varReference: FIELD_SPECS,
  images: FIELD_SPECS,
  replicas: FIELD_SPECS,
});

const WORDS: Readonly<Record<Leaf | 'list' | 'fields', string>> = {
  text: 'a text; put it in quotes',
  number: 'a number',
  boolean: 'true or false',
  textMap: 'a map of texts; put numbers and the like in quotes',
  map: 'a map',
  list: 'a list',
  fields: 'a map',
};

/** One thing that does not fit, and the keys and indexes that lead to it. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * The value with its fields named as they are here, or what does not fit. Letters may be large or small (`fieldpath`). Null
 * is as if it were not there.
 */
export function fitted(shape: Shape, value: Json, path: Misfit['path'] = []): { readonly value: Json } | Misfit {
  const misfit = (kind: keyof typeof WORDS) => ({ path, message: `${formatPath(path)} must be ${WORDS[kind]}` });
  if (typeof shape === 'string') return fittedLeaf(shape, value) ?? misfit(shape);
  if ('list' in shape) {
    if (!Array.isArray(value)) return misfit('list');
    const items: Json[] = [];
    for (const [index, item] of value.entries()) {
      const inner = fitted(shape.list, item, [...path, index]);
      if ('message' in inner) return inner;
      items.push(inner.value);
    }
    return { value: items };
  }
  if (!isRecord(value)) return misfit('fields');
  const result: Record<string, Json> = {};
  for (const [key, given] of Object.entries(value as Readonly<Record<string, Json>>)) {
    const name = nameOf(shape.fields, key);
    if (name === undefined) return { path: [...path, key], message: `unknown field ${formatPath([...path, key])}` };
    if (given === null) continue;
    const inner = fitted(getOwn(shape.fields, name) ?? 'map', given, [...path, key]);
    if ('message' in inner) return inner;
    result[name] = inner.value;
  }
  const missing = shape.required?.find((name) => result[name] === undefined);
  if (missing !== undefined) return { path, message: `${formatPath([...path, missing])} is missing` };
  return { value: result };
}

function fittedLeaf(shape: Leaf, value: Json): { readonly value: Json } | undefined {
  switch (shape) {
    case 'text':
      return typeof value === 'string' ? { value } : undefined;
    case 'number':
      return typeof value === 'number' ? { value } : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? { value } : undefined;
    case 'map':
      return isRecord(value) ? { value } : undefined;
    case 'textMap':
      return isRecord(value) && Object.values(value).every((one) => typeof one === 'string') ? { value } : undefined;
  }
}

/** The field of a shape that is meant: by its letters, large or small, as Go reads JSON. */
function nameOf(shape: Readonly<Record<string, Shape>>, key: string): string | undefined {
  if (Object.hasOwn(shape, key)) return key;
  return Object.keys(shape).find((name) => name.toLowerCase() === key.toLowerCase());
}

export function formatPath(path: Misfit['path']): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}
