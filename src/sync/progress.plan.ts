import type { HealthStatus, HookRun } from '#api';
import type { OrderKey } from './order.plan.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';

/** How one desired object is, for deciding whether what comes after it may begin. */
export interface ObjectHealth {
  readonly id: string;
  readonly order: OrderKey;
  readonly status: HealthStatus;
  readonly message: string;
}

/** One hook of the run. */
export interface HookProgress extends Pick<HookRun, 'phase' | 'state'> {
  readonly id: string;
  readonly order: OrderKey;
  readonly message: string;
  /** Of one that runs. */
  readonly deadlineMs: number | undefined;
}

export interface ProgressSnapshot {
  readonly plan: SyncPlan;
  readonly hooks: readonly HookProgress[];
  /** Ids of objects that hooks cannot do without: the Namespaces they live in, the definitions of their kinds. */
  readonly hookNeeds: ReadonlySet<string>;
  /** Why the run fails, once that is settled: only `SyncFail` is left to be done. */
  readonly failing: string | undefined;
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
  /** Hooks of one phase and wave, to be begun together. */
  | { readonly type: 'hooks'; readonly hooks: readonly HookProgress[] }
  | {
      readonly type: 'wait';
      readonly object: string;
      readonly reason: string;
      /** Until when, where the object says so itself. */
      readonly deadlineMs?: number;
    }
  /** The deletions need a person's approval. */
  | { readonly type: 'block' }
  | { readonly type: 'done'; readonly failed: boolean; readonly message: string };

/**
 * What a run does next. Hooks before the sync, then waves: one begins when everything of earlier waves is healthy and its
 * hooks have ended. Deletions begin when everything that the run changed is healthy, and what earlier runs left unhealthy;
 * then come the hooks after the sync. What failed holds back later waves, deletions and hooks. A hook that failed ends the run.
 */
export function nextStep(snapshot: ProgressSnapshot): NextStep {
  const { plan, failed, hooks } = snapshot;
  if (snapshot.failing !== undefined) return failingStep(hooks, snapshot.failing);
  const fallen = hooks.find(({ phase, state }) => phase !== 'SyncFail' && state === 'Failed');
  if (fallen !== undefined) {
    // What began beside it comes to its end first.
    return runningHook(hooks) ?? { type: 'done', failed: true, message: fallenMessage(fallen) };
  }
  const open = plan.steps.filter(({ id }) => !failed.has(id));
  const applies = open.filter(({ action }) => action !== 'prune');
  const before = hookStep(hooks, 'PreSync');
  if (before !== undefined) {
    const needed = applies.filter(({ id }) => snapshot.hookNeeds.has(id));
    return before.type === 'hooks' && needed.length > 0 ? { type: 'apply', steps: needed } : before;
  }
  const first = open.filter((step) => step.action === 'prune' && step.first);
  if (first.length > 0) return prune(snapshot, first);
  const wave = Math.min(firstWave(applies), firstWave(openHooks(hooks, 'Sync')));
  if (Number.isFinite(wave)) return waveStep(snapshot, applies, wave);
  return afterApplying(snapshot, open);
}

/** Objects of the wave first, then its hooks, which see them applied but not yet healthy. */
function waveStep(snapshot: ProgressSnapshot, applies: readonly SyncStep[], wave: number): NextStep {
  const blocker = snapshot.fenced ? waveBlocker(snapshot, wave) : undefined;
  if (blocker !== undefined) return blocker;
  const steps = applies.filter(({ order }) => order.wave === wave);
  if (steps.length > 0) return { type: 'apply', steps };
  const broken = brokenMessage(snapshot);
  const hook = hookStep(snapshot.hooks, 'Sync');
  if (hook?.type === 'hooks' && broken !== undefined) return { type: 'done', failed: true, message: broken };
  return hook ?? { type: 'done', failed: broken !== undefined, message: broken ?? '' };
}

function afterApplying(snapshot: ProgressSnapshot, open: readonly SyncStep[]): NextStep {
  const { plan, hooks } = snapshot;
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
  if (broken !== undefined) return { type: 'done', failed: true, message: broken };
  const after = hookStep(hooks, 'PostSync');
  if (after === undefined) return { type: 'done', failed: false, message: '' };
  // What comes after a sync counts on all of it, also on what this run had no need to change.
  const sick = snapshot.health.find(({ status }) => isWorking(status));
  return after.type === 'hooks' && sick !== undefined ? waitFor(sick) : after;
}

/** The run fails: what runs comes to its end, then the hooks for that case have their turn, once. */
function failingStep(hooks: readonly HookProgress[], failing: string): NextStep {
  const running = runningHook(hooks);
  if (running !== undefined) return running;
  const fallen = hooks.find(({ phase, state }) => phase === 'SyncFail' && state === 'Failed');
  if (fallen !== undefined) return { type: 'done', failed: true, message: `${failing}; ${fallenMessage(fallen)}` };
  return hookStep(hooks, 'SyncFail') ?? { type: 'done', failed: true, message: failing };
}

/** The next hooks of a phase: those of its first open wave that have not begun, or the wait for those that have. */
function hookStep(hooks: readonly HookProgress[], phase: HookProgress['phase']): NextStep | undefined {
  const open = openHooks(hooks, phase);
  const wave = firstWave(open);
  const pending = open.filter(({ order, state }) => order.wave === wave && state === 'Pending');
  return pending.length > 0 ? { type: 'hooks', hooks: pending } : runningHook(open);
}

function openHooks(hooks: readonly HookProgress[], phase: HookProgress['phase']): readonly HookProgress[] {
  return hooks.filter((hook) => hook.phase === phase && (hook.state === 'Pending' || hook.state === 'Running'));
}

/** Infinity when there is none. */
function firstWave(all: readonly { readonly order: OrderKey }[]): number {
  return all.reduce((first, { order }) => Math.min(first, order.wave), Number.POSITIVE_INFINITY);
}

/** The wait for the hook whose deadline is the nearest; undefined when none runs. */
export function runningHook(hooks: readonly HookProgress[]): (NextStep & { readonly type: 'wait' }) | undefined {
  const running = hooks.filter(({ state }) => state === 'Running');
  const [first] = running.toSorted((a, b) => (a.deadlineMs ?? 0) - (b.deadlineMs ?? 0));
  if (first === undefined) return undefined;
  const { id, phase, message, deadlineMs } = first;
  const reason = message === '' ? `${phase} hook has not finished` : `${phase} hook has not finished: ${message}`;
  return { type: 'wait', object: id, reason, ...(deadlineMs === undefined ? {} : { deadlineMs }) };
}

function fallenMessage({ id, phase, message }: HookProgress): string {
  return `${phase} hook ${id} failed${message === '' ? '' : `: ${message}`}`;
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

function waitFor({ id, status, message }: ObjectHealth): NextStep & { readonly type: 'wait' } {
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
