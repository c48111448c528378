import type { CustomKind, KubeObject, LineTree, ObjectKey, Origin, ResourceType } from '#api';

export type DiagnosticCode =
  /** The file is not YAML or JSON, or a document in it is no object with a name. */
  | 'InvalidManifest'
  /** An object with fields that do not exist, or values of a wrong type. Stops only that object. */
  | 'InvalidObject'
  /** A kind that the API does not serve. Stops only that object. */
  | 'Unsupported'
  /** A kind or a field that Git may not own. */
  | 'NotAllowed'
  /** One object defined twice. None of them is applied. */
  | 'Duplicate'
  /** A file or entry that is not read: too large, a symlink out of the tree, a submodule. */
  | 'FileSkipped';

/** One thing to tell about a file, at a line. An error keeps something from being applied; a warning does not. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly path: string;
  /** 1 is the first line; 0 when it is about the whole file. */
  readonly line: number;
}

/** The same, before the file's path is known: results are cached by content. */
export type FileDiagnostic = Omit<Diagnostic, 'path'>;

/** When an object runs that is there for an event of a sync, not to stay. */
export type HookPhase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail';
export type HookDeletePolicy = 'BeforeHookCreation' | 'HookSucceeded' | 'HookFailed';

export interface Hook {
  /** In the order of a sync; at least one. */
  readonly phases: readonly HookPhase[];
  readonly deletePolicies: readonly HookDeletePolicy[];
}

/** One object of a file, ready to be applied. Frozen. */
export interface PreparedObject {
  readonly key: ObjectKey;
  /** `formatObjectKey(key)`. */
  readonly id: string;
  readonly object: KubeObject;
  /** SHA-256 of the canonical JSON of `object`. */
  readonly digest: string;
  readonly line: number;
  /** Where its fields stand. No part of what is applied: a commit that only moves lines makes no run. */
  readonly lines: LineTree;
  /** Undefined for what stays. */
  readonly hook?: Hook;
}

/** All that one file's content says, whatever its path. */
export interface PreparedFile {
  readonly objects: readonly PreparedObject[];
  /**
   * Objects of kinds that only a CustomResourceDefinition can make known, as if the kind had a namespace. Whether it does, and
   * whether the kind is there at all, is decided when all files are put together.
   */
  readonly pending: readonly PreparedObject[];
  /** Ids of objects that the file names and that are not applied as they stand. */
  readonly refusedIds: readonly string[];
  readonly diagnostics: readonly FileDiagnostic[];
  /** The file could not be read whole: which objects it means is not known, so none of its former ones may go. */
  readonly failed: boolean;
}

/** What turns a file's documents into objects besides the file itself. */
export interface PrepareContext {
  /** Namespace of objects that name none. */
  readonly defaultNamespace: string;
  /** The resource of a kind that is always served; undefined when only a definition could serve it. */
  resourceOf(group: string, kind: string): ResourceType | undefined;
}

/** A kind that is not always served: looked up in the definitions there are. */
export type CustomKindOf = (group: string, kind: string) => CustomKind | undefined;

export interface RenderedObject {
  readonly key: ObjectKey;
  readonly id: string;
  readonly object: KubeObject;
  readonly digest: string;
  readonly origin: Origin;
  /** Where its fields stand in the file of `origin`; see `atTheirLines`. */
  readonly lines: LineTree;
  readonly hook?: Hook;
}

/** An object that a sync makes at its phases. One that is named anew each time has its `generateName` as its name in `key`. */
export interface RenderedHook extends RenderedObject {
  readonly hook: Hook;
}

/** What a commit says about one Application. Bad files are data here, never exceptions. */
export interface Rendered {
  /** Sorted by id. */
  readonly objects: readonly RenderedObject[];
  /** What a sync runs besides, sorted by id. Their ids are not among `objects`. */
  readonly hooks: readonly RenderedHook[];
  /** Sorted by path, then line. */
  readonly diagnostics: readonly Diagnostic[];
  /** Files whose objects are not known; what came from them is neither changed nor removed. */
  readonly failedPaths: readonly string[];
  /** Ids that are named but not applied (defined twice, refused): neither changed nor removed. */
  readonly heldIds: readonly string[];
  /** Every kind that was looked up among the definitions, found or not. When what is found changes, so may the rest. */
  readonly customKinds: readonly Pick<ObjectKey, 'group' | 'kind'>[];
  /** Equal when and only when the same objects would be applied, the same hooks run, and the same held. */
  readonly digest: string;
}
