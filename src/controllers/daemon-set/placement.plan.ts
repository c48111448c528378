/** On which nodes a DaemonSet's pods belong. */
import type { DaemonSet, Node, Pod, PodSpec, Toleration } from '#api';
import { factsOf, nodeAffinity, tolerates } from '#scheduler';

export interface Placement {
  /** A pod should be made there. */
  readonly run: boolean;
  /** One that is there may stay. */
  readonly stay: boolean;
}

const NODE_FIELD = 'metadata.name';

/**
 * What every daemon puts up with. Source: kubernetes pkg/controller/daemon/util/daemonset_util.go,
 * AddOrUpdateDaemonPodTolerations (v1.32).
 */
const TOLERATED: readonly (readonly [key: string, effect: 'NoSchedule' | 'NoExecute'])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
];
const NO_NETWORK = ['node.kubernetes.io/network-unavailable', 'NoSchedule'] as const;

/** The spec of the pod that is for this node, and for no other. */
export function specFor({ spec }: DaemonSet, node: string): PodSpec {
  const template = (spec.template.spec ?? { containers: [] }) as PodSpec;
  const { affinity } = template;
  const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  return {
    ...template,
    affinity: {
      ...affinity,
      nodeAffinity: {
        ...(preferred === undefined ? {} : { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
        // The template's own terms hold for this node already: they chose it.
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: NODE_FIELD, operator: 'In', values: [node] }] }],
        },
      },
    },
    tolerations: tolerationsOf(template),
  };
}

function tolerationsOf({ tolerations = [], hostNetwork }: PodSpec): Toleration[] {
  const all = hostNetwork === true ? [...TOLERATED, NO_NETWORK] : TOLERATED;
  const own = tolerations.filter(
    (one) => !all.some(([key, effect]) => one.key === key && one.effect === effect && one.operator === 'Exists'),
  );
  return [...own, ...all.map(([key, effect]): Toleration => ({ key, operator: 'Exists', effect }))];
}

/** Source: kubernetes pkg/controller/daemon/daemon_controller.go, NodeShouldRunDaemonPod (v1.32). */
export function placementOn(daemonSet: DaemonSet, node: Node): Placement {
  const template = (daemonSet.spec.template.spec ?? { containers: [] }) as PodSpec;
  const isNamed = !template.nodeName || template.nodeName === node.metadata.name;
  if (!isNamed || nodeAffinity.refuse(template, factsOf(node)) !== undefined) return { run: false, stay: false };
  const tolerations = tolerationsOf(template);
  const resented = (node.spec?.taints ?? []).filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((one) => tolerates(one, taint)),
  );
  return { run: resented.length === 0, stay: !resented.some(({ effect }) => effect === 'NoExecute') };
}

/** The node a pod is on, or is for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === NODE_FIELD);
  return field?.operator === 'In' ? field.values?.[0] : undefined;
}
