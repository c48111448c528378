import type { ResourceType, StoredObject } from '#api';
import type { ResourceRow, SubresourceRow, Verb } from '../api.ts';
import { ageColumn, column } from './column.ts';

/** In alphabetical order, as discovery lists them. */
export const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

type Subresources = NonNullable<ResourceRow['subresources']>;

export function statusOf({ kind, group, version }: ResourceType): Subresources {
  return { status: { kind, group, version, verbs: ['get', 'patch', 'update'] } };
}

/** The way to what listens there: any method, answered by nobody here. */
export function proxyOf({ kind }: ResourceType): Subresources {
  const verbs = ['create', 'delete', 'get', 'patch', 'update'];
  return { proxy: { kind: `${kind}ProxyOptions`, group: '', version: 'v1', verbs } };
}

interface Scale extends StoredObject {
  readonly spec: { readonly replicas: number };
  readonly status: { readonly replicas: number };
}

/** Source: pkg/printers/internalversion/printers.go, scaleColumnDefinitions (v1.32). */
export const scale: SubresourceRow = {
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: ['get', 'patch', 'update'],
  columns: [
    column<Scale>('Desired', 'integer', ({ spec }) => spec.replicas),
    column<Scale>('Available', 'integer', ({ status }) => status.replicas),
    ageColumn,
  ],
};
