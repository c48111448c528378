/** Which node a pod goes to, and why it goes nowhere. Pure. */
export type { PlannedBinding, PlannedFailure } from './batch.ts';
export { seeGone, seeNamespace, seeNode, seeNominee, seePlaced } from './changes.ts';
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
export type {
  NodeAnswer,
  PlacementOwners,
  PlacementPlan,
  PlacementSnapshot,
  PlacementStorage,
} from './placement.plan.ts';
export { planPlacement } from './placement.plan.ts';
export type { Peers } from './relations/default-spread.ts';
export type { PeerKind, PeerSources } from './relations/peers.ts';
export { peersOf } from './relations/peers.ts';
export type { ClaimNeeds, PodVolumeNeeds, SchedulePlan, ScheduleSnapshot } from './schedule.plan.ts';
export { planSchedule, planScheduleOf } from './schedule.plan.ts';
export { mismatchOf, modeOf, planMatch, requestOf } from './volumes/matching.plan.ts';
export type { OpenClaimsPlan, VolumeView } from './volumes/pod-volumes.plan.ts';
export {
  conflictOf,
  holdsVolumes,
  isForOnePod,
  isFullyBound,
  planOpenClaims,
  planVolumeNeeds,
  selectedNodeOf,
} from './volumes/pod-volumes.plan.ts';
