import type { SyncRunPhase, SyncRunSpec } from '#api';
import { shortHash } from '#base';
import type { SyncPlan } from './sync.types.ts';
import type { WindowVerdict } from './sync-window.plan.ts';

/** The run of an Application that has not come to its end, as far as deciding needs it. */
export interface CurrentRun {
  readonly name: string;
  readonly phase: SyncRunPhase;
  readonly digest: string;
  /** `pruneDigest` of its plan: an approval holds for exactly these deletions. */
  readonly pruneDigest: string;
  /** `pruneDigest` of what a person has approved. */
  readonly approved: string | undefined;
}

/** The last attempt at a digest that ended badly. */
export interface FailedAttempt {
  readonly digest: string;
  readonly run: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it may be tried again. */
  readonly retryAtMs: number;
  /** Ids that could not be applied or deleted. None: all was done, and did not become healthy. */
  readonly failedIds: ReadonlySet<string>;
  /** Those of them that never got as far as being applied: refused by the API, or claimed by another Application. */
  readonly refusedIds: ReadonlySet<string>;
}

export interface DecisionSnapshot {
  readonly nowMs: number;
  readonly automated: boolean;
  readonly selfHeal: boolean;
  /** Digest of what Git says now. */
  readonly digest: string;
  /** Digest of what was synced last with success; undefined before the first time. */
  readonly syncedDigest: string | undefined;
  readonly plan: SyncPlan;
  readonly current: CurrentRun | undefined;
  readonly failedAttempt: FailedAttempt | undefined;
  /** How often a run that failed is tried again by itself; undefined: for as long as it takes. */
  readonly retryLimit: number | undefined;
  /** Git names hooks of a sync; and the last run, which was to run them, did not succeed. */
  readonly hooks: { readonly any: boolean; readonly owed: boolean };
  /** A person asked for a sync. */
  readonly operation: { readonly by: string } | undefined;
  /** Healing the same Application again and again is slowed down: not before this. */
  readonly healAtMs: number;
  /** Whether a run may begin now. One that has begun is not stopped. */
  readonly windows: WindowVerdict;
  /** Why no run may begin: somebody suspended the Application. One that has begun goes on to its end. */
  readonly suspended: string | undefined;
  /** The fetch that brought the newest commit was asked for by a webhook. */
  readonly byWebhook: boolean;
}

export type Decision =
  /** Nothing to do: the cluster is true to Git, or differs and is only to be shown. */
  | {
      readonly type: 'rest';
      readonly inSync: boolean;
      readonly wakeAtMs?: number;
      /** Why there is no run although there is something to do: what it waits for, in words for a person. */
      readonly waiting?: string;
    }
  | { readonly type: 'start'; readonly trigger: SyncRunSpec['trigger']; readonly by: string }
  /** Records the plan and waits for a person. */
  | { readonly type: 'block'; readonly trigger: SyncRunSpec['trigger']; readonly by: string }
  | { readonly type: 'continue' }
  /** A person has approved what the waiting run would delete. */
  | { readonly type: 'approve' }
  /** No person has approved it, or it may not go on yet: then until when. */
  | { readonly type: 'await-approval'; readonly wakeAtMs?: number }
  /** The same run again, after its delay. */
  | { readonly type: 'retry'; readonly run: string }
  /** The current run gives way to the newest commit. */
  | { readonly type: 'supersede' };

/** What an Application does now. One place decides between running, waiting, healing and showing. */
export function decide(snapshot: DecisionSnapshot): Decision {
  const { current, digest, plan } = snapshot;
  if (current?.phase === 'Running') return current.digest === digest ? { type: 'continue' } : { type: 'supersede' };
  if (current?.phase === 'PruneBlocked') {
    if (current.digest === digest && current.pruneDigest === pruneDigest(plan) && plan.verdict.blocked) {
      if (current.approved !== current.pruneDigest || snapshot.suspended !== undefined)
        return { type: 'await-approval' };
      // A person has said so: as good as a sync by hand, and no better. In its window it goes on by itself.
      const { manual, changesAtMs } = snapshot.windows;
      if (manual) return { type: 'approve' };
      return { type: 'await-approval', ...(changesAtMs === undefined ? {} : { wakeAtMs: changesAtMs }) };
    }
    return { type: 'supersede' };
  }
  const trigger = unlessSuspended(snapshot, inWindow(snapshot.windows, triggerOf(snapshot)));
  if (trigger.type !== 'start') return trigger;
  const gated = plan.steps.filter(({ gate }) => gate !== undefined);
  if (gated.length === 0) return plan.verdict.blocked ? { ...trigger, type: 'block' } : trigger;
  // What may still turn out to be a move is no reason to block, nor a run of its own.
  return gated.length < plan.steps.length || plan.refused.length > 0 ? trigger : { type: 'rest', inSync: false };
}

/** Neither for people: whoever asks for a sync is told, and resumes first. */
function unlessSuspended({ suspended }: DecisionSnapshot, decision: Decision): Decision {
  if (suspended === undefined || decision.type === 'continue') return decision;
  const isWanted = decision.type !== 'rest' || decision.waiting !== undefined;
  return isWanted ? { type: 'rest', inSync: false, waiting: suspended } : decision;
}

function inWindow(windows: WindowVerdict, decision: Decision): Decision {
  if (decision.type !== 'start' && decision.type !== 'retry') return decision;
  const byHand = decision.type === 'start' && decision.trigger === 'manual';
  if (byHand ? windows.manual : windows.automatic) return decision;
  return {
    type: 'rest',
    inSync: false,
    waiting: windows.reason ?? 'waits for a sync window',
    ...(windows.changesAtMs === undefined ? {} : { wakeAtMs: windows.changesAtMs }),
  };
}

function triggerOf(snapshot: DecisionSnapshot): Decision {
  const { plan, operation, digest, syncedDigest, failedAttempt, nowMs, hooks } = snapshot;
  const owesHooks = hooks.any && hooks.owed;
  const hasWork = plan.steps.length > 0 || owesHooks;
  const hasTrouble = plan.refused.length > 0;
  // Whoever asks for a sync asks for its hooks, also where nothing differs.
  if (operation !== undefined && (hasWork || hasTrouble || hooks.any))
    return { type: 'start', trigger: 'manual', by: operation.by };
  if (!hasWork && !hasTrouble) return { type: 'rest', inSync: plan.undecided.length === 0 && plan.kept.length === 0 };
  if (!snapshot.automated) return { type: 'rest', inSync: false };
  // Git has not changed: only what failed before is the old attempt's; anything else is new drift, with its own run.
  const isOld = digest !== syncedDigest || plan.steps.every(({ id }) => failedAttempt?.failedIds.has(id) === true);
  if (failedAttempt?.digest === digest && isOld) {
    // Trouble alone is tried again too: what refused it (a namespace that was missing) may have changed.
    const isFreed = plan.steps.some(({ id }) => failedAttempt.refusedIds.has(id));
    if (!isFreed && hasGivenUp(failedAttempt, snapshot.retryLimit)) return { type: 'rest', inSync: false };
    if (nowMs < failedAttempt.retryAtMs && !isFreed)
      return { type: 'rest', inSync: false, wakeAtMs: failedAttempt.retryAtMs };
    return { type: 'retry', run: failedAttempt.run };
  }
  if (digest !== syncedDigest) {
    return { type: 'start', trigger: snapshot.byWebhook ? 'webhook' : 'commit', by: 'git' };
  }
  return heal(snapshot);
}

/** Whether a run is tried no more until Git changes, or a person asks. */
export function hasGivenUp({ attempts }: Pick<FailedAttempt, 'attempts'>, limit: number | undefined): boolean {
  return limit !== undefined && attempts > limit;
}

/** Git has not changed since the last sync: what differs now was changed in the cluster, or a switch was turned. */
function heal({ plan, selfHeal, nowMs, healAtMs }: DecisionSnapshot): Decision {
  const onlyPrunes = plan.steps.every(({ action }) => action === 'prune');
  // Only deletions, or only hooks that the last run still owes: neither is drift.
  if (onlyPrunes) return { type: 'start', trigger: 'commit', by: 'git' };
  if (!selfHeal) return { type: 'rest', inSync: false };
  if (nowMs < healAtMs) return { type: 'rest', inSync: false, wakeAtMs: healAtMs };
  return { type: 'start', trigger: 'self-heal', by: 'plumbline' };
}

/** Names exactly what a plan would delete. */
export function pruneDigest(plan: SyncPlan): string {
  const ids = plan.steps.filter(({ action }) => action === 'prune').map(({ id }) => id);
  return shortHash(ids.toSorted().join('\n'), 24);
}
