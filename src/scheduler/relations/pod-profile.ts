import { type LabelSelectorObject, type Labels, type Pod, type PodSpec, selectorFromObject } from '#api';
import { canonicalJson } from '#base';

/** Labels of a namespace; empty for one that is not known. */
export type NamespaceLabels = (namespace: string) => Labels;

/** What other pods see of a pod, once it is placed. */
export interface PodProfile {
  readonly namespace: string;
  readonly labels: Labels;
  /** Marked for deletion: it no longer counts where pods are spread. */
  readonly going: boolean;
  /** Which pods it refuses beside it. */
  readonly antiAffinity: readonly PodTerm[];
}

/** Some pods, and the kind of place in which they are sought: `kubernetes.io/hostname`, a zone. */
export interface PodTerm {
  readonly topologyKey: string;
  matches(pod: Pick<PodProfile, 'namespace' | 'labels'>, namespaces: NamespaceLabels): boolean;
}

type AffinityTerm = NonNullable<
  NonNullable<NonNullable<PodSpec['affinity']>['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];

/** Pods with the same text have the same profile. */
export function profileKeyOf({ metadata, spec }: Pod): string {
  const terms = requiredTerms(spec, 'podAntiAffinity');
  const going = metadata.deletionTimestamp !== undefined;
  return canonicalJson([metadata.namespace ?? '', metadata.labels ?? {}, going, terms]);
}

export function profileOf(pod: Pod): PodProfile {
  const { namespace = '', labels = {}, deletionTimestamp } = pod.metadata;
  const terms = requiredTerms(pod.spec, 'podAntiAffinity');
  return {
    namespace,
    labels,
    going: deletionTimestamp !== undefined,
    antiAffinity: terms.map((term) => compileTerm(term, pod)),
  };
}

export function requiredTerms({ affinity }: PodSpec, kind: 'podAffinity' | 'podAntiAffinity'): readonly AffinityTerm[] {
  return affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Source: kubernetes pkg/scheduler/framework/types.go, newAffinityTerm and AffinityTerm.Matches (v1.32). */
export function compileTerm(term: AffinityTerm, { metadata }: Pod): PodTerm {
  const { topologyKey, labelSelector, namespaces = [], namespaceSelector } = term;
  const own = namespaces.length === 0 && namespaceSelector === undefined ? [metadata.namespace ?? ''] : namespaces;
  const named = new Set(own);
  const inNamespace = selectorFromObject(namespaceSelector);
  const selector = selectorFromObject(
    alike(labelSelector, metadata.labels ?? {}, { In: term.matchLabelKeys ?? [], NotIn: term.mismatchLabelKeys ?? [] }),
  );
  return {
    topologyKey,
    matches: ({ namespace, labels }, labelsOf) =>
      (named.has(namespace) || inNamespace.matches(labelsOf(namespace))) && selector.matches(labels),
  };
}

/** The selector, for pods that also have, or have not, the same values as this one under some keys it has. */
export function alike(
  selector: LabelSelectorObject | undefined,
  labels: Labels,
  keys: Readonly<Partial<Record<'In' | 'NotIn', readonly string[]>>>,
): LabelSelectorObject | undefined {
  if (selector === undefined) return undefined;
  const wanted = (operator: 'In' | 'NotIn') =>
    (keys[operator] ?? [])
      .filter((key) => Object.hasOwn(labels, key))
      .map((key) => ({ key, operator, values: [labels[key] ?? ''] }));
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...wanted('In'), ...wanted('NotIn')] };
}
