import type { Json, KubeObject, ObjectList, ResourceType, StoredObject } from '#api';

/** Namespace ('' or absent for cluster-scoped) and name. */
export interface NamespacedName {
  readonly namespace?: string;
  readonly name: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

export interface GetOptions extends ReadOptions {
  /** What is answered is its Scale (autoscaling/v1) instead. */
  readonly subresource?: 'scale';
}

export interface ListOptions extends ReadOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
}

export interface WatchOptions extends ReadOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Changes after this; a list's `resourceVersion`. */
  readonly resourceVersion: string;
}

/** `BOOKMARK` carries only how far the watch has come. */
export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WriteOptions {
  /** Who owns the written fields. The client's own name when absent. */
  readonly fieldManager?: string;
  /** Runs every admission step and persists nothing. */
  readonly dryRun?: boolean;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly signal?: AbortSignal;
}

export interface SubresourceOptions extends WriteOptions {
  readonly subresource?: 'status' | 'scale' | 'binding' | 'finalize';
}

export type PatchType = 'json' | 'merge' | 'strategic';

export interface ApplyOptions extends SubresourceOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers instead of failing with `Conflict`. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  /** `Conflict` unless the object is still this one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface LogOptions extends ReadOptions {
  readonly container?: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
}

/** What a token of a service account is asked to be. Source: authentication.k8s.io/v1 TokenRequestSpec. */
export interface TokenSpec {
  /** Whom it is for; the API itself when absent. */
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  /** It is worthless once this is gone. */
  readonly boundTo?: { readonly kind: 'Pod' | 'Secret'; readonly name: string; readonly uid: string };
}

/** A token as it was given. */
export interface IssuedToken {
  readonly token: string;
  /** May be less than was asked for. */
  readonly lifetimeSeconds: number;
}

/**
 * The Kubernetes API as callers see it. Two implementations with one contract test: in process (through the same
 * admission as HTTP) and HTTPS. Every refusal throws `ApiError`; only `get` and `delete` answer absence as undefined.
 * Objects that come back may be shared and frozen: change a copy.
 */
export interface Client {
  get<T extends StoredObject>(
    resource: ResourceType<T>,
    key: NamespacedName,
    options?: GetOptions,
  ): Promise<T | undefined>;
  list<T extends StoredObject>(resource: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /** Throws `ApiError` reason `Expired` when the version is too old: list again. Ends when the server ends it. */
  watch<T extends StoredObject>(resource: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends StoredObject>(resource: ResourceType<T>, object: KubeObject, options?: WriteOptions): Promise<T>;
  /** With `metadata.resourceVersion` set, fails with `Conflict` when the object moved on. */
  update<T extends StoredObject>(
    resource: ResourceType<T>,
    object: KubeObject,
    options?: SubresourceOptions,
  ): Promise<T>;
  patch<T extends StoredObject>(
    resource: ResourceType<T>,
    key: NamespacedName,
    patch: { readonly type: PatchType; readonly body: Json },
    options?: SubresourceOptions,
  ): Promise<T>;
  /** Server-side apply. */
  apply<T extends StoredObject>(resource: ResourceType<T>, object: KubeObject, options: ApplyOptions): Promise<T>;
  /** The object as it lingers (finalizers, grace period), or undefined when it is gone or never was. */
  delete<T extends StoredObject>(
    resource: ResourceType<T>,
    key: NamespacedName,
    options?: DeleteOptions,
  ): Promise<T | undefined>;
  /** A token of a service account (TokenRequest). */
  requestToken(account: NamespacedName, spec: TokenSpec, options?: ReadOptions): Promise<IssuedToken>;
  /** Bytes of a pod's log, as they come. */
  logs(pod: NamespacedName, options?: LogOptions): AsyncIterable<Uint8Array>;
}
