import type { InventoryEntry } from '#api';
import { equalJson } from '#base';
import { MANAGER } from './compare.ts';
import type { Loaded } from './load.ts';
import { isOurs } from './objects.plan.ts';
import type { Rows } from './ownership.ts';
import type { ApplicationState } from './state.ts';
import type { Survey } from './survey.ts';
import { rowOf } from './survey.ts';
import type { SyncPlan } from './sync.types.ts';
import type { World } from './world.ts';

export interface RowsRequest {
  readonly key: string;
  readonly settings: { readonly automated: boolean; readonly sources: readonly { readonly repoURL: string }[] };
  readonly loaded: Loaded;
  readonly survey: Survey;
  readonly plan: SyncPlan;
  readonly state: ApplicationState;
}

/**
 * Writes the ownership table. `begin`: what is owned and what is going to be, before anything is applied. `end` and
 * `rest`: without what is gone or handed over. So a crash between any two writes loses no object and owns none too many.
 */
export async function settleRows(world: World, request: RowsRequest, moment: 'begin' | 'end' | 'rest'): Promise<void> {
  const { key, loaded, survey, plan, state } = request;
  const isIdle = moment === 'rest' && plan.released.length === 0 && plan.taken.length === 0;
  if (isIdle && state.settled?.loaded === loaded && state.settled.rows === world.table.rowsOf(key)) return;
  const commits = await lastCommits(world, request);
  const takes = new Map(plan.taken.map(({ id, from }) => [id, from]));
  const claimed = new Map<string, InventoryEntry>();
  for (const { id, claim, comparison } of survey.snapshot.desired) {
    const object = loaded.byId.get(id);
    if (object === undefined || (claim.type !== 'own' && claim.type !== 'take')) continue;
    const isOwned = world.table.owns(key, id);
    // Without a run only what is as Git says already is taken in, and only where Git may act by itself.
    if (moment === 'rest' && !isOwned && !(request.settings.automated && comparison.state === 'in-sync')) continue;
    const row = world.table.rowsOf(key).get(id);
    const live = world.live.get(object.key);
    // What someone made anew under the same name is not ours before it was applied.
    const uid = live !== undefined && isOurs(live, row?.uid, MANAGER) ? live.metadata.uid : row?.uid;
    claimed.set(id, rowOf(object, commits.get(object.origin.path) ?? loaded.commit, uid));
  }
  const released = moment === 'begin' ? new Set<string>() : new Set(plan.released);
  const before = world.table.rowsOf(key);
  if (!isUnchanged(before, claimed, released)) {
    await world.table.update(key, (rows) => merge(rows, claimed, released));
  }
  for (const [id, from] of takes) {
    if (claimed.has(id) && world.table.owns(from, id))
      await world.table.update(from, (rows) => merge(rows, new Map(), new Set([id])));
  }
  if (moment === 'rest') state.settled = { loaded, rows: world.table.rowsOf(key) };
}

function isUnchanged(before: Rows, claimed: Rows, released: ReadonlySet<string>): boolean {
  for (const id of released) if (before.has(id)) return false;
  for (const [id, row] of claimed) if (!equalJson(before.get(id), row)) return false;
  return true;
}

function merge(rows: Rows, claimed: Rows, released: ReadonlySet<string>): Rows {
  const merged = new Map(rows);
  for (const id of released) merged.delete(id);
  for (const [id, row] of claimed) merged.set(id, row);
  return merged;
}

/** The last commit that changed each file. Where Git cannot tell in time, the loaded commit stands in. */
async function lastCommits(world: World, { loaded, settings }: RowsRequest): Promise<ReadonlyMap<string, string>> {
  const paths = [...new Set(loaded.objects.map(({ origin }) => origin.path))];
  const commits = new Map<string, string>();
  for (const [index, { repoURL }] of settings.sources.entries()) {
    const commit = loaded.commits[index]?.commit;
    if (commit === undefined) continue;
    const mirror = await world.repositories.use(repoURL).mirror();
    for (const [path, last] of await mirror.lastChanges(commit, paths)) commits.set(path, last);
  }
  return commits;
}
