import type { ForgePayload } from './webhook.types.ts';

export interface Delivery {
  readonly forge: ForgePayload;
  /** What the forge's event header says. */
  readonly event: string | undefined;
  /** The parsed payload; undefined when there was none, or it was too large to look into. */
  readonly payload: unknown;
}

export type DeliveryPlan =
  /** Fetch soon. */
  | {
      readonly action: 'hint';
      readonly reason: string;
      readonly urls: readonly string[];
      readonly paths: readonly string[] | undefined;
    }
  /** Genuine, and no reason to fetch. */
  | { readonly action: 'ignore' | 'ping'; readonly reason: string };

/**
 * Decides whether a genuine delivery is a reason to fetch. Refs and commits of the payload are not used: they are read
 * from the repository itself.
 */
export function planDelivery({ forge, event, payload }: Delivery): DeliveryPlan {
  if (payload !== undefined && (typeof payload !== 'object' || payload === null || Array.isArray(payload))) {
    return { action: 'ignore', reason: 'the payload is no object' };
  }
  if (event !== undefined && event === forge.ping) return { action: 'ping', reason: 'ping' };
  const isPush = forge.eventHeader === undefined || (event !== undefined && forge.pushes.has(event));
  if (!isPush) return { action: 'ignore', reason: 'the event moves no branch' };
  const reason = event === undefined ? 'a source said that it changed' : `a forge sent ${event}`;
  return { action: 'hint', reason, urls: forge.urls(payload), paths: forge.paths(payload) };
}
