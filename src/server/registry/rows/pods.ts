import { type KubeObject, PODS, type Pod, type PodSpec, type PodStatus } from '#api';
import { formatTime } from '#base';
import type { ResourceRow } from '../api.ts';
import { NONE } from '../format.ts';
import { ageColumn, column, wide } from './column.ts';
import { keepAdmitted } from './pod-admission.ts';
import { qosClassOf } from './pod-qos.plan.ts';
import { summarisePod } from './pod-status.ts';
import { allVerbs, proxyOf, statusOf } from './shared.ts';
import { keepStatus, onUpdate, startStatus } from './strategy.ts';

const podIps = ({ status }: Pod) => status?.podIPs?.map((each) => each.ip ?? '') ?? [];

/** How many of the pod's readiness gates are open, of how many; `<none>` without gates. */
function readinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const open = gates.filter((gate) =>
    status?.conditions?.some((each) => each.type === gate.conditionType && each.status === 'True'),
  );
  return `${open.length}/${gates.length}`;
}

const select = (value: (pod: Pod) => string | undefined) => (object: KubeObject) => value(object as Pod) ?? '';

export const podRow: ResourceRow = {
  type: PODS,
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: {
    ...statusOf(PODS),
    ...proxyOf(PODS),
    binding: { kind: 'Binding', group: '', version: 'v1', verbs: ['create'] },
    eviction: { kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
    ephemeralcontainers: { kind: 'Pod', group: '', version: 'v1', verbs: ['get', 'patch', 'update'] },
    log: { kind: 'Pod', group: '', version: 'v1', verbs: ['get'] },
    exec: { kind: 'PodExecOptions', group: '', version: 'v1', verbs: ['create', 'get'] },
    portforward: { kind: 'PodPortForwardOptions', group: '', version: 'v1', verbs: ['create', 'get'] },
    attach: { kind: 'PodAttachOptions', group: '', version: 'v1', verbs: ['create', 'get'] },
  },
  columns: [
    column<Pod>('Ready', 'string', (pod, nowMs) => summarisePod(pod, nowMs).ready),
    column<Pod>('Status', 'string', (pod, nowMs) => summarisePod(pod, nowMs).status),
    column<Pod>('Restarts', 'string', (pod, nowMs) => summarisePod(pod, nowMs).restarts),
    ageColumn,
    wide<Pod>('IP', 'string', (pod) => podIps(pod)[0] ?? pod.status?.podIP ?? NONE),
    wide<Pod>('Node', 'string', ({ spec }) => spec.nodeName || NONE),
    wide<Pod>('Nominated Node', 'string', ({ status }) => status?.nominatedNodeName || NONE),
    wide<Pod>('Readiness Gates', 'string', readinessGates),
  ],
  fieldSelectors: {
    'spec.nodeName': select(({ spec }) => spec.nodeName),
    'spec.restartPolicy': select(({ spec }) => spec.restartPolicy),
    'spec.schedulerName': select(({ spec }) => spec.schedulerName),
    'spec.serviceAccountName': select(({ spec }) => spec.serviceAccountName),
    'spec.hostNetwork': select(({ spec }) => String(spec.hostNetwork ?? false)),
    'status.phase': select(({ status }) => status?.phase),
    'status.podIP': select(({ status }) => status?.podIP),
    'status.podIPs': select((pod) => podIps(pod).join(',')),
    'status.nominatedNodeName': select(({ status }) => status?.nominatedNodeName),
  },
  prepareForCreate: (object, nowMs) => {
    const pod = withServiceAccount(object);
    const spec = pod['spec'] as PodSpec | undefined;
    return startStatus({ phase: 'Pending', ...gated(spec, nowMs), qosClass: qosClassOf(spec) })(pod, nowMs);
  },
  prepareForUpdate: onUpdate(keepStatus, keepAdmitted),
  prepareForStatus: keepQosClass,
};

/** Source: kubernetes pkg/registry/core/pod/strategy.go, applySchedulingGatedCondition (v1.32). */
function gated(spec: PodSpec | undefined, nowMs: number): Pick<PodStatus, 'conditions'> {
  if ((spec?.schedulingGates ?? []).length === 0) return {};
  const message = 'Scheduling is blocked due to non-empty scheduling gates';
  const lastTransitionTime = formatTime(nowMs);
  return {
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message, lastTransitionTime }],
  };
}

/** A node that reports a pod's status need not repeat what follows from its spec. */
function keepQosClass(object: KubeObject, old: KubeObject): KubeObject {
  const status = object['status'] as PodStatus | undefined;
  const qosClass = status?.qosClass ?? (old['status'] as PodStatus | undefined)?.qosClass;
  return qosClass === undefined ? object : { ...object, status: { ...status, qosClass } };
}

/** Every pod runs as somebody: `default` when it says nothing. */
function withServiceAccount(object: KubeObject): KubeObject {
  const spec = object['spec'] as PodSpec | undefined;
  if (spec === undefined) return object;
  const name = spec.serviceAccountName || spec.serviceAccount || 'default';
  return { ...object, spec: { ...spec, serviceAccountName: name, serviceAccount: name } };
}
