import type { Node, Pod, UiNodeSummary } from '#api';

/** The nodes by name, each with the number of pods that live on it. */
export function planNodes(nodes: readonly Node[], pods: Iterable<Pod>): readonly UiNodeSummary[] {
  const counts = new Map<string, number>();
  for (const { spec, status } of pods) {
    const over = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    if (spec.nodeName !== undefined && !over) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  }
  return [...nodes]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((node) => planNode(node, counts.get(node.metadata.name) ?? 0));
}

function planNode({ metadata, spec, status = {} }: Node, pods: number): UiNodeSummary {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const { capacity = {}, nodeInfo, addresses = [] } = status;
  const address = addresses.find(({ type }) => type === 'InternalIP')?.address;
  const message = spec?.unschedulable === true ? 'Cordoned: takes no new pods' : ready?.message;
  return {
    name: metadata.name,
    ready: ready?.status === 'True',
    ...(message === undefined || message === '' ? {} : { message }),
    pods,
    podCapacity: Number(capacity['pods'] ?? 0),
    ...(capacity['cpu'] === undefined ? {} : { cpu: String(capacity['cpu']) }),
    ...(capacity['memory'] === undefined ? {} : { memory: String(capacity['memory']) }),
    ...(nodeInfo === undefined ? {} : { version: nodeInfo.kubeletVersion, runtime: nodeInfo.containerRuntimeVersion }),
    ...(address === undefined ? {} : { address }),
  };
}
