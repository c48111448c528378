import type { Lease } from '#api';

/** What a candidate saw of the lease: its content, and when that content last changed by the candidate's own clock. */
export interface LeaseObservation {
  readonly lease: Lease | undefined;
  readonly changedAtMs: number;
}

export interface LeaseSnapshot {
  readonly observed: LeaseObservation;
  readonly identity: string;
  readonly nowMs: number;
}

export type LeasePlan =
  /** Nobody holds it, or it is ours: write it. */
  | { readonly action: 'create' | 'acquire' | 'renew'; readonly reason: string }
  | { readonly action: 'wait'; readonly reason: string };

/**
 * Whether to take, renew or leave a lease. Another's clock is never trusted: a lease has run out when its content has
 * not changed for its whole duration here. Source: client-go tools/leaderelection/leaderelection.go (v0.32).
 */
export function planLease({ observed: { lease, changedAtMs }, identity, nowMs }: LeaseSnapshot): LeasePlan {
  if (lease === undefined) return { action: 'create', reason: 'there is no lease' };
  const holder = lease.spec?.holderIdentity ?? '';
  if (holder === identity) return { action: 'renew', reason: 'it is ours' };
  if (holder === '') return { action: 'acquire', reason: 'it was released' };
  const endsMs = changedAtMs + (lease.spec?.leaseDurationSeconds ?? 0) * 1_000;
  if (endsMs > nowMs) return { action: 'wait', reason: `${holder} holds it` };
  return { action: 'acquire', reason: `${holder} has not renewed it in time` };
}
