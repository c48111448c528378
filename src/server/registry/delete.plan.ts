import { apiVersionOf, CLEANUP_FINALIZER, CUSTOM_RESOURCE_DEFINITIONS, type KubeObject, type StoredObject } from '#api';
import { formatTime } from '#base';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** `wait`: somebody else (node, garbage collector, finalizer's owner) has to finish, and nothing is to be written. */
export type DeletePlan =
  | { readonly action: 'remove'; readonly reason: string }
  | { readonly action: 'mark'; readonly object: KubeObject; readonly reason: string }
  | { readonly action: 'wait'; readonly reason: string };

/** Source: api core/v1 types.go, DefaultTerminationGracePeriodSeconds (v0.32). */
const DEFAULT_GRACE_SECONDS = 30;
/** Finalizers that the garbage collector takes off. Source: apimachinery meta/v1 types.go (v0.32). */
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/**
 * What a DELETE does to an object: remove it, mark it as going, or nothing because it goes already. Pods get their grace
 * period, which later calls can only shorten; finalizers and a namespace's contents hold an object back.
 * Source: apiserver registry/rest/delete.go and registry/generic/registry/store.go (v0.32).
 */
export function planDelete(object: StoredObject, options: DeleteOptions, nowMs: number): DeletePlan {
  const finalizers = withCleanup(object, finalizersAfter(object.metadata.finalizers ?? [], options.propagationPolicy));
  const graceSeconds = object.kind === 'Pod' ? podGrace(object, options) : 0;
  const held = finalizers.length > 0 || hasContents(object);
  if (graceSeconds === 0 && !held) return { action: 'remove', reason: 'nothing holds it' };

  const timing = timingAfter(object, graceSeconds, nowMs);
  const marked = withMarks(object, finalizers, timing);
  const changed =
    timing.deletionTimestamp !== object.metadata.deletionTimestamp ||
    timing.deletionGracePeriodSeconds !== object.metadata.deletionGracePeriodSeconds ||
    finalizers.join() !== (object.metadata.finalizers ?? []).join();
  if (!changed) return { action: 'wait', reason: 'it is going already' };
  return { action: 'mark', object: marked, reason: held ? 'finalizers hold it' : `${graceSeconds} s of grace` };
}

/** Whether an update was the last thing a going object waited for. */
export function isReleased(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    !hasContents(object)
  );
}

/**
 * A definition waits until its objects are gone. Source: apiextensions-apiserver
 * pkg/registry/customresourcedefinition/etcd.go, Delete (v0.32).
 */
function withCleanup({ apiVersion, kind, metadata }: KubeObject, finalizers: string[]): string[] {
  const isDefinition =
    kind === CUSTOM_RESOURCE_DEFINITIONS.kind && apiVersion === apiVersionOf(CUSTOM_RESOURCE_DEFINITIONS);
  if (!isDefinition || metadata.deletionTimestamp !== undefined || finalizers.includes(CLEANUP_FINALIZER))
    return finalizers;
  return [...finalizers, CLEANUP_FINALIZER];
}

/** A policy that is named replaces what an earlier call asked for. */
function finalizersAfter(before: readonly string[], policy: DeleteOptions['propagationPolicy']): string[] {
  if (policy === undefined) return [...before];
  const others = before.filter((each) => each !== ORPHAN && each !== FOREGROUND);
  if (policy === 'Background') return others;
  return [...others, policy === 'Orphan' ? ORPHAN : FOREGROUND];
}

/** A pod on a node is let go by the node; one that never got there, or has ended, goes at once. */
function podGrace(pod: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  const spec = pod['spec'] as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (pod['status'] as { phase?: string } | undefined)?.phase;
  if (!spec?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  const going = pod.metadata.deletionTimestamp !== undefined;
  const allowed = going ? (pod.metadata.deletionGracePeriodSeconds ?? 0) : Number.POSITIVE_INFINITY;
  const unasked = going ? allowed : (spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
  const asked = gracePeriodSeconds ?? unasked;
  return Math.min(asked < 0 ? 1 : asked, allowed);
}

interface Timing {
  readonly deletionTimestamp: string;
  readonly deletionGracePeriodSeconds: number;
}

/** The grace period of a going object counts from the first call. */
function timingAfter({ metadata }: KubeObject, graceSeconds: number, nowMs: number): Timing {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  if (deletionTimestamp === undefined) {
    return { deletionTimestamp: formatTime(nowMs + graceSeconds * 1_000), deletionGracePeriodSeconds: graceSeconds };
  }
  const shorterByMs = (deletionGracePeriodSeconds - graceSeconds) * 1_000;
  return {
    deletionTimestamp: formatTime(Date.parse(deletionTimestamp) - shorterByMs),
    deletionGracePeriodSeconds: graceSeconds,
  };
}

function withMarks(object: KubeObject, finalizers: readonly string[], timing: Timing): KubeObject {
  const { finalizers: _, ...metadata } = object.metadata;
  const first = metadata.deletionTimestamp === undefined;
  const counted = metadata.generation !== undefined && first ? { generation: metadata.generation + 1 } : {};
  const marked: KubeObject = {
    ...object,
    metadata: { ...metadata, ...timing, ...counted, ...(finalizers.length > 0 ? { finalizers: [...finalizers] } : {}) },
  };
  if (object.kind !== 'Namespace') return marked;
  return { ...marked, status: { ...(object['status'] as object | undefined), phase: 'Terminating' } };
}

/** A namespace waits until its contents are gone and its `spec.finalizers` are taken off by `/finalize`. */
function hasContents(object: KubeObject): boolean {
  if (object.apiVersion !== 'v1' || object.kind !== 'Namespace') return false;
  return ((object['spec'] as { finalizers?: readonly string[] } | undefined)?.finalizers ?? []).length > 0;
}
