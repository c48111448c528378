/** Which node a pod goes to, and why it goes nowhere. Pure. */
export type { PlannedBinding, PlannedFailure } from './batch.ts';
export type { HostPort, PodDemand } from './demand.ts';
export { demandOf } from './demand.ts';
export type { Explanation, NodeVerdict } from './explain.ts';
export type { ClusterChange, VolumeNeed } from './filters/filter.ts';
export { nodeAffinity } from './filters/node-affinity.ts';
export { tolerates } from './filters/taints.ts';
export type { ClusterEvent } from './hints.ts';
export { mayHelp } from './hints.ts';
export { factsOf } from './node-facts.ts';
export type { Nominee, PlacedPod } from './node-table.ts';
export { NodeTable, nomineeOf } from './node-table.ts';
export type { NodeAnswer, PlacementPlan, PlacementSnapshot } from './placement.plan.ts';
export { planPlacement } from './placement.plan.ts';
export type { ClaimNeeds, PodVolumeNeeds, SchedulePlan, ScheduleSnapshot } from './schedule.plan.ts';
export { planSchedule, planScheduleOf } from './schedule.plan.ts';
