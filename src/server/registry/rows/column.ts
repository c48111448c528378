import { ageSince, type StoredObject } from '#api';
import type { TableColumn } from '../api.ts';

type Cell = string | number | boolean | null;

/** A column of a resource whose objects are `T`. */
export function column<T extends StoredObject>(
  name: string,
  type: TableColumn['type'],
  cell: (object: T, nowMs: number) => Cell,
): TableColumn {
  return { name, type, cell: (object, nowMs) => cell(object as T, nowMs) };
}

/** A column that kubectl shows only with `-o wide`. */
export function wide<T extends StoredObject>(
  name: string,
  type: TableColumn['type'],
  cell: (object: T, nowMs: number) => Cell,
): TableColumn {
  return { ...column(name, type, cell), priority: 1 };
}

export const ageColumn: TableColumn = column('Age', 'string', (object, nowMs) =>
  ageSince(object.metadata.creationTimestamp, nowMs),
);

/**
 * What kinds without columns of their own show: the time itself, no age.
 * Source: apiserver pkg/registry/rest/table.go, NewDefaultTableConvertor (v0.32).
 */
export const createdColumn: TableColumn = column('Created At', 'date', ({ metadata }) => metadata.creationTimestamp);
