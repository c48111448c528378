import { formatObjectKey, type HookRun, type KubeObject, type StoredObject } from '#api';
import { formatTime } from '#base';
import type { Health } from '#health';
import { HOOK_PHASES, type HookPhase, type RenderedHook, readHook } from '#render';
import { compareOrder, kindRank, type OrderKey, waveOf } from './order.plan.ts';
import { isPrecious } from './prune.plan.ts';

/** On the object of a hook: for whom, and in which attempt and phase, it was made. */
export const HOOK_MARK = 'plumbline.dev/hook';
/** Keeps a hook's object until its end has been seen, whoever deletes it. Source: argo-cd, hook-finalizer, behaviour only. */
export const HOOK_FINALIZER = 'plumbline.dev/hook';
/** Names of Jobs end here, as they become labels. Source: kubernetes batch validation, ValidateJobTemplate's 63. */
const MAX_NAME = 63;
/** What a hook may take beyond the time that its object gives itself, ms: that the object says so itself is the better word. */
const GRACE_MS = 60_000;

/** The run that hooks are made for. */
export interface HookOccasion {
  /** `namespace/name`. */
  readonly application: string;
  readonly run: string;
  readonly commit: string;
  readonly attempt: number;
  readonly startedAtMs: number;
}

/** What a run has to do about hooks, from nothing. One that runs at several phases stands there for each. */
export function planHookRuns(hooks: readonly RenderedHook[], occasion: HookOccasion): HookRun[] {
  const runs: HookRun[] = [];
  for (const phase of HOOK_PHASES) {
    for (const rendered of hooks)
      if (rendered.hook.phases.includes(phase)) runs.push(hookRun(rendered, phase, occasion));
  }
  const place = ({ phase }: HookRun) => HOOK_PHASES.indexOf(phase);
  return runs.toSorted((a, b) => place(a) - place(b) || compareOrder(orderOf(a), orderOf(b)));
}

function hookRun({ key, object, hook, origin }: RenderedHook, phase: HookPhase, occasion: HookOccasion): HookRun {
  return {
    ...key,
    name: object.metadata.name ?? generatedName(object.metadata.generateName ?? '', phase, occasion),
    phase,
    wave: waveOf(object),
    state: 'Pending',
    deletePolicies: [...hook.deletePolicies],
    origin,
  };
}

/** The same at every try of one attempt: after a crash the object is known again. Source: argo-cd, the form of the name. */
function generatedName(begin: string, phase: HookPhase, { commit, startedAtMs }: HookOccasion): string {
  const end = `${commit.slice(0, 7)}-${phase.toLowerCase()}-${Math.trunc(startedAtMs / 1_000)}`;
  return `${begin.slice(0, MAX_NAME - end.length)}${end}`;
}

/** The rendered hook of a record. */
export function renderedOf(
  hooks: readonly RenderedHook[],
  run: HookRun,
  occasion: HookOccasion,
): RenderedHook | undefined {
  const id = hookId(run);
  return hooks.find(
    (hook) => hook.hook.phases.includes(run.phase) && hookId(hookRun(hook, run.phase, occasion)) === id,
  );
}

export function hookId({ group, kind, namespace, name }: HookRun): string {
  return formatObjectKey({ group, kind, namespace, name });
}

export function orderOf(run: HookRun): OrderKey {
  return { wave: run.wave, rank: kindRank(run.kind), id: hookId(run) };
}

/** The object of a hook as it is made: with its mark, and kept until its end was seen. */
export function hookObject({ object }: RenderedHook, run: HookRun, occasion: HookOccasion): KubeObject {
  const { generateName: _begin, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: {
      ...metadata,
      name: run.name,
      annotations: { ...metadata.annotations, [HOOK_MARK]: markOf(run, occasion) },
      finalizers: [...new Set([...(metadata.finalizers ?? []), HOOK_FINALIZER])],
    },
  };
}

export function markOf({ phase }: Pick<HookRun, 'phase'>, { application, run, attempt }: HookOccasion): string {
  return `${application}/${run}/${attempt}/${phase}`;
}

/** What stands in the place of a hook that is to begin. */
export type InPlace =
  | { readonly type: 'free' }
  /** Made for this very phase of this attempt, before a crash. */
  | { readonly type: 'begun' }
  /** Of an earlier run: it goes first, as a name can be had once. */
  | { readonly type: 'leftover' }
  | { readonly type: 'taken'; readonly message: string };

/** `owner`: the Application that holds the object by the ownership table. `isMade`: the sync made it, at some time. */
export function judgePlace(
  live: StoredObject | undefined,
  run: HookRun,
  occasion: HookOccasion,
  { owner, isMade }: { readonly owner: string | undefined; readonly isMade: boolean },
): InPlace {
  if (live === undefined) return { type: 'free' };
  const mark = live.metadata.annotations?.[HOOK_MARK];
  if (mark === markOf(run, occasion) && live.metadata.deletionTimestamp === undefined) return { type: 'begun' };
  const of = mark?.split('/').slice(0, 2).join('/');
  const holder = of ?? owner;
  if (holder !== undefined && holder !== occasion.application) {
    return { type: 'taken', message: `${hookId(run)} is there already, of Application ${holder}` };
  }
  // It may hold data that was never meant to go with a sync.
  if (mark === undefined && isPrecious(run)) {
    return {
      type: 'taken',
      message: `${hookId(run)} is there already and may hold data; delete it, or name the hook otherwise`,
    };
  }
  const isHook = readHook(live.metadata.annotations ?? {}).type === 'hook';
  if (holder !== undefined || isMade || isHook) return { type: 'leftover' };
  return {
    type: 'taken',
    message: `${hookId(run)} is there already and is no hook; delete it, or name the hook otherwise`,
  };
}

export type HookVerdict =
  | { readonly state: 'Running'; readonly message: string; readonly isLeaving: boolean }
  | { readonly state: 'Succeeded' }
  | { readonly state: 'Failed'; readonly message: string };

/**
 * How a hook stands that has begun. `health` is that of the object as if nobody had deleted it: what has ended has ended.
 * One that was deleted before its end counts as failed once it is gone, so that no second one runs beside it.
 */
export function judgeHook(live: StoredObject | undefined, run: HookRun, health: Health | undefined): HookVerdict {
  if (live === undefined || (run.uid !== undefined && live.metadata.uid !== run.uid)) {
    return { state: 'Failed', message: run.message ?? 'was deleted before it had finished' };
  }
  const status = health?.status ?? 'Healthy';
  if (status === 'Healthy') return { state: 'Succeeded' };
  if ((status === 'Degraded' && !isUnplaced(live)) || status === 'Unknown')
    return { state: 'Failed', message: health?.message ?? `is ${status}` };
  const isLeaving = live.metadata.deletionTimestamp !== undefined;
  return { state: 'Running', message: health?.message ?? `is ${status}`, isLeaving };
}

/** Whether nothing runs for an object any more. A Job says so of its pods; of other kinds only success tells. */
export function hasEnded({ apiVersion, kind }: StoredObject, health: Health | undefined): boolean {
  const isJob = apiVersion === 'batch/v1' && kind === 'Job';
  return health === undefined || health.status === 'Healthy' || (isJob && health.status === 'Degraded');
}

/** A pod that no node takes yet may still run: it has not failed. */
function isUnplaced({ apiVersion, kind, status }: StoredObject): boolean {
  if (apiVersion !== 'v1' || kind !== 'Pod' || typeof status !== 'object' || status === null) return false;
  return 'phase' in status && status.phase === 'Pending' && !('containerStatuses' in status);
}

/** Until when a hook may run. What gives itself more time (`activeDeadlineSeconds`) has it. */
export function hookDeadline(object: KubeObject, beganAtMs: number, limitMs: number): string {
  const spec = object['spec'];
  const own =
    typeof spec === 'object' && spec !== null && 'activeDeadlineSeconds' in spec ? spec.activeDeadlineSeconds : 0;
  const ownMs = typeof own === 'number' && own > 0 ? own * 1_000 + GRACE_MS : 0;
  return formatTime(beganAtMs + Math.max(limitMs, ownMs));
}

/** Whether a hook's object goes at the end of its run. */
export function goesAtEnd({ state, deletePolicies = [] }: HookRun): boolean {
  return (
    (state === 'Succeeded' && deletePolicies.includes('HookSucceeded')) ||
    (state === 'Failed' && deletePolicies.includes('HookFailed'))
  );
}
