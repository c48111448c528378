import type { Pod } from '#api';
import { isFinished } from '../shared/pods.plan.ts';

/** How long a pod may be about to go, in ms. Source: kubernetes pkg/controller/disruption/disruption.go, stalePodDisruptionTimeout (v1.32). */
export const STALE_MS = 120_000;
export const DISRUPTION_TARGET = 'DisruptionTarget';
/** Said by a node's agent, whose end of a pod takes as long as it takes. Source: api core/v1 types.go, PodReasonTerminationByKubelet (v0.32). */
const BY_AGENT = 'TerminationByKubelet';

/**
 * When a pod that was said to be about to go counts as staying after all, in Unix ms; undefined for one that goes, has ended or was never
 * said to. Source: disruption.go, nonTerminatingPodHasStaleDisruptionCondition (v1.32).
 */
export function staleAtMs(pod: Pod): number | undefined {
  const { metadata, status } = pod;
  const said = status?.conditions?.find(({ type }) => type === DISRUPTION_TARGET);
  if (metadata.deletionTimestamp !== undefined || isFinished(pod)) return undefined;
  if (said?.status !== 'True' || said.reason === BY_AGENT) return undefined;
  return Date.parse(said.lastTransitionTime ?? metadata.creationTimestamp) + STALE_MS;
}
