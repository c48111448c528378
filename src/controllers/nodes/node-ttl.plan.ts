/** How long an agent may go by the ConfigMaps and Secrets that it has read, by the size of the cluster. */

interface Step {
  /** Below it, the step before holds again. */
  readonly fewest: number;
  /** Above it, the next step holds. */
  readonly most: number;
  readonly seconds: number;
}

/** They overlap, so that a node that comes and goes changes nothing. Source: kubernetes pkg/controller/ttl/ttl_controller.go, ttlBoundaries (v1.32). */
const STEPS: readonly Step[] = [
  { fewest: 0, most: 100, seconds: 0 },
  { fewest: 90, most: 500, seconds: 15 },
  { fewest: 450, most: 1_000, seconds: 30 },
  { fewest: 900, most: 2_000, seconds: 60 },
  { fewest: 1_800, most: 10_000, seconds: 300 },
  { fewest: 9_000, most: Number.POSITIVE_INFINITY, seconds: 600 },
];

export interface TtlPlan {
  /** To be handed in with the next look. */
  readonly step: number;
  readonly seconds: number;
}

/** `step`: of the look before, 0 at first. */
export function planNodeTtl(nodes: number, step: number): TtlPlan {
  const at = STEPS[step];
  if (at === undefined) throw new RangeError(`there is no step ${step}`);
  if (nodes > at.most) return planNodeTtl(nodes, step + 1);
  if (nodes < at.fewest) return planNodeTtl(nodes, step - 1);
  return { step, seconds: at.seconds };
}
