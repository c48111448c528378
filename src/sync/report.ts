import {
  type Application,
  type ApplicationConditionType,
  type ApplicationStatus,
  type FieldDrift,
  type Json,
  type SyncStatus,
  versionOf,
} from '#api';
import { formatTime } from '#base';
import { healthOf } from '#health';
import type { ApplicationSettings } from './application.plan.ts';
import { hasGivenUp } from './decide.plan.ts';
import { boundField } from './history.ts';
import type { Loaded } from './load.ts';
import { mergePatch } from './merge-patch.plan.ts';
import { imagesOf } from './objects.plan.ts';
import type { ApplicationState } from './state.ts';
import { conditionsOf, type NewCondition, planStatus, type ReportedObject } from './status.plan.ts';
import { planStatusEvents } from './status-events.plan.ts';
import type { Survey } from './survey.ts';
import type { Comparison, SyncPlan } from './sync.types.ts';
import { ignoresExtraneous, unknownObjectOptions } from './sync-options.plan.ts';
import { applicationOf, patchApplication, stateOf, type World } from './world.ts';

/** Fields of one object that a status shows. */
const MAX_FIELDS = 20;

export interface ReportRequest {
  readonly key: string;
  readonly settings: ApplicationSettings;
  readonly state: ApplicationState;
  readonly loaded: Loaded;
  readonly survey: Survey;
  readonly plan: SyncPlan;
  /** Everything that Git says has been applied: what differs later is drift. */
  readonly isSynced: boolean;
  /** Why there is no run although there is something to do. */
  readonly waiting?: string | undefined;
}

/** Writes what is true now into the Application's status, when that differs from what it says. */
export async function report(world: World, request: ReportRequest): Promise<void> {
  const { key, settings, state, loaded, plan } = request;
  const application = applicationOf(world, key);
  if (application === undefined) return;
  const objects = reportObjects(world, request);
  const digest = request.isSynced ? loaded.digest : application.status?.digest;
  await writeStatus(
    world,
    key,
    application,
    planStatus({
      application,
      nowMs: world.clock.nowMs(),
      objects,
      sync: overallSync(objects, loaded, plan),
      revision: loaded.commit,
      digest,
      run: runOf(state),
      images: [...new Set(loaded.objects.flatMap(({ object }) => imagesOf(object)))].sort(),
      conditions: [
        ...repositoryConditions(world, settings),
        ...planConditions(world, request),
        ...heldConditions(settings),
        // Who suspended it said so already.
        ...(request.waiting === undefined || settings.suspended !== undefined
          ? []
          : [{ type: 'SyncWindow' as const, message: request.waiting }]),
        ...state.signatureWarnings.map((message) => ({ type: 'SignatureWarning' as const, message })),
        ...conditionsOf(loaded.diagnostics),
        ...unsupportedConditions(settings, loaded),
      ],
    }),
    application.status?.digest === loaded.digest,
  );
}

/** What people did to an Application that Git does not know of. */
function heldConditions({ suspended, pinned }: ApplicationSettings): readonly NewCondition[] {
  const held: NewCondition[] = [];
  if (suspended !== undefined) held.push({ type: 'Suspended', message: suspended });
  if (pinned !== undefined) {
    const instead = pinned.instead === '' ? 'the default branch' : pinned.instead;
    held.push({ type: 'Pinned', message: `held at ${pinned.commit} instead of ${instead}, until it is unpinned` });
  }
  return held;
}

function runOf({ active, lastRun }: ApplicationState): ApplicationStatus['run'] {
  return active === undefined
    ? lastRun
    : { name: active.run.metadata.name, phase: active.run.status?.phase ?? 'Running' };
}

/** Nothing could be loaded: what is live stays as it is, and what was told of it too. */
export async function reportFailure(
  world: World,
  key: string,
  settings: ApplicationSettings,
  failure: { readonly condition?: ApplicationConditionType; readonly code: string; readonly message: string },
): Promise<void> {
  const application = applicationOf(world, key);
  if (application === undefined) return;
  const type = failure.condition ?? 'ComparisonError';
  await writeStatus(
    world,
    key,
    application,
    planStatus({
      application,
      nowMs: world.clock.nowMs(),
      objects: undefined,
      sync: 'Unknown',
      revision: application.status?.sync?.revision,
      digest: application.status?.digest,
      run: runOf(stateOf(world, key)) ?? application.status?.run,
      images: [],
      conditions: [
        ...repositoryConditions(world, settings),
        ...heldConditions(settings),
        { type, reason: failure.code, message: failure.message },
        ...unsupportedConditions(settings),
      ],
    }),
  );
}

async function writeStatus(
  world: World,
  key: string,
  application: Application,
  status: ApplicationStatus,
  wasSynced = false,
): Promise<void> {
  const before = application.status ?? {};
  const { reconciledAt: _at, ...rest } = before;
  const patch = mergePatch(rest, status);
  if (patch === undefined) return;
  const body = { status: { ...(patch as Record<string, Json>), reconciledAt: formatTime(world.clock.nowMs()) } };
  await patchApplication(world, key, { type: 'merge', body }, 'status');
  for (const event of planStatusEvents({ before, after: status, wasSynced })) world.events.record(application, event);
}

function reportObjects(world: World, { key, loaded, survey, plan }: ReportRequest): readonly ReportedObject[] {
  const nowMs = world.clock.nowMs();
  const rows = world.table.rowsOf(key);
  // Also what waits for another Application, or for an old object to be gone: it is not as Git says.
  const notApplied = new Set([...plan.refused.map(({ id }) => id), ...plan.undecided]);
  const reported: ReportedObject[] = survey.snapshot.desired.map(({ id, key: object, origin, comparison }) => {
    const live = world.live.get(object);
    const health = live === undefined ? ({ status: 'Missing' } as const) : healthOf(live, { nowMs });
    const commit = rows.get(id)?.commit;
    return {
      key: object,
      version: versionOf(loaded.byId.get(id)?.object.apiVersion ?? ''),
      sync: notApplied.has(id) ? 'OutOfSync' : syncOf(comparison),
      health,
      requiresPruning: false,
      origin: commit === undefined ? origin : { ...origin, commit },
      drift: driftOf(comparison),
    };
  });
  const unread = loaded.failedPaths.length > 0;
  const pruned = new Map(
    plan.steps.flatMap((step) => (step.action === 'prune' ? [[step.id, step.origin] as const] : [])),
  );
  for (const [id, entry] of rows) {
    const isKept = plan.kept.some((kept) => kept.id === id);
    if (!isKept && !pruned.has(id) && !plan.deleting.includes(id)) continue;
    const { group, kind, namespace, name, version, path, line, commit } = entry;
    const object = { group, kind, namespace, name };
    const live = world.live.get(object);
    if (live === undefined) continue;
    reported.push({
      key: object,
      version,
      sync: unread ? 'Unknown' : ignoresExtraneous(live) ? 'Synced' : 'OutOfSync',
      health: healthOf(live, { nowMs }),
      requiresPruning: !unread,
      origin: { path, line, commit },
      drift: [],
    });
  }
  return reported;
}

function syncOf({ state }: Comparison): SyncStatus {
  return state === 'in-sync' ? 'Synced' : 'OutOfSync';
}

function driftOf(comparison: Comparison): readonly FieldDrift[] {
  return comparison.state === 'different' ? comparison.fields.slice(0, MAX_FIELDS).map(boundField) : [];
}

function overallSync(objects: readonly ReportedObject[], loaded: Loaded, plan: SyncPlan): SyncStatus {
  if (loaded.failedPaths.length > 0) return 'Unknown';
  const isBroken = loaded.diagnostics.some(({ severity }) => severity === 'error');
  if (isBroken || plan.refused.length > 0 || plan.undecided.length > 0) return 'OutOfSync';
  return objects.every(({ sync }) => sync === 'Synced') ? 'Synced' : 'OutOfSync';
}

export function repositoryConditions(world: World, { sources }: ApplicationSettings): readonly NewCondition[] {
  return [...new Set(sources.map(({ repoURL }) => repoURL))].flatMap((url) => {
    const { failure } = world.repositories.use(url);
    if (failure === undefined) return [];
    const message = `${url}: ${failure.message}; nothing is changed, the last commit that was read stays in force`;
    return [{ type: 'RepositoryUnreachable', reason: failure.code, message, sinceMs: failure.sinceMs }];
  });
}

function planConditions(world: World, { key, plan, state, settings }: ReportRequest): readonly NewCondition[] {
  const conditions: NewCondition[] = plan.refused.map(({ origin, message }) => ({
    type: 'SyncError',
    message: `${origin.path}:${origin.line}: ${message}`,
  }));
  const status = state.active?.run.status;
  if (status?.phase === 'PruneBlocked') {
    const prunes = plan.steps.filter(({ action }) => action === 'prune').map(({ id }) => id);
    const named = prunes.slice(0, 10).join(', ') + (prunes.length > 10 ? ` and ${prunes.length - 10} more` : '');
    conditions.push({
      type: 'PruneBlocked',
      message: `${plan.verdict.reasons.join('; ')}. Would be deleted: ${named}`,
    });
  }
  if (state.failedAttempt !== undefined && plan.refused.length === 0) {
    const { run } = state.failedAttempt;
    const record = world.history.runsOf(key).find(({ metadata }) => metadata.name === run);
    const why = record?.status?.message === undefined ? '' : `: ${record.status.message}`;
    const message = hasGivenUp(state.failedAttempt, settings.retryLimit)
      ? `run ${run} failed as often as spec.syncPolicy.retry.limit allows (${settings.retryLimit})${why}; commit a change, or ask for a sync`
      : `run ${run} failed${why}; it is tried again`;
    conditions.push({ type: 'SyncError', message });
  }
  return conditions;
}

function unsupportedConditions({ unsupported }: ApplicationSettings, loaded?: Loaded): readonly NewCondition[] {
  const all = loaded === undefined ? unsupported : [...unsupported, ...unknownOptions(loaded)];
  if (all.length === 0) return [];
  return [{ type: 'UnsupportedFields', message: `asked for and not supported: ${all.join(', ')}` }];
}

/** By what was loaded: the same objects are reported many times. */
const unknown = new WeakMap<Loaded, readonly string[]>();

/** Options on objects that do nothing here, each with its place. */
function unknownOptions(loaded: Loaded): readonly string[] {
  const known = unknown.get(loaded);
  if (known !== undefined) return known;
  const found = [...loaded.objects, ...loaded.hooks].flatMap(({ object, origin }) =>
    unknownObjectOptions(object).map((option) => `${origin.path}:${origin.line}: ${option}`),
  );
  unknown.set(loaded, found);
  return found;
}
