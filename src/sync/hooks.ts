import { groupOf, type HookRun, isApiError, type ObjectKey, type StoredObject } from '#api';
import { errorMessage, formatTime } from '#base';
import { healthOf } from '#health';
import { originOfField } from '#render';
import { createNamespace, deleteObject } from './carry-out.ts';
import { MANAGER, refusedField } from './compare.ts';
import {
  goesAtEnd,
  HOOK_FINALIZER,
  HOOK_MARK,
  type HookOccasion,
  hasEnded,
  hookDeadline,
  hookId,
  hookObject,
  judgeHook,
  judgePlace,
  orderOf,
  planHookRuns,
  renderedOf,
} from './hooks.plan.ts';
import type { Loaded } from './load.ts';
import { isOurs } from './objects.plan.ts';
import type { HookProgress } from './progress.plan.ts';
import { objectProblem } from './project.plan.ts';
import type { ActiveRun } from './state.ts';
import type { Turn } from './turn.ts';
import { projectNamed, type World } from './world.ts';

export function occasionOf(application: string, { run, attempts, startedAtMs }: ActiveRun): HookOccasion {
  return { application, run: run.metadata.name, commit: run.spec.revision, attempt: attempts, startedAtMs };
}

/** The hooks of a run that begins, all of them to be done. A heal brings back what was there, and runs none. */
export function hooksFor(application: string, active: ActiveRun, { hooks }: Loaded): HookRun[] {
  return active.run.spec.trigger === 'self-heal' ? [] : planHookRuns(hooks, occasionOf(application, active));
}

/** Looks at the hooks that have begun, and takes down how they stand. Deletes what is past its deadline. */
export async function lookAtHooks(world: World, key: string, active: ActiveRun, signal: AbortSignal): Promise<void> {
  for (const [index, hook] of active.hooks.entries()) {
    if (hook.state !== 'Running') continue;
    signal.throwIfAborted();
    active.hooks[index] = await lookAt(world, key, hook, signal);
  }
}

async function lookAt(world: World, key: string, hook: HookRun, signal: AbortSignal): Promise<HookRun> {
  const resource = world.kinds.resourceOf(hook);
  if (resource !== undefined) await world.live.ensure(resource, signal);
  const live = world.live.get(keyOf(hook));
  world.hooks.set(hookId(hook), key);
  const nowMs = world.clock.nowMs();
  const verdict = judgeHook(live, hook, live === undefined ? undefined : healthOf(undeleted(live), { nowMs }));
  if (verdict.state === 'Running') {
    const isLate = nowMs >= Date.parse(hook.deadline ?? '');
    if (live === undefined || !(isLate || verdict.isLeaving)) return hook;
    await remove(world, live, signal);
    return {
      ...hook,
      message: isLate ? 'did not finish by its deadline, and was deleted' : 'was deleted before it had finished',
    };
  }
  world.hooks.delete(hookId(hook));
  if (live !== undefined && live.metadata.uid === hook.uid) await release(world, live, signal);
  const { message: _before, ...rest } = hook;
  return {
    ...rest,
    state: verdict.state,
    finishedAt: formatTime(nowMs),
    ...(verdict.state === 'Failed' ? { message: verdict.message } : {}),
  };
}

function undeleted(live: StoredObject): StoredObject {
  const { deletionTimestamp: _, ...metadata } = live.metadata;
  return { ...live, metadata };
}

/** How the hooks of a run stand, for deciding what comes next. */
export function hookProgress(world: World, { hooks }: ActiveRun): readonly HookProgress[] {
  const nowMs = world.clock.nowMs();
  return hooks.map((hook) => {
    const live = hook.state === 'Running' ? world.live.get(keyOf(hook)) : undefined;
    const health = live === undefined ? undefined : healthOf(live, { nowMs });
    return {
      id: hookId(hook),
      phase: hook.phase,
      order: orderOf(hook),
      state: hook.state,
      message: hook.message ?? health?.message ?? '',
      deadlineMs: hook.deadline === undefined ? undefined : Date.parse(hook.deadline),
    };
  });
}

/** Begins hooks whose turn it is. Answers why one of them could not begin yet; undefined when all did, or failed. */
export async function beginHooks(
  world: World,
  turn: Turn,
  wanted: readonly HookProgress[],
): Promise<{ readonly object: string; readonly reason: string } | undefined> {
  const active = turn.state.active as ActiveRun;
  let held: { object: string; reason: string } | undefined;
  for (const { id, phase } of wanted) {
    turn.signal.throwIfAborted();
    const index = active.hooks.findIndex((hook) => hook.phase === phase && hookId(hook) === id);
    const hook = active.hooks[index];
    if (hook === undefined) continue;
    const begun = await begin(world, turn, hook);
    if (begun === 'leftover') held ??= { object: id, reason: 'waits for the one of an earlier run to be gone' };
    else active.hooks[index] = begun;
  }
  return held;
}

async function begin(world: World, turn: Turn, hook: HookRun): Promise<HookRun | 'leftover'> {
  const { key, state, loaded, settings, signal } = turn;
  const occasion = occasionOf(key, state.active as ActiveRun);
  const rendered = renderedOf(loaded.hooks, hook, occasion);
  if (rendered === undefined) return failed(world, hook, 'is not in the commit any more');
  const forbidden = objectProblem(projectNamed(world, settings.project), rendered.key);
  if (forbidden !== undefined) return { ...failed(world, hook, forbidden), origin: rendered.origin };
  const resource = await world.kinds.untilServed(rendered.object, signal);
  if (resource === undefined) return failed(world, hook, world.kinds.whyNot(rendered.key));
  await world.live.ensure(resource, signal);
  const id = hookId(hook);
  const live = world.live.get(keyOf(hook));
  world.hooks.set(id, key);
  const isMade = live !== undefined && isOurs(live, undefined, MANAGER);
  const place = judgePlace(live, hook, occasion, { owner: world.table.ownerOf(id), isMade });
  if (place.type === 'taken') return failed(world, hook, place.message);
  if (place.type === 'begun' && live !== undefined) return running(world, hook, live);
  if (place.type === 'leftover' && live !== undefined) {
    await remove(world, live, signal);
    if (world.live.get(keyOf(hook)) !== undefined) return 'leftover';
  }
  try {
    await createNamespace(world, settings, hook);
    const object = hookObject(rendered, hook, occasion);
    // By apply, so that what the hook says goes with it should Git make an object of it that stays; and not by force.
    const made = await world.client.apply(resource, object, {
      fieldManager: MANAGER,
      fieldValidation: 'Strict',
      signal,
    });
    world.live.wrote(made);
    return running(world, hook, made);
  } catch (error) {
    signal.throwIfAborted();
    if (!isApiError(error)) throw error;
    // Somebody was faster. What stands there now is looked at in the next turn.
    if (error.code === 'Conflict') return 'leftover';
    if (error.retryable) throw error;
    world.log.warn({ application: key, object: id, code: error.code }, 'a hook could not be made');
    const { field } = refusedField(error);
    const origin = field === undefined ? rendered.origin : originOfField(rendered, field);
    return { ...failed(world, hook, errorMessage(error)), origin };
  }
}

function running(world: World, hook: HookRun, live: StoredObject): HookRun {
  const beganAtMs = Date.parse(live.metadata.creationTimestamp);
  return {
    ...hook,
    state: 'Running',
    uid: live.metadata.uid,
    startedAt: formatTime(beganAtMs),
    deadline: hookDeadline(live, beganAtMs, world.options.hookDeadlineMs),
  };
}

function failed(world: World, hook: HookRun, message: string): HookRun {
  world.hooks.delete(hookId(hook));
  return { ...hook, state: 'Failed', message, finishedAt: formatTime(world.clock.nowMs()) };
}

/** At the end of a run: deletes what its policies say. All else stays until the next run of the hook. */
export async function settleHooks(world: World, { hooks }: ActiveRun, signal: AbortSignal): Promise<void> {
  for (const hook of hooks) {
    const live = goesAtEnd(hook) ? await ownLive(world, hook, signal) : undefined;
    if (live !== undefined) await remove(world, live, signal);
  }
}

/** An Application is gone: its hooks are ended, or, where its objects stay, only let go of. */
export async function dropHooks(
  world: World,
  application: string,
  how: 'delete' | 'let-go',
  signal: AbortSignal,
): Promise<void> {
  const hooks = world.history.runsOf(application).flatMap(({ status }) => status?.hooks ?? []);
  for (const hook of hooks) {
    const live = hook.uid === undefined ? undefined : await ownLive(world, hook, signal);
    if (live === undefined || live.metadata.annotations?.[HOOK_MARK]?.startsWith(`${application}/`) !== true) continue;
    if (how === 'delete') await remove(world, live, signal);
    else await release(world, live, signal);
  }
}

/** The very object that was made for a hook. */
async function ownLive(world: World, hook: HookRun, signal: AbortSignal): Promise<StoredObject | undefined> {
  const resource = world.kinds.resourceOf(hook);
  if (resource === undefined) return undefined;
  await world.live.ensure(resource, signal);
  const live = world.live.get(keyOf(hook));
  return live?.metadata.uid === hook.uid ? live : undefined;
}

/** Deletes a hook's object; of one that has not ended first what runs for it: nothing of it runs any more once it is gone. */
async function remove(world: World, live: StoredObject, signal: AbortSignal): Promise<void> {
  const isLeaving = live.metadata.deletionTimestamp !== undefined;
  const how = hasEnded(live, healthOf(live, { nowMs: world.clock.nowMs() })) ? 'Background' : 'Foreground';
  const left = isLeaving ? live : await deleteObject(world, live, signal, how);
  if (left !== undefined) await release(world, left, signal);
}

/** Takes our finalizer off: what was to be seen of it has been seen. */
async function release(world: World, live: StoredObject, signal: AbortSignal): Promise<void> {
  const { finalizers = [], namespace, name, resourceVersion, uid } = live.metadata;
  const resource = world.kinds.resourceOf({ group: groupOf(live.apiVersion), kind: live.kind });
  if (!finalizers.includes(HOOK_FINALIZER) || resource === undefined) return;
  const rest = finalizers.filter((finalizer) => finalizer !== HOOK_FINALIZER);
  const at = namespace === undefined ? { name } : { namespace, name };
  const body = { metadata: { resourceVersion, uid, finalizers: rest.length === 0 ? null : rest } };
  try {
    const written = await world.client.patch(resource, at, { type: 'merge', body }, { fieldManager: MANAGER, signal });
    if (rest.length === 0 && live.metadata.deletionTimestamp !== undefined) world.live.removed(live, undefined);
    else world.live.wrote(written);
  } catch (error) {
    if (isApiError(error, 'NotFound')) world.live.removed(live, undefined);
    // It changed meanwhile, as running things do: on its newest version again.
    else if (isApiError(error, 'Conflict')) {
      const now = await world.client.get(resource, at, { signal });
      if (now?.metadata.uid === uid) await release(world, now, signal);
    } else throw error;
  }
}

function keyOf({ group, kind, namespace, name }: HookRun): ObjectKey {
  return { group, kind, namespace, name };
}
