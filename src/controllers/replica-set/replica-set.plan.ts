import { hasLabels, type Pod, type ReplicaSetSpec, type ReplicaSetStatus, type StoredObject } from '#api';
import { errorMessage } from '#base';
import { withCondition, withoutCondition } from '../shared/conditions.plan.ts';
import { availableAtMs, isActive, isReady } from '../shared/pods.plan.ts';
import { inOrderOfDeletion } from './ranking.plan.ts';

/** A ReplicaSet, or its elder, the ReplicationController: they differ by their selectors, which are not looked at here. */
export type Replicated = StoredObject & {
  readonly spec: Pick<ReplicaSetSpec, 'replicas' | 'minReadySeconds' | 'template'>;
  readonly status?: ReplicaSetStatus;
};

export interface ReplicaSetSnapshot {
  readonly replicaSet: Replicated;
  /** All pods it controls. */
  readonly pods: readonly Pod[];
  /** The pods of all sets of its Deployment, itself among them; its own when it has none. */
  readonly related?: readonly Pod[];
  readonly nowMs: number;
  /** Most pods made or deleted in one pass. */
  readonly burst: number;
}

export interface ReplicaSetPlan {
  /** Number of pods to make. */
  readonly create: number;
  readonly delete: readonly Pod[];
  readonly status: ReplicaSetStatus;
  /** When a ready pod becomes available by the passing of time alone. */
  readonly requeueAfterMs: number | undefined;
  readonly reason: string;
}

/** Source: kubernetes pkg/controller/replicaset/replica_set.go, manageReplicas (v1.32). */
export function planReplicaSet({ replicaSet, pods, related, nowMs, burst }: ReplicaSetSnapshot): ReplicaSetPlan {
  const active = pods.filter(isActive);
  const wanted = replicaSet.spec.replicas ?? 1;
  const surplus = active.length - wanted;
  const going = replicaSet.metadata.deletionTimestamp !== undefined;
  const toCreate = going ? 0 : Math.min(burst, Math.max(0, -surplus));
  const toDelete = going ? 0 : Math.min(burst, Math.max(0, surplus));
  return {
    create: toCreate,
    delete: toDelete === 0 ? [] : inOrderOfDeletion(active, nowMs, related?.filter(isActive)).slice(0, toDelete),
    status: statusOf(replicaSet, active, nowMs),
    requeueAfterMs: nextAvailableInMs(replicaSet, active, nowMs),
    reason: going ? 'it is being deleted' : `${active.length} of ${wanted} pods`,
  };
}

/** Source: kubernetes pkg/controller/replicaset/replica_set_utils.go, calculateStatus (v1.32). */
function statusOf({ spec, metadata, status }: Replicated, active: readonly Pod[], nowMs: number): ReplicaSetStatus {
  const templateLabels = spec.template?.metadata?.labels ?? {};
  const minReadySeconds = spec.minReadySeconds ?? 0;
  const count = (matches: (pod: Pod) => boolean) => active.filter(matches).length || undefined;
  return {
    ...status,
    replicas: active.length,
    fullyLabeledReplicas: count((pod) => hasLabels(pod.metadata.labels, templateLabels)),
    readyReplicas: count(isReady),
    availableReplicas: count((pod) => (availableAtMs(pod, minReadySeconds) ?? Number.POSITIVE_INFINITY) <= nowMs),
    observedGeneration: metadata.generation,
  } as ReplicaSetStatus;
}

function nextAvailableInMs({ spec }: Replicated, active: readonly Pod[], nowMs: number): number | undefined {
  const waiting = active
    .map((pod) => availableAtMs(pod, spec.minReadySeconds ?? 0))
    .filter((atMs): atMs is number => atMs !== undefined && atMs > nowMs);
  return waiting.length === 0 ? undefined : Math.min(...waiting) - nowMs;
}

/** The status, saying that pods could not be made or deleted, or no longer saying so. */
export function withReplicaFailure(
  status: ReplicaSetStatus,
  failure: { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly error: unknown } | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const before = status.conditions ?? [];
  const after =
    failure === undefined
      ? withoutCondition(before, 'ReplicaFailure')
      : withCondition(
          before,
          { type: 'ReplicaFailure', status: 'True', reason: failure.reason, message: errorMessage(failure.error) },
          nowMs,
        );
  const { conditions: _, ...rest } = status;
  return after.length === 0 ? rest : { ...rest, conditions: [...after] };
}
