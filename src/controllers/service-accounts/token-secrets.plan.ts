/** What becomes of Secrets that hold a token of a service account. */
import type { Secret, ServiceAccount } from '#api';
import type { PlannedEvent } from '../shared/events.plan.ts';

/** Source: api core/v1 types.go, SecretTypeServiceAccountToken, ServiceAccountNameKey and ServiceAccountUIDKey (v0.32). */
export const TOKEN_SECRET = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

/** Days as `2026-01-31`. Source: kubernetes pkg/serviceaccount/legacy.go, LastUsedLabelKey and InvalidSinceLabelKey (v1.32). */
const LAST_USED = 'kubernetes.io/legacy-token-last-used';
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';

const DAY_MS = 86_400_000;
/** How long a token must have been unused before it is marked, and marked before it goes. Source: kube-controller-manager's --legacy-service-account-token-clean-up-period (v1.32). */
export const UNUSED_MS = 365 * DAY_MS;

export interface TokenSecretSnapshot {
  readonly secret: Secret;
  /** The account of that name; undefined when the server says that there is none. */
  readonly account: ServiceAccount | undefined;
  /** Whether a pod that has not ended reads it. */
  readonly isRead: boolean;
  readonly nowMs: number;
}

export type TokenSecretPlan =
  | {
      readonly action: 'keep';
      readonly requeueAfterMs?: number;
      readonly event?: PlannedEvent;
      readonly reason: string;
    }
  | { readonly action: 'adopt'; readonly uid: string; readonly reason: string }
  | { readonly action: 'mark'; readonly day: string; readonly requeueAfterMs: number; readonly reason: string }
  | { readonly action: 'delete'; readonly reason: string };

/** The account that a token is of; undefined where a Secret holds no token. */
export function accountOf({ type, metadata }: Secret): string | undefined {
  return type === TOKEN_SECRET ? metadata.annotations?.[ACCOUNT_NAME] || undefined : undefined;
}

/**
 * A token notes the uid of its account, and goes with it. One that no account was ever there for waits: a Secret that comes
 * before its account is taken up when that comes, where Kubernetes deletes it, and whoever declares it makes it anew. One that Kubernetes once made by itself, as the account's list of secrets tells, is marked when
 * nobody has used it for a year, and goes when it stayed so for another; what a person made, or a pod reads, stays.
 * Source: kubernetes pkg/controller/serviceaccount/tokens_controller.go and legacy_serviceaccount_token_cleaner.go (v1.32).
 */
export function planTokenSecret({ secret, account, isRead, nowMs }: TokenSecretSnapshot): TokenSecretPlan {
  const { annotations = {}, labels = {}, creationTimestamp, deletionTimestamp, name } = secret.metadata;
  if (accountOf(secret) === undefined) return { action: 'keep', reason: 'it holds no token' };
  if (deletionTimestamp !== undefined) return { action: 'keep', reason: 'it is going already' };
  const uid = annotations[ACCOUNT_UID];
  if (account === undefined) return uid ? { action: 'delete', reason: 'its account is gone' } : waiting(secret);
  if (!uid) return { action: 'adopt', uid: account.metadata.uid, reason: 'its account is there' };
  if (uid !== account.metadata.uid) return { action: 'delete', reason: 'it is of an earlier account of that name' };
  if (account.secrets?.some((each) => each.name === name) !== true)
    return { action: 'keep', reason: 'a person made it' };
  const usedMs = Math.max(Date.parse(creationTimestamp), dayMs(labels[LAST_USED]) ?? 0);
  const leftMs = usedMs + UNUSED_MS - nowMs;
  if (leftMs >= 0) return { action: 'keep', requeueAfterMs: lookAgain(leftMs), reason: 'it was used within a year' };
  if (isRead) return { action: 'keep', requeueAfterMs: DAY_MS, reason: 'a pod reads it' };
  const sinceMs = dayMs(labels[INVALID_SINCE]);
  if (sinceMs === undefined) {
    const day = new Date(nowMs).toISOString().slice(0, 10);
    return { action: 'mark', day, requeueAfterMs: DAY_MS, reason: 'nobody has used it for a year' };
  }
  const keptMs = sinceMs + UNUSED_MS - nowMs;
  if (keptMs >= 0) return { action: 'keep', requeueAfterMs: lookAgain(keptMs), reason: 'it is marked' };
  return { action: 'delete', reason: 'it was marked for a year' };
}

function waiting(secret: Secret): TokenSecretPlan {
  const message = `ServiceAccount ${JSON.stringify(accountOf(secret))} not found: the Secret waits for it`;
  return { action: 'keep', event: { type: 'Warning', reason: 'ServiceAccountNotFound', message }, reason: message };
}

/** A timer holds no more than 24.8 days. */
function lookAgain(leftMs: number): number {
  return Math.min(leftMs + 1, DAY_MS);
}

/** The day that a label names, in Unix ms; undefined where it names none. */
function dayMs(day: string | undefined): number | undefined {
  const ms = day !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
