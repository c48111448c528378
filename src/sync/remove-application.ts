import { APPLICATIONS, type Application, SYNC_RUNS, type SyncRun } from '#api';
import { formatTime } from '#base';
import type { ReconcileResult } from '#reconcile';
import { readApplication } from './application.plan.ts';
import { CASCADE_APPROVED, deleteObject } from './carry-out.ts';
import { MANAGER } from './compare.ts';
import { pruneDigest } from './decide.plan.ts';
import { approvedPruneDigest } from './history.ts';
import { dropHooks } from './hooks.ts';
import { reportFailure } from './report.ts';
import { CASCADE_FINALIZER, cascades, surveyOwned } from './survey.ts';
import { planCascade } from './sync.plan.ts';
import type { SyncPlan } from './sync.types.ts';
import { optionsOf, type SyncOptionSet } from './sync-options.plan.ts';
import { isDoomed, stateOf, type World } from './world.ts';

/** Objects on their way out wake their Application; this is for changes that nothing tells, ms. */
const CASCADE_POLL_MS = 2_000;

/**
 * An Application was deleted. With the finalizer of Argo CD what it holds is deleted too, under the same brake as any
 * other deletion; without it, its objects stay and are nobody's.
 */
export async function removeApplication(
  world: World,
  key: string,
  application: Application | undefined,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  if (application !== undefined) return cascades(application) ? cascade(world, key, application, signal) : {};
  await dropHooks(world, key, 'let-go', signal);
  world.claims.delete(key);
  world.states.delete(key);
  await world.table.update(key, () => new Map());
  await world.history.forget(key);
  return {};
}

async function cascade(
  world: World,
  key: string,
  application: Application,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { options } = readApplication(application);
  const plan = await planRemoval(world, key, options, signal);
  if (plan.steps.length === 0 && plan.deleting.length === 0) {
    await dropHooks(world, key, 'delete', signal);
    await dropFinalizer(world, application, signal);
    return {};
  }
  const isApproved = plan.verdict.blocked && (await isApprovedByParent(world, application));
  if (plan.verdict.blocked && !isApproved && !(await isApprovedByRun(world, key, application, plan))) return {};
  for (const { key: object } of plan.steps) {
    signal.throwIfAborted();
    const live = world.live.get(object);
    const { propagation } = optionsOf(options, live);
    if (live !== undefined) await deleteObject(world, live, signal, propagation);
  }
  return { requeueAfterMs: CASCADE_POLL_MS };
}

async function planRemoval(world: World, key: string, options: SyncOptionSet, signal: AbortSignal): Promise<SyncPlan> {
  const rows = world.table.rowsOf(key);
  for (const entry of rows.values()) {
    const resource = world.kinds.resourceOf(entry);
    if (resource !== undefined) await world.live.ensure(resource, signal);
  }
  const owned = [...rows].map(([id, entry]) => surveyOwned(world, id, entry, options));
  const taken = owned.filter(({ id }) =>
    world.claims.othersOf(id, key).some((claim) => !isDoomed(world, claim.application)),
  );
  return planCascade(owned, new Set(taken.map(({ id }) => id)));
}

/**
 * Whether a run of the Application that this one was part of deletes it, and was allowed to. The annotation alone says nothing:
 * Git can hold it, too.
 */
async function isApprovedByParent(world: World, { metadata }: Application): Promise<boolean> {
  const name = metadata.annotations?.[CASCADE_APPROVED];
  if (name === undefined) return false;
  const run = await world.client.get(SYNC_RUNS, { namespace: metadata.namespace ?? '', name });
  const deletes = run?.spec.plan.some(
    (step) => step.action === 'prune' && step.kind === 'Application' && step.name === metadata.name,
  );
  // Made before the Application was, or by an earlier one of its name, it says nothing of this one.
  return (
    deletes === true && Date.parse(run?.metadata.creationTimestamp ?? '') >= Date.parse(metadata.creationTimestamp)
  );
}

/** Whether a person has approved these very deletions. If nobody was asked yet, asks. */
async function isApprovedByRun(world: World, key: string, application: Application, plan: SyncPlan): Promise<boolean> {
  const asked = world.history.open(key);
  if (asked !== undefined && approvedPruneDigest(asked) === pruneDigest(plan)) {
    if (asked.status?.approval === undefined) return false;
    if (asked.status.phase === 'PruneBlocked') {
      const status = { ...asked.status, phase: 'Running' as const };
      await world.history.writeStatus(asked, status);
    }
    return true;
  }
  // Approved before, and part of it is gone by now.
  if (asked?.status?.phase === 'Running' && asked.status.approval !== undefined) return true;
  await ask(world, key, application, plan, asked);
  return false;
}

async function ask(
  world: World,
  key: string,
  application: Application,
  plan: SyncPlan,
  before: SyncRun | undefined,
): Promise<void> {
  const now = formatTime(world.clock.nowMs());
  if (before?.status !== undefined) {
    const status = { ...before.status, phase: 'Superseded' as const, finishedAt: now };
    await world.history.writeStatus(before, status);
  }
  const commit = application.status?.sync?.revision ?? 'none';
  const message = `the Application was deleted; what it holds waits for approval: ${plan.verdict.reasons.join('; ')}`;
  const run = await world.history.begin({
    application,
    loaded: {
      commit,
      commits: [],
      info: { id: commit, author: '', email: '', committedAtMs: world.clock.nowMs(), message: '' },
      objects: [],
      digest: 'deleted',
    },
    plan,
    trigger: 'manual',
    requestedBy: 'whoever deleted the Application',
    prune: true,
    status: { phase: 'PruneBlocked', reason: 'PruneBlocked', message, startedAt: now },
  });
  const state = stateOf(world, key);
  state.active = undefined;
  state.lastRun = { name: run.metadata.name, phase: 'PruneBlocked' };
  world.events.record(application, { type: 'Warning', reason: 'PruneBlocked', message });
  const settings = readApplication(application);
  await reportFailure(world, key, settings, { condition: 'PruneBlocked', code: 'PruneBlocked', message });
}

async function dropFinalizer(world: World, { metadata }: Application, signal: AbortSignal): Promise<void> {
  const { namespace = '', name, finalizers = [] } = metadata;
  const rest = finalizers.filter((finalizer) => finalizer.split('/', 1)[0] !== CASCADE_FINALIZER);
  const body = { metadata: { finalizers: rest.length === 0 ? null : rest } };
  const key = { namespace, name };
  await world.client.patch(APPLICATIONS, key, { type: 'merge', body }, { fieldManager: MANAGER, signal });
}
