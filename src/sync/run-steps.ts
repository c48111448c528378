import { backoffMs } from '#base';
import { healthOf } from '#health';
import type { RenderedObject } from '#render';
import { carryOut } from './carry-out.ts';
import { healBeside, nextHealMs } from './healing.ts';
import { beginHooks, hookProgress, lookAtHooks, settleHooks } from './hooks.ts';
import type { Loaded } from './load.ts';
import { definedKind } from './objects.plan.ts';
import { nextStep, type ObjectHealth } from './progress.plan.ts';
import { report } from './report.ts';
import { settleRows } from './rows.ts';
import { waitForHook } from './run-control.ts';
import { blockedWords, changedIds, isApproved, record, statusOf, stillUnproven, tellBlocked } from './run-record.ts';
import type { ActiveRun } from './state.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';
import { type Outcome, type Turn, wakeAt } from './turn.ts';
import type { World } from './world.ts';

export async function continueRun(world: World, turn: Turn): Promise<Outcome> {
  const { key, state, plan, settings, loaded, signal } = turn;
  const active = state.active as ActiveRun;
  const isHeal = active.run.spec.trigger === 'self-heal';
  const { own, drifted } = splitSteps(plan, active);
  const healAtMs = nextHealMs(world, state);
  if (drifted.length > 0 && settings.selfHeal && !isHeal && healAtMs <= world.clock.nowMs()) {
    await healBeside(world, turn, drifted);
    return { again: true };
  }
  await lookAtHooks(world, key, active, signal);
  const next = nextStep({
    plan: { ...plan, steps: own },
    hooks: hookProgress(world, active),
    hookNeeds: needsOfHooks(loaded),
    failing: active.failing,
    health: healthsOf(world, turn),
    // A heal brings back what was there: it waits for nothing.
    changed: isHeal ? new Set() : changedIds(active),
    unproven: state.unproven,
    failed: active.failed,
    fenced: !isHeal,
    approved: isApproved(active, plan),
  });
  switch (next.type) {
    case 'apply':
    case 'prune': {
      active.waiting = undefined;
      const run = active.run.metadata.name;
      const outcomes = await carryOut(
        world,
        { key, settings, loaded, state, survey: turn.survey, plan, run, signal },
        next.steps,
      );
      for (const outcome of outcomes) record(active, outcome);
      return { again: true };
    }
    case 'hooks': {
      active.waiting = undefined;
      const held = await beginHooks(world, turn, next.hooks);
      if (held !== undefined) return waitForHook(world, active, held);
      active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
      return { again: true };
    }
    case 'wait': {
      const healMs = drifted.length > 0 && settings.selfHeal ? healAtMs : undefined;
      if (next.deadlineMs === undefined) return waitFor(world, turn, active, next, healMs);
      const outcome = await waitForHook(world, active, next);
      return { again: false, ...wakeAt(outcome.wakeAtMs, healMs) };
    }
    case 'block':
      await block(world, turn, active);
      return { again: false };
    case 'done':
      return next.failed
        ? fail(world, turn, active, next.message)
        : finish(world, turn, active, 'Succeeded', next.message);
  }
}

/** Ids of what hooks cannot do without, should it be in Git too. */
function needsOfHooks({ hooks, objects }: Loaded): ReadonlySet<string> {
  if (hooks.length === 0) return new Set();
  const namespaces = new Set(hooks.map(({ key }) => key.namespace));
  const kinds = new Set(hooks.map(({ key }) => `${key.group}/${key.kind}`));
  const isNeeded = ({ key, object }: RenderedObject) => {
    if (key.group === '' && key.kind === 'Namespace') return namespaces.has(key.name);
    const defined = definedKind(object);
    return defined !== undefined && kinds.has(`${defined.group}/${defined.kind}`);
  };
  return new Set(objects.filter(isNeeded).map(({ id }) => id));
}

/** What this run set out to do and has not done, and what differs because someone changed it meanwhile. */
function splitSteps(
  { steps }: SyncPlan,
  { planned, results }: ActiveRun,
): { readonly own: readonly SyncStep[]; readonly drifted: readonly SyncStep[] } {
  const isOwn = ({ action, id }: SyncStep) =>
    action === 'prune' || (planned?.has(id) !== false && !DONE.has(results.get(id)?.action ?? ''));
  return { own: steps.filter(isOwn), drifted: steps.filter((step) => !isOwn(step)) };
}

const DONE: ReadonlySet<string> = new Set(['created', 'configured']);

function healthsOf(world: World, { survey: { snapshot } }: Turn): readonly ObjectHealth[] {
  const nowMs = world.clock.nowMs();
  return snapshot.desired.flatMap(({ id, key, order, claim }) => {
    if (claim.type !== 'own' && claim.type !== 'take') return [];
    const live = world.live.get(key);
    if (live === undefined) return [{ id, order, status: 'Missing', message: 'is not there' } as const];
    const health = healthOf(live, { nowMs });
    return [{ id, order, status: health?.status ?? 'Healthy', message: health?.message ?? '' } as const];
  });
}

async function waitFor(
  world: World,
  turn: Turn,
  active: ActiveRun,
  { object, reason }: { readonly object: string; readonly reason: string },
  healAtMs: number | undefined,
): Promise<Outcome> {
  const nowMs = world.clock.nowMs();
  const same = active.waiting?.object === object ? active.waiting : undefined;
  const deadlineMs = same?.deadlineMs ?? nowMs + world.options.healthDeadlineMs;
  if (nowMs >= deadlineMs) return fail(world, turn, active, `${object} ${reason}, past its deadline`);
  active.waiting = { object, reason, deadlineMs };
  active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
  return { again: false, ...wakeAt(deadlineMs, turn.survey.gatesOpenAtMs, healAtMs) };
}

async function block(world: World, { application, plan }: Turn, active: ActiveRun): Promise<void> {
  active.waiting = undefined;
  active.run = await world.history.setPruneDigest(active.run, plan);
  active.run = await world.history.writeStatus(active.run, {
    ...statusOf(world, active, 'PruneBlocked'),
    ...blockedWords(plan),
  });
  tellBlocked(world, application, plan);
}

/** The run is to fail. What runs then runs first, once. */
async function fail(world: World, turn: Turn, active: ActiveRun, message: string): Promise<Outcome> {
  const isFirst = active.failing === undefined;
  const isToRun = active.hooks.some(({ phase, state }) => phase === 'SyncFail' || state === 'Running');
  if (!isFirst || !isToRun) return finish(world, turn, active, 'Failed', message);
  active.failing = message;
  active.waiting = undefined;
  active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
  return { again: true };
}

async function finish(
  world: World,
  turn: Turn,
  active: ActiveRun,
  phase: 'Succeeded' | 'Failed',
  message: string,
): Promise<Outcome> {
  const { key, application, settings, state, loaded, plan } = turn;
  for (const { id, key: object, origin, message: why } of plan.refused) {
    if (active.results.has(id)) continue;
    const { group, kind, namespace, name } = object;
    active.results.set(id, { group, kind, namespace, name, action: 'failed', wave: 0, message: why, origin });
  }
  await settleHooks(world, active, turn.signal);
  await settleRows(world, turn, 'end');
  active.run = await world.history.writeStatus(active.run, {
    ...statusOf(world, active, phase),
    ...(phase === 'Failed' ? { reason: 'SyncFailed', message: attemptWords(active, message) } : {}),
  });
  state.active = undefined;
  state.unproven = phase === 'Succeeded' ? new Set() : stillUnproven(state.unproven, active);
  state.supersedes = 0;
  if (active.run.spec.trigger !== 'self-heal') state.owesHooks = phase === 'Failed';
  state.lastRun = { name: active.run.metadata.name, phase };
  if (phase === 'Succeeded') state.failedAttempt = undefined;
  else {
    const attempts = active.attempts;
    state.failedAttempt = {
      digest: loaded.digest,
      run: active.run.metadata.name,
      refusedIds: new Set(plan.refused.map(({ id }) => id)),
      failedIds: new Set([...active.failed.keys(), ...plan.refused.map(({ id }) => id)]),
      attempts,
      retryAtMs: world.clock.nowMs() + backoffMs(attempts, settings.retry),
    };
  }
  const facts = {
    application: key,
    run: active.run.metadata.name,
    commit: loaded.commit,
    durationMs: active.run.status?.durationMs,
  };
  if (phase === 'Succeeded') world.log.info(facts, 'a sync succeeded');
  else world.log.warn({ ...facts, reason: message }, 'a sync failed');
  const type = phase === 'Succeeded' ? 'Normal' : 'Warning';
  const told = phase === 'Succeeded' ? `Synced to ${loaded.commit.slice(0, 12)}` : message;
  world.events.record(application, { type, reason: `Sync${phase}`, message: told });
  // What was applied stands, whether or not it became healthy: once all of it was, what differs from now on is drift.
  const isSynced = active.failed.size === 0 && plan.refused.length === 0 && splitSteps(plan, active).own.length === 0;
  await report(world, { ...turn, isSynced });
  await world.history.trim(key, settings.historyLimit);
  // What this run did not do, because it stood for an older commit, the next turn begins.
  return { again: true };
}

function attemptWords({ attempts }: ActiveRun, message: string): string {
  return attempts === 1 ? message : `${message} (attempt ${attempts})`;
}
