/** What an update may change of a pod. Source: kubernetes pkg/apis/core/validation/validation.go, ValidatePodUpdate (v1.32). */

import type { Container, NodeSelectorTerm, PodSpec, Toleration } from 'kubernetes-types/core/v1.js';
import { canonicalJson, equalJson } from '#base';
import type { Pod } from '../kinds/types.ts';
import type { Issues, Loose } from './checks.ts';
import { forbidden, invalid } from './issues.ts';

const MUTABLE_SPEC =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** Binding a pod to a node is no update: it has its own subresource. */
export function* validatePodUpdate(pod: Loose<Pod>, old: Loose<Pod>): Issues {
  const spec = pod.spec ?? {};
  const before = old.spec ?? {};
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list] ?? []).length !== (before[list] ?? []).length) {
      yield forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
      return;
    }
  }
  const seconds = spec.activeDeadlineSeconds;
  if (before.activeDeadlineSeconds !== undefined) {
    if (seconds === undefined) {
      yield invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value');
    } else if (seconds > before.activeDeadlineSeconds) {
      yield invalid('spec.activeDeadlineSeconds', seconds, `must be less than or equal to previous value`);
    }
  }
  yield* validateTolerationsUpdate(spec.tolerations ?? [], before.tolerations ?? []);
  yield* validateGatesUpdate(spec, before);
  if (isGated(before)) yield* validatePlacementUpdate(spec, before);
  if (!equalJson(immutablePart(spec, before), immutablePart(before, before))) yield forbidden('spec', MUTABLE_SPEC);
}

function* validateTolerationsUpdate(
  tolerations: readonly Loose<Toleration>[],
  before: readonly Loose<Toleration>[],
): Issues {
  const textOf = (toleration: Loose<Toleration>) => canonicalJson({ ...toleration, tolerationSeconds: undefined });
  const kept = new Set(tolerations.map(textOf));
  if (!before.every((toleration) => kept.has(textOf(toleration)))) {
    yield forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  }
}

/** The spec without what an update may change. */
function immutablePart(spec: Loose<PodSpec>, before: Loose<PodSpec>): unknown {
  const withoutImage = (containers: readonly Loose<Container>[] | undefined) =>
    containers?.map((container) => ({ ...container, image: undefined }));
  const wasNegative = (before.terminationGracePeriodSeconds ?? 0) < 0;
  return {
    ...spec,
    containers: withoutImage(spec.containers),
    initContainers: withoutImage(spec.initContainers),
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    schedulingGates: undefined,
    ...(wasNegative ? { terminationGracePeriodSeconds: undefined } : {}),
    ...(isGated(before) ? { nodeSelector: undefined, affinity: withoutNodeAffinity(spec.affinity) } : {}),
  };
}

function isGated({ schedulingGates = [] }: Loose<PodSpec>): boolean {
  return schedulingGates.length > 0;
}

/** A gate that is gone stays gone: a pod may be let go only once. */
function* validateGatesUpdate({ schedulingGates = [] }: Loose<PodSpec>, before: Loose<PodSpec>): Issues {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name = '' }] of schedulingGates.entries()) {
    if (known.has(name)) continue;
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    yield forbidden(`spec.schedulingGates[${index}].name`, why);
  }
}

const ONLY_ADDITIONS = 'only additions are allowed (no mutations or deletions)';
const HARD = 'requiredDuringSchedulingIgnoredDuringExecution';

/** While a gate holds a pod, where it may run can still be narrowed down, never widened. Preferences are free. */
function* validatePlacementUpdate(spec: Loose<PodSpec>, before: Loose<PodSpec>): Issues {
  const selector = spec.nodeSelector ?? {};
  const kept = Object.entries(before.nodeSelector ?? {}).every(([key, value]) => selector[key] === value);
  const words = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  if (!kept) yield invalid('spec.nodeSelector', selector, words);
  const old = before.affinity?.nodeAffinity?.[HARD]?.nodeSelectorTerms ?? [];
  if (old.length === 0) return;
  const terms = spec.affinity?.nodeAffinity?.[HARD]?.nodeSelectorTerms ?? [];
  const path = `spec.affinity.nodeAffinity.${HARD}.nodeSelectorTerms`;
  if (terms.length !== old.length) {
    yield invalid(path, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
    return;
  }
  for (const [index, term] of terms.entries()) {
    if (!narrows(term, old[index] ?? {})) yield invalid(`${path}[${index}]`, term, ONLY_ADDITIONS);
  }
}

/** Whether a term holds all that the old one held, in its order. An empty term matches nothing: nothing narrows it. */
function narrows(term: Loose<NodeSelectorTerm>, old: Loose<NodeSelectorTerm>): boolean {
  const { matchExpressions = [], matchFields = [] } = old;
  if (matchExpressions.length + matchFields.length === 0) return equalJson(term, old);
  return (
    equalJson((term.matchExpressions ?? []).slice(0, matchExpressions.length), matchExpressions) &&
    equalJson((term.matchFields ?? []).slice(0, matchFields.length), matchFields)
  );
}

/** The affinity to other pods, which no update may change; undefined when there is none. */
function withoutNodeAffinity(affinity: Loose<PodSpec>['affinity']): unknown {
  const { nodeAffinity: _, ...others } = affinity ?? {};
  return Object.keys(others).length === 0 ? undefined : others;
}
