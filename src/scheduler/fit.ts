import type { PodDemand } from './demand.ts';
import type { NodeMask } from './node-mask.ts';
import type { Refusal } from './refusal.ts';
import type { Relations } from './relations/relations.ts';
import { portsClash, type Usage } from './usage.ts';

/** One kind of pods, and the cluster as it stands for it. */
export interface Fit {
  readonly mask: NodeMask;
  readonly usage: Usage;
  readonly demand: PodDemand;
  /** By slot, 0–100: nodes that have the pods' images; undefined when none has. */
  readonly images?: Float64Array;
  /** How the pods stand to others; undefined when no pod of the plan cares. */
  readonly relations?: Relations | undefined;
  /** The same if the pods that are promised room were there already; undefined when there are none. A node must do for both. */
  readonly promised?: Relations | undefined;
}

export const RESOURCES_FILTER = 'NodeResourcesFit';
export const PORTS_FILTER = 'NodePorts';

/** Why a node does not take the pods; undefined when it does. Source: kubernetes pkg/scheduler/framework/plugins: the order of filters, and noderesources/fit.go's words (v1.32). */
export function refusalAt(slot: number, { mask, usage, demand, relations, promised }: Fit): Refusal | undefined {
  const refusal = mask.refusal(slot);
  if (refusal !== undefined) return { filter: refusal.filter, reasons: [refusal.reason], resolvable: false };
  if (portsTaken(slot, usage, demand)) {
    const reasons = ["node(s) didn't have free ports for the requested pod ports"];
    return { filter: PORTS_FILTER, reasons, resolvable: true };
  }
  const reasons = shortOf(demand, (resource, amount) => usage.hasRoom(slot, resource, amount));
  if (reasons.length > 0) return { filter: RESOURCES_FILTER, reasons, resolvable: true };
  return relations?.refusal(slot) ?? promised?.refusal(slot);
}

/** A reason for each resource of which there is no room. */
export function shortOf({ amounts }: PodDemand, hasRoom: (resource: string, amount: number) => boolean): string[] {
  return [...amounts]
    .filter(([resource, amount]) => !hasRoom(resource, amount))
    .map(([resource]) => (resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`));
}

export function portsTaken(slot: number, usage: Usage, { hostPorts }: PodDemand): boolean {
  if (hostPorts.length === 0) return false;
  const taken = usage.portsAt(slot);
  return hostPorts.some((wanted) => taken.some((port) => portsClash(port, wanted)));
}
