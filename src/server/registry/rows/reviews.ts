import { REVIEWS } from '#api';
import type { ResourceRow } from '../api.ts';

/** What is asked of the server itself: only `create`, and nothing is kept. */
export const reviewRows: readonly ResourceRow[] = REVIEWS.map((type) => ({
  type,
  singular: type.kind.toLowerCase(),
  verbs: ['create'],
  columns: [],
  virtual: true,
}));
