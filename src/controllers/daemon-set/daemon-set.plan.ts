import { type DaemonSet, type DaemonSetStatus, intOrPercent, type Node, type Pod } from '#api';
import { availableAtMs, isFinished, isReady } from '../shared/pods.plan.ts';
import { REVISION_LABEL } from '../shared/revisions.plan.ts';
import { nodeOf, type Placement, placementOn } from './placement.plan.ts';

export interface DaemonSetSnapshot {
  readonly daemonSet: DaemonSet;
  readonly nodes: readonly Node[];
  /** All pods it controls. */
  readonly pods: readonly Pod[];
  /** Hash of the revision of its template. */
  readonly hash: string;
  readonly nowMs: number;
  /** Most pods made, and most deleted, in one pass. */
  readonly burst: number;
  /** When a node whose pod failed may have another, in Unix ms; 0 for one without a failure. */
  retryAtMs(node: string): number;
}

/** A pod to delete. `ended`: it had come to an end by itself, which is told. */
export interface Removal {
  readonly pod: Pod;
  readonly node: string;
  readonly ended?: 'Failed' | 'Succeeded';
}

export interface DaemonSetPlan {
  /** Nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Removal[];
  readonly status: DaemonSetStatus;
  /** When something changes by the passing of time alone. */
  readonly requeueAfterMs: number | undefined;
  readonly reason: string;
}

/** What stands on one node. */
interface Place {
  readonly node: string;
  readonly placement: Placement;
  /** Of this node, ended ones that are going left out; the oldest first, those on their node before those on their way. */
  readonly pods: readonly Pod[];
}

interface Changes {
  readonly create: readonly string[];
  readonly remove: readonly Removal[];
  /** When a failed pod may be replaced; undefined when none waits. */
  readonly retryAtMs?: number | undefined;
}

/**
 * One pod on every node that fits. A rolling update begins where nothing else is to be done: it moves on what stands.
 * Source: kubernetes pkg/controller/daemon/daemon_controller.go, syncDaemonSet (v1.32).
 */
export function planDaemonSet(snapshot: DaemonSetSnapshot): DaemonSetPlan {
  const { daemonSet, nodes, burst, nowMs } = snapshot;
  const places = placesOf(snapshot);
  const going = daemonSet.metadata.deletionTimestamp !== undefined;
  const managed: Changes = going ? { create: [], remove: [] } : manage(snapshot, places);
  const rests = !going && managed.create.length === 0 && managed.remove.length === 0;
  const rolling = rests && daemonSet.spec.updateStrategy?.type !== 'OnDelete' ? roll(snapshot, places) : undefined;
  const { create, remove } = rolling ?? managed;
  const status = statusOf(snapshot, places);
  return {
    create: create.slice(0, burst),
    remove: remove.slice(0, burst),
    status,
    requeueAfterMs: untilNextMs(snapshot, managed.retryAtMs, nowMs),
    reason: going
      ? 'it is being deleted'
      : `${status.currentNumberScheduled} of ${status.desiredNumberScheduled} of ${nodes.length} nodes`,
  };
}

function placesOf({ daemonSet, nodes, pods }: DaemonSetSnapshot): readonly Place[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeOf(pod);
    if (node === undefined || (isFinished(pod) && pod.metadata.deletionTimestamp !== undefined)) continue;
    const known = byNode.get(node);
    if (known === undefined) byNode.set(node, [pod]);
    else known.push(pod);
  }
  return nodes.map((node) => ({
    node: node.metadata.name,
    placement: placementOn(daemonSet, node),
    pods: (byNode.get(node.metadata.name) ?? []).sort(byAge),
  }));
}

/** Placed before unplaced, then old before young. */
function byAge(left: Pod, right: Pod): number {
  const placed = Number(Boolean(right.spec.nodeName)) - Number(Boolean(left.spec.nodeName));
  const age = Date.parse(left.metadata.creationTimestamp) - Date.parse(right.metadata.creationTimestamp);
  return placed || age || (left.metadata.name < right.metadata.name ? -1 : 1);
}

/** Source: kubernetes pkg/controller/daemon/daemon_controller.go, podsShouldBeOnNode (v1.32). */
function manage(snapshot: DaemonSetSnapshot, places: readonly Place[]): Changes {
  const create: string[] = [];
  const remove: Removal[] = [];
  let retryAtMs: number | undefined;
  for (const { node, placement, pods } of places) {
    if (placement.run && pods.length === 0) create.push(node);
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (!placement.stay) {
      remove.push(...staying.map((pod) => ({ pod, node })));
      continue;
    }
    const running: Pod[] = [];
    for (const pod of staying) {
      const { phase } = pod.status ?? {};
      if (phase === 'Succeeded') remove.push({ pod, node, ended: phase });
      else if (phase !== 'Failed') running.push(pod);
      else if (snapshot.retryAtMs(node) <= snapshot.nowMs) remove.push({ pod, node, ended: phase });
      else retryAtMs = Math.min(retryAtMs ?? Number.POSITIVE_INFINITY, snapshot.retryAtMs(node));
    }
    remove.push(...surplus(snapshot, running).map((pod) => ({ pod, node })));
  }
  remove.push(...stranded(snapshot));
  return { create, remove, retryAtMs };
}

/**
 * What a node has too many of: all but the oldest, or, in a surging update, but one of the old and one of the new. There one that
 * is ready stays before the oldest: Kubernetes goes by age alone, which two pods of one second share.
 */
function surplus(snapshot: DaemonSetSnapshot, running: readonly Pod[]): readonly Pod[] {
  const { daemonSet, hash, nowMs } = snapshot;
  if (running.length < 2) return [];
  if (boundsOf(daemonSet, 1).maxSurge === 0) return running.slice(1);
  const readyFirst = (pods: readonly Pod[]) => pods.toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)));
  const [oldest, ...others] = readyFirst(running.filter((pod) => isUpdated(pod, hash)));
  const [former, ...rest] = readyFirst(running.filter((pod) => !isUpdated(pod, hash)));
  const tooMany = [...others, ...rest];
  const isReplaced = oldest !== undefined && former !== undefined;
  if (isReplaced && (!isReady(former) || isAvailable(daemonSet, oldest, nowMs))) tooMany.push(former);
  return tooMany;
}

/** Pods on their way to a node that is not there. */
function stranded({ nodes, pods }: DaemonSetSnapshot): readonly Removal[] {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  return pods.flatMap((pod) => {
    const node = nodeOf(pod);
    const isLost = !pod.spec.nodeName && node !== undefined && !names.has(node);
    return isLost && pod.metadata.deletionTimestamp === undefined ? [{ pod, node }] : [];
  });
}

interface Bounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Both are rounded up. Source: kubernetes pkg/controller/daemon/update.go, updatedDesiredNodeCounts (v1.32). */
function boundsOf({ spec }: DaemonSet, desired: number): Bounds {
  const { maxSurge: surge = 0, maxUnavailable: unavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  if (spec.updateStrategy?.type === 'OnDelete') return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = intOrPercent(surge, desired, true);
  const maxUnavailable = intOrPercent(unavailable, desired, true);
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

/** Source: kubernetes pkg/controller/daemon/update.go, rollingUpdate (v1.32). */
function roll(snapshot: DaemonSetSnapshot, places: readonly Place[]): Changes {
  const { daemonSet, hash } = snapshot;
  const bounds = boundsOf(daemonSet, places.filter(({ placement }) => placement.run).length);
  const pairs = places.filter(({ pods }) => pods.length > 0).map(({ node, pods }) => ({ node, ...pairOf(pods, hash) }));
  return bounds.maxSurge === 0 ? replace(snapshot, pairs, bounds) : surge(snapshot, pairs, bounds);
}

/** The one old and the one new pod of a node; `unclear`: it has several of one sort, which is to be cleaned up first. */
interface Pair {
  readonly node: string;
  readonly old?: Pod | undefined;
  readonly fresh?: Pod | undefined;
  readonly unclear: boolean;
}

function pairOf(pods: readonly Pod[], hash: string): Omit<Pair, 'node'> {
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const fresh = staying.filter((pod) => isUpdated(pod, hash));
  const old = staying.filter((pod) => !isUpdated(pod, hash));
  return { old: old[0], fresh: fresh[0], unclear: fresh.length > 1 || old.length > 1 };
}

/** Deletes old pods, and never makes more nodes unavailable than may be; those that are so already come first. */
function replace({ daemonSet, nowMs }: DaemonSetSnapshot, pairs: readonly Pair[], { maxUnavailable }: Bounds): Changes {
  const free: Removal[] = [];
  const candidates: Removal[] = [];
  let unavailable = 0;
  for (const { node, old, fresh, unclear } of pairs) {
    const isOldOnly = !unclear && old !== undefined && fresh === undefined;
    const serves = unclear ? undefined : fresh === undefined ? old : old === undefined ? fresh : undefined;
    const isServing = serves !== undefined && isAvailable(daemonSet, serves, nowMs);
    if (!isServing) unavailable += 1;
    if (isOldOnly) (isServing ? candidates : free).push({ pod: old, node });
  }
  return { create: [], remove: [...free, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

/** Makes new pods beside old ones, and deletes an old one when the new one serves. */
function surge({ daemonSet, nowMs }: DaemonSetSnapshot, pairs: readonly Pair[], { maxSurge }: Bounds): Changes {
  const free: string[] = [];
  const candidates: string[] = [];
  const remove: Removal[] = [];
  let surging = 0;
  for (const { node, old, fresh, unclear } of pairs) {
    if (unclear) surging += 1;
    else if (old === undefined) continue;
    else if (fresh === undefined) (isAvailable(daemonSet, old, nowMs) ? candidates : free).push(node);
    else if (isAvailable(daemonSet, fresh, nowMs)) remove.push({ pod: old, node });
    else surging += 1;
  }
  return { create: [...free, ...candidates.slice(0, Math.max(0, maxSurge - surging))], remove };
}

/** Source: kubernetes pkg/controller/daemon/daemon_controller.go, updateDaemonSetStatus (v1.32). */
function statusOf({ daemonSet, hash, nowMs }: DaemonSetSnapshot, places: readonly Place[]): DaemonSetStatus {
  const wanted = places.filter(({ placement }) => placement.run);
  const first = wanted.flatMap(({ pods }) => (pods[0] === undefined ? [] : [pods[0]]));
  const available = first.filter((pod) => isAvailable(daemonSet, pod, nowMs)).length;
  return {
    ...daemonSet.status,
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: first.length,
    numberMisscheduled: places.filter(({ placement, pods }) => !placement.run && pods.length > 0).length,
    numberReady: first.filter(isReady).length,
    updatedNumberScheduled: first.filter((pod) => isUpdated(pod, hash)).length || undefined,
    numberAvailable: available || undefined,
    numberUnavailable: wanted.length - available || undefined,
    observedGeneration: daemonSet.metadata.generation,
  } as DaemonSetStatus;
}

function isUpdated({ metadata }: Pod, hash: string): boolean {
  return metadata.labels?.[REVISION_LABEL] === hash;
}

function isAvailable({ spec }: DaemonSet, pod: Pod, nowMs: number): boolean {
  return (availableAtMs(pod, spec.minReadySeconds ?? 0) ?? Number.POSITIVE_INFINITY) <= nowMs;
}

function untilNextMs(
  { daemonSet, pods }: DaemonSetSnapshot,
  retryAtMs: number | undefined,
  nowMs: number,
): number | undefined {
  const ready = pods.map((pod) => availableAtMs(pod, daemonSet.spec.minReadySeconds ?? 0));
  const later = [...ready, retryAtMs].filter((atMs): atMs is number => atMs !== undefined && atMs > nowMs);
  return later.length === 0 ? undefined : Math.min(...later) - nowMs;
}
