import {
  type ControllerRevision,
  intOrPercent,
  type KubeObject,
  type Pod,
  type StatefulSet,
  type StatefulSetStatus,
} from '#api';
import type { PlannedEvent } from '../shared/events.plan.ts';
import { availableAtMs, isFinished, isReady } from '../shared/pods.plan.ts';
import { REVISION_LABEL, templateOf } from '../shared/revisions.plan.ts';
import {
  type ClaimWork,
  type FindClaim,
  hasStaleClaim,
  isIdle,
  type Member,
  NO_CLAIM_WORK,
  planClaims,
  planOwners,
} from './claims.plan.ts';
import {
  beyondOrdinals,
  hasIdentity,
  identityLabels,
  isWanted,
  MAX_ORDINAL,
  ordinalOf,
  rangeOf,
} from './identity.plan.ts';
import { hasStorage, podOf, volumesOf } from './pod-template.plan.ts';

export interface StatefulSetSnapshot {
  readonly statefulSet: StatefulSet;
  /** All pods it controls. */
  readonly pods: readonly Pod[];
  /** The revision that all pods had when the last rollout was complete. */
  readonly current: ControllerRevision;
  /** The revision of the template. */
  readonly update: ControllerRevision;
  readonly findClaim: FindClaim;
  readonly nowMs: number;
  /** Most pods treated in one phase of a pass. */
  readonly burst: number;
  /** When a pod that failed may be replaced, by its name, in Unix ms; 0 for one that did not fail before. */
  retryAtMs(name: string): number;
}

/** What is done about one pod; its claims come first. */
export type Step =
  | { readonly act: 'create'; readonly pod: KubeObject; readonly claims: ClaimWork }
  | { readonly act: 'mend'; readonly pod: Pod; readonly claims: ClaimWork; readonly repair: PodRepair | undefined }
  | { readonly act: 'remove'; readonly pod: Pod; readonly claims: ClaimWork; readonly why: RemovalReason };

export type RemovalReason = 'failed' | 'succeeded' | 'surplus' | 'outdated';

/** What a pod lacks of its identity. */
export interface PodRepair {
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: NonNullable<Pod['spec']['volumes']> | undefined;
}

export interface StatefulSetPlan {
  /** Each phase begins when the one before it went well; with OrderedReady each is one step. */
  readonly phases: readonly (readonly Step[])[];
  readonly status: StatefulSetStatus;
  /** What is the case now; told once while it is. */
  readonly events: readonly PlannedEvent[];
  /** When something changes by the passing of time alone. */
  readonly requeueAfterMs: number | undefined;
  readonly reason: string;
}

/** The place of one wanted pod. */
interface Place {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

/** A pod that there is, with its number. */
interface Numbered {
  readonly ordinal: number;
  readonly pod: Pod;
}

/**
 * Pods that are wanted come first, from the lowest ordinal up; then those that are not go, from the highest down; then
 * those of an old template are replaced, from the highest down. With OrderedReady the first pod that does not serve
 * stops everything after it.
 * Source: kubernetes pkg/controller/statefulset/stateful_set_control.go, updateStatefulSet (v1.32).
 */
export function planStatefulSet(snapshot: StatefulSetSnapshot): StatefulSetPlan {
  const { statefulSet, burst } = snapshot;
  const ordered = statefulSet.spec.podManagementPolicy !== 'Parallel';
  const byOrdinal = new Map(snapshot.pods.map((pod) => [ordinalOf(statefulSet, pod), pod]));
  const decide = (): Decision => {
    if (statefulSet.metadata.deletionTimestamp !== undefined) return { phases: [], reason: 'it is being deleted' };
    const kept = keep(snapshot, byOrdinal, ordered);
    if (kept.waitsFor !== undefined) return { phases: [kept.steps], reason: `waiting for ${kept.waitsFor}` };
    const descending = [...byOrdinal]
      .flatMap(([ordinal, pod]) => (ordinal === undefined ? [] : [{ ordinal, pod }]))
      .sort((a, b) => b.ordinal - a.ordinal);
    const surplus = descending.filter(({ ordinal }) => !isWanted(statefulSet, ordinal));
    const shrunk = shrink(snapshot, surplus, ordered);
    const phases = [kept.steps, ...shrunk.phases];
    if (shrunk.waitsFor !== undefined) return { phases, reason: `waiting for ${shrunk.waitsFor}` };
    const wanted = descending.filter(({ ordinal }) => isWanted(statefulSet, ordinal));
    const outdated = roll(snapshot, wanted);
    return { phases: [...phases, outdated], reason: outdated.length === 0 ? 'all is as declared' : 'rolling' };
  };
  const { phases, reason } = decide();
  const each = ordered ? phases.flat().map((step) => [step]) : phases.map((phase) => phase.slice(0, burst));
  const steps = each.filter((phase) => phase.length > 0);
  const status = statusOf(
    snapshot,
    new Set(
      steps
        .flat()
        .filter(isReplacement)
        .map(({ pod }) => pod),
    ),
  );
  return { phases: steps, status, events: tooMany(statefulSet), requeueAfterMs: untilNextMs(snapshot), reason };
}

/** Whoever waits for them, as `kubectl rollout status` does, would not know why. */
function tooMany(statefulSet: StatefulSet): readonly PlannedEvent[] {
  const beyond = beyondOrdinals(statefulSet);
  if (beyond === 0) return [];
  const { replicas, ordinals } = statefulSet.spec;
  const message =
    `${beyond} of ${replicas ?? 1} replicas cannot be made: no ordinal is above ${MAX_ORDINAL}; ` +
    `lower spec.ordinals.start (${ordinals?.start ?? 0}) or spec.replicas`;
  return [{ type: 'Warning', reason: 'OrdinalsExhausted', message }];
}

interface Decision {
  readonly phases: readonly (readonly Step[])[];
  readonly reason: string;
}

interface Treated {
  readonly steps: readonly Step[];
  /** What keeps the rest from going on; undefined when nothing does. */
  readonly waitsFor: string | undefined;
}

/** Looks at no more places than a pass can treat: there may be more of them than fit into memory. */
function keep(
  snapshot: StatefulSetSnapshot,
  byOrdinal: ReadonlyMap<number | undefined, Pod>,
  ordered: boolean,
): Treated {
  const steps: Step[] = [];
  const { first, end } = rangeOf(snapshot.statefulSet);
  for (let ordinal = first; ordinal < end && (ordered || steps.length < snapshot.burst); ordinal += 1) {
    const treated = treat(snapshot, { ordinal, pod: byOrdinal.get(ordinal) }, ordered);
    steps.push(...treated.steps);
    if (ordered && treated.waitsFor !== undefined) return { steps, waitsFor: treated.waitsFor };
  }
  return { steps, waitsFor: undefined };
}

/** Source: kubernetes pkg/controller/statefulset/stateful_set_control.go, processReplica (v1.32). */
function treat(snapshot: StatefulSetSnapshot, { ordinal, pod }: Place, ordered: boolean): Treated {
  const { statefulSet, findClaim } = snapshot;
  const member = { ordinal, uid: pod?.metadata.uid ?? '' };
  if (pod === undefined) return make(snapshot, member);
  const { name } = pod.metadata;
  if (isFinished(pod)) {
    const why = pod.status?.phase === 'Failed' ? 'failed' : 'succeeded';
    const remove: Step = { act: 'remove', pod, claims: NO_CLAIM_WORK, why };
    const isDue = !isGoing(pod) && (why === 'succeeded' || snapshot.retryAtMs(name) <= snapshot.nowMs);
    return { steps: isDue ? [remove] : [], waitsFor: `the end of ${name}` };
  }
  if (ordered && isAbandoned(snapshot, ordinal, pod)) {
    const remove: Step = { act: 'remove', pod, claims: NO_CLAIM_WORK, why: 'outdated' };
    return { steps: [remove], waitsFor: `the end of ${name}` };
  }
  const isPending = pod.status?.phase === 'Pending';
  const lost = isPending ? planClaims(statefulSet, member, findClaim) : NO_CLAIM_WORK;
  if (lost.going.length > 0 || (ordered && !serves(snapshot, pod))) {
    const mend: Step = { act: 'mend', pod, claims: lost, repair: undefined };
    return { steps: isIdle(lost) ? [] : [mend], waitsFor: name };
  }
  const claims = isPending ? lost : { ...NO_CLAIM_WORK, own: planOwners(statefulSet, member, findClaim).own };
  const repair = repairOf(snapshot, ordinal, pod);
  const needed = repair?.volumes === undefined ? claims : planClaims(statefulSet, member, findClaim);
  const mend: Step = { act: 'mend', pod, claims: needed, repair };
  return { steps: isIdle(needed) && repair === undefined ? [] : [mend], waitsFor: undefined };
}

/**
 * Whether a pod cannot run by a template that it is no longer to have: a set whose template was mended need not wait for it.
 * Kubernetes waits until a person deletes the pod. One that runs, if not well, is waited for here too.
 */
function isAbandoned({ statefulSet, current, update }: StatefulSetSnapshot, ordinal: number, pod: Pod): boolean {
  if (isGoing(pod) || statefulSet.spec.updateStrategy?.type === 'OnDelete') return false;
  const { phase, containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const crashes = [...containerStatuses, ...initContainerStatuses].some(
    ({ state }) => state?.waiting?.reason === 'CrashLoopBackOff',
  );
  if (phase !== 'Pending' && !crashes) return false;
  return revisionOf(pod) !== revisionFor(statefulSet, ordinal, current, update).name;
}

function make({ statefulSet, current, update, findClaim }: StatefulSetSnapshot, member: Member): Treated {
  const pod = podOf(statefulSet, member.ordinal, revisionFor(statefulSet, member.ordinal, current, update));
  const waitsFor = pod.metadata.name ?? '';
  if (hasStaleClaim(statefulSet, member, findClaim)) return { steps: [], waitsFor: `the old claim of ${waitsFor}` };
  return { steps: [{ act: 'create', pod, claims: planClaims(statefulSet, member, findClaim) }], waitsFor };
}

/** Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go, newVersionedStatefulSetPod (v1.32). */
function revisionFor(
  statefulSet: StatefulSet,
  ordinal: number,
  current: ControllerRevision,
  update: ControllerRevision,
) {
  const { type, rollingUpdate } = statefulSet.spec.updateStrategy ?? {};
  const stays =
    rollingUpdate === undefined ? (statefulSet.status?.currentReplicas ?? 0) : (rollingUpdate.partition ?? 0);
  const isOld = type !== 'OnDelete' && ordinal < rangeOf(statefulSet).first + stays;
  const revision = isOld ? current : update;
  return { name: revision.metadata.name, template: templateOf(revision) };
}

function repairOf({ statefulSet }: StatefulSetSnapshot, ordinal: number, pod: Pod): PodRepair | undefined {
  const stored = hasStorage(statefulSet, ordinal, pod);
  if (stored && hasIdentity(pod)) return undefined;
  const volumes = stored ? undefined : volumesOf(statefulSet, ordinal, pod.spec.volumes ?? []);
  return { labels: identityLabels(statefulSet, ordinal), volumes };
}

/** Source: kubernetes pkg/controller/statefulset/stateful_set_control.go, processCondemned (v1.32). */
function shrink(
  snapshot: StatefulSetSnapshot,
  descending: readonly Numbered[],
  ordered: boolean,
): Pick<Treated, 'waitsFor'> & { readonly phases: readonly (readonly Step[])[] } {
  const { statefulSet, findClaim } = snapshot;
  // A claim that is to go with its pod must be the pod's before that goes.
  const owning = descending.flatMap(({ ordinal, pod }): Step[] => {
    const { own } = planOwners(statefulSet, { ordinal, uid: pod.metadata.uid }, findClaim);
    return own.length === 0 ? [] : [{ act: 'mend', pod, claims: { ...NO_CLAIM_WORK, own }, repair: undefined }];
  });
  const firstUnhealthy = descending.findLast(({ pod }) => !isHealthy(pod))?.pod;
  const going: Step[] = [];
  for (const { pod } of descending) {
    const blocks = isGoing(pod) || (!isAvailable(snapshot, pod) && pod !== firstUnhealthy);
    if (ordered && blocks) return { phases: [owning, going], waitsFor: pod.metadata.name };
    if (isGoing(pod)) continue;
    going.push({ act: 'remove', pod, claims: NO_CLAIM_WORK, why: 'surplus' });
    if (ordered) return { phases: [owning, going], waitsFor: `the end of ${pod.metadata.name}` };
  }
  return { phases: [owning, going], waitsFor: undefined };
}

/**
 * Replaces pods of an old template, those that do not serve before those that do, and never makes fewer serve than
 * `maxUnavailable` lets. Where all serve this is the order of Kubernetes; where some do not, as Parallel lets happen,
 * Kubernetes takes those with the highest ordinals and so makes even fewer serve.
 * Source: kubernetes pkg/controller/statefulset/stateful_set_control.go, updateStatefulSetAfterInvariantEstablished (v1.32).
 */
function roll(snapshot: StatefulSetSnapshot, descending: readonly Numbered[]): readonly Step[] {
  const { statefulSet, update } = snapshot;
  const { type, rollingUpdate } = statefulSet.spec.updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  const { first, end } = rangeOf(statefulSet);
  const away = end - first - descending.filter(({ pod }) => serves(snapshot, pod)).length;
  const above = descending.filter(({ ordinal }) => ordinal >= first + (rollingUpdate?.partition ?? 0));
  const old = above.map(({ pod }) => pod).filter((pod) => revisionOf(pod) !== update.metadata.name && !isGoing(pod));
  const [idle, serving] = [old.filter((pod) => !serves(snapshot, pod)), old.filter((pod) => serves(snapshot, pod))];
  const most = mostUnavailable(statefulSet, end - first);
  const inReplacement = away - idle.length;
  const replaced = idle.slice(0, Math.max(0, most - inReplacement));
  const further = serving.slice(0, Math.max(0, most - away));
  return [...replaced, ...further].map((pod) => ({ act: 'remove', pod, claims: NO_CLAIM_WORK, why: 'outdated' }));
}

/** Rounded down, and at least one. Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go, getStatefulSetMaxUnavailable (v1.32). */
function mostUnavailable({ spec }: StatefulSet, replicas: number): number {
  return Math.max(1, intOrPercent(spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicas, false));
}

/** Source: kubernetes pkg/controller/statefulset/stateful_set_control.go, computeReplicaStatus and completeRollingUpdate (v1.32). */
function statusOf(snapshot: StatefulSetSnapshot, replaced: ReadonlySet<KubeObject>): StatefulSetStatus {
  const { statefulSet, pods, current, update } = snapshot;
  const { spec, metadata, status: before } = statefulSet;
  const staying = pods.filter((pod) => !isGoing(pod));
  const at = ({ metadata: { name } }: ControllerRevision) => staying.filter((pod) => revisionOf(pod) === name);
  const ready = pods.filter(isRunningAndReady).length;
  const updated = at(update).length;
  const { first, end } = rangeOf(statefulSet);
  const isComplete =
    spec.updateStrategy?.type !== 'OnDelete' && [updated, ready, pods.length].every((count) => count === end - first);
  return {
    ...before,
    observedGeneration: metadata.generation,
    replicas: pods.length,
    readyReplicas: ready || undefined,
    availableReplicas: pods.filter((pod) => isAvailable(snapshot, pod)).length,
    currentReplicas: (isComplete ? updated : at(current).filter((pod) => !replaced.has(pod)).length) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: (isComplete ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount: before?.collisionCount ?? 0,
  } as StatefulSetStatus;
}

function isReplacement(step: Step): boolean {
  return step.act === 'remove' && step.why === 'outdated';
}

function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL];
}

function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

function isHealthy(pod: Pod): boolean {
  return isRunningAndReady(pod) && !isGoing(pod);
}

function isAvailable({ statefulSet, nowMs }: StatefulSetSnapshot, pod: Pod): boolean {
  if (!isRunningAndReady(pod)) return false;
  return (availableAtMs(pod, statefulSet.spec.minReadySeconds ?? 0) ?? Number.POSITIVE_INFINITY) <= nowMs;
}

/** Whether others may count on it. */
function serves(snapshot: StatefulSetSnapshot, pod: Pod): boolean {
  return isAvailable(snapshot, pod) && !isGoing(pod);
}

function untilNextMs({ statefulSet, pods, nowMs, retryAtMs }: StatefulSetSnapshot): number | undefined {
  const later = pods
    .map((pod) =>
      pod.status?.phase === 'Failed'
        ? retryAtMs(pod.metadata.name)
        : availableAtMs(pod, statefulSet.spec.minReadySeconds ?? 0),
    )
    .filter((atMs): atMs is number => atMs !== undefined && atMs > nowMs);
  return later.length === 0 ? undefined : Math.min(...later) - nowMs;
}
