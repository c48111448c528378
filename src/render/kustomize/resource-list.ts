import { parseLabelSelector } from '#api';
import { effectiveNamespace, formatId, type Id, keyOf, sameId } from './id.ts';
import type { Selector } from './kustomize.types.ts';
import type { Resource } from './resource.ts';

/** An id that cannot be added, found or selected. Told at the place that asked. */
export class IdProblem extends Error {}

/** The objects of a layer, in order. Source: kustomize api/resmap (v5.5). */
export class ResourceList {
  #items: Resource[];
  /** By the id that each had when it was added; whoever changes ids while objects are added says so. */
  #byId: Map<string, Resource> | undefined;

  constructor(items: readonly Resource[] = []) {
    this.#items = [...items];
  }

  get all(): readonly Resource[] {
    return this.#items;
  }

  /** Throws `IdProblem` when there is one of the same id. */
  add(resource: Resource): void {
    this.#byId ??= new Map(this.#items.map((one) => [keyOf(one.id), one]));
    const key = keyOf(resource.id);
    const same = this.#byId.get(key);
    if (same !== undefined) {
      throw new IdProblem(
        `${formatId(resource.id)} is there already, from ${same.origin.path}:${same.origin.line}: an id may be added once`,
      );
    }
    this.#items.push(resource);
    this.#byId.set(key, resource);
  }

  /** Adds what a generator made, or merges it with what is there. */
  absorb(made: Resource): void {
    const found = this.#items.filter(({ allIds }) => allIds.some((id) => sameId(id, made.id)));
    const [old, ...more] = found;
    if (old === undefined) {
      if (made.behavior !== 'create')
        throw new IdProblem(`${formatId(made.id)} does not exist; cannot ${made.behavior}`);
      this.add(made);
      return;
    }
    if (more.length > 0) throw new IdProblem(`several objects could be what ${formatId(made.id)} is to be merged with`);
    if (made.behavior === 'create') {
      throw new IdProblem(`${formatId(made.id)} exists; its behavior must be merge or replace`);
    }
    made.takePlaceOf(old);
    if (made.behavior === 'merge') {
      for (const field of ['data', 'binaryData'] as const) {
        const merged = { ...asMap(old.object[field]), ...asMap(made.object[field]) };
        if (Object.keys(merged).length > 0) made.object[field] = merged;
      }
    }
    this.replace(old, made);
  }

  replace(old: Resource, by: Resource): void {
    this.#items = this.#items.map((one) => (one === old ? by : one));
    this.changed();
  }

  remove(resource: Resource): void {
    this.#items = this.#items.filter((one) => one !== resource);
    this.changed();
  }

  /** To be called when objects were renamed, moved or patched. */
  changed(): void {
    this.#byId = undefined;
  }

  /** Throws `IdProblem` when two objects have one id by now. */
  checkIds(): void {
    const seen = new Map<string, Resource>();
    for (const one of this.#items) {
      const key = keyOf(one.id);
      const same = seen.get(key);
      if (same !== undefined) {
        throw new IdProblem(
          `${formatId(one.id)} would be there twice: from ${same.origin.path} and ${one.origin.path}`,
        );
      }
      seen.set(key, one);
    }
  }

  /** The one that has, or had, this id. Throws `IdProblem` for none or several. */
  only(id: Id): Resource {
    const [found, ...more] = this.#items.filter(({ allIds }) => allIds.some((one) => sameId(one, id)));
    if (found === undefined) throw new IdProblem(`no object ${formatId(id)} to patch`);
    if (more.length > 0) throw new IdProblem(`several objects are, or were, ${formatId(id)}`);
    return found;
  }

  /** Those that a selector means, by their first or present name. Its texts are regular expressions of the whole. */
  select(selector: Selector): readonly Resource[] {
    const matcher = new SelectorMatcher(selector);
    return this.#items.filter((one) => {
      const { originalId, id } = one;
      return (
        (matcher.namespace(effectiveNamespace(originalId)) || matcher.namespace(effectiveNamespace(id))) &&
        (matcher.name(originalId.name) || matcher.name(id.name)) &&
        matcher.gvk(one.gvk) &&
        matcher.texts(one)
      );
    });
  }
}

/** A selector's expressions, compiled. Throws `IdProblem` for one that is none. */
export class SelectorMatcher {
  readonly #selector: Selector;
  readonly #compiled = new Map<string, RegExp>();

  constructor(selector: Selector) {
    this.#selector = selector;
    for (const field of ['group', 'version', 'kind', 'name', 'namespace'] as const) {
      const pattern = selector[field];
      if (pattern === undefined || pattern === '') continue;
      try {
        this.#compiled.set(field, new RegExp(`^(?:${pattern})$`));
      } catch {
        throw new IdProblem(`${field}: ${JSON.stringify(pattern)} is not a regular expression`);
      }
    }
  }

  name(text: string): boolean {
    return this.#matches('name', text);
  }

  namespace(text: string): boolean {
    return this.#matches('namespace', text);
  }

  gvk({ group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }): boolean {
    return this.#matches('group', group) && this.#matches('version', version) && this.#matches('kind', kind);
  }

  /** Labels and annotations. */
  texts({ labels, annotations }: Pick<Resource, 'labels' | 'annotations'>): boolean {
    return (
      matchesText(this.#selector.labelSelector, labels) && matchesText(this.#selector.annotationSelector, annotations)
    );
  }

  #matches(field: string, text: string): boolean {
    return this.#compiled.get(field)?.test(text) ?? true;
  }
}

function matchesText(selector: string | undefined, texts: Readonly<Record<string, string>>): boolean {
  if (selector === undefined || selector === '') return true;
  return parseLabelSelector(selector).matches(texts);
}

function asMap(value: unknown): Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, never>) : {};
}
