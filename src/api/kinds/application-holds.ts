import type { StoredObject } from '../meta/object.ts';

/** On an Application: no sync begins until it is taken off. Its value says why, in words for a person; `false` is as if it were not there. */
export const SUSPENDED_ANNOTATION = 'plumbline.dev/suspended';
/** Whether no sync of an Application may begin. */
export function isSuspended({ metadata }: Pick<StoredObject, 'metadata'>): boolean {
  const given = metadata.annotations?.[SUSPENDED_ANNOTATION];
  return given !== undefined && given !== 'false';
}

/** On an Application of one source: the whole id of the commit that is synced instead of what the source names. */
export const PINNED_ANNOTATION = 'plumbline.dev/pinned-revision';
