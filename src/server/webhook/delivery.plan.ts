import type { WebhookProvider } from './webhook.types.ts';

export interface Delivery {
  readonly provider: WebhookProvider;
  /** GitHub's `X-GitHub-Event`. */
  readonly event: string | undefined;
  /** The parsed payload; undefined when it was too large to look into. */
  readonly payload: unknown;
}

export type DeliveryPlan =
  /** Fetch soon. */
  | { readonly action: 'hint'; readonly reason: string }
  /** Genuine, and no reason to fetch. */
  | { readonly action: 'ignore'; readonly reason: string };

/** GitHub's events after which a branch or tag may stand elsewhere. */
const CHANGES = new Set(['push', 'create', 'delete']);

/**
 * Decides whether a genuine delivery is a reason to fetch. No field of the payload is used beyond its own existence: the
 * refs are read from the repository itself.
 */
export function planDelivery({ provider, event, payload }: Delivery): DeliveryPlan {
  if (payload !== undefined && (typeof payload !== 'object' || payload === null || Array.isArray(payload))) {
    return { action: 'ignore', reason: 'the payload is no object' };
  }
  if (provider === 'generic') return { action: 'hint', reason: 'a source said that it changed' };
  if (event === 'ping') return { action: 'ignore', reason: 'ping' };
  if (event !== undefined && CHANGES.has(event)) return { action: 'hint', reason: `GitHub sent ${event}` };
  return { action: 'ignore', reason: 'the event moves no branch' };
}
