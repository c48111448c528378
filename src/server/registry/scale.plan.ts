import {
  ApiError,
  getOwn,
  isRecord,
  type JsonPath,
  type KubeObject,
  type LabelSelector,
  type LabelSelectorObject,
  type ReplicationController,
  type StoredObject,
  selectorFromObject,
  setOwn,
} from '#api';

/** Where a custom kind keeps what its `/scale` shows. */
export interface ScalePaths {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** To a selector as text. */
  readonly labelSelector?: JsonPath;
}

interface Scalable {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelectorObject };
  readonly status?: { readonly replicas?: number };
}

/** Throws when a custom resource says nothing of replicas. Source: apiextensions-apiserver pkg/registry/customresource/etcd.go (v0.32). */
export function assertScalable(paths: ScalePaths | undefined, object: StoredObject): void {
  const path = paths?.specReplicas;
  if (path === undefined || numberAt(object, path) !== undefined) return;
  throw new ApiError('InternalError', `the spec replicas field ".${path.join('.')}" does not exist`);
}

/** A workload as `autoscaling/v1` Scale sees it: how many are wanted, how many there are, and how to find them. */
export function scaleOf(paths: ScalePaths | undefined, object: StoredObject): StoredObject {
  const { wanted, found, selector } = paths === undefined ? ownScale(object) : customScale(paths, object);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: { replicas: wanted },
    status: { replicas: found, ...(selector === undefined ? {} : { selector }) },
  };
}

interface ScaleValues {
  readonly wanted: number;
  readonly found: number;
  readonly selector: string | undefined;
}

function ownScale(object: StoredObject): ScaleValues {
  const { spec, status } = object as unknown as Scalable;
  return { wanted: spec.replicas ?? 0, found: status?.replicas ?? 0, selector: selectorOf(object).toString() };
}

/** Source: apiextensions-apiserver pkg/registry/customresource/etcd.go, scaleFromCustomResource (v0.32). */
function customScale({ specReplicas, statusReplicas, labelSelector }: ScalePaths, object: StoredObject): ScaleValues {
  const [selector] = labelSelector?.find(object) ?? [];
  return {
    wanted: numberAt(object, specReplicas) ?? 0,
    found: numberAt(object, statusReplicas) ?? 0,
    selector: typeof selector === 'string' && selector !== '' ? selector : undefined,
  };
}

function numberAt(object: StoredObject, path: readonly string[]): number | undefined {
  const value = path.reduce<unknown>((at, name) => (isRecord(at) ? getOwn(at, name) : undefined), object);
  return typeof value === 'number' ? value : undefined;
}

/** A ReplicationController is older than selectors with expressions: its selector is the labels themselves. */
function selectorOf(object: StoredObject): LabelSelector {
  if (object.kind !== 'ReplicationController') return selectorFromObject((object as unknown as Scalable).spec.selector);
  return selectorFromObject({ matchLabels: (object as ReplicationController).spec.selector ?? {} });
}

export const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

/** What a Scale says of its workload: which one and which version of it is meant, and how many there should be. */
export function workloadFields(
  paths: ScalePaths | undefined,
  { metadata, ...scale }: KubeObject,
): Pick<KubeObject, 'metadata' | 'spec'> {
  const { name, namespace, uid, resourceVersion } = metadata;
  const { replicas } = (scale['spec'] ?? {}) as { readonly replicas?: number };
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: {},
    ...(replicas === undefined ? {} : (withValue({}, replicasPath(paths), replicas) as object)),
  };
}

/** The workload with the number of replicas that a Scale asks for; pinned to the Scale's version when it names one. */
export function withScale(paths: ScalePaths | undefined, object: StoredObject, scale: KubeObject): KubeObject {
  const replicas = (scale['spec'] as { replicas?: number } | undefined)?.replicas ?? 0;
  const { resourceVersion = object.metadata.resourceVersion, uid = object.metadata.uid } = scale.metadata;
  const scaled = withValue(object, replicasPath(paths), replicas) as KubeObject;
  return { ...scaled, metadata: { ...object.metadata, resourceVersion, uid } };
}

function replicasPath(paths: ScalePaths | undefined): readonly string[] {
  return paths?.specReplicas ?? ['spec', 'replicas'];
}

function withValue(object: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const copy: Record<string, unknown> = isRecord(object) ? { ...object } : {};
  setOwn(copy, name, withValue(getOwn(copy, name), rest, value));
  return copy;
}
