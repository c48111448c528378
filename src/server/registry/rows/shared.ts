import type { ResourceType } from '#api';
import type { ResourceRow, Verb } from '../api.ts';

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

export const scale: NonNullable<Subresources['scale']> = {
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: ['get', 'patch', 'update'],
};
