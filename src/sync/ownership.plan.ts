import type { Origin } from '#api';

/** What another Application's newest load says of an object. */
export interface Claim {
  readonly application: string;
  readonly origin: Origin;
}

/** All that deciding about one object's owner needs to know. */
export interface ClaimQuestion {
  /** Who asks: `namespace/name` of the Application that names the object in Git. */
  readonly application: string;
  /** Who owns it by the ownership table; undefined when nobody does. */
  readonly owner: string | undefined;
  /** Every other Application whose newest load names it. */
  readonly others: readonly Claim[];
  /**
   * What is known of the owner's Git state: `doomed` is an Application that is deleted, gone, or no longer wanted by
   * the Application that owns it; `unknown` one whose files could not be read yet.
   */
  readonly ownerState: 'loaded' | 'unknown' | 'doomed';
  isDoomed(application: string): boolean;
}

export type ClaimDecision =
  /** Ours, or nobody's: go on. */
  | { readonly type: 'own' }
  /** The owner has let go of it: a transfer, never delete and create. */
  | { readonly type: 'take'; readonly from: string }
  /** Two want it. The owner, if there is one, keeps it; nobody else applies it. */
  | { readonly type: 'conflict'; readonly application: string; readonly origin?: Origin }
  /** The owner's newest state in Git is not known yet. */
  | { readonly type: 'wait'; readonly application: string };

export function decideClaim(question: ClaimQuestion): ClaimDecision {
  const { application, owner, others, ownerState, isDoomed } = question;
  const rivals = others.filter((claim) => claim.application !== application && !isDoomed(claim.application));
  if (owner === application) return { type: 'own' };
  if (owner === undefined) {
    const rival = rivals[0];
    return rival === undefined ? { type: 'own' } : { type: 'conflict', ...rival };
  }
  if (ownerState === 'doomed') {
    const rival = rivals.find((claim) => claim.application !== owner);
    return rival === undefined ? { type: 'take', from: owner } : { type: 'conflict', ...rival };
  }
  if (ownerState === 'unknown') return { type: 'wait', application: owner };
  const kept = rivals.find((claim) => claim.application === owner);
  if (kept !== undefined) return { type: 'conflict', ...kept };
  const rival = rivals[0];
  return rival === undefined ? { type: 'take', from: owner } : { type: 'conflict', ...rival };
}

/** What stands between an object that left an Application's files and its deletion. */
export interface PruneGateQuestion {
  readonly nowMs: number;
  /** When its Application's newest load first lacked it. */
  readonly droppedAtMs: number;
  /** Longest hold: one poll. */
  readonly pollMs: number;
  /** Applications that could take it and have not read their newest commit yet. */
  readonly unread: readonly string[];
  /** Other repositories, and when they were last fetched with success; undefined: never. */
  readonly repositories: readonly { readonly url: string; readonly fetchedAtMs: number | undefined }[];
}

export type PruneGate =
  | { readonly open: true }
  | { readonly open: false; readonly reason: string; readonly untilMs: number };

/**
 * An object dropped by one Application is held until every other one has been asked whether it takes it, and at most for
 * one poll: so a file that moves from one folder, Application or repository to another is never deleted on the way.
 */
export function pruneGate(question: PruneGateQuestion): PruneGate {
  const { nowMs, droppedAtMs, pollMs, unread, repositories } = question;
  const untilMs = droppedAtMs + pollMs;
  if (nowMs >= untilMs) return { open: true };
  const application = unread[0];
  if (application !== undefined) {
    return { open: false, untilMs, reason: `held until Application ${application} has read its newest commit` };
  }
  const stale = repositories.find(({ fetchedAtMs }) => fetchedAtMs === undefined || fetchedAtMs < droppedAtMs);
  if (stale === undefined) return { open: true };
  return { open: false, untilMs, reason: `held for one poll, in case ${stale.url} takes it over` };
}
