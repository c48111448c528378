/** Who a pod of a StatefulSet is. Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go (v1.32). */
import type { KubeObject, StatefulSet } from '#api';

/** Source: api apps/v1 types.go, StatefulSetPodNameLabel and PodIndexLabel (v0.32). */
const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

type Named = Pick<KubeObject, 'metadata'>;

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** Undefined for a pod that is not named as one of the set's. */
export function ordinalOf({ metadata }: StatefulSet, pod: Named): number | undefined {
  const prefix = `${metadata.name}-`;
  const { name = '' } = pod.metadata;
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,8})$/.test(digits) ? Number(digits) : undefined;
}

/** The ordinals that the set wants: from the first to before the last. */
export function rangeOf({ spec }: StatefulSet): { readonly first: number; readonly end: number } {
  const first = spec.ordinals?.start ?? 0;
  return { first, end: first + (spec.replicas ?? 1) };
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
