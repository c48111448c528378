/** Additions to the built-in field specs. Source: kustomize api/internal/plugins/builtinconfig (v5.5). */
import { lineOfPath, parseYamlValues } from '#api';
import { isSelected } from './id.ts';
import type { FieldSpec, Gvk, NameReference, TransformerConfig } from './kustomize.types.ts';
import { KustomizeProblem } from './problem.ts';
import { CONFIGURATION, fitted } from './shape.ts';

/** The fields of a file of `configurations`, none of which must be there. */
export function readConfig(path: string, text: string): TransformerConfig {
  const parsed = parseYamlValues(text);
  if ('problem' in parsed) throw new KustomizeProblem(path, parsed.problem.line, parsed.problem.message);
  const document = parsed.values[0];
  const result = fitted(CONFIGURATION, document?.value ?? {});
  if ('message' in result) {
    throw new KustomizeProblem(path, lineOfPath(document?.lines ?? 0, result.path), result.message);
  }
  const given = result.value as Partial<TransformerConfig>;
  return {
    namePrefix: given.namePrefix ?? [],
    nameSuffix: given.nameSuffix ?? [],
    namespace: given.namespace ?? [],
    commonLabels: given.commonLabels ?? [],
    labels: given.labels ?? [],
    templateLabels: given.templateLabels ?? [],
    commonAnnotations: given.commonAnnotations ?? [],
    nameReference: (given.nameReference ?? []).map((one) => ({ ...one, fieldSpecs: one.fieldSpecs ?? [] })),
    varReference: given.varReference ?? [],
    images: given.images ?? [],
    replicas: given.replicas ?? [],
  };
}

export const EMPTY_CONFIG: TransformerConfig = readConfig('', '');

export function mergeConfig(into: TransformerConfig, more: TransformerConfig): TransformerConfig {
  const merge = (field: Exclude<keyof TransformerConfig, 'nameReference'>) => mergeSpecs(into[field], more[field]);
  return {
    namePrefix: merge('namePrefix'),
    nameSuffix: merge('nameSuffix'),
    namespace: merge('namespace'),
    commonLabels: merge('commonLabels'),
    labels: merge('labels'),
    templateLabels: merge('templateLabels'),
    commonAnnotations: merge('commonAnnotations'),
    nameReference: mergeReferences(into.nameReference, more.nameReference),
    varReference: merge('varReference'),
    images: merge('images'),
    replicas: merge('replicas'),
  };
}

/** Sorted as kustomize sorts them: what speaks of a kind comes before what speaks of any. */
function sorted<T extends Omit<FieldSpec, 'path'>>(specs: readonly T[]): readonly T[] {
  const text = ({ group = '', version = '', kind = '' }: T) => `${group || '~G'}_${version || '~V'}_${kind || '~K'}`;
  const keyed = specs.map((spec) => ({ spec, key: text(spec) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ spec }) => spec);
}

/** Adds what is not there yet. A spec of any kind is there as soon as one of its path is, whatever kind that speaks of. */
function mergeSpecs(into: readonly FieldSpec[], more: readonly FieldSpec[]): readonly FieldSpec[] {
  const result = [...into];
  for (const spec of more) {
    if (!result.some((known) => known.path === spec.path && isSelected(asGvk(known), spec))) result.push(spec);
  }
  return sorted(result);
}

function mergeReferences(into: readonly NameReference[], more: readonly NameReference[]): readonly NameReference[] {
  const result = [...into];
  for (const reference of more) {
    const index = result.findIndex((known) => same(known, reference));
    const known = result[index];
    if (known === undefined) result.push(reference);
    else result[index] = { ...known, fieldSpecs: mergeSpecs(known.fieldSpecs, reference.fieldSpecs) };
  }
  return sorted(result);
}

function asGvk({ group = '', version = '', kind = '' }: Omit<FieldSpec, 'path'>): Gvk {
  return { group, version, kind };
}

function same(left: NameReference, right: NameReference): boolean {
  const [mine, theirs] = [asGvk(left), asGvk(right)];
  return mine.group === theirs.group && mine.version === theirs.version && mine.kind === theirs.kind;
}
