import {
  type KubeObject,
  PODS,
  type PodSpec,
  PRIORITY_CLASSES,
  type PriorityClass,
  type ResourceType,
  RUNTIME_CLASSES,
  type StoredObject,
} from '#api';
import type { AdmissionPlugin } from '../admission-chain.ts';
import { forbidden, invalid } from '../errors.ts';

/** Objects of kinds without namespaces as they stand. */
export interface ClusterObjects {
  get<T extends StoredObject>(type: ResourceType<T>, name: string): T | undefined;
  list<T extends StoredObject>(type: ResourceType<T>): readonly T[];
}

/** Settles with a new pod what other objects decide of it. */
export function createPodAdmission(cluster: ClusterObjects): AdmissionPlugin {
  return {
    name: 'pods',
    mutate: ({ row, operation, object }) =>
      row.type === PODS && operation === 'CREATE' ? admitPod(object, cluster) : object,
  };
}

/** What of a pod's spec its priority class decides. */
interface Rank {
  readonly priorityClassName?: string;
  readonly priority: number;
  readonly preemptionPolicy: string;
}

const EPHEMERAL_ON_CREATE = {
  reason: 'FieldValueForbidden',
  path: 'spec.ephemeralContainers',
  message: 'Forbidden: cannot be set on create',
};

const UNRANKED: Rank = { priority: 0, preemptionPolicy: 'PreemptLowerPriority' };

/**
 * Gives a new pod the number of its priority class, which it keeps whatever becomes of the class; refuses unknown
 * classes. Source: kubernetes plugin/pkg/admission/{priority,runtimeclass}/admission.go (v1.32).
 */
export function admitPod(pod: KubeObject, cluster: ClusterObjects): KubeObject {
  const spec = pod['spec'] as PodSpec | undefined;
  if (spec === undefined) return pod;
  if ((spec.ephemeralContainers ?? []).length > 0) {
    // Source: pkg/apis/core/validation/validation.go, ValidatePodCreate (v1.32).
    throw invalid(PODS, pod.metadata.name ?? '', [EPHEMERAL_ON_CREATE]);
  }
  const refuse = (why: string) => forbidden(PODS, pod.metadata.name ?? '', why);
  const rank = rankOf(spec, cluster);
  if (rank === undefined) throw refuse(`no PriorityClass with name ${spec.priorityClassName} was found`);
  if (spec.priority !== undefined && spec.priority !== rank.priority) {
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${rank.priority} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== rank.preemptionPolicy) {
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${rank.preemptionPolicy} from the given PriorityClass name`,
    );
  }
  const { runtimeClassName } = spec;
  if (runtimeClassName && cluster.get(RUNTIME_CLASSES, runtimeClassName) === undefined)
    throw refuse(`pod rejected: RuntimeClass "${runtimeClassName}" not found`);
  return { ...pod, spec: { ...spec, ...rank } };
}

/** An update that leaves out what admission filled in means no change of it. */
export function keepAdmitted(pod: KubeObject, old: KubeObject): KubeObject {
  const spec = pod['spec'] as PodSpec;
  const { priority, preemptionPolicy } = old['spec'] as PodSpec;
  return {
    ...pod,
    spec: {
      ...(priority === undefined ? {} : { priority }),
      ...(preemptionPolicy === undefined ? {} : { preemptionPolicy }),
      ...spec,
    },
  };
}

/** Undefined when the class that is named is not there. */
function rankOf({ priorityClassName }: PodSpec, cluster: ClusterObjects): Rank | undefined {
  if (priorityClassName) {
    const named = cluster.get(PRIORITY_CLASSES, priorityClassName);
    return named === undefined ? undefined : rankIn(named);
  }
  const defaults = cluster.list(PRIORITY_CLASSES).filter(({ globalDefault }) => globalDefault === true);
  // Of several defaults the lowest counts, so that nobody gains by a mistake.
  const [lowest] = [...defaults].sort((left, right) => (left.value ?? 0) - (right.value ?? 0));
  return lowest === undefined ? UNRANKED : rankIn(lowest);
}

function rankIn({ metadata, value, preemptionPolicy }: PriorityClass): Rank {
  return {
    priorityClassName: metadata.name,
    priority: value ?? UNRANKED.priority,
    preemptionPolicy: preemptionPolicy ?? UNRANKED.preemptionPolicy,
  };
}
