import { ApiError, type FieldSelector, parseFieldSelector, parseLabelSelector, type StoredObject } from '#api';
import { type Selection, selectNamespace } from '../watch-cache/selection.ts';
import type { ResourceRow } from './api.ts';

interface Selectors {
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Pods are also found by their node: each node agent watches only its own. */
export const INDEXED_FIELDS: Readonly<Record<string, string>> = { pods: 'spec.nodeName' };

/** Compiles the selectors of a request once. Throws `BadRequest` for one that cannot be read or is not supported. */
export function compileSelection(row: ResourceRow, { namespace, labelSelector, fieldSelector }: Selectors): Selection {
  const inNamespace = selectNamespace(row.type.namespaced ? namespace : '');
  if (!labelSelector && !fieldSelector) return inNamespace;
  const labels = labelSelector ? parseLabelSelector(labelSelector) : undefined;
  const fields = fieldSelector ? parseFieldSelector(fieldSelector) : undefined;
  for (const { field } of fields?.requirements ?? []) assertSupported(row, field);
  const name = wanted(fields, 'metadata.name');
  const indexed = row.type.group === '' ? wanted(fields, INDEXED_FIELDS[row.type.plural]) : undefined;
  const only = wanted(fields, 'metadata.namespace');
  return {
    namespace: inNamespace.namespace === '' ? (only ?? '') : inNamespace.namespace,
    ...(name === undefined ? {} : { name }),
    ...(indexed === undefined ? {} : { indexed }),
    everything: false,
    matches: (object) =>
      inNamespace.matches(object) &&
      (labels === undefined || labels.matches(object.metadata.labels)) &&
      (fields === undefined || fields.matches((field) => fieldValue(row, object, field))),
  };
}

/** The indexed value of a row's objects, for the watch cache. */
export function indexOf(row: ResourceRow): ((object: StoredObject) => string) | undefined {
  const field = row.type.group === '' ? INDEXED_FIELDS[row.type.plural] : undefined;
  return field === undefined ? undefined : row.fieldSelectors?.[field];
}

function wanted(fields: FieldSelector | undefined, field: string | undefined): string | undefined {
  const found = fields?.requirements.find((each) => each.field === field && each.operator === '=');
  return found === undefined || found.value === '' ? undefined : found.value;
}

function assertSupported(row: ResourceRow, field: string): void {
  if (field === 'metadata.name' || field === 'metadata.namespace') return;
  if (row.fieldSelectors !== undefined && Object.hasOwn(row.fieldSelectors, field)) return;
  throw new ApiError('BadRequest', `field label not supported: ${field}`);
}

function fieldValue(row: ResourceRow, object: StoredObject, field: string): string {
  if (field === 'metadata.name') return object.metadata.name;
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  return row.fieldSelectors?.[field]?.(object) ?? '';
}
