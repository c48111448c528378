import {
  formatObjectKey,
  groupOf,
  isApiError,
  type Json,
  type JsonPatchOperation,
  type KubeObject,
  NAMESPACES,
  type ResourceType,
  type StoredObject,
} from '#api';
import { errorMessage, shortHash } from '#base';
import { originOfField } from '#render';
import type { ApplicationSettings } from './application.plan.ts';
import { adoptIgnored, type CompareRequest, type Comparer, inVersionOf, MANAGER, refusedField } from './compare.ts';
import type { Loaded } from './load.ts';
import { definedKind, isOurs } from './objects.plan.ts';
import { objectProblem } from './project.plan.ts';
import type { ApplicationState } from './state.ts';
import { cascades, type Survey } from './survey.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';
import { optionsOf, type Propagation } from './sync-options.plan.ts';
import { projectNamed, type World } from './world.ts';

export interface StepOutcome {
  readonly step: SyncStep;
  readonly action: 'created' | 'configured' | 'pruned' | 'skipped' | 'failed';
  readonly message?: string;
}

export interface CarryOut {
  readonly key: string;
  readonly settings: ApplicationSettings;
  readonly loaded: Loaded;
  readonly state: ApplicationState;
  readonly survey: Pick<Survey, 'rules' | 'rulesKey'>;
  readonly plan: Pick<SyncPlan, 'refused'>;
  /** Name of the run, written on Applications whose cascade it has been allowed to begin. */
  readonly run: string;
  readonly signal: AbortSignal;
}

/** On an Application that an approved run deletes: what it holds may go without asking again. */
export const CASCADE_APPROVED = 'plumbline.dev/cascade-approved';

/**
 * Does the steps: kinds in order, objects of one kind at the same time. One that fails stops no other. One whose object
 * changed since it was planned has no outcome.
 */
export async function carryOut(
  world: World,
  request: CarryOut,
  steps: readonly SyncStep[],
): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  /** Kinds that were waited for in vain: what else is of them waits no more. */
  const unserved = new Set<string>();
  for (const group of byRank(steps)) {
    for (let start = 0; start < group.length; start += world.options.concurrency) {
      request.signal.throwIfAborted();
      const part = group.slice(start, start + world.options.concurrency);
      const ended = await Promise.all(
        part.map((step) => withoutDefinition(request, outcomes, step) ?? carryOutOne(world, request, step, unserved)),
      );
      outcomes.push(...ended.filter((outcome) => outcome !== undefined));
    }
  }
  return outcomes;
}

/** An object whose definition was refused in this very run waits for nothing. */
function withoutDefinition(
  { loaded, state, plan }: CarryOut,
  before: readonly StepOutcome[],
  step: SyncStep,
): StepOutcome | undefined {
  if (step.action === 'prune') return undefined;
  const { group, kind } = step.key;
  if (!loaded.customKinds.some((custom) => custom.group === group && custom.kind === kind)) return undefined;
  const definition = loaded.objects.find(({ object }) => {
    const defined = definedKind(object);
    return defined?.group === group && defined.kind === kind;
  });
  if (definition === undefined) return undefined;
  const isRefused =
    plan.refused.some(({ id }) => id === definition.id) ||
    before.some((outcome) => outcome.action === 'failed' && outcome.step.id === definition.id) ||
    state.active?.failed.has(definition.id) === true;
  if (!isRefused) return undefined;
  return { step, action: 'failed', message: `${definition.id}, which defines its kind, could not be applied` };
}

function byRank(steps: readonly SyncStep[]): readonly (readonly SyncStep[])[] {
  const groups: SyncStep[][] = [];
  let last: SyncStep | undefined;
  for (const step of steps) {
    if (last !== undefined && last.order.rank === step.order.rank && last.order.wave === step.order.wave)
      groups.at(-1)?.push(step);
    else groups.push([step]);
    last = step;
  }
  return groups;
}

async function carryOutOne(
  world: World,
  request: CarryOut,
  step: SyncStep,
  unserved: Set<string>,
): Promise<StepOutcome | undefined> {
  try {
    return step.action === 'prune' ? await prune(world, request, step) : await apply(world, request, step, unserved);
  } catch (error) {
    request.signal.throwIfAborted();
    if (!isApiError(error)) throw error;
    // The API's own trouble ends the pass, which is tried again; a refusal of this object ends only this step.
    if (error.retryable && !isApiError(error, 'Conflict')) throw error;
    world.log.warn({ application: request.key, object: step.id, code: error.code }, 'a step of a sync failed');
    const rendered = request.loaded.byId.get(step.id);
    const { field } = refusedField(error);
    const isPlaced = rendered !== undefined && field !== undefined;
    const origin = isPlaced ? originOfField(rendered, field) : step.origin;
    return { step: { ...step, origin }, action: 'failed', message: errorMessage(error) };
  }
}

/** How often an object may change between looking at it and writing to it. */
const WRITE_ATTEMPTS = 5;

/**
 * Makes an object what Git says, on the very version that was compared. When it has changed meanwhile in what matters,
 * nothing is written and there is no outcome: the next turn plans anew, and what somebody did stands in its record.
 */
async function apply(
  world: World,
  request: CarryOut,
  step: SyncStep,
  unserved: Set<string>,
): Promise<StepOutcome | undefined> {
  const { settings, loaded, state, survey, signal } = request;
  const object = loaded.byId.get(step.id);
  if (object === undefined) return { step, action: 'failed', message: 'is not in the commit any more' };
  const kind = `${step.key.group}/${step.key.kind}`;
  const resource = unserved.has(kind) ? undefined : await world.kinds.untilServed(object.object, signal);
  if (resource === undefined) {
    unserved.add(kind);
    return { step, action: 'failed', message: world.kinds.whyNot(step.key) };
  }
  await world.live.ensure(resource, signal);
  await createNamespace(world, settings, step.key);
  const schema = world.kinds.schemaOf(resource);
  const question = { object, resource, schema, rules: survey.rules, rulesKey: survey.rulesKey, signal };
  const { namespace, name } = step.key;
  const at = namespace === '' ? { name } : { namespace, name };
  const seen = world.live.get(step.key);
  let live = seen === undefined ? undefined : await inVersionOf(world.client, resource, seen, signal);
  for (let attempt = 1; ; attempt += 1) {
    if (step.recreate) return await makeRoom(world, request, step, resource, live);
    const removals = await removalsNow(state.comparer, { ...question, live }, step);
    if (removals === undefined) return undefined;
    try {
      if (removals.length > 0) {
        const patch = { type: 'json', body: removals as unknown as Json } as const;
        live = await world.client.patch(resource, at, patch, { fieldManager: MANAGER, signal });
        world.live.wrote(live);
      }
      const { replace } = optionsOf(settings.options, object.object);
      const how = { fieldManager: MANAGER, fieldValidation: 'Strict', signal } as const;
      const written =
        replace && live !== undefined
          ? await world.client.update(resource, wanted(question, live), how)
          : await world.client.apply(resource, wanted(question, live), { ...how, force: true });
      world.live.wrote(written);
      state.comparer.applied({ object, rulesKey: survey.rulesKey }, written);
      return { step, action: step.action === 'create' ? 'created' : 'configured' };
    } catch (error) {
      // A controller's status write is enough to move the version on: then it is only looked at again.
      const isStale = isApiError(error, 'Conflict') || (isApiError(error, 'Invalid') && removals.length > 0);
      if (!isStale || attempt >= WRITE_ATTEMPTS) throw error;
      live = await world.client.get(resource, at, { signal });
      if (live !== undefined) world.live.wrote(live);
    }
  }
}

/**
 * `Force=true`: the live object goes, and a later turn makes it anew. Only when the API would take the new one: a manifest
 * that is wrong in itself deletes nothing. What it would say is asked under another name, as this one is taken.
 */
async function makeRoom(
  world: World,
  { loaded, signal }: CarryOut,
  step: SyncStep,
  resource: ResourceType,
  live: StoredObject | undefined,
): Promise<StepOutcome | undefined> {
  const object = loaded.byId.get(step.id)?.object;
  if (object === undefined || live === undefined) return undefined;
  const name = `probe-${shortHash(step.id, 10)}`;
  const probe = { ...object, metadata: { ...object.metadata, name } };
  await world.client.create(resource, probe, {
    fieldManager: MANAGER,
    fieldValidation: 'Strict',
    dryRun: true,
    signal,
  });
  await deleteObject(world, live, signal);
  return undefined;
}

/** The object of the commit, for the version that was looked at; a new one names none. */
function wanted(
  { object, schema, rules }: Pick<CompareRequest, 'object' | 'schema' | 'rules'>,
  live: StoredObject | undefined,
): KubeObject {
  const desired = adoptIgnored(schema, object.object, live, rules);
  if (live === undefined) return desired;
  const { uid, resourceVersion } = live.metadata;
  return { ...desired, metadata: { ...desired.metadata, uid, resourceVersion } };
}

/**
 * What applying alone would leave of what people added, on this version. Undefined when the step does not hold for it
 * any more: other fields differ than were planned, none does, or the object came or went.
 */
async function removalsNow(
  comparer: Comparer,
  question: CompareRequest,
  step: SyncStep,
): Promise<readonly JsonPatchOperation[] | undefined> {
  const comparison = await comparer.compare(question);
  if (step.action === 'create') return comparison.state === 'missing' ? [] : undefined;
  if (comparison.state !== 'different') return undefined;
  const planned = new Set(step.fields.map(({ path }) => path));
  return comparison.fields.every(({ path }) => planned.has(path)) ? comparison.removals : undefined;
}

/** With `CreateNamespace=true` the destination is made when it is missing. It is not owned: it is never deleted by us. */
export async function createNamespace(
  world: World,
  { createNamespace: asked, namespace, namespaceMetadata, project }: ApplicationSettings,
  at: { readonly namespace: string },
): Promise<void> {
  if (!asked || at.namespace !== namespace) return;
  await world.live.ensure(NAMESPACES, new AbortController().signal);
  const key = { group: '', kind: 'Namespace', namespace: '', name: namespace };
  const live = world.live.get(key);
  // Labels of a Namespace say what may run there: only who may make one sets them, and not where Git says them otherwise.
  const allowed = objectProblem(projectNamed(world, project), key) === undefined;
  const isFree = world.table.ownerOf(formatObjectKey(key)) === undefined;
  const { labels = {}, annotations = {} } = allowed && isFree ? (namespaceMetadata ?? {}) : {};
  if (live !== undefined) {
    const isAsAsked = has(live.metadata.labels, labels) && has(live.metadata.annotations, annotations);
    if (isAsAsked) return;
    const patch = { type: 'merge', body: { metadata: { labels, annotations } } } as const;
    world.live.wrote(await world.client.patch(NAMESPACES, { name: namespace }, patch, { fieldManager: MANAGER }));
    return;
  }
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels, annotations },
  };
  try {
    world.live.wrote(await world.client.create(NAMESPACES, object, { fieldManager: MANAGER }));
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}

function has(live: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => live?.[name] === value);
}

async function prune(world: World, request: CarryOut, step: SyncStep): Promise<StepOutcome> {
  const resource = world.kinds.resourceOf(step.key);
  const live = world.live.get(step.key);
  const row = world.table.rowsOf(request.key).get(step.id);
  if (resource === undefined || live === undefined) return { step, action: 'pruned', message: 'was gone already' };
  if (row === undefined || !isOurs(live, row.uid, MANAGER))
    return { step, action: 'skipped', message: 'is not ours any more' };
  if (step.key.kind === 'Application' && cascades(live)) await approveCascade(world, request, live);
  const { propagation } = optionsOf(request.settings.options, live);
  const lingering = await deleteObject(world, live, request.signal, propagation);
  return { step, action: 'pruned', ...(lingering === undefined ? {} : { message: 'is being deleted' }) };
}

/** Deletes exactly this object: another one of the same name is left alone. */
export async function deleteObject(
  world: World,
  live: StoredObject,
  signal: AbortSignal,
  propagationPolicy: Propagation = 'Background',
): Promise<StoredObject | undefined> {
  const { namespace, name, uid } = live.metadata;
  const resource = world.kinds.resourceOf({ group: groupOf(live.apiVersion), kind: live.kind });
  if (resource === undefined) return undefined;
  try {
    const key = namespace === undefined ? { name } : { namespace, name };
    const lingering = await world.client.delete(resource, key, {
      propagationPolicy,
      preconditions: { uid },
      signal,
    });
    world.live.removed(live, lingering);
    return lingering;
  } catch (error) {
    // Somebody made a new one in between; it is theirs.
    if (!isApiError(error, 'Conflict')) throw error;
    return undefined;
  }
}

async function approveCascade(world: World, { run }: CarryOut, live: StoredObject): Promise<void> {
  const resource = world.kinds.resourceOf({ group: groupOf(live.apiVersion), kind: live.kind });
  if (resource === undefined) return;
  const key = {
    ...(live.metadata.namespace === undefined ? {} : { namespace: live.metadata.namespace }),
    name: live.metadata.name,
  };
  const body = { metadata: { annotations: { [CASCADE_APPROVED]: run } } };
  await world.client.patch(resource, key, { type: 'merge', body }, { fieldManager: MANAGER });
}
