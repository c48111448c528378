import {
  ApiError,
  isApiError,
  type KubeObject,
  POD_DISRUPTION_BUDGETS,
  type Pod,
  type PodDisruptionBudget,
  type StoredObject,
} from '#api';
import { selectNamespace } from '../../watch-cache/selection.ts';
import type { DeleteAnswer, DeleteRequest, EvictRequest, ResourceRow } from '../api.ts';
import { SERVER } from '../bootstrap.ts';
import { chargedBudget, disruptedPod, type EvictionPlan, planEviction, stillProcessed } from '../eviction.plan.ts';
import { ownUpdated } from '../field-ownership.ts';
import { resourceName } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import { podDisruptionBudgetRow } from '../rows/classes.ts';
import { createTurns } from '../turns.ts';
import { modify } from './modify.ts';
import { current, type VerbDeps } from './verb-deps.ts';

type Preconditions = DeleteRequest['preconditions'];

/**
 * Deletes a pod if its disruption budget allows it. The budget is charged before the pod goes: of two evictions at the
 * same moment, one sees what the other took. Source: kubernetes pkg/registry/core/pod/storage/eviction.go (v1.32).
 */
export function createEvict(deps: VerbDeps, remove: (request: DeleteRequest) => Promise<DeleteAnswer>) {
  const turns = createTurns();
  return async function evict(request: EvictRequest): Promise<void> {
    const pinned = request.preconditions?.resourceVersion !== undefined;
    for (let attempt = 1; ; attempt += 1) {
      const pod = current(deps, request) as Pod;
      const plan = planEviction(pod, budgetsIn(deps, request.namespace));
      if (plan.action === 'refuse') throw plan.error;
      // All at once, one would win each round, and the rest would run out of attempts.
      if (plan.action === 'charge')
        await turns.take(`${request.namespace}/${plan.budget}`, () => charge(deps, request, pod, plan.budget));
      const asItIs = plan.action === 'as-it-is' && !pinned ? { resourceVersion: pod.metadata.resourceVersion } : {};
      const target = { ...request, preconditions: { ...request.preconditions, ...asItIs } };
      try {
        await remove(tellsWhy(plan) ? await told(deps, target) : target);
        return;
      } catch (error) {
        if (!isApiError(error, 'Conflict') || pinned || plan.action !== 'as-it-is') throw error;
        if (plan.budget !== undefined) throw stillProcessed(plan.budget);
        if (attempt >= apiLimits.writeAttempts) throw error;
      }
    }
  };
}

function budgetsIn({ cache }: VerbDeps, namespace: string): readonly PodDisruptionBudget[] {
  const budgets = cache.resource(resourceName(POD_DISRUPTION_BUDGETS));
  return budgets.select(selectNamespace(namespace)) as unknown as readonly PodDisruptionBudget[];
}

/** Takes one disruption off a budget, or throws its refusal. */
async function charge(deps: VerbDeps, { namespace, dryRun = false }: EvictRequest, pod: Pod, budget: string) {
  const row = podDisruptionBudgetRow;
  try {
    await modifyStatus(deps, { row, namespace, name: budget, dryRun }, {}, (old, nowMs) =>
      chargedBudget(old as PodDisruptionBudget, pod, nowMs),
    );
  } catch (error) {
    if (!isApiError(error, 'Conflict')) throw error;
    const message = `Timeout: couldn't update PodDisruptionBudget "${budget}" due to conflicts`;
    throw new ApiError('Timeout', message, { retryAfterSeconds: 10 }, error);
  }
}

function tellsWhy(plan: EvictionPlan): boolean {
  return plan.action === 'now'
    ? plan.tells
    : plan.action === 'charge' || (plan.action === 'as-it-is' && plan.budget !== undefined);
}

/** Says in the pod's status why it goes. A version that was asked for is then the one with these words. */
async function told(deps: VerbDeps, request: EvictRequest): Promise<EvictRequest> {
  const { row, namespace, name, dryRun = false, preconditions = {} } = request;
  if (dryRun) return request;
  const target = { row, namespace, name, dryRun };
  const { metadata } = await modifyStatus(deps, target, preconditions, (old, nowMs) => disruptedPod(old as Pod, nowMs));
  if (preconditions.resourceVersion === undefined) return request;
  return { ...request, preconditions: { ...preconditions, resourceVersion: metadata.resourceVersion } };
}

interface StatusTarget {
  readonly row: ResourceRow;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

/** The server writes by itself: whoever evicts needs the right to evict, and no more. */
async function modifyStatus(
  deps: VerbDeps,
  target: StatusTarget,
  preconditions: NonNullable<Preconditions>,
  change: (old: StoredObject, nowMs: number) => KubeObject,
): Promise<StoredObject> {
  const writer = { context: SERVER, subresource: 'status' } as const;
  const { object } = await modify(deps, {
    ...target,
    ...writer,
    part: 'status',
    wish: (old) => {
      const changed = change(old, deps.clock.nowMs());
      const { resourceVersion: _, ...metadata } = changed.metadata;
      return { object: { ...changed, metadata: { ...metadata, ...preconditions } }, warnings: [] };
    },
    track: (changed, old) => ownUpdated(target.row, changed, old, writer, deps.clock.nowMs()),
  });
  return object;
}
