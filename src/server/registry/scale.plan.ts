import {
  type KubeObject,
  type LabelSelector,
  type LabelSelectorObject,
  type ReplicationController,
  type StoredObject,
  selectorFromObject,
} from '#api';

interface Scalable {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelectorObject };
  readonly status?: { readonly replicas?: number };
}

/** A workload as `autoscaling/v1` Scale sees it: how many are wanted, how many there are, and how to find them. */
export function scaleOf(object: StoredObject): StoredObject {
  const { spec, status } = object as unknown as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: selectorOf(object).toString() },
  };
}

/** A ReplicationController is older than selectors with expressions: its selector is the labels themselves. */
function selectorOf(object: StoredObject): LabelSelector {
  if (object.kind !== 'ReplicationController') return selectorFromObject((object as unknown as Scalable).spec.selector);
  return selectorFromObject({ matchLabels: (object as ReplicationController).spec.selector ?? {} });
}

export const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

/** What a Scale says of its workload: which one and which version of it is meant, and how many there should be. */
export function workloadFields({ metadata, ...scale }: KubeObject): Pick<KubeObject, 'metadata' | 'spec'> {
  const { name, namespace, uid, resourceVersion } = metadata;
  const { replicas } = (scale['spec'] ?? {}) as { readonly replicas?: number };
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: replicas === undefined ? {} : { replicas },
  };
}

/** The workload with the number of replicas that a Scale asks for; pinned to the Scale's version when it names one. */
export function withScale(object: StoredObject, scale: KubeObject): KubeObject {
  const replicas = (scale['spec'] as { replicas?: number } | undefined)?.replicas ?? 0;
  const { resourceVersion = object.metadata.resourceVersion, uid = object.metadata.uid } = scale.metadata;
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion, uid },
    spec: { ...(object['spec'] as object), replicas },
  };
}
