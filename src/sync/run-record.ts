import type { Application, SyncResult, SyncRun, SyncRunStatus } from '#api';
import { formatTime } from '#base';
import type { StepOutcome } from './carry-out.ts';
import { pruneDigest } from './decide.plan.ts';
import { approvedPruneDigest, MAX_FIELDS, MAX_RECORDED, PRUNE_ANNOTATION } from './history.ts';
import type { ActiveRun, ApplicationState } from './state.ts';
import type { SyncPlan } from './sync.types.ts';
import type { World } from './world.ts';

/** What a run begins with. Its hooks are filled in by whoever begins it. */
export function newActive(run: SyncRun, startedAtMs: number, prune: boolean, attempts = 1): ActiveRun {
  return {
    run,
    hooks: [],
    failing: undefined,
    results: new Map(),
    failed: new Map(),
    planned: undefined,
    startedAtMs,
    pinned: undefined,
    prune,
    approved: undefined,
    waiting: undefined,
    attempts,
  };
}

/** A run that goes on: what it did before stays on its record, and its health is waited for. */
export function reopened(run: SyncRun, startedAtMs: number, prune: boolean, attempts: number): ActiveRun {
  const active = newActive(run, startedAtMs, prune, attempts);
  for (const [id, result] of resultsOf(run))
    if (result.action !== 'failed' && result.action !== 'skipped') active.results.set(id, result);
  return active;
}

/** Fields named in one message. */
const MAX_NAMED = 5;

/** What a step put back that differed only after the run had planned it: it stands in the run's record like the rest. */
function changedMeanwhile({ spec }: SyncRun, { step, action }: StepOutcome): string | undefined {
  if (action !== 'configured') return undefined;
  const planned = spec.plan.find((change) => change.action === 'configure' && idOf(change) === step.id)?.fields;
  if (planned === undefined || planned.length >= MAX_FIELDS) return undefined;
  const known = new Set(planned.map(({ path }) => path));
  const late = step.fields.filter(({ path }) => !known.has(path));
  if (late.length === 0) return undefined;
  const named = late.slice(0, MAX_NAMED).map(({ path, user }) => (user === undefined ? path : `${path} (${user})`));
  const more = late.length > MAX_NAMED ? ` and ${late.length - MAX_NAMED} more` : '';
  return `also put back what was changed meanwhile: ${named.join(', ')}${more}`;
}

export function resultOf({ step, action, message }: StepOutcome): SyncResult {
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

export function record(active: ActiveRun, outcome: StepOutcome): void {
  const { step, action, message = changedMeanwhile(active.run, outcome) } = outcome;
  active.results.set(step.id, resultOf({ step, action, ...(message === undefined ? {} : { message }) }));
  if (action === 'failed' || action === 'skipped') active.failed.set(step.id, message ?? `was ${action}`);
}

export function changedIds({ results }: { readonly results: ReadonlyMap<string, SyncResult> }): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const [id, { action }] of results) if (action === 'created' || action === 'configured') changed.add(id);
  return changed;
}

/** What deletions wait for once this run has ended without success. */
export function stillUnproven(before: ReadonlySet<string>, active: ActiveRun): ReadonlySet<string> {
  return new Set([...before, ...changedIds(active)]);
}

export function statusOf(world: World, active: ActiveRun, phase: SyncRunStatus['phase']): SyncRunStatus {
  const nowMs = world.clock.nowMs();
  const ended = phase === 'Succeeded' || phase === 'Failed' || phase === 'Superseded';
  const results: SyncResult[] = [...active.results.values()].slice(0, MAX_RECORDED);
  const { waiting, hooks, attempts, failing } = active;
  const approval = active.run.status?.approval;
  return {
    phase,
    startedAt: formatTime(active.startedAtMs),
    results,
    ...(hooks.length === 0 ? {} : { hooks: hooks.slice(0, MAX_RECORDED) }),
    ...(attempts === 1 ? {} : { attempt: attempts }),
    ...(failing === undefined || ended ? {} : { reason: FAILING, message: failing }),
    ...(approval === undefined ? {} : { approval }),
    ...(ended
      ? { finishedAt: formatTime(nowMs), durationMs: Math.max(0, Math.round(nowMs - active.startedAtMs)) }
      : {}),
    ...(waiting === undefined || ended
      ? {}
      : { waiting: { object: waiting.object, reason: waiting.reason, deadline: formatTime(waiting.deadlineMs) } }),
  };
}

/** Reason of a run that is about to fail: what was to run then still runs. */
const FAILING = 'SyncFailing';

export function blockedWords({ verdict }: SyncPlan): Pick<SyncRunStatus, 'reason' | 'message'> {
  return { reason: 'PruneBlocked', message: `waits for approval: ${verdict.reasons.join('; ')}` };
}

export function tellBlocked(world: World, application: Application, plan: SyncPlan): void {
  world.events.record(application, {
    type: 'Warning',
    reason: 'PruneBlocked',
    message: plan.verdict.reasons.join('; '),
  });
}

/** An approval holds for the deletions that were shown, and for what is left of them after a crash or a failure. */
export function isApproved({ approved, run }: ActiveRun, plan: SyncPlan): boolean {
  if (approved === undefined) return false;
  if (approved === pruneDigest(plan)) return true;
  const shown = new Set(run.spec.plan.flatMap((change) => (change.action === 'prune' ? [idOf(change)] : [])));
  return plan.steps.every(({ action, id }) => action !== 'prune' || shown.has(id));
}

/** A run that an earlier process began goes on: what it has done is seen from what is live. */
export function resume(world: World, key: string, state: ApplicationState): void {
  state.resumed = true;
  const latest = world.history.latest(key);
  if (latest?.status !== undefined) state.lastRun = { name: latest.metadata.name, phase: latest.status.phase };
  const asked = world.history.runsOf(key).findLast(({ spec }) => spec.trigger !== 'self-heal');
  state.owesHooks = asked?.status?.phase === 'Failed' || asked?.status?.phase === 'Superseded';
  if (latest?.status?.phase === 'Failed' || latest?.status?.phase === 'Superseded')
    state.unproven = changedIds({ results: resultsOf(latest) });
  const run = world.history.open(key);
  if (run === undefined) return;
  const startedAt = Date.parse(run.status?.startedAt ?? '');
  const prune = run.metadata.annotations?.[PRUNE_ANNOTATION] === 'true';
  const { hooks = [], attempt = 1, reason, message } = run.status ?? {};
  const active = reopened(run, Number.isNaN(startedAt) ? world.clock.nowMs() : startedAt, prune, attempt);
  active.hooks = hooks.map((hook) => ({ ...hook }));
  if (reason === FAILING) active.failing = message ?? '';
  if (run.status?.approval !== undefined && run.status.phase === 'Running') active.approved = approvedPruneDigest(run);
  const { plan } = run.spec;
  if (plan.length < MAX_RECORDED) active.planned = new Set(plan.map(idOf));
  state.active = active;
}

const resultsOf = ({ status }: SyncRun): ReadonlyMap<string, SyncResult> =>
  new Map((status?.results ?? []).map((result) => [idOf(result), result]));

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
