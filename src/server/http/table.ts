import type { StoredObject } from '#api';
import type { ResourceRow, TableColumn } from '../registry/api.ts';
import type { AnswerFormat } from './accept.plan.ts';

type TableFormat = Extract<AnswerFormat, { as: 'table' }>;

const NAME_COLUMN = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name, unique within a namespace. Cannot be updated.',
  priority: 0,
};

export interface TableMetadata {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A `Table` as kubectl prints it. Cells of ages are as of `nowMs`. */
export function toTable(input: {
  readonly row: ResourceRow;
  readonly objects: readonly StoredObject[];
  readonly metadata: TableMetadata;
  readonly format: TableFormat;
  readonly nowMs: number;
}): object {
  const { row, objects, metadata, format, nowMs } = input;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${format.version}`,
    metadata,
    columnDefinitions: [...(row.nameColumn === 'none' ? [] : [NAME_COLUMN]), ...row.columns.map(toDefinition)],
    rows: objects.map((object) => ({
      cells: [
        ...(row.nameColumn === 'none' ? [] : [object.metadata.name]),
        ...row.columns.map((column) => column.cell(object, nowMs)),
      ],
      ...embed(object, format),
    })),
  };
}

/** Only the identity and metadata of an object. */
export function toPartial(object: StoredObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

function toDefinition({ name, type, format = '', description = '', priority = 0 }: TableColumn): object {
  return { name, type, format, description, priority };
}

function embed(object: StoredObject, { includeObject, version }: TableFormat): { readonly object?: object } {
  if (includeObject === 'None') return {};
  return { object: includeObject === 'Object' ? object : toPartial(object, version) };
}
