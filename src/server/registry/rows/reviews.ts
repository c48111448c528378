import { EVICTIONS, REVIEWS, type ResourceType, TOKEN_REQUESTS } from '#api';
import type { ResourceRow } from '../api.ts';

/** What is asked of the server itself: only `create`, and nothing is kept. */
export const reviewRows: readonly ResourceRow[] = REVIEWS.map(virtualRow);

/** Not served by itself: the body of a service account's `token`. */
export const tokenRequestRow: ResourceRow = virtualRow(TOKEN_REQUESTS);

/** Neither: the body of a pod's `eviction`. */
export const evictionRow: ResourceRow = virtualRow(EVICTIONS);

function virtualRow(type: ResourceType): ResourceRow {
  return { type, singular: type.kind.toLowerCase(), verbs: ['create'], columns: [], virtual: true };
}
