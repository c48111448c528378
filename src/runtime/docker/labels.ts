import type { PodIdentity } from '../runtime.ts';

/** Labels by which containers are found again. The pod's are the kubelet's own words, so that other tools know them. */
export const LABEL = {
  /** Whose containers these are: only those with our value are ever listed or touched. */
  owner: 'plumbline.dev/owner',
  type: 'plumbline.dev/type',
  attempt: 'plumbline.dev/attempt',
  sandboxId: 'plumbline.dev/sandbox-id',
  podNamespace: 'io.kubernetes.pod.namespace',
  podName: 'io.kubernetes.pod.name',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

/** Annotations are labels with this before the key. */
const ANNOTATION_PREFIX = 'annotation.';

export type ContainerType = 'sandbox' | 'container';

export type Labels = Readonly<Record<string, string>>;

interface LabelInput {
  readonly owner: string;
  readonly type: ContainerType;
  readonly pod: PodIdentity;
  readonly attempt: number;
  readonly annotations?: Labels;
  readonly container?: { readonly name: string; readonly sandboxId: string };
}

export function toLabels({ owner, type, pod, attempt, annotations = {}, container }: LabelInput): Labels {
  const labels: Record<string, string> = {
    [LABEL.owner]: owner,
    [LABEL.type]: type,
    [LABEL.attempt]: String(attempt),
    [LABEL.podNamespace]: pod.namespace,
    [LABEL.podName]: pod.name,
    [LABEL.podUid]: pod.uid,
  };
  if (container !== undefined) {
    labels[LABEL.containerName] = container.name;
    labels[LABEL.sandboxId] = container.sandboxId;
  }
  for (const [key, value] of Object.entries(annotations)) labels[ANNOTATION_PREFIX + key] = value;
  return labels;
}

/** What the labels say; undefined when they are not whole (made by hand, by something else). */
export function fromLabels(labels: Labels):
  | {
      readonly type: ContainerType;
      readonly pod: PodIdentity;
      readonly attempt: number;
      readonly containerName: string | undefined;
      readonly sandboxId: string | undefined;
      readonly annotations: Labels;
    }
  | undefined {
  const type = labels[LABEL.type];
  const namespace = labels[LABEL.podNamespace];
  const name = labels[LABEL.podName];
  const uid = labels[LABEL.podUid];
  const attempt = Number(labels[LABEL.attempt]);
  const containerName = labels[LABEL.containerName];
  const sandboxId = labels[LABEL.sandboxId];
  if (type !== 'sandbox' && type !== 'container') return undefined;
  if (namespace === undefined || name === undefined || uid === undefined || !Number.isSafeInteger(attempt)) {
    return undefined;
  }
  if (type === 'container' && (containerName === undefined || sandboxId === undefined)) return undefined;
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (key.startsWith(ANNOTATION_PREFIX)) annotations[key.slice(ANNOTATION_PREFIX.length)] = value;
  }
  return { type, pod: { namespace, name, uid }, attempt, containerName, sandboxId, annotations };
}
