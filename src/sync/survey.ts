import {
  type AppProject,
  type IgnoreDifference,
  type InventoryEntry,
  type KubeObject,
  type ObjectKey,
  type StoredObject,
  versionOf,
} from '#api';
import { canonicalJson } from '#base';
import { atTheirLines, originOfField, type RenderedObject } from '#render';
import type { ApplicationSettings } from './application.plan.ts';
import { MANAGER } from './compare.ts';
import { effectiveRules } from './ignore-rules.plan.ts';
import type { Loaded } from './load.ts';
import { definedKind, isOurs, occupiedPlaces } from './objects.plan.ts';
import { kindRank, type OrderKey, orderKeys, waveOf } from './order.plan.ts';
import { type ClaimDecision, decideClaim, pruneGate } from './ownership.plan.ts';
import { objectProblem } from './project.plan.ts';
import { type ApplicationState, isUpToDate } from './state.ts';
import type { Comparison, DesiredObject, OwnedObject, SyncSnapshot } from './sync.types.ts';
import { cascadeOption, optionsOf, type SyncOptionSet } from './sync-options.plan.ts';
import { applicationId, isDoomed, stateOf, type World } from './world.ts';

export interface SurveyRequest {
  readonly key: string;
  readonly settings: ApplicationSettings;
  readonly loaded: Loaded;
  readonly state: ApplicationState;
  readonly prune: boolean;
  readonly unrelatedHistory: boolean;
  /** What it allows; undefined: everything. */
  readonly project: AppProject | undefined;
  readonly signal: AbortSignal;
}

export interface Survey {
  /** Ignore rules that hold, and a text that is equal when they are. */
  readonly rules: readonly IgnoreDifference[];
  readonly rulesKey: string;
  readonly snapshot: SyncSnapshot;
  /** When a gate opens at the latest; undefined when none is closed. */
  readonly gatesOpenAtMs: number | undefined;
}

/** Objects compared with the API at the same time. */
const COMPARED_AT_ONCE = 16;

/** Reads everything that a plan is made from. Asks the API only about what may have changed. */
export async function survey(world: World, request: SurveyRequest): Promise<Survey> {
  const { key, loaded, settings, signal } = request;
  const rows = world.table.rowsOf(key);
  const kinds = new Map<string, ObjectKey>();
  for (const object of loaded.objects) kinds.set(`${object.key.group}/${object.key.kind}`, object.key);
  for (const entry of rows.values()) kinds.set(`${entry.group}/${entry.kind}`, entry);
  for (const kind of kinds.values()) {
    const resource = world.kinds.resourceOf(kind);
    if (resource !== undefined) await world.live.ensure(resource, signal);
  }
  // Before anything is waited for: a kind that goes meanwhile must not make its objects look gone.
  const owned = [...rows].map(([id, entry]) => surveyOwned(world, id, entry, settings.options));
  const wanted = new Set(loaded.objects.map(({ id }) => id));
  noteDropped(world, request, wanted);
  const { gates, openAtMs } = closedGates(world, request, wanted);
  const rules = effectiveRules(settings.ignoreDifferences, loaded.objects);
  const rulesKey = canonicalJson(rules);
  return {
    rules,
    rulesKey,
    snapshot: {
      desired: await surveyDesired(world, request, rules, rulesKey),
      owned,
      wantedElsewhere: wantedElsewhere(world, key, rows.keys(), wanted),
      gates,
      heldIds: new Set(loaded.heldIds),
      hookIds: new Set(loaded.hooks.map(({ id }) => id)),
      failedPaths: loaded.failedPaths,
      prune: request.prune,
      allowEmpty: settings.allowEmpty,
      unrelatedHistory: request.unrelatedHistory,
      pathMissing: loaded.pathMissing,
    },
    gatesOpenAtMs: openAtMs,
  };
}

async function surveyDesired(
  world: World,
  request: SurveyRequest,
  rules: readonly IgnoreDifference[],
  rulesKey: string,
): Promise<readonly DesiredObject[]> {
  const { key, loaded, state, signal } = request;
  const orders = orderKeys(loaded.objects);
  const desired: DesiredObject[] = [];
  for (let start = 0; start < loaded.objects.length; start += COMPARED_AT_ONCE) {
    const part = loaded.objects.slice(start, start + COMPARED_AT_ONCE);
    desired.push(
      ...(await Promise.all(
        part.map(async (object) => {
          const claim = claimOf(world, key, object.id);
          const resource = world.kinds.resourceFor(object.object);
          const live = world.live.get(object.key);
          const mayApply = claim.type === 'own' || claim.type === 'take';
          const forbidden = mayApply ? objectProblem(request.project, object.key) : undefined;
          const comparison: Comparison = !mayApply
            ? { state: 'in-sync' }
            : forbidden !== undefined
              ? { state: 'refused', message: forbidden }
              : resource === undefined
                ? // Its definition is applied before it.
                  { state: 'missing' }
                : await state.comparer.compare({
                    object,
                    resource,
                    schema: world.kinds.schemaOf(resource),
                    live,
                    rules,
                    rulesKey,
                    signal,
                  });
          const force = optionsOf(request.settings.options, object.object).force === true;
          return { ...desiredObject(object, orders.get(object.id), claim, comparison), force };
        }),
      )),
    );
  }
  return desired;
}

function desiredObject(
  rendered: RenderedObject,
  order: OrderKey | undefined,
  claim: ClaimDecision,
  comparison: Comparison,
): Omit<DesiredObject, 'force'> {
  const { id, key, object, origin } = rendered;
  return {
    id,
    key,
    origin:
      comparison.state === 'refused' && comparison.field !== undefined
        ? originOfField(rendered, comparison.field)
        : origin,
    order: order ?? { wave: 0, rank: kindRank(key.kind), id },
    occupies: comparison.state === 'in-sync' ? [] : occupiedPlaces(object),
    // Where a field stands may change while the comparison holds: a comment above it is enough.
    comparison:
      comparison.state === 'different'
        ? { ...comparison, fields: atTheirLines(rendered, comparison.fields) }
        : comparison,
    claim,
  };
}

export function claimOf(world: World, application: string, id: string): ClaimDecision {
  const { table, claims } = world;
  const owner = table.owns(application, id) ? application : table.ownerOf(id);
  const others = claims.othersOf(id, application);
  if (owner === application || (owner === undefined && others.length === 0)) return { type: 'own' };
  return decideClaim({
    application,
    owner,
    others,
    ownerState: owner === undefined ? 'loaded' : ownerState(world, owner, id),
    isDoomed: (other) => isDoomed(world, other),
  });
}

function ownerState(world: World, owner: string, id: string): 'loaded' | 'unknown' | 'doomed' {
  if (isDoomed(world, owner)) return 'doomed';
  const loaded = world.claims.loadedOf(owner);
  if (loaded === undefined || !isUpToDate(stateOf(world, owner))) return 'unknown';
  const path = world.table.rowsOf(owner).get(id)?.path;
  // It may still stand in the file that cannot be read.
  return path !== undefined && loaded.failedPaths.includes(path) ? 'unknown' : 'loaded';
}

/** Owned objects that left our files and that another Application names: they are handed over. */
function wantedElsewhere(
  world: World,
  key: string,
  owned: Iterable<string>,
  wanted: ReadonlySet<string>,
): ReadonlySet<string> {
  const elsewhere = new Set<string>();
  for (const id of owned) {
    if (wanted.has(id)) continue;
    if (world.claims.othersOf(id, key).some(({ application }) => !isDoomed(world, application))) elsewhere.add(id);
  }
  return elsewhere;
}

export function surveyOwned(world: World, id: string, entry: InventoryEntry, application: SyncOptionSet): OwnedObject {
  const { group, kind, namespace, name, path, line } = entry;
  const key = { group, kind, namespace, name };
  const live = world.live.get(key);
  const options = optionsOf(application, live);
  return {
    id,
    key,
    origin: { path, line },
    order: { wave: live === undefined ? 0 : waveOf(live), rank: kindRank(kind), id },
    live: liveState(live, entry),
    pruneOption: options.prune ?? 'free',
    cascadeOption: cascadeOption(options),
    cascade: live === undefined ? [] : cascadeOf(world, id, key, live),
    occupies: live === undefined ? [] : occupiedPlaces(live),
  };
}

function liveState(live: StoredObject | undefined, entry: InventoryEntry): OwnedObject['live'] {
  if (live === undefined) return 'gone';
  if (live.metadata.deletionTimestamp !== undefined) return 'deleting';
  return isOurs(live, entry.uid, MANAGER) ? 'ours' : 'foreign';
}

export const CASCADE_FINALIZER = 'resources-finalizer.argocd.argoproj.io';

export function cascades({ metadata }: KubeObject): boolean {
  return (metadata.finalizers ?? []).some((finalizer) => finalizer.split('/', 1)[0] === CASCADE_FINALIZER);
}

/** Ids that go with an object: what an Application holds, everything known in a Namespace, all objects of a defined kind. */
function cascadeOf(world: World, id: string, key: ObjectKey, live: StoredObject): readonly string[] {
  if (key.group === 'argoproj.io' && key.kind === 'Application') {
    if (!cascades(live)) return [];
    const child = `${key.namespace}/${key.name}`;
    // What another Application takes over does not go.
    return [...world.table.rowsOf(child).keys()].filter((held) => {
      const takers = world.claims.othersOf(held, child);
      return !takers.some(({ application }) => !isDoomed(world, application));
    });
  }
  const defined = definedKind(live);
  const isNamespace = key.group === '' && key.kind === 'Namespace';
  if (!isNamespace && defined === undefined) return [];
  const going: string[] = [];
  for (const application of world.table.applications()) {
    for (const [other, row] of world.table.rowsOf(application)) {
      const goes = isNamespace ? row.namespace === key.name : row.group === defined?.group && row.kind === defined.kind;
      if (goes && other !== id) going.push(other);
    }
  }
  return going;
}

function noteDropped(world: World, { key, state, loaded }: SurveyRequest, wanted: ReadonlySet<string>): void {
  const rows = world.table.rowsOf(key);
  for (const id of state.dropped.keys()) if (wanted.has(id) || !rows.has(id)) state.dropped.delete(id);
  if (loaded.failedPaths.length > 0) return;
  const nowMs = world.clock.nowMs();
  for (const id of rows.keys()) if (!wanted.has(id) && !state.dropped.has(id)) state.dropped.set(id, nowMs);
}

function closedGates(
  world: World,
  { key, state, settings }: SurveyRequest,
  wanted: ReadonlySet<string>,
): { readonly gates: ReadonlyMap<string, string>; readonly openAtMs: number | undefined } {
  const gates = new Map<string, string>();
  if (state.dropped.size === 0) return { gates, openAtMs: undefined };
  const nowMs = world.clock.nowMs();
  const unread = unreadApplications(world, key);
  const own = new Set(settings.sources.map(({ repoURL }) => repoURL));
  const repositories = world.repositories
    .list()
    // One that is down may hold the object too: it is waited for as for one that was not asked yet.
    .filter(({ url }) => !own.has(url))
    .map(({ url, fetchedAtMs }) => ({ url, fetchedAtMs }));
  let openAtMs: number | undefined;
  for (const [id, droppedAtMs] of state.dropped) {
    if (wanted.has(id)) continue;
    const gate = pruneGate({ nowMs, droppedAtMs, pollMs: world.options.pollMs, unread, repositories });
    if (gate.open) continue;
    gates.set(id, gate.reason);
    openAtMs = Math.min(openAtMs ?? gate.untilMs, gate.untilMs);
  }
  // Asked now, the others answer sooner than their next poll.
  if (gates.size > 0)
    for (const { url, fetchedAtMs } of repositories) {
      if (fetchedAtMs === undefined || fetchedAtMs < nowMs - world.options.pollMs / 2)
        world.repositories.hint(url, 'refresh');
    }
  return { gates, openAtMs };
}

/** Applications that could take something over and have not read their newest commit, or do not exist yet. */
function unreadApplications(world: World, key: string): readonly string[] {
  const unread: string[] = [];
  for (const application of world.applications.list()) {
    const other = `${application.metadata.namespace}/${application.metadata.name}`;
    if (other !== key && !isDoomed(world, other) && !isUpToDate(stateOf(world, other))) unread.push(other);
  }
  for (const parent of world.claims.applications()) {
    for (const { id, key: object } of world.claims.loadedOf(parent)?.objects ?? []) {
      if (object.kind !== 'Application' || object.group !== 'argoproj.io') continue;
      const child = `${object.namespace}/${object.name}`;
      if (id === applicationId(child) && world.applications.get(child) === undefined) unread.push(child);
    }
  }
  return unread;
}

/** The row of the ownership table for an object that Git names. */
export function rowOf(object: RenderedObject, commit: string, uid: string | undefined): InventoryEntry {
  const { group, kind, namespace, name } = object.key;
  return {
    group,
    version: versionOf(object.object.apiVersion),
    kind,
    namespace,
    name,
    ...(uid === undefined ? {} : { uid }),
    path: object.origin.path,
    line: object.origin.line,
    commit,
  };
}
