import { ageSince, parseJsonPath, type StoredObject } from '#api';
import type { TableColumn } from '../api.ts';

/** A column as a definition names it. */
interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

type Cell = string | number | boolean | null;

/** Source: apiextensions-apiserver pkg/apiserver/customresource_handler.go, the column of definitions without columns (v0.32). */
const AGE: ColumnDefinition = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When the object was made.',
};

/**
 * The columns of a custom resource; its age where the definition names none. A path that leads nowhere, or to another type,
 * shows nothing. Source: apiextensions-apiserver pkg/registry/customresource/tableconvertor (v0.32), behaviour only.
 */
export function customColumns(definitions: readonly ColumnDefinition[] | undefined): readonly TableColumn[] {
  return (definitions ?? [AGE]).map((definition) => {
    const { name, type, jsonPath, format, description, priority } = definition;
    const path = parseJsonPath(jsonPath);
    return {
      name,
      type: type as TableColumn['type'],
      ...(format === undefined ? {} : { format }),
      description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      ...(priority === undefined ? {} : { priority }),
      cell: (object: StoredObject, nowMs: number) => cellOf(type, path?.find(object) ?? [], nowMs),
    };
  });
}

function cellOf(type: string, found: readonly unknown[], nowMs: number): Cell {
  const [value] = found;
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, nowMs) : '<invalid>';
    default:
      return found.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(' ');
  }
}

function ageOf(time: string, nowMs: number): string {
  return Number.isNaN(Date.parse(time)) ? '<invalid>' : ageSince(time, nowMs);
}
