import type { ResourceType } from '../kinds/resource.ts';
import type { CustomResourceDefinition } from '../kinds/types.ts';
import { resourceTypeOf, servedNames, servedVersions } from './definition.ts';
import { customModel, type KindModel } from './kind-model.ts';

/** What a manifest's reader must know of a kind. */
export interface CustomKind {
  readonly namespaced: boolean;
  /** Served versions, the preferred first. */
  readonly versions: readonly string[];
}

/** The kinds that definitions serve, found by group and kind. Of two with one name the first counts, as for the server. */
export class CustomKindIndex {
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  readonly #models = new Map<string, KindModel>();

  constructor(definitions: Iterable<CustomResourceDefinition>) {
    for (const definition of definitions) {
      const key = `${definition.spec.group}/${servedNames(definition).kind}`;
      if (!this.#definitions.has(key)) this.#definitions.set(key, definition);
    }
  }

  definitionOf(group: string, kind: string): CustomResourceDefinition | undefined {
    return this.#definitions.get(`${group}/${kind}`);
  }

  kindOf(group: string, kind: string): CustomKind | undefined {
    const definition = this.definitionOf(group, kind);
    if (definition === undefined) return undefined;
    const versions = servedVersions(definition).map(({ name }) => name);
    return { namespaced: definition.spec.scope === 'Namespaced', versions };
  }

  /** In this version, or the preferred one; undefined when it is not served. */
  resourceOf(group: string, kind: string, version?: string): ResourceType | undefined {
    const definition = this.definitionOf(group, kind);
    if (definition === undefined) return undefined;
    const served = servedVersions(definition).find(({ name }) => version === undefined || name === version);
    return served === undefined ? undefined : resourceTypeOf(definition, served.name);
  }

  /** How objects of that version are merged and compared. Read once; takes time in proportion to the schema. */
  modelOf(resource: ResourceType): KindModel | undefined {
    const { group, kind, version } = resource;
    const key = `${group}/${kind}/${version}`;
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const served = this.definitionOf(group, kind)?.spec.versions.find(({ name }) => name === version);
    if (served === undefined) return undefined;
    const model = customModel(resource, served.schema?.openAPIV3Schema);
    this.#models.set(key, model);
    return model;
  }
}
