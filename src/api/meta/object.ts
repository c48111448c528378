/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Who owns which fields. Source: apimachinery meta/v1 types.go, ManagedFieldsEntry (v0.32). */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: 'Apply' | 'Update';
  apiVersion?: string;
  time?: string;
  fieldsType?: 'FieldsV1';
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
  /** Ours, not Kubernetes': the authenticated user behind the manager. Set by the server only; clients may drop it. */
  user?: string;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** `metadata` as a writer may send it. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

/** `metadata` of an object that the API server has stored. */
export interface StoredMeta extends ObjectMeta {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
}

/** An API object whose kind is not known at compile time. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** The same, as read back from the API. */
export interface StoredObject extends KubeObject {
  metadata: StoredMeta;
}

/** A list as read from the API. `resourceVersion` is where a watch continues. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Set when there is a next page. */
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** What names one object for as long as it lives: group, kind, namespace ('' when cluster-scoped) and name. */
export interface ObjectKey extends GroupKind {
  readonly namespace: string;
  readonly name: string;
}

/** `apps/Deployment/web/site` or `Namespace/web`: stable text for maps, logs and tables. */
export function formatObjectKey({ group, kind, namespace, name }: ObjectKey): string {
  const prefix = group === '' ? kind : `${group}/${kind}`;
  return namespace === '' ? `${prefix}/${name}` : `${prefix}/${namespace}/${name}`;
}

/** The group of an `apiVersion`: `apps/v1` → `apps`, `v1` → ''. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** The version of an `apiVersion`: `apps/v1` → `v1`, `v1` → `v1`. */
export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

export function objectKeyOf(object: KubeObject): ObjectKey {
  return {
    group: groupOf(object.apiVersion),
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
  };
}
