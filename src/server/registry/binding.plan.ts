import { ApiError, type KubeObject, type PodCondition, type StoredObject } from '#api';
import { formatTime } from '#base';

interface PodParts {
  readonly spec: { readonly nodeName?: string; readonly schedulingGates?: readonly unknown[] };
  readonly status?: { readonly conditions?: readonly PodCondition[] };
}

/**
 * The pod, bound to the node that a Binding names. A pod is bound once.
 * Source: kubernetes pkg/registry/core/pod/storage, setPodNodeAndMetadata (v1.32).
 */
export function planBinding(pod: StoredObject, binding: KubeObject, nowMs: number): KubeObject {
  const { name, deletionTimestamp } = pod.metadata;
  const { spec, status } = pod as unknown as PodParts;
  const node = targetOf(binding);
  if (deletionTimestamp !== undefined)
    throw refused(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec.nodeName) throw refused(name, `pod ${name} is already assigned to node "${spec.nodeName}"`);
  if ((spec.schedulingGates ?? []).length > 0) throw refused(name, `pod ${name} has non-empty .spec.schedulingGates`);
  const scheduled: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: formatTime(nowMs) };
  const others = (status?.conditions ?? []).filter((each) => each.type !== 'PodScheduled');
  const annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations };
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: { ...spec, nodeName: node },
    status: { ...status, conditions: [...others, scheduled] },
  };
}

function targetOf(binding: KubeObject): string {
  const target = binding['target'] as { kind?: string; name?: string } | undefined;
  const name = binding.metadata.name ?? '';
  if (target?.kind !== undefined && target.kind !== '' && target.kind !== 'Node')
    throw wrong(
      name,
      'FieldValueNotSupported',
      'target.kind',
      `Unsupported value: "${target.kind}": supported values: "Node"`,
    );
  if (!target?.name) throw wrong(name, 'FieldValueRequired', 'target.name', 'Required value');
  return target.name;
}

function wrong(name: string, reason: string, field: string, message: string): ApiError {
  return new ApiError('Invalid', `Binding "${name}" is invalid: ${field}: ${message}`, {
    name,
    kind: 'Binding',
    causes: [{ reason, message, field }],
  });
}

function refused(name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on pods/binding "${name}": ${why}`;
  return new ApiError('Conflict', message, { name, kind: 'pods/binding' });
}
