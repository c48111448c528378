import {
  type Deployment,
  formatSelectorObject,
  isApiError,
  POD_DISRUPTION_BUDGETS,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type ReplicationController,
  type StatefulSet,
  type StoredObject,
  selectorFromObject,
} from '#api';
import { type Clock, equalJson } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { controllerOf } from '../shared/owners.plan.ts';
import { isReady } from '../shared/pods.plan.ts';
import { needsScale, planDisruption } from './disruption.plan.ts';
import { findScale, type ScaleFinderDeps } from './scale-finder.ts';

export interface DisruptionDeps extends ScaleFinderDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly budgets: Informer<PodDisruptionBudget>;
  readonly pods: Informer<Pod>;
}

/** Before a budget whose pods' owners cannot be counted is looked at again: owners of custom kinds tell nobody. */
const RETRY_MS = 30_000;

/** Says how many pods of a budget may go. It and evictions write the status, each on what it has seen. */
export function createDisruptionController(deps: DisruptionDeps): Controller {
  const { client, clock, events, budgets, pods } = deps;

  return {
    name: 'disruption',
    async reconcile(key) {
      const budget = budgets.get(key);
      if (budget === undefined) return {};
      const selector = selectorFromObject(budget.spec?.selector);
      const selected = pods.list(budget.metadata.namespace).filter(({ metadata }) => selector.matches(metadata.labels));
      const { scale, unmanaged } = needsScale(budget)
        ? findScale(deps, selected)
        : { scale: { replicas: 0 }, unmanaged: [] };
      const plan = planDisruption({ budget, pods: selected, scale, nowMs: clock.nowMs() });
      const requeueAfterMs = 'error' in scale ? RETRY_MS : plan.requeueAfterMs;
      if (!equalJson(plan.status, budget.status ?? null)) {
        // Says once what it means, with the write that it leads to.
        tell(budget, selected, unmanaged);
        if ('error' in scale) {
          const message = `Failed to calculate the number of expected pods: ${scale.error}`;
          events.record(budget, { type: 'Warning', reason: 'CalculateExpectedPodCountFailed', message });
        }
        for (const pod of plan.notDeleted) {
          const message = `Pod was expected by PDB ${key} to be deleted but it wasn't`;
          events.record(pod, { type: 'Warning', reason: 'NotDeleted', message });
        }
        await write({ ...budget, status: plan.status });
      }
      return requeueAfterMs === undefined ? {} : { requeueAfterMs };
    },
  };

  function tell(budget: PodDisruptionBudget, selected: readonly Pod[], unmanaged: readonly Pod[]): void {
    if (selected.length === 0)
      events.record(budget, { type: 'Normal', reason: 'NoPods', message: 'No matching pods found' });
    if (unmanaged.length === 0) return;
    const selector = formatSelectorObject(budget.spec?.selector);
    const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
    events.record(budget, { type: 'Warning', reason: 'UnmanagedPods', message });
  }

  /** On the version that was looked at: an eviction in between has to be seen first. */
  async function write(budget: PodDisruptionBudget): Promise<void> {
    try {
      await client.update(POD_DISRUPTION_BUDGETS, budget, { subresource: 'status' });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
}

/** What changes how many pods there ought to be. */
interface Owners {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly replicationControllers: Informer<ReplicationController>;
  readonly statefulSets: Informer<StatefulSet>;
}

/** A budget is looked at when it, one of its pods, or a number of wanted replicas in its namespace changes. */
export function disruptionSources(deps: Pick<DisruptionDeps, 'budgets' | 'pods'> & Owners): KeySource[] {
  const { budgets, pods } = deps;
  const ofPod = (pod: Pod) =>
    budgets
      .list(pod.metadata.namespace)
      .filter(({ spec }) => selectorFromObject(spec?.selector).matches(pod.metadata.labels))
      .map(keyOf);
  const ofOwner = ({ metadata }: StoredObject) => budgets.list(metadata.namespace).filter(needsScale).map(keyOf);
  const wants = <T extends StoredObject & { readonly spec: { readonly replicas?: number } }>(owners: Informer<T>) =>
    keysFrom(owners, { toKeys: ofOwner, when: (before, after) => before.spec.replicas !== after.spec.replicas });
  return [
    keysFrom(budgets),
    keysFrom(pods, { toKeys: ofPod, when: (before, after) => !countsTheSame(before, after) }),
    wants(deps.deployments),
    wants(deps.replicaSets),
    wants(deps.replicationControllers),
    wants(deps.statefulSets),
  ];
}

function countsTheSame(before: Pod, after: Pod): boolean {
  return (
    before.metadata.uid === after.metadata.uid &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    isReady(before) === isReady(after) &&
    controllerOf(before)?.uid === controllerOf(after)?.uid &&
    equalJson(before.metadata.labels ?? {}, after.metadata.labels ?? {})
  );
}
