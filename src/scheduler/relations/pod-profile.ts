import {
  type LabelSelector,
  type LabelSelectorObject,
  type Labels,
  type Pod,
  type PodSpec,
  selectorFromObject,
} from '#api';
import { canonicalJson } from '#base';

/** Labels of a namespace; empty for one that is not known. */
export type NamespaceLabels = (namespace: string) => Labels;

/** What other pods see of a pod, once it is placed. */
export interface PodProfile {
  readonly namespace: string;
  readonly labels: Labels;
  /** Marked for deletion: it no longer counts where pods are spread. */
  readonly going: boolean;
  readonly regards: Regards;
}

/** What a pod that is placed thinks of others. */
export interface Regards {
  /** Pods with the same text think the same; '' when they do not care. */
  readonly key: string;
  /** Which pods it refuses beside it. */
  readonly refuses: readonly PodTerm[];
  readonly wishes: readonly Wish[];
}

/** Some pods, and the kind of place in which they are sought: `kubernetes.io/hostname`, a zone. */
export interface PodTerm {
  /** Terms with the same text and the same key of topology mean the same pods and places. */
  readonly key: string;
  readonly topologyKey: string;
  /** Only pods of these; undefined when namespaces are chosen by their labels, too. */
  readonly namespaces: ReadonlySet<string> | undefined;
  readonly selector: LabelSelector;
  matches(pod: Pick<PodProfile, 'namespace' | 'labels'>, namespaces: NamespaceLabels): boolean;
}

/** How much pods are wanted beside a pod; below 0 they are not. */
export interface Wish {
  readonly term: PodTerm;
  readonly weight: number;
}

type Kind = 'podAffinity' | 'podAntiAffinity';
type AffinityTerm = NonNullable<
  NonNullable<NonNullable<PodSpec['affinity']>['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>[number];

/** What it weighs that a pod which runs already was put beside pods like this because it had to. Source: kubernetes pkg/scheduler/apis/config/v1/defaults.go, HardPodAffinityWeight (v1.32). */
const HARD_AFFINITY_WEIGHT = 1;

/** Pods with the same text have the same profile. */
export function profileKeyOf({ metadata, spec }: Pod): string {
  const { podAffinity = null, podAntiAffinity = null } = spec.affinity ?? {};
  const going = metadata.deletionTimestamp !== undefined;
  return canonicalJson([metadata.namespace ?? '', metadata.labels ?? {}, going, podAffinity, podAntiAffinity]);
}

export function profileOf(pod: Pod): PodProfile {
  const { namespace = '', labels = {}, deletionTimestamp } = pod.metadata;
  return { namespace, labels, going: deletionTimestamp !== undefined, regards: regardsOf(pod) };
}

/** Whether where other pods go depends on this one's wish. */
export function hasRegards({ affinity }: PodSpec): boolean {
  return affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined;
}

const CARELESS: Regards = { key: '', refuses: [], wishes: [] };

/** Source: kubernetes pkg/scheduler/framework/plugins/interpodaffinity/scoring.go, processExistingPod (v1.32). */
function regardsOf(pod: Pod): Regards {
  if (!hasRegards(pod.spec)) return CARELESS;
  const refuses = requiredTerms(pod.spec, 'podAntiAffinity').map((term) => compileTerm(term, pod));
  const needs = requiredTerms(pod.spec, 'podAffinity').map((term) => ({
    term: compileTerm(term, pod),
    weight: HARD_AFFINITY_WEIGHT,
  }));
  const wishes = [...needs, ...wishesOf(pod)];
  if (refuses.length === 0 && wishes.length === 0) return CARELESS;
  const key = canonicalJson([refuses.map(placeKeyOf), wishes.map(({ term, weight }) => [placeKeyOf(term), weight])]);
  return { key, refuses, wishes };
}

const placeKeyOf = ({ key, topologyKey }: PodTerm) => [topologyKey, key];

/** What the pod would like, but does not need. */
export function wishesOf(pod: Pod): readonly Wish[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) =>
    (pod.spec.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ weight, podAffinityTerm }) => ({
        term: compileTerm(podAffinityTerm, pod),
        weight: kind === 'podAffinity' ? weight : -weight,
      }),
    ),
  );
}

export function requiredTerms({ affinity }: PodSpec, kind: Kind): readonly AffinityTerm[] {
  return affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** Source: kubernetes pkg/scheduler/framework/types.go, newAffinityTerm and AffinityTerm.Matches (v1.32). */
export function compileTerm(term: AffinityTerm, { metadata }: Pod): PodTerm {
  const { topologyKey, labelSelector, namespaces = [], namespaceSelector } = term;
  const own = namespaces.length === 0 && namespaceSelector === undefined ? [metadata.namespace ?? ''] : namespaces;
  const named = new Set(own);
  const inNamespace = selectorFromObject(namespaceSelector);
  const selects = alike(labelSelector, metadata.labels ?? {}, {
    In: term.matchLabelKeys ?? [],
    NotIn: term.mismatchLabelKeys ?? [],
  });
  const selector = selectorFromObject(selects);
  return {
    key: canonicalJson([[...named].sort(), namespaceSelector ?? null, selects ?? null]),
    topologyKey,
    namespaces: namespaceSelector === undefined ? named : undefined,
    selector,
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
