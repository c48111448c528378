import type { HealthStatus } from '#api';
import type { OrderKey } from './order.plan.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';

/** How one desired object is, for deciding whether what comes after it may begin. */
export interface ObjectHealth {
  readonly id: string;
  readonly order: OrderKey;
  readonly status: HealthStatus;
  readonly message: string;
}

export interface ProgressSnapshot {
  readonly plan: SyncPlan;
  readonly health: readonly ObjectHealth[];
  /** Ids that this run has created or configured. */
  readonly changed: ReadonlySet<string>;
  /** Ids that earlier runs changed and that none has seen healthy: nothing is deleted before they are. */
  readonly unproven: ReadonlySet<string>;
  /** Ids that failed in this run and are not tried again in it, with the reason. */
  readonly failed: ReadonlyMap<string, string>;
  /** A heal brings back what was there: it waits for nothing. */
  readonly fenced: boolean;
  /** A person has approved exactly these deletions. */
  readonly approved: boolean;
}

export type NextStep =
  | { readonly type: 'prune'; readonly steps: readonly SyncStep[] }
  | { readonly type: 'apply'; readonly steps: readonly SyncStep[] }
  | { readonly type: 'wait'; readonly object: string; readonly reason: string }
  /** The deletions need a person's approval. */
  | { readonly type: 'block' }
  | { readonly type: 'done'; readonly failed: boolean; readonly message: string };

/**
 * What a run does next. A wave begins when everything of earlier waves is healthy; deletions begin when everything that
 * the run changed is, and what earlier runs left unhealthy. What failed holds back later waves and deletions, and nothing else.
 */
export function nextStep(snapshot: ProgressSnapshot): NextStep {
  const { plan, failed } = snapshot;
  const open = plan.steps.filter(({ id }) => !failed.has(id));
  const first = open.filter((step) => step.action === 'prune' && step.first);
  if (first.length > 0) return prune(snapshot, first);
  const applies = open.filter(({ action }) => action !== 'prune');
  const wave = applies[0]?.order.wave;
  if (wave !== undefined) {
    const blocker = snapshot.fenced ? waveBlocker(snapshot, wave) : undefined;
    return blocker ?? { type: 'apply', steps: applies.filter(({ order }) => order.wave === wave) };
  }
  const prunes = open.filter(({ action }) => action === 'prune');
  const broken = brokenMessage(snapshot);
  if (prunes.length > 0 && broken !== undefined) {
    return { type: 'done', failed: true, message: `${broken}; nothing is deleted before that is repaired` };
  }
  const waiting = snapshot.health.find(({ id, status }) => snapshot.changed.has(id) && isWorking(status));
  if (waiting !== undefined) return waitFor(waiting);
  if (prunes.length > 0) {
    const unproven = snapshot.health.find(({ id, status }) => snapshot.unproven.has(id) && isWorking(status));
    return unproven === undefined ? prune(snapshot, prunes) : waitFor(unproven);
  }
  const leaving = plan.deleting[0];
  if (leaving !== undefined) return { type: 'wait', object: leaving, reason: 'is being deleted' };
  const undecided = plan.undecided[0];
  if (undecided !== undefined) {
    return { type: 'wait', object: undecided, reason: 'has an owner that has to let go of it first' };
  }
  return broken === undefined
    ? { type: 'done', failed: false, message: '' }
    : { type: 'done', failed: true, message: broken };
}

function prune({ plan, approved }: ProgressSnapshot, steps: readonly SyncStep[]): NextStep {
  const gated = steps.find(({ gate }) => gate !== undefined);
  if (gated !== undefined) return { type: 'wait', object: gated.id, reason: gated.gate ?? '' };
  return plan.verdict.blocked && !approved ? { type: 'block' } : { type: 'prune', steps };
}

function waveBlocker(snapshot: ProgressSnapshot, wave: number): NextStep | undefined {
  const { plan, failed, health } = snapshot;
  const refused = new Map(plan.refused.map(({ id, message }) => [id, message]));
  for (const object of health) {
    if (object.order.wave >= wave) continue;
    const why = failed.get(object.id) ?? refused.get(object.id);
    if (why !== undefined) {
      return {
        type: 'done',
        failed: true,
        message: `wave ${wave} was not begun: ${object.id} of wave ${object.order.wave} failed: ${why}`,
      };
    }
    if (isWorking(object.status)) return waitFor(object);
  }
  return undefined;
}

function isWorking(status: HealthStatus): boolean {
  return status === 'Progressing' || status === 'Degraded' || status === 'Missing';
}

function waitFor({ id, status, message }: ObjectHealth): NextStep {
  return { type: 'wait', object: id, reason: message === '' ? `is ${status}` : `is ${status}: ${message}` };
}

function brokenMessage({ plan, failed }: ProgressSnapshot): string | undefined {
  const broken = [...failed].map(([id, message]) => `${id}: ${message}`);
  for (const { id, message } of plan.refused)
    if (!failed.has(id)) broken.push(message.startsWith(id) ? message : `${id}: ${message}`);
  const only = broken[0];
  if (only === undefined) return undefined;
  return broken.length === 1 ? only : `${broken.length} objects failed, such as ${only}`;
}
