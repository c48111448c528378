/**
 * Which objects a quota is about. Pure.
 * Source: kubernetes pkg/quota/v1/evaluator/core/pods.go, podMatchesScopeFunc (v1.32).
 */
import { type KubeObject, PODS, type Pod, type PodSpec, type ResourceQuota, type ResourceType } from '#api';
import { qosClassOf } from '../rows/pod-qos.plan.ts';

interface Requirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** All scopes must hold; other kinds than pods are in none. */
export function isInScope({ spec }: ResourceQuota, type: ResourceType, object: KubeObject): boolean {
  const plain = (spec?.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: 'Exists' }));
  const requirements = [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
  if (requirements.length === 0) return true;
  if (type !== PODS) return false;
  return requirements.every((requirement) => holds(requirement, (object as Pod).spec));
}

function holds(requirement: Requirement, spec: PodSpec): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return isTerminating(spec);
    case 'NotTerminating':
      return !isTerminating(spec);
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return hasClass(requirement, spec.priorityClassName || undefined);
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(spec);
    default:
      return false;
  }
}

function isTerminating({ activeDeadlineSeconds }: PodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
}

function hasClass({ operator, values = [] }: Requirement, name: string | undefined): boolean {
  switch (operator) {
    case 'Exists':
      return name !== undefined;
    case 'DoesNotExist':
      return name === undefined;
    case 'In':
      return name !== undefined && values.includes(name);
    default:
      return name === undefined || !values.includes(name);
  }
}

/** Whether a term of its (anti-)affinity is about pods of other namespaces. */
function looksElsewhere({ affinity }: PodSpec): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined,
  );
}
