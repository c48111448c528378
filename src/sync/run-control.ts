import type { SyncRunSpec } from '#api';
import { backoffMs, formatTime } from '#base';
import { noteHeal } from './healing.ts';
import { approvedPruneDigest, PRUNE_ANNOTATION } from './history.ts';
import { planHookRuns } from './hooks.plan.ts';
import { hookProgress, hooksFor, lookAtHooks, settleHooks } from './hooks.ts';
import { answerOperation } from './operation.ts';
import { runningHook } from './progress.plan.ts';
import { settleRows } from './rows.ts';
import { blockedWords, newActive, reopened, statusOf, stillUnproven, tellBlocked } from './run-record.ts';
import type { ActiveRun } from './state.ts';
import { judgeWindows } from './sync-window.plan.ts';
import { type Outcome, type Turn, wakeAt } from './turn.ts';
import { projectNamed, type World } from './world.ts';

export async function startRun(
  world: World,
  turn: Turn,
  { trigger, by }: { readonly trigger: SyncRunSpec['trigger']; readonly by: string },
  phase: 'Running' | 'PruneBlocked',
): Promise<void> {
  const { application, loaded, plan, state, settings, operation } = turn;
  const nowMs = world.clock.nowMs();
  if (trigger === 'self-heal') noteHeal(world, state);
  const prune = settings.prune || operation?.sync?.prune === true;
  if (phase === 'Running') await settleRows(world, turn, 'begin');
  // With the record from its first moment: whoever goes on with the run after a crash owes them too.
  const occasion = { application: turn.key, run: '', commit: loaded.commit, attempt: 1, startedAtMs: nowMs };
  const hooks = trigger === 'self-heal' ? [] : planHookRuns(loaded.hooks, occasion);
  const run = await world.history.begin({
    application,
    loaded,
    plan,
    trigger,
    requestedBy: by,
    prune,
    status: {
      phase,
      startedAt: formatTime(nowMs),
      ...(phase === 'PruneBlocked' ? blockedWords(plan) : {}),
      ...(hooks.length === 0 ? {} : { hooks }),
    },
  });
  const active: ActiveRun = { ...newActive(run, nowMs, prune), planned: new Set(plan.steps.map(({ id }) => id)) };
  active.hooks = hooks.map((hook) => ({ ...hook }));
  state.active = active;
  if (phase === 'PruneBlocked') tellBlocked(world, application, plan);
  else
    world.events.record(application, {
      type: 'Normal',
      reason: 'SyncStarted',
      message: `Sync to ${loaded.commit.slice(0, 12)} started (${trigger})`,
    });
  world.log.info(
    { application: turn.key, run: run.metadata.name, trigger, commit: loaded.commit, phase },
    'a sync begins',
  );
  await answerOperation(world, turn.key, operation, { run: run.metadata.name });
}

/** A person has approved what the waiting run would delete: it goes on. */
export async function approve(world: World, turn: Turn): Promise<Outcome> {
  const active = turn.state.active as ActiveRun;
  active.approved = approvedPruneDigest(active.run);
  await settleRows(world, turn, 'begin');
  active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
  return { again: true };
}

/** The same run again. It is opened again only when there is something to do: otherwise it is asked again, later. */
export async function retry(world: World, turn: Turn, name: string): Promise<Outcome> {
  const { state, settings, plan } = turn;
  const attempt = state.failedAttempt;
  if (attempt === undefined) return { again: true };
  const attempts = attempt.attempts + 1;
  state.comparer.retryRefused();
  const nowMs = world.clock.nowMs();
  state.failedAttempt = { ...attempt, attempts, retryAtMs: nowMs + backoffMs(attempts, settings.retry) };
  if (plan.steps.length === 0 && !state.owesHooks) return { again: false, wakeAtMs: state.failedAttempt.retryAtMs };
  const run = await world.history.refresh(name);
  if (run === undefined) {
    state.failedAttempt = undefined;
    return { again: true };
  }
  const prune = run.metadata.annotations?.[PRUNE_ANNOTATION] === 'true';
  const active = { ...reopened(run, nowMs, prune, attempts), planned: new Set(plan.steps.map(({ id }) => id)) };
  active.hooks = hooksFor(turn.key, active, turn.loaded);
  state.active = active;
  await settleRows(world, turn, 'begin');
  active.run = await world.history.writeStatus(run, statusOf(world, active, 'Running'));
  return { again: true };
}

/** The newest commit wins, at a step's border. After some in a row one run is completed, so that a busy branch gets anywhere. */
export async function supersede(world: World, turn: Turn): Promise<Outcome> {
  const { state, loaded } = turn;
  const active = state.active as ActiveRun;
  const phase = active.run.status?.phase;
  const isToEnd = state.supersedes >= world.options.supersedes || isHeld(world, turn);
  if (phase === 'Running' && isToEnd && active.pinned === undefined) {
    active.pinned = active.run.spec.revisions ?? [active.run.spec.revision];
    return { again: true };
  }
  await lookAtHooks(world, turn.key, active, turn.signal);
  const hook = runningHook(hookProgress(world, active));
  // Never two hooks' runs of one Application: this one ends first, by itself or at its deadline.
  if (hook !== undefined) return waitForHook(world, active, hook);
  await settleHooks(world, active, turn.signal);
  state.supersedes += 1;
  state.owesHooks = true;
  state.active = undefined;
  state.unproven = stillUnproven(state.unproven, active);
  state.lastRun = { name: active.run.metadata.name, phase: 'Superseded' };
  await world.history.writeStatus(active.run, {
    ...statusOf(world, active, 'Superseded'),
    reason: 'Superseded',
    message: `gave way to commit ${loaded.commit.slice(0, 12)}`,
    supersededBy: loaded.commit,
  });
  return { again: true };
}

/** Whether no run could begin now in place of one that has begun: then that one goes on to its end. */
function isHeld(world: World, { application, settings }: Turn): boolean {
  const windows = judgeWindows({
    project: projectNamed(world, settings.project),
    application: application.metadata.name,
    namespace: settings.namespace,
    nowMs: world.clock.nowMs(),
  });
  return settings.suspended !== undefined || !windows.automatic;
}

/** How often a hook that is to be gone is asked after when nothing is told of it, ms. */
const LEAVING_POLL_MS = 5_000;

/** Waits for a hook, by name and deadline. Past that it is on its way out, and what waits is only that it is gone. */
export async function waitForHook(
  world: World,
  active: ActiveRun,
  { object, reason, deadlineMs }: { readonly object: string; readonly reason: string; readonly deadlineMs?: number },
): Promise<Outcome> {
  const nowMs = world.clock.nowMs();
  const until = deadlineMs ?? nowMs + world.options.hookDeadlineMs;
  active.waiting = { object, reason, deadlineMs: until };
  active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
  return { again: false, ...wakeAt(until > nowMs ? until : nowMs + LEAVING_POLL_MS) };
}
