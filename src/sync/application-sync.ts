import type { Application, AppProject } from '#api';
import type { ReconcileResult } from '#reconcile';
import type { RenderedHook } from '#render';
import { type ApplicationSettings, readApplication } from './application.plan.ts';
import { type Decision, decide } from './decide.plan.ts';
import { markRead } from './freshness.ts';
import { nextHealMs } from './healing.ts';
import { approvedPruneDigest } from './history.ts';
import { lookAtHooks } from './hooks.ts';
import { type Loaded, type LoadResult, loadApplication } from './load.ts';
import { answerOperation, dryRunWords, operationProblem, type ReadyOperation, readyOperation } from './operation.ts';
import { projectProblems } from './project.plan.ts';
import { removeApplication } from './remove-application.ts';
import { report, reportFailure, repositoryConditions } from './report.ts';
import { settleRows } from './rows.ts';
import { approve, retry, startRun, supersede } from './run-control.ts';
import { resume } from './run-record.ts';
import { continueRun } from './run-steps.ts';
import { type ApplicationState, isUpToDate } from './state.ts';
import { survey } from './survey.ts';
import { planSync } from './sync.plan.ts';
import type { DesiredObject } from './sync.types.ts';
import { judgeWindows } from './sync-window.plan.ts';
import { type Outcome, type Turn, wakeAt } from './turn.ts';
import { applicationOf, patchApplication, projectNamed, stateOf, type World } from './world.ts';

/** Turns of one pass. A pass that needs more is not converging; the next one starts from what is live then. */
const MAX_TURNS = 200;
const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';

/** Brings one Application nearer to what its commit says. Reads everything anew each time; safe to run at any moment. */
export async function reconcileApplication(world: World, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const application = applicationOf(world, key);
  if (application === undefined || application.metadata.deletionTimestamp !== undefined) {
    return removeApplication(world, key, application, signal);
  }
  const settings = readApplication(application);
  const { problem } = projectOf(world, settings);
  const problems = problem === undefined ? settings.problems : [...settings.problems, problem];
  const state = stateOf(world, key);
  await takeRefresh(world, key, application, settings);
  if (!state.resumed) resume(world, key, state);
  if (problems.length > 0) {
    markRead(world, key);
    if (state.active !== undefined) await lookAtHooks(world, key, state.active, signal);
    const message = problems.join('; ');
    await reportFailure(world, key, settings, { condition: 'InvalidSpecError', code: 'InvalidSpecError', message });
    const { operation } = application;
    if (operation !== undefined)
      await answerOperation(world, key, { ...operation, id: operation.id ?? '' }, { message });
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

/** The project of an Application, and why it may not be synced at all. */
function projectOf(
  world: World,
  settings: ApplicationSettings,
): { readonly project: AppProject | undefined; readonly problem: string | undefined } {
  const name = settings.project;
  const project = projectNamed(world, name);
  const problems = projectProblems(project, { name, settings });
  return { project, problem: problems.length === 0 ? undefined : problems.join('; ') };
}

async function takeTurn(
  world: World,
  key: string,
  settings: ApplicationSettings,
  state: ApplicationState,
  signal: AbortSignal,
): Promise<Outcome> {
  const operation = await readyOperation(world, key, settings, state);
  const result = await load(world, key, settings, state, signal);
  const application = applicationOf(world, key);
  if (application === undefined) return { again: false };
  if (state.active !== undefined) state.active.run = world.history.current(state.active.run);
  if (result.type === 'failed') {
    // What runs has its deadline all the same.
    if (state.active !== undefined) await lookAtHooks(world, key, state.active, signal);
    await reportFailure(world, key, settings, result);
    await answerOperation(world, key, operation, { message: result.message });
    return { again: false, wakeAtMs: world.clock.nowMs() + world.options.loadRetryMs };
  }
  const { loaded } = result;
  const asked = wanting(application, settings, operation);
  const wanted = await survey(world, {
    key,
    settings,
    loaded,
    state,
    prune: state.active?.prune ?? mayPrune(settings, asked),
    unrelatedHistory: await isUnrelated(world, key, settings, state, loaded),
    project: projectOf(world, settings).project,
    signal,
  });
  const plan = planSync(wanted.snapshot);
  const isContested = ({ claim }: DesiredObject) => claim.type === 'conflict' || claim.type === 'wait';
  state.isContested = wanted.snapshot.desired.some(isContested);
  const turn: Turn = {
    key,
    application,
    settings,
    operation: asked,
    state,
    loaded,
    survey: wanted,
    plan,
    signal,
  };
  const decision = decideNow(world, turn);
  const outcome = await act(world, turn, decision);
  if (!outcome.again) {
    const isSynced = decision.type === 'rest' && decision.inSync;
    const waiting = decision.type === 'rest' ? decision.waiting : undefined;
    await report(world, { ...turn, isSynced, waiting });
    await answer(world, turn, decision, operation);
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
  if (result.type === 'loaded') state.signatureWarnings = result.signatureWarnings;
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

function decideNow(world: World, { key, application, settings, operation, state, loaded, plan }: Turn): Decision {
  const { active } = state;
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
    retryLimit: settings.retryLimit,
    hooks: { any: loaded.hooks.some(runsInSync), owed: state.owesHooks },
    operation: operation === undefined ? undefined : { by: operation.initiatedBy?.username ?? 'unknown' },
    healAtMs: nextHealMs(world, state),
    windows: judgeWindows({
      project: projectOf(world, settings).project,
      application: application.metadata.name,
      namespace: settings.namespace,
      nowMs: world.clock.nowMs(),
    }),
    suspended: settings.suspended,
    byWebhook: world.webhooks.of(key).length > 0,
  });
}

/** One that only runs when a sync fails gives no sync anything to do. */
function runsInSync({ hook }: RenderedHook): boolean {
  return hook.phases.some((phase) => phase !== 'SyncFail');
}

function mayPrune({ prune }: ApplicationSettings, operation: ReadyOperation | undefined): boolean {
  return prune || operation?.sync?.prune === true;
}

/** A request that asks for something impossible, or only what would be done, is answered, and starts nothing. */
function wanting(
  application: Application,
  settings: ApplicationSettings,
  operation: ReadyOperation | undefined,
): ReadyOperation | undefined {
  if (operation?.sync?.dryRun === true) return undefined;
  return operationProblem(application, settings, operation) === undefined ? operation : undefined;
}

/** Answers a request that began no run of its own, after the status has been brought up to date. */
async function answer(
  world: World,
  { key, application, settings, state, survey: surveyed }: Turn,
  decision: Decision,
  operation: ReadyOperation | undefined,
): Promise<void> {
  const problem = operationProblem(application, settings, operation);
  if (problem !== undefined) return answerOperation(world, key, operation, { message: problem });
  if (operation?.sync?.dryRun === true) {
    const shown = planSync({ ...surveyed.snapshot, prune: mayPrune(settings, operation) });
    return answerOperation(world, key, operation, { message: dryRunWords(shown) });
  }
  const { active } = state;
  // A run that is under way does what was asked for, unless it was begun without leave to delete.
  if (active !== undefined && (active.prune || operation?.sync?.prune !== true))
    return answerOperation(world, key, operation, { run: active.run.metadata.name });
  if (decision.type !== 'rest') return;
  const message = decision.waiting ?? repositoryConditions(world, settings)[0]?.message;
  await answerOperation(world, key, operation, message === undefined ? {} : { message });
}

async function act(world: World, turn: Turn, decision: Decision): Promise<Outcome> {
  switch (decision.type) {
    case 'rest':
      // The newest commit asks for nothing: what told of it leads to no run.
      if (isUpToDate(turn.state)) world.webhooks.take(turn.key);
      await settleRows(world, turn, 'rest');
      return { again: false, ...wakeAt(decision.wakeAtMs, turn.survey.gatesOpenAtMs) };
    case 'start':
      await startRun(world, turn, decision, 'Running');
      return { again: true };
    case 'block':
      await startRun(world, turn, decision, 'PruneBlocked');
      return { again: false };
    case 'await-approval':
      return { again: false, ...(decision.wakeAtMs === undefined ? {} : wakeAt(decision.wakeAtMs)) };
    case 'approve':
      return approve(world, turn);
    case 'retry':
      return retry(world, turn, decision.run);
    case 'supersede':
      return supersede(world, turn);
    case 'continue':
      return continueRun(world, turn);
  }
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
