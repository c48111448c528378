import type { Application, SyncResult, SyncRun, SyncRunSpec, SyncRunStatus } from '#api';
import { backoffMs, formatTime } from '#base';
import { healthOf } from '#health';
import type { ReconcileResult } from '#reconcile';
import { type ApplicationSettings, readApplication } from './application.plan.ts';
import { carryOut, type StepOutcome } from './carry-out.ts';
import { type Decision, decide, pruneDigest } from './decide.plan.ts';
import { markRead } from './freshness.ts';
import { approvedPruneDigest, MAX_RECORDED, PRUNE_ANNOTATION } from './history.ts';
import { type Loaded, type LoadResult, loadApplication } from './load.ts';
import { nextStep, type ObjectHealth } from './progress.plan.ts';
import { removeApplication } from './remove-application.ts';
import { report, reportFailure } from './report.ts';
import { settleRows } from './rows.ts';
import type { ActiveRun, ApplicationState } from './state.ts';
import { type Survey, survey } from './survey.ts';
import { planSync } from './sync.plan.ts';
import type { DesiredObject, SyncPlan, SyncStep } from './sync.types.ts';
import { applicationOf, patchApplication, stateOf, type World } from './world.ts';

/** Turns of one pass. A pass that needs more is not converging; the next one starts from what is live then. */
const MAX_TURNS = 200;
const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';

/** What one turn leaves to wait for. */
interface Outcome {
  readonly again: boolean;
  readonly wakeAtMs?: number;
}

interface Turn {
  readonly key: string;
  readonly application: Application;
  readonly settings: ApplicationSettings;
  readonly state: ApplicationState;
  readonly loaded: Loaded;
  readonly survey: Survey;
  readonly plan: SyncPlan;
  readonly signal: AbortSignal;
}

/** Brings one Application nearer to what its commit says. Reads everything anew each time; safe to run at any moment. */
export async function reconcileApplication(world: World, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const application = applicationOf(world, key);
  if (application === undefined || application.metadata.deletionTimestamp !== undefined) {
    return removeApplication(world, key, application, signal);
  }
  const settings = readApplication(application);
  const state = stateOf(world, key);
  await takeRefresh(world, key, application, settings);
  if (!state.resumed) resume(world, key, state);
  if (settings.problems.length > 0) {
    markRead(world, key);
    await reportFailure(world, key, settings, {
      condition: 'InvalidSpecError',
      code: 'InvalidSpecError',
      message: settings.problems.join('; '),
    });
    return {};
  }
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    signal.throwIfAborted();
    const outcome = await takeTurn(world, key, settings, state, signal);
    if (outcome.again) continue;
    return outcome.wakeAtMs === undefined
      ? {}
      : { requeueAfterMs: Math.max(1, outcome.wakeAtMs - world.clock.nowMs()) };
  }
  world.log.warn({ application: key }, 'a sync does not come to an end, it goes on later');
  return { requeueAfterMs: world.options.loadRetryMs };
}

async function takeTurn(
  world: World,
  key: string,
  settings: ApplicationSettings,
  state: ApplicationState,
  signal: AbortSignal,
): Promise<Outcome> {
  const result = await load(world, key, settings, state, signal);
  const application = applicationOf(world, key);
  if (application === undefined) return { again: false };
  if (state.active !== undefined) state.active.run = world.history.current(state.active.run);
  if (result.type === 'failed') {
    await reportFailure(world, key, settings, result);
    return { again: false, wakeAtMs: world.clock.nowMs() + world.options.loadRetryMs };
  }
  const { loaded } = result;
  const wanted = await survey(world, {
    key,
    settings,
    loaded,
    state,
    prune: state.active?.prune ?? (settings.prune || application.operation?.sync?.prune === true),
    unrelatedHistory: await isUnrelated(world, key, settings, state, loaded),
    signal,
  });
  const plan = planSync(wanted.snapshot);
  const isContested = ({ claim }: DesiredObject) => claim.type === 'conflict' || claim.type === 'wait';
  state.isContested = wanted.snapshot.desired.some(isContested);
  const turn: Turn = { key, application, settings, state, loaded, survey: wanted, plan, signal };
  const decision = decideNow(world, turn);
  const outcome = await act(world, turn, decision);
  if (!outcome.again) {
    const isSynced = decision.type === 'rest' && decision.inSync;
    await report(world, { ...turn, isSynced });
  }
  return outcome;
}

async function load(
  world: World,
  key: string,
  settings: ApplicationSettings,
  state: ApplicationState,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { fetches } = state;
  const rows = world.table.rowsOf(key);
  const result = await loadApplication(world, {
    settings,
    hadObjectsBelow: (path) => [...rows.values()].some((row) => path === '' || row.path.startsWith(`${path}/`)),
    ...(state.active?.pinned === undefined ? {} : { pinned: state.active.pinned }),
    ...(state.loaded === undefined ? {} : { previous: state.loaded }),
    signal,
  });
  if (result.type === 'loaded' && result.loaded !== state.loaded) {
    state.loaded = result.loaded;
    world.claims.set(key, result.loaded);
    state.comparer.retain(new Set(result.loaded.objects.map(({ id }) => id)));
  }
  // A pinned run stands for an older commit: what the newest one says is not known then.
  if (state.active?.pinned === undefined) markRead(world, key, fetches);
  return result;
}

/** Whether the branch was replaced by another history since the last sync. */
async function isUnrelated(
  world: World,
  key: string,
  settings: ApplicationSettings,
  state: ApplicationState,
  loaded: Loaded,
): Promise<boolean> {
  const source = settings.sources[0];
  const synced = world.history.lastSynced(key);
  if (source === undefined || synced === undefined || synced === loaded.commit) return false;
  if (state.unrelated?.from !== synced || state.unrelated.to !== loaded.commit) {
    const mirror = await world.repositories.use(source.repoURL).mirror();
    state.unrelated = { from: synced, to: loaded.commit, answer: !(await mirror.isRelated(synced, loaded.commit)) };
  }
  return state.unrelated.answer;
}

function decideNow(world: World, { application, settings, state, loaded, plan }: Turn): Decision {
  const { active } = state;
  const repository = world.repositories.use(settings.sources[0]?.repoURL ?? '');
  return decide({
    nowMs: world.clock.nowMs(),
    automated: settings.automated,
    selfHeal: settings.selfHeal,
    digest: loaded.digest,
    syncedDigest: application.status?.digest,
    plan,
    current:
      active === undefined
        ? undefined
        : {
            name: active.run.metadata.name,
            phase: active.run.status?.phase ?? 'Running',
            digest: active.run.spec.digest,
            pruneDigest: approvedPruneDigest(active.run),
            approved: active.run.status?.approval === undefined ? undefined : approvedPruneDigest(active.run),
          },
    failedAttempt: state.failedAttempt,
    operation:
      application.operation === undefined
        ? undefined
        : { by: application.operation.initiatedBy?.username ?? 'unknown' },
    healAtMs: nextHealMs(world, state),
    byWebhook: repository.lastCause === 'webhook',
  });
}

async function act(world: World, turn: Turn, decision: Decision): Promise<Outcome> {
  const { state } = turn;
  switch (decision.type) {
    case 'rest':
      await takeOperation(world, turn);
      await settleRows(world, turn, 'rest');
      return { again: false, ...wakeAt(decision.wakeAtMs, turn.survey.gatesOpenAtMs) };
    case 'start':
      await startRun(world, turn, decision, 'Running');
      return { again: true };
    case 'block':
      await startRun(world, turn, decision, 'PruneBlocked');
      return { again: false };
    case 'await-approval':
      await takeOperation(world, turn);
      return { again: false };
    case 'approve': {
      const active = state.active as ActiveRun;
      active.approved = approvedPruneDigest(active.run);
      await settleRows(world, turn, 'begin');
      active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
      return { again: true };
    }
    case 'retry':
      return retry(world, turn, decision.run);
    case 'supersede':
      return supersede(world, turn);
    case 'continue':
      return continueRun(world, turn);
  }
}

function wakeAt(...times: readonly (number | undefined)[]): { readonly wakeAtMs?: number } {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? {} : { wakeAtMs: Math.min(...known) };
}

async function startRun(
  world: World,
  turn: Turn,
  { trigger, by }: { readonly trigger: SyncRunSpec['trigger']; readonly by: string },
  phase: 'Running' | 'PruneBlocked',
): Promise<void> {
  const { application, loaded, plan, state, settings } = turn;
  const nowMs = world.clock.nowMs();
  if (trigger === 'self-heal') noteHeal(world, state);
  const prune = settings.prune || application.operation?.sync?.prune === true;
  if (phase === 'Running') await settleRows(world, turn, 'begin');
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
    },
  });
  state.active = { ...newActive(run, nowMs, prune), planned: new Set(plan.steps.map(({ id }) => id)) };
  if (phase === 'PruneBlocked') tellBlocked(world, application, plan);
  world.log.info(
    { application: turn.key, run: run.metadata.name, trigger, commit: loaded.commit, phase },
    'a sync begins',
  );
  await takeOperation(world, turn);
}

function newActive(run: SyncRun, startedAtMs: number, prune: boolean): ActiveRun {
  return {
    run,
    results: new Map(),
    failed: new Map(),
    planned: undefined,
    startedAtMs,
    pinned: undefined,
    prune,
    approved: undefined,
    waiting: undefined,
    attempts: 1,
  };
}

function blockedWords({ verdict }: SyncPlan): Pick<SyncRunStatus, 'reason' | 'message'> {
  return { reason: 'PruneBlocked', message: `waits for approval: ${verdict.reasons.join('; ')}` };
}

function tellBlocked(world: World, application: Application, plan: SyncPlan): void {
  world.events.record(application, {
    type: 'Warning',
    reason: 'PruneBlocked',
    message: plan.verdict.reasons.join('; '),
  });
}

async function continueRun(world: World, turn: Turn): Promise<Outcome> {
  const { key, state, plan, settings, loaded, signal } = turn;
  const active = state.active as ActiveRun;
  const isHeal = active.run.spec.trigger === 'self-heal';
  const { own, drifted } = splitSteps(plan, active);
  const healAtMs = nextHealMs(world, state);
  if (drifted.length > 0 && settings.selfHeal && !isHeal && healAtMs <= world.clock.nowMs()) {
    await healBeside(world, turn, drifted);
    return { again: true };
  }
  const next = nextStep({
    plan: { ...plan, steps: own },
    health: healthsOf(world, turn),
    // A heal brings back what was there: it waits for nothing.
    changed: isHeal ? new Set() : changedIds(active),
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
        { key, settings, loaded, state, survey: turn.survey, run, signal },
        next.steps,
      );
      for (const outcome of outcomes) record(active, outcome);
      return { again: true };
    }
    case 'wait':
      return waitFor(world, turn, active, next, drifted.length > 0 && settings.selfHeal ? healAtMs : undefined);
    case 'block':
      await block(world, turn, active);
      return { again: false };
    case 'done':
      return finish(world, turn, active, next.failed ? 'Failed' : 'Succeeded', next.message);
  }
}

/** An approval holds for the deletions that were shown, and for what is left of them after a crash or a failure. */
function isApproved({ approved, run }: ActiveRun, plan: SyncPlan): boolean {
  if (approved === undefined) return false;
  if (approved === pruneDigest(plan)) return true;
  const shown = new Set(run.spec.plan.flatMap((change) => (change.action === 'prune' ? [idOf(change)] : [])));
  return plan.steps.every(({ action, id }) => action !== 'prune' || shown.has(id));
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

function changedIds({ results }: ActiveRun): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const [id, { action }] of results) if (action === 'created' || action === 'configured') changed.add(id);
  return changed;
}

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

function resultOf({ step, action, message }: StepOutcome): SyncResult {
  const { group, kind, namespace, name } = step.key;
  const { order, origin } = step;
  return {
    group,
    kind,
    namespace,
    name,
    action,
    wave: order.wave,
    origin,
    ...(message === undefined ? {} : { message }),
  };
}

function record(active: ActiveRun, outcome: StepOutcome): void {
  const { step, action, message } = outcome;
  active.results.set(step.id, resultOf(outcome));
  if (action === 'failed' || action === 'skipped') active.failed.set(step.id, message ?? `was ${action}`);
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

function nextHealMs({ clock, options }: World, { heals }: ApplicationState): number {
  const isCalm = clock.nowMs() - heals.lastMs > options.healCalmMs;
  return isCalm || heals.count === 0 ? 0 : heals.lastMs + backoffMs(heals.count, options.healBackoff);
}

function noteHeal({ clock, options }: World, state: ApplicationState): void {
  const nowMs = clock.nowMs();
  const isCalm = nowMs - state.heals.lastMs > options.healCalmMs;
  state.heals = { count: isCalm ? 1 : state.heals.count + 1, lastMs: nowMs };
}

/** Puts drift right while a run waits for something, with a record of its own. */
async function healBeside(world: World, turn: Turn, steps: readonly SyncStep[]): Promise<void> {
  const { key, application, settings, state, loaded, plan, signal } = turn;
  noteHeal(world, state);
  const startedAtMs = world.clock.nowMs();
  const run = state.active?.run.metadata.name ?? '';
  const outcomes = await carryOut(world, { key, settings, loaded, state, survey: turn.survey, run, signal }, steps);
  const nowMs = world.clock.nowMs();
  await world.history.begin({
    application,
    loaded,
    plan: { ...plan, steps },
    trigger: 'self-heal',
    requestedBy: 'plumbline',
    prune: false,
    status: {
      phase: outcomes.some(({ action }) => action === 'failed') ? 'Failed' : 'Succeeded',
      startedAt: formatTime(startedAtMs),
      finishedAt: formatTime(nowMs),
      durationMs: Math.max(0, Math.round(nowMs - startedAtMs)),
      results: outcomes.map(resultOf),
    },
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
  if (nowMs >= deadlineMs) return finish(world, turn, active, 'Failed', `${object} ${reason}, past its deadline`);
  active.waiting = { object, reason, deadlineMs };
  active.run = await world.history.writeStatus(active.run, statusOf(world, active, 'Running'));
  return { again: false, ...wakeAt(deadlineMs, turn.survey.gatesOpenAtMs, healAtMs) };
}

function statusOf(world: World, active: ActiveRun, phase: SyncRunStatus['phase']): SyncRunStatus {
  const nowMs = world.clock.nowMs();
  const ended = phase === 'Succeeded' || phase === 'Failed' || phase === 'Superseded';
  const results: SyncResult[] = [...active.results.values()].slice(0, MAX_RECORDED);
  const { waiting } = active;
  const approval = active.run.status?.approval;
  return {
    phase,
    startedAt: formatTime(active.startedAtMs),
    results,
    ...(approval === undefined ? {} : { approval }),
    ...(ended
      ? { finishedAt: formatTime(nowMs), durationMs: Math.max(0, Math.round(nowMs - active.startedAtMs)) }
      : {}),
    ...(waiting === undefined || ended
      ? {}
      : { waiting: { object: waiting.object, reason: waiting.reason, deadline: formatTime(waiting.deadlineMs) } }),
  };
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
  await settleRows(world, turn, 'end');
  active.run = await world.history.writeStatus(active.run, {
    ...statusOf(world, active, phase),
    ...(phase === 'Failed' ? { reason: 'SyncFailed', message: attemptWords(active, message) } : {}),
  });
  state.active = undefined;
  state.supersedes = 0;
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
  // What was applied stands, whether or not it became healthy: what differs from now on is drift.
  await report(world, { ...turn, isSynced: active.failed.size === 0 && plan.refused.length === 0 });
  await world.history.trim(key, settings.historyLimit);
  // What this run did not do, because it stood for an older commit, the next turn begins.
  return { again: true };
}

function attemptWords({ attempts }: ActiveRun, message: string): string {
  return attempts === 1 ? message : `${message} (attempt ${attempts})`;
}

/** The same run again. It is opened again only when there is something to do: otherwise it is asked again, later. */
async function retry(world: World, turn: Turn, name: string): Promise<Outcome> {
  const { state, settings, plan } = turn;
  const attempt = state.failedAttempt;
  if (attempt === undefined) return { again: true };
  const attempts = attempt.attempts + 1;
  state.comparer.retryRefused();
  const nowMs = world.clock.nowMs();
  state.failedAttempt = { ...attempt, attempts, retryAtMs: nowMs + backoffMs(attempts, settings.retry) };
  if (plan.steps.length === 0) return { again: false, wakeAtMs: state.failedAttempt.retryAtMs };
  const run = await world.history.refresh(name);
  if (run === undefined) {
    state.failedAttempt = undefined;
    return { again: true };
  }
  const prune = run.metadata.annotations?.[PRUNE_ANNOTATION] === 'true';
  state.active = { ...newActive(run, nowMs, prune), planned: new Set(plan.steps.map(({ id }) => id)), attempts };
  await settleRows(world, turn, 'begin');
  state.active.run = await world.history.writeStatus(run, statusOf(world, state.active, 'Running'));
  return { again: true };
}

/** The newest commit wins, at a step's border. After some in a row one run is completed, so that a busy branch gets anywhere. */
async function supersede(world: World, turn: Turn): Promise<Outcome> {
  const { state, loaded, settings } = turn;
  const active = state.active as ActiveRun;
  const phase = active.run.status?.phase;
  if (phase === 'Running' && state.supersedes >= world.options.supersedes && active.pinned === undefined) {
    if (settings.sources.length === 1) {
      active.pinned = [active.run.spec.revision];
      return { again: true };
    }
  }
  state.supersedes += 1;
  state.active = undefined;
  state.lastRun = { name: active.run.metadata.name, phase: 'Superseded' };
  await world.history.writeStatus(active.run, {
    ...statusOf(world, active, 'Superseded'),
    reason: 'Superseded',
    message: `gave way to commit ${loaded.commit.slice(0, 12)}`,
    supersededBy: loaded.commit,
  });
  return { again: true };
}

/** A run that an earlier process began goes on: what it has done is seen from what is live. */
function resume(world: World, key: string, state: ApplicationState): void {
  state.resumed = true;
  const latest = world.history.latest(key);
  if (latest?.status !== undefined) state.lastRun = { name: latest.metadata.name, phase: latest.status.phase };
  const run = world.history.open(key);
  if (run === undefined) return;
  const startedAt = Date.parse(run.status?.startedAt ?? '');
  const prune = run.metadata.annotations?.[PRUNE_ANNOTATION] === 'true';
  const active = newActive(run, Number.isNaN(startedAt) ? world.clock.nowMs() : startedAt, prune);
  for (const result of run.status?.results ?? []) {
    const { group, kind, namespace, name, action } = result;
    if (action !== 'failed' && action !== 'skipped') active.results.set(idOf({ group, kind, namespace, name }), result);
  }
  if (run.status?.approval !== undefined && run.status.phase === 'Running') active.approved = approvedPruneDigest(run);
  const { plan } = run.spec;
  if (plan.length < MAX_RECORDED) active.planned = new Set(plan.map(idOf));
  state.active = active;
}

function idOf({
  group,
  kind,
  namespace,
  name,
}: {
  group: string;
  kind: string;
  namespace: string;
  name: string;
}): string {
  const prefix = group === '' ? kind : `${group}/${kind}`;
  return namespace === '' ? `${prefix}/${name}` : `${prefix}/${namespace}/${name}`;
}

/** The request is taken off as soon as it is being answered, as Argo CD's clients expect. */
async function takeOperation(world: World, { key, application }: Turn): Promise<void> {
  if (application.operation === undefined) return;
  await patchApplication(world, key, { type: 'merge', body: { operation: null } });
}

async function takeRefresh(
  world: World,
  key: string,
  { metadata }: Application,
  settings: ApplicationSettings,
): Promise<void> {
  if (metadata.annotations?.[REFRESH_ANNOTATION] === undefined) return;
  for (const { repoURL } of settings.sources) world.repositories.hint(repoURL, 'refresh');
  const body = { metadata: { annotations: { [REFRESH_ANNOTATION]: null } } };
  await patchApplication(world, key, { type: 'merge', body });
}
