/** How admission, merging and comparing treat the objects of one kind in one version: Kubernetes' own, and customs'. */
import { equalJson } from '#base';
import { defaultObject } from '../defaults/default-object.ts';
import type { ResourceType } from '../kinds/resource.ts';
import type { KubeObject } from '../meta/object.ts';
import { type Pruned, pruneUnknown } from '../schema/prune.ts';
import type { FieldIssue, Schema } from '../schema/schema.ts';
import { schemaOf } from '../schema/schema-of.ts';
import { validateMetadata, validateMetadataUpdate } from '../validation/metadata.ts';
import { dns1123Subdomain } from '../validation/names.ts';
import { MAX_ISSUES, shapeIssues, structureIssues } from '../validation/structure.ts';
import { validateObject, validateUpdate } from '../validation/validate-object.ts';
import { defaultCustom } from './default-custom.ts';
import { mergeSchemaOf } from './merge-schema.ts';
import { pruneCustom } from './prune-custom.ts';
import { readStructuralSchema, type StructuralSchema } from './structural-schema.ts';
import { customIssues } from './validate-custom.ts';

export interface KindModel {
  /** What merging and applying go by. */
  readonly schema: Schema;
  /** A copy without fields that the kind does not know, and their names. */
  prune(object: KubeObject): Pruned<KubeObject>;
  /** A copy with the kind's defaults. Doing it twice changes nothing. */
  withDefaults(object: KubeObject): KubeObject;
  /** Wrong types, which nothing may go on with. */
  typeIssues(object: KubeObject): FieldIssue[];
  /** All that is wrong with an object that is to be stored. */
  issues(object: KubeObject): FieldIssue[];
  /** The same for one that takes the place of `old`. */
  updateIssues(object: KubeObject, old: KubeObject): FieldIssue[];
}

/** Undefined when the kind is none of Kubernetes' or ours. */
export function builtInModel(type: ResourceType): KindModel | undefined {
  const schema = schemaOf(type.group, type.version, type.kind);
  if (schema === undefined) return undefined;
  return {
    schema,
    prune: (object) => pruneUnknown(schema, object),
    withDefaults: (object) => defaultObject(type, object),
    typeIssues: (object) => structureIssues(type, object),
    issues: (object) => validateObject(type, object),
    updateIssues: (object, old) => validateUpdate(type, object, old),
  };
}

/** The model of one version of a CustomResourceDefinition, from its `openAPIV3Schema`. Takes time in proportion to it. */
export function customModel(type: ResourceType, openApiSchema: unknown): KindModel {
  return new CustomModel(type, readStructuralSchema(openApiSchema));
}

class CustomModel implements KindModel {
  readonly schema: Schema;
  readonly #type: ResourceType;
  readonly #structure: StructuralSchema;

  constructor(type: ResourceType, structure: StructuralSchema) {
    this.#type = type;
    this.#structure = structure;
    this.schema = mergeSchemaOf(structure);
  }

  prune(object: KubeObject): Pruned<KubeObject> {
    return pruneCustom(this.#structure, object);
  }

  withDefaults(object: KubeObject): KubeObject {
    return defaultCustom(this.#structure, object) as KubeObject;
  }

  typeIssues({ metadata }: KubeObject): FieldIssue[] {
    return shapeIssues('meta.v1.ObjectMeta', metadata).map((issue) => ({ ...issue, path: `metadata.${issue.path}` }));
  }

  issues(object: KubeObject): FieldIssue[] {
    const types = this.typeIssues(object);
    if (types.length > 0) return types;
    return [...this.#metadataIssues(object), ...this.#schemaIssues(object)].slice(0, MAX_ISSUES);
  }

  updateIssues(object: KubeObject, old: KubeObject): FieldIssue[] {
    const types = this.typeIssues(object);
    if (types.length > 0) return types;
    const metadata = [...validateMetadataUpdate(object.metadata, old.metadata), ...this.#metadataIssues(object)];
    return [...metadata, ...(equalJson(body(object), body(old)) ? [] : this.#schemaIssues(object, old))].slice(
      0,
      MAX_ISSUES,
    );
  }

  #metadataIssues({ metadata }: KubeObject): Iterable<FieldIssue> {
    return validateMetadata(metadata, {
      namespaced: this.#type.namespaced,
      name: dns1123Subdomain,
      plainFinalizers: true,
    });
  }

  #schemaIssues(object: KubeObject, old?: KubeObject): FieldIssue[] {
    return customIssues(this.#structure, object, old);
  }
}

function body({ metadata: _, ...rest }: KubeObject): unknown {
  return rest;
}
