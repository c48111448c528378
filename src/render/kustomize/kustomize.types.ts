/** What kustomization files may say, and what building them gives. Field names: kubernetes-sigs/kustomize api/types (v5.5). */
import type { Json, LineTree } from '#api';

export type MutableJson = null | boolean | number | string | MutableJson[] | MutableMap;
export type MutableMap = { [key: string]: MutableJson };

/** The files of a commit. Paths are from the repository's root, without a leading slash. */
export interface KustomizeTree {
  /** The bytes; undefined when they are not at hand. `has` tells whether the commit has the file. */
  read(path: string): Uint8Array | undefined;
  has(path: string): boolean;
  isDirectory(path: string): boolean;
}

/** One object of a build, and the file that it comes from. A generated one comes from its kustomization file. */
export interface BuiltObject {
  readonly object: Json;
  readonly origin: { readonly path: string; readonly line: number };
  readonly lines: LineTree;
}

/** Something is wrong with a kustomization, or with a file that it names. The build as a whole fails. */
export interface BuildProblem {
  readonly path: string;
  /** 0: about the whole file. */
  readonly line: number;
  readonly message: string;
}

export type BuildResult =
  | {
      readonly type: 'built';
      /** In the order in which `kubectl kustomize` prints them. */
      readonly objects: readonly BuiltObject[];
    }
  /** These files of the commit are needed too: build again when they are at hand. */
  | { readonly type: 'needs'; readonly paths: readonly string[] }
  | { readonly type: 'failed'; readonly problem: BuildProblem };

export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Which fields of which kinds a transformer writes. Empty group, version and kind: any. */
export interface FieldSpec {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly path: string;
  readonly create?: boolean;
}

/** A kind whose name changes, and the fields of others that hold it. */
export interface NameReference {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly fieldSpecs: readonly FieldSpec[];
}

export interface TransformerConfig {
  readonly namePrefix: readonly FieldSpec[];
  readonly nameSuffix: readonly FieldSpec[];
  readonly namespace: readonly FieldSpec[];
  readonly commonLabels: readonly FieldSpec[];
  readonly labels: readonly FieldSpec[];
  readonly templateLabels: readonly FieldSpec[];
  readonly commonAnnotations: readonly FieldSpec[];
  readonly nameReference: readonly NameReference[];
  readonly varReference: readonly FieldSpec[];
  readonly images: readonly FieldSpec[];
  readonly replicas: readonly FieldSpec[];
}

export interface Selector {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly annotationSelector?: string;
}

export interface PatchEntry {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: Selector;
  readonly options?: { readonly allowNameChange?: boolean; readonly allowKindChange?: boolean };
}

export interface ImageEntry {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly tagSuffix?: string;
  readonly digest?: string;
}

export interface LabelEntry {
  readonly pairs?: Readonly<Record<string, string>>;
  readonly includeSelectors?: boolean;
  readonly includeTemplates?: boolean;
  readonly includeVolumeClaimTemplates?: boolean;
  readonly fields?: readonly FieldSpec[];
}

export interface GeneratorOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly disableNameSuffixHash?: boolean;
  readonly immutable?: boolean;
}

export interface GeneratorEntry {
  readonly name?: string;
  readonly namespace?: string;
  readonly behavior?: string;
  readonly literals?: readonly string[];
  readonly files?: readonly string[];
  readonly envs?: readonly string[];
  readonly env?: string;
  /** Of a Secret. */
  readonly type?: string;
  readonly options?: GeneratorOptions;
}

export interface FieldOptions {
  readonly delimiter?: string;
  readonly index?: number;
  readonly create?: boolean;
}

export interface ReplacementEntry {
  readonly path?: string;
  readonly sourceValue?: string;
  readonly source?: Selector & { readonly fieldPath?: string; readonly options?: FieldOptions };
  readonly targets?: readonly {
    readonly select?: Selector;
    readonly reject?: readonly Selector[];
    readonly fieldPaths?: readonly string[];
    readonly options?: FieldOptions;
  }[];
}

export interface VarEntry {
  readonly name: string;
  readonly objref: {
    readonly apiVersion?: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  };
  readonly fieldref?: { readonly fieldPath?: string };
}

export interface Kustomization {
  readonly kind: 'Kustomization' | 'Component';
  readonly resources: readonly string[];
  readonly components: readonly string[];
  readonly namespace: string;
  readonly namePrefix: string;
  readonly nameSuffix: string;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly labels: readonly LabelEntry[];
  readonly images: readonly ImageEntry[];
  readonly replicas: readonly { readonly name: string; readonly count: number }[];
  readonly patches: readonly PatchEntry[];
  readonly patchesStrategicMerge: readonly string[];
  readonly patchesJson6902: readonly PatchEntry[];
  readonly configMapGenerator: readonly GeneratorEntry[];
  readonly secretGenerator: readonly GeneratorEntry[];
  readonly generatorOptions: GeneratorOptions | undefined;
  readonly replacements: readonly ReplacementEntry[];
  readonly vars: readonly VarEntry[];
  readonly configurations: readonly string[];
  readonly openapi: { readonly path?: string; readonly version?: string } | undefined;
  readonly sortOptions:
    | {
        readonly order?: string;
        readonly legacySortOptions?: {
          readonly orderFirst?: readonly string[];
          readonly orderLast?: readonly string[];
        };
      }
    | undefined;
  readonly buildMetadata: readonly string[];
}
