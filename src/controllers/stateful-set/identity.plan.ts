/** Who a pod of a StatefulSet is. Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go (v1.32). */
import type { KubeObject, StatefulSet } from '#api';

/** Source: api apps/v1 types.go, StatefulSetPodNameLabel and PodIndexLabel (v0.32). */
const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** The highest number that a pod is known by: Kubernetes reads it from the name as an int32. */
export const MAX_ORDINAL = 2_147_483_647;

type Named = Pick<KubeObject, 'metadata'>;

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** Undefined for a pod that is not named as one of the set's. */
export function ordinalOf({ metadata }: StatefulSet, pod: Named): number | undefined {
  const prefix = `${metadata.name}-`;
  const { name = '' } = pod.metadata;
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  const ordinal = /^(0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  return ordinal <= MAX_ORDINAL ? ordinal : undefined;
}

/**
 * The ordinals that the set wants: from the first to before the end. Replicas above the highest ordinal have no place:
 * Kubernetes accepts them too, makes the first of them, does not know it again, and fails to make it in each later pass.
 */
export function rangeOf({ spec }: StatefulSet): { readonly first: number; readonly end: number } {
  const first = spec.ordinals?.start ?? 0;
  return { first, end: Math.min(first + (spec.replicas ?? 1), MAX_ORDINAL + 1) };
}

/** How many replicas are declared beyond the highest ordinal: they are never made. */
export function beyondOrdinals({ spec }: StatefulSet): number {
  return Math.max(0, (spec.ordinals?.start ?? 0) + (spec.replicas ?? 1) - (MAX_ORDINAL + 1));
}

export function isWanted(statefulSet: StatefulSet, ordinal: number): boolean {
  const { first, end } = rangeOf(statefulSet);
  return ordinal >= first && ordinal < end;
}

/** The labels by which one pod of a set is told from the others. */
export function identityLabels(statefulSet: StatefulSet, ordinal: number): Readonly<Record<string, string>> {
  return { [NAME_LABEL]: podName(statefulSet, ordinal), [INDEX_LABEL]: String(ordinal) };
}

export function hasIdentity({ metadata }: Named): boolean {
  return metadata.labels?.[NAME_LABEL] === metadata.name;
}
