import type { Json, KindModel, KubeObject, ResourceType, ServedVersion, StoredObject } from '#api';
import type { SessionSubresource } from '../nodes/node-tunnel.types.ts';
import type { ScalePaths } from './scale.plan.ts';

/** An authenticated caller. */
export interface UserInfo {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  /** What the way of authentication tells besides, such as the pod a token is bound to. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Who calls, and with what program. */
export interface RequestContext {
  readonly user: UserInfo;
  /** Field manager of writes that name none: the part of the User-Agent before `/`. */
  readonly defaultManager: string;
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';
export type Subresource =
  | 'status'
  | 'approval'
  | 'token'
  | 'scale'
  | 'binding'
  | 'eviction'
  | 'finalize'
  | 'ephemeralcontainers'
  | 'proxy'
  | 'log'
  | SessionSubresource;

export interface TableColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority?: number;
  cell(object: StoredObject, nowMs: number): string | number | boolean | null;
}

export interface SubresourceRow {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
  /** Columns after Name, where they are not the resource's. */
  readonly columns?: readonly TableColumn[];
}

/** What is special about a version of a custom resource: it comes from its definition. */
export interface CustomResource {
  readonly model: KindModel;
  /** A stored object, whatever its version, as this version's schema has it now. Frozen; the same for the same object. */
  fromStored(object: StoredObject): StoredObject;
  /** An object of this version as it is stored. */
  toStored(object: KubeObject): KubeObject;
  readonly scale?: ScalePaths;
  /** Told to everyone who uses the version. */
  readonly deprecation?: string;
}

/** All that is special about one resource. The verbs are generic over it: a new kind is a new row. */
export interface ResourceRow {
  readonly type: ResourceType;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources?: Readonly<Partial<Record<Subresource, SubresourceRow>>>;
  /** Tables begin with a Name column unless the row has its own order (events). */
  readonly nameColumn?: 'none';
  /** Columns after Name. */
  readonly columns: readonly TableColumn[];
  /** Beyond `metadata.name` and `metadata.namespace`: selector → value. */
  readonly fieldSelectors?: Readonly<Record<string, (object: StoredObject) => string>>;
  /** Of a version that is not the stored one: how objects get from one to the other, and the row of the stored one. */
  readonly version?: ServedVersion & { readonly row: ResourceRow };
  /** Nothing of it is stored: a create is a question, answered at once; a read is asked of others. */
  readonly virtual?: boolean;
  /** Of a resource that a CustomResourceDefinition made. */
  readonly custom?: CustomResource;
  /** The schema of a custom kind, for OpenAPI. */
  readonly customSchema?: unknown;
  /** Values are AES-256-GCM in the store. */
  readonly encrypted?: boolean;
  /** Fields the server sets on create (defaults that need more than the shape, server-owned status). Pure; returns a copy. */
  prepareForCreate?(object: KubeObject, nowMs: number): KubeObject;
  /** Carries over what an update may not touch. Pure; returns a copy. */
  prepareForUpdate?(object: KubeObject, old: StoredObject, nowMs: number): KubeObject;
  /** The same for a write of `/status`, which touches nothing but the status anyway. */
  prepareForStatus?(object: KubeObject, old: StoredObject, nowMs: number): KubeObject;
  /** The same for a write of `/approval`. */
  prepareForApproval?(object: KubeObject, old: StoredObject, nowMs: number): KubeObject;
  /** Writes down who asked for something and when, whatever the writer claims. Pure; `old` is undefined on create. */
  stamp?(
    object: KubeObject,
    old: StoredObject | undefined,
    by: { readonly user: UserInfo; readonly nowMs: number },
  ): KubeObject;
  /** What a writer should know about an object that is to be stored; for people. Pure. */
  warningsOf?(object: KubeObject): readonly string[];
}

export interface ReadRequest {
  readonly context: RequestContext;
  readonly row: ResourceRow;
  /** '' for cluster scope or all namespaces. */
  readonly namespace: string;
}

export interface GetRequest extends ReadRequest {
  readonly name: string;
  readonly subresource?: 'status' | 'scale';
}

export interface ListRequest extends ReadRequest {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  /** A list refuses it; a watch begins with what there is, and says where that ends. */
  readonly sendInitialEvents?: boolean;
}

export interface ListAnswer {
  /** Frozen; sorted by namespace, then name. */
  readonly items: readonly StoredObject[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchRequest extends ReadRequest {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** Objects are frozen and shared between all watchers, so that an encoding can be cached by identity. */
export type WatchFrame =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: StoredObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd?: boolean };

export interface WriteRequest extends ReadRequest {
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly dryRun?: boolean;
}

export interface CreateRequest extends WriteRequest {
  readonly object: KubeObject;
  readonly name?: string;
  readonly subresource?: 'binding';
  /** Duplicate keys found while the body was parsed, as field paths. */
  readonly duplicateFields?: readonly string[];
}

export interface UpdateRequest extends WriteRequest {
  readonly name: string;
  readonly object: KubeObject;
  readonly subresource?: 'status' | 'approval' | 'scale' | 'finalize' | 'ephemeralcontainers';
  readonly duplicateFields?: readonly string[];
}

export interface PatchRequest extends WriteRequest {
  readonly name: string;
  readonly patchType: 'json' | 'merge' | 'strategic' | 'apply';
  readonly patch: Json;
  /** Type `apply` only. */
  readonly force?: boolean;
  readonly subresource?: 'status' | 'approval' | 'scale' | 'ephemeralcontainers';
  readonly duplicateFields?: readonly string[];
}

export interface DeleteRequest extends WriteRequest {
  readonly name: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** A deletion of a pod that its disruption budget may refuse. */
export type EvictRequest = DeleteRequest;

export interface DeleteCollectionRequest extends Omit<DeleteRequest, 'name'> {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface WriteAnswer {
  /** Frozen. */
  readonly object: StoredObject;
  /** Whether the write made the object (201) or found it (200). */
  readonly created: boolean;
  /** Shown by kubectl as `Warning: …`. */
  readonly warnings: readonly string[];
}

export interface DeleteAnswer {
  /** The object in its last state; still there when `lingers`. */
  readonly object: StoredObject;
  readonly lingers: boolean;
}

/**
 * The verbs of the Kubernetes API over the registry and the store: defaulting, validation, field ownership, conflicts,
 * finalizers, watch cache. Authenticated callers only; who may do what is decided before. Every refusal is an `ApiError`.
 */
export interface Api {
  /** Of every version that is served now; each stored one of ours stands before the others of its kind. The same list while nothing changes. */
  readonly rows: readonly ResourceRow[];
  row(group: string, version: string, plural: string): ResourceRow | undefined;
  get(request: GetRequest): Promise<StoredObject>;
  list(request: ListRequest): Promise<ListAnswer>;
  watch(request: WatchRequest): AsyncIterable<WatchFrame>;
  create(request: CreateRequest): Promise<WriteAnswer>;
  update(request: UpdateRequest): Promise<WriteAnswer>;
  patch(request: PatchRequest): Promise<WriteAnswer>;
  delete(request: DeleteRequest): Promise<DeleteAnswer>;
  /** Throws `TooManyRequests` while the pod's disruption budget does not allow it. */
  evict(request: EvictRequest): Promise<void>;
  deleteCollection(request: DeleteCollectionRequest): Promise<readonly StoredObject[]>;
  close(): Promise<void>;
}
