import type { Pod } from '#api';
import { demandOf } from './demand.ts';
import type { ClusterChange } from './filters/filter.ts';
import { NODE_FILTERS } from './filters/filters.ts';
import type { NodeTable } from './node-table.ts';

/** What happened, and on which node; on any when absent. */
export interface ClusterEvent {
  readonly change: ClusterChange;
  readonly node?: string;
}

/**
 * Whether it is worth to try a refused pod again: the change is one that could help, and it happened on a node that could
 * ever take the pod. What depends on other pods may be helped by a change on any node of the same zone.
 * Source: kubernetes pkg/scheduler/framework/plugins, EventsToRegister and isSchedulableAfter… (v1.32).
 */
export function mayHelp(
  { change, node }: ClusterEvent,
  { pod, retryOn }: { readonly pod: Pod; readonly retryOn: ReadonlySet<ClusterChange> },
  table: NodeTable,
): boolean {
  if (!retryOn.has(change)) return false;
  return node === undefined || retryOn.has('placed') || couldTake(node, pod, table);
}

/** Whether a node could take a pod if nothing ran there. */
function couldTake(name: string, pod: Pod, table: NodeTable): boolean {
  const slot = table.slotOf(name);
  const node = slot === undefined ? undefined : table.node(slot);
  if (node === undefined || NODE_FILTERS.some((filter) => filter.refuse(pod.spec, node) !== undefined)) return false;
  return [...demandOf(pod).amounts].every(([resource, amount]) => amount <= (node.allocatable.get(resource) ?? 0));
}
