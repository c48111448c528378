import { APPLICATIONS, type Application } from '#api';
import type { ReconcileResult } from '#reconcile';
import { CASCADE_APPROVED, deleteObject } from './carry-out.ts';
import { MANAGER } from './compare.ts';
import { resourceOf } from './live.ts';
import { isOurs, pruneOption } from './objects.plan.ts';
import { comparePruneOrder, kindRank, waveOf } from './order.plan.ts';
import { judgePrune } from './prune.plan.ts';
import { CASCADE_FINALIZER, cascades } from './survey.ts';
import { isDoomed, type World } from './world.ts';

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
  if (application !== undefined && cascades(application)) return cascade(world, key, application, signal);
  if (application !== undefined) return {};
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
  const rows = world.table.rowsOf(key);
  for (const entry of rows.values()) {
    const resource = resourceOf(entry);
    if (resource !== undefined) await world.live.ensure(resource, signal);
  }
  const handed = new Set<string>();
  const open = [...rows].flatMap(([id, entry]) => {
    const live = world.live.get(entry);
    const taker = world.claims.othersOf(id, key).find((claim) => !isDoomed(world, claim.application));
    if (taker !== undefined) handed.add(id);
    if (live === undefined || taker !== undefined || !isOurs(live, entry.uid, MANAGER)) return [];
    const { group, kind, namespace, name } = entry;
    const option = pruneOption(live);
    if (option === 'never') return [];
    return [
      {
        id,
        live,
        key: { group, kind, namespace, name },
        order: { wave: waveOf(live), rank: kindRank(kind), id },
        confirm: option === 'confirm',
        cascade: [],
      },
    ];
  });
  if (open.length === 0) {
    await dropFinalizer(world, application, signal);
    return {};
  }
  const verdict = judgePrune({
    candidates: open,
    staying: [],
    ownedCount: rows.size,
    allowEmpty: false,
    unrelatedHistory: false,
    pathMissing: false,
    applicationDeleted: true,
  });
  const isApproved = application.metadata.annotations?.[CASCADE_APPROVED] !== undefined;
  if (verdict.blocked && !isApproved) {
    await blockCascade(world, application, verdict.reasons);
    return {};
  }
  for (const { live } of open.toSorted((a, b) => comparePruneOrder(a.order, b.order))) {
    if (live.metadata.deletionTimestamp === undefined) await deleteObject(world, live, signal);
  }
  return { requeueAfterMs: CASCADE_POLL_MS };
}

/** Objects on their way out wake the Application; this is for changes that nothing tells, ms. */
const CASCADE_POLL_MS = 1_000;

async function dropFinalizer(world: World, application: Application, signal: AbortSignal): Promise<void> {
  const { namespace = '', name, finalizers = [] } = application.metadata;
  const rest = finalizers.filter((finalizer) => finalizer.split('/', 1)[0] !== CASCADE_FINALIZER);
  const body = { metadata: { finalizers: rest.length === 0 ? null : rest } };
  await world.client.patch(
    APPLICATIONS,
    { namespace, name },
    { type: 'merge', body },
    { fieldManager: MANAGER, signal },
  );
}

async function blockCascade(world: World, application: Application, reasons: readonly string[]): Promise<void> {
  const message = `what it holds is not deleted before that is approved: ${reasons.join('; ')}. Approve with the annotation ${CASCADE_APPROVED}, or take off the finalizer to keep the objects`;
  world.events.record(application, { type: 'Warning', reason: 'PruneBlocked', message });
}
