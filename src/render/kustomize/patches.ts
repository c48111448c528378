/** Patches of a kustomization: strategic merge and RFC 6902. Source: kustomize api/internal/builtins/PatchTransformer.go (v5.5). */
import { applyJsonPatch, isApiError, isRecord, type Json, parseYamlValues } from '#api';
import { gvkOf, type Id } from './id.ts';
import type { MutableMap, PatchEntry, Selector } from './kustomize.types.ts';
import type { SchemaOf } from './open-api.ts';
import { type Resource, textOf } from './resource.ts';
import type { ResourceList } from './resource-list.ts';

/** A patch that is none, or does not fit what it is for. */
export class PatchProblem extends Error {}

interface MergePatch {
  readonly type: 'merge';
  readonly id: Id;
  readonly patch: MutableMap;
}

type ParsedPatch =
  | { readonly type: 'json'; readonly operations: Json }
  | { readonly type: 'merges'; readonly merges: readonly MergePatch[] };

/** Reads a patch's text: a list is RFC 6902, objects are to be merged. */
export function parsePatch(text: string): ParsedPatch {
  const parsed = parseYamlValues(text, { words: 'text' });
  if ('problem' in parsed)
    throw new PatchProblem(`line ${parsed.problem.line} of the patch: ${parsed.problem.message}`);
  const values = parsed.values.map(({ value }) => value).filter((value) => value !== null);
  const [first] = values;
  if (first === undefined) throw new PatchProblem('the patch is empty');
  if (Array.isArray(first)) return { type: 'json', operations: first };
  return { type: 'merges', merges: values.map(toMerge) };
}

function toMerge(value: Json): MergePatch {
  if (!isRecord(value)) throw new PatchProblem('a patch must be an object, or a list of RFC 6902 operations');
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  const [apiVersion, kind, name] = [value['apiVersion'], value['kind'], metadata['name']].map((text) =>
    textOf(text as Json),
  );
  if (kind === '' || name === '')
    throw new PatchProblem('a patch that is merged needs kind and metadata.name, also where it has a target');
  const id = {
    ...gvkOf(apiVersion ?? '', kind ?? ''),
    name: name ?? '',
    namespace: textOf(metadata['namespace'] as Json),
  };
  return { type: 'merge', id, patch: value as MutableMap };
}

export function applyPatch(
  list: ResourceList,
  schemaOf: SchemaOf,
  text: string,
  { target, options = {} }: Omit<PatchEntry, 'path' | 'patch'>,
): void {
  const parsed = parsePatch(text);
  if (parsed.type === 'json') {
    if (target === undefined) throw new PatchProblem('a patch of RFC 6902 operations needs a target');
    applyOperations(list, target, parsed.operations);
    return;
  }
  const allowed = { name: options.allowNameChange === true, kind: options.allowKindChange === true };
  if (target === undefined) {
    for (const { id, patch } of parsed.merges) merge(list, list.only(id), schemaOf, patch, allowed);
    return;
  }
  const [only, ...more] = parsed.merges;
  if (only === undefined || more.length > 0) throw new PatchProblem('a patch with a target must be a single object');
  for (const resource of list.select(target)) merge(list, resource, schemaOf, only.patch, allowed);
}

type Allowed = { readonly name: boolean; readonly kind: boolean };

function merge(list: ResourceList, resource: Resource, schemaOf: SchemaOf, patch: MutableMap, allowed: Allowed): void {
  if (!resource.patch(patch, schemaOf, allowed)) list.remove(resource);
}

function applyOperations(list: ResourceList, target: Selector, operations: Json): void {
  for (const resource of list.select(target)) {
    resource.storeId();
    try {
      resource.object = applyJsonPatch(resource.object as Json, operations) as MutableMap;
    } catch (error) {
      if (!isApiError(error)) throw error;
      throw new PatchProblem(`${resource.gvk.kind} ${resource.name}: ${error.message}`);
    }
  }
}

/** `patchesJson6902` names one object exactly. */
export function applyOldJsonPatch(list: ResourceList, text: string, target: Selector): void {
  const parsed = parsePatch(text);
  if (parsed.type !== 'json') throw new PatchProblem('patchesJson6902 takes a list of RFC 6902 operations');
  const { group = '', version = '', kind = '', name = '', namespace = '' } = target;
  const resource = list.only({ group, version, kind, name, namespace });
  resource.storeId();
  try {
    resource.object = applyJsonPatch(resource.object as Json, parsed.operations) as MutableMap;
  } catch (error) {
    if (!isApiError(error)) throw error;
    throw new PatchProblem(`${kind} ${name}: ${error.message}`);
  }
}
