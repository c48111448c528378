import { getOwn, isRecord, type Json, type LineTree, setOwn } from '#api';
import { effectiveNamespace, gvkOf, type Id } from './id.ts';
import type { Gvk, MutableJson, MutableMap } from './kustomize.types.ts';
import type { SchemaOf } from './open-api.ts';
import { strategicMerge } from './strategic-merge.ts';

export type Behavior = 'create' | 'merge' | 'replace';

/**
 * An object on its way through the layers of kustomizations, with the names it has had: patches, replacements and
 * references of outer layers may use any of them. Source: kustomize api/resource (v5.5).
 */
export class Resource {
  object: MutableMap;
  readonly origin: { readonly path: string; readonly line: number };
  readonly lines: LineTree;
  isGenerated = false;
  /** Its name gets a hash of its content. */
  needsHash = false;
  behavior: Behavior = 'create';
  readonly prefixes: string[] = [];
  readonly suffixes: string[] = [];
  #before: { readonly namespace: string; readonly name: string; readonly kind: string }[] = [];

  constructor(object: MutableMap, origin: Resource['origin'], lines: LineTree) {
    this.object = object;
    this.origin = origin;
    this.lines = lines;
  }

  get gvk(): Gvk {
    return gvkOf(textOf(this.object['apiVersion']), textOf(this.object['kind']));
  }

  get name(): string {
    return textOf(getOwn(this.#metadata, 'name'));
  }

  get namespace(): string {
    return textOf(getOwn(this.#metadata, 'namespace'));
  }

  get id(): Id {
    return { ...this.gvk, name: this.name, namespace: this.namespace };
  }

  /** Those it had before, the oldest first. */
  get previousIds(): readonly Id[] {
    const { group, version } = this.gvk;
    return this.#before.map((before) => ({ group, version, ...before }));
  }

  get originalId(): Id {
    return this.previousIds[0] ?? this.id;
  }

  get allIds(): readonly Id[] {
    return [...this.previousIds, this.id];
  }

  get labels(): Readonly<Record<string, string>> {
    return textsOf(getOwn(this.#metadata, 'labels'));
  }

  get annotations(): Readonly<Record<string, string>> {
    return textsOf(getOwn(this.#metadata, 'annotations'));
  }

  /** Remembers the name it has now, before a transformer changes it. */
  storeId(): void {
    const { name, kind } = this.id;
    this.#before.push({ namespace: effectiveNamespace(this.id), name, kind });
  }

  setName(name: string): void {
    setOwn(this.#metadata, 'name', name);
  }

  setLabels(labels: Readonly<Record<string, string>>): void {
    this.#setMap('labels', labels);
  }

  setAnnotations(annotations: Readonly<Record<string, string>>): void {
    this.#setMap('annotations', annotations);
  }

  #setMap(field: 'labels' | 'annotations', values: Readonly<Record<string, string>>): void {
    if (Object.keys(values).length === 0) delete this.#metadata[field];
    else setOwn<MutableJson>(this.#metadata, field, { ...values });
  }

  /** Merges a patch into it. Its kind, name and namespace stay unless the patch may change them. False: the patch deletes it. */
  patch(patch: MutableMap, schemaOf: SchemaOf, { name: mayRename = false, kind: mayChangeKind = false } = {}): boolean {
    const { name, namespace } = this;
    const kind = this.object['kind'] ?? null;
    if (mayRename || mayChangeKind) this.storeId();
    const merged = strategicMerge(schemaOf(this.gvk), this.object, patch);
    if (merged === undefined || Object.keys(merged).length === 0) return false;
    this.object = merged;
    if (!mayChangeKind) setOwn(merged, 'kind', kind);
    if (!mayRename) this.setName(name);
    if (namespace === '') delete this.#metadata['namespace'];
    else setOwn(this.#metadata, 'namespace', namespace);
    return true;
  }

  /** Takes name, labels and annotations of the one that it replaces, or is merged with, and the names that had. */
  takePlaceOf(old: Resource): void {
    this.setLabels({ ...old.labels, ...this.labels });
    this.setAnnotations({ ...old.annotations, ...this.annotations });
    this.setName(old.name);
    if (old.namespace === '') delete this.#metadata['namespace'];
    else setOwn(this.#metadata, 'namespace', old.namespace);
    this.needsHash &&= old.needsHash;
    this.#before = [...old.#before];
    this.prefixes.push(...old.prefixes);
    this.suffixes.push(...old.suffixes);
  }

  get #metadata(): MutableMap {
    const found = getOwn(this.object, 'metadata');
    if (isRecord(found)) return found as MutableMap;
    const made: MutableMap = {};
    setOwn<MutableJson>(this.object, 'metadata', made);
    return made;
  }
}

/** Whether the longer list ends as the shorter one. Source: kustomize api/internal/utils SameEndingSubSlice. */
function sameEnding(left: readonly string[], right: readonly string[]): boolean {
  const length = Math.min(left.length, right.length);
  if (length === 0) return left.length === right.length;
  return left.slice(left.length - length).every((value, index) => value === right[right.length - length + index]);
}

/** Whether two objects were renamed alike. With `allowEmpty` one that was not renamed is like any other. */
export function renamedAlike(left: Resource, right: Resource, allowEmpty: boolean): boolean {
  const alike = (mine: readonly string[], theirs: readonly string[]) =>
    (allowEmpty && (mine.length === 0 || theirs.length === 0)) || sameEnding(mine, theirs);
  return alike(left.prefixes, right.prefixes) && alike(left.suffixes, right.suffixes);
}

export function textOf(value: Json | MutableJson | undefined): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
}

function textsOf(value: MutableJson | undefined): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  const texts: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) setOwn(texts, key, textOf(text as MutableJson));
  return texts;
}
