/** Reading a kustomization file. Source of fields and old forms: kustomize api/types/kustomization.go (v5.5). */
import { getOwn, isRecord, type Json, lineOfPath, parseYamlValues, setOwn } from '#api';
import type { ImageEntry, Kustomization } from './kustomize.types.ts';
import { KustomizeProblem } from './problem.ts';
import { fitted, KUSTOMIZATION } from './shape.ts';

export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** Why what a field asks for is not done. */
const REFUSED: Readonly<Record<string, string>> = {
  generators: 'plugins are not run',
  transformers: 'plugins are not run; the fields of the kustomization do what the built-in ones do',
  validators: 'plugins are not run',
  helmCharts: 'Helm charts are not rendered from a kustomization; give the chart a source of its own',
  helmChartInflationGenerator: 'Helm charts are not rendered from a kustomization; give the chart a source of its own',
  helmGlobals: 'Helm charts are not rendered from a kustomization; give the chart a source of its own',
  crds: 'name references of custom kinds go into a file of `configurations`',
};

/** A kustomization, where its file is, and how to find lines in it. */
export interface ReadKustomization {
  readonly kustomization: Kustomization;
  readonly path: string;
  /** The line of a field, or of an entry of it. */
  lineOf(field: string, index?: number): number;
}

export function readKustomization(path: string, text: string): ReadKustomization {
  const parsed = parseYamlValues(text);
  if ('problem' in parsed) throw new KustomizeProblem(path, parsed.problem.line, parsed.problem.message);
  const [document, second] = parsed.values;
  if (second !== undefined) throw new KustomizeProblem(path, second.line, 'a kustomization file holds one document');
  if (document === undefined || document.value === null)
    throw new KustomizeProblem(path, 0, 'the kustomization file is empty');
  if (!isRecord(document.value)) throw new KustomizeProblem(path, document.line, 'a kustomization must be a map');
  const lineOf = (field: string, index?: number) =>
    lineOfPath(document.lines, index === undefined ? [field] : [field, index]);
  const value = withoutRefused(path, lineOf, document.value as Readonly<Record<string, Json>>);
  const result = fitted({ fields: KUSTOMIZATION }, value);
  if ('message' in result) throw new KustomizeProblem(path, lineOfPath(document.lines, result.path), result.message);
  const fields = result.value as Readonly<Record<string, Json>>;
  const kind = getOwn(fields, 'kind');
  if (kind !== undefined && kind !== 'Kustomization' && kind !== 'Component') {
    throw new KustomizeProblem(path, lineOf('kind'), `kind must be Kustomization or Component, not ${String(kind)}`);
  }
  return { kustomization: fixed(fields), path, lineOf };
}

/** Fields that ask for what is not done are refused; empty ones ask for nothing. */
function withoutRefused(
  path: string,
  lineOf: (field: string) => number,
  value: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  const kept: Record<string, Json> = {};
  for (const [field, given] of Object.entries(value)) {
    const refused = getOwn(REFUSED, field);
    if (refused === undefined) setOwn(kept, field, given);
    else if (!isEmpty(given)) throw new KustomizeProblem(path, lineOf(field), `${field} is not supported: ${refused}`);
  }
  return kept;
}

function isEmpty(value: Json): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Old forms turned into those of today. */
function fixed(value: Readonly<Record<string, Json>>): Kustomization {
  const list = <T>(field: string) => (getOwn(value, field) ?? []) as unknown as readonly T[];
  const text = (field: string) => (getOwn(value, field) ?? '') as string;
  const texts = (field: string) => (getOwn(value, field) ?? {}) as Readonly<Record<string, string>>;
  const map = <T>(field: string) => (getOwn(value, field) ?? undefined) as T | undefined;
  return {
    kind: getOwn(value, 'kind') === 'Component' ? 'Component' : 'Kustomization',
    resources: [...list<string>('resources'), ...list<string>('bases')],
    components: list('components'),
    namespace: text('namespace'),
    namePrefix: text('namePrefix'),
    nameSuffix: text('nameSuffix'),
    commonLabels: texts('commonLabels'),
    commonAnnotations: texts('commonAnnotations'),
    labels: list('labels'),
    images: [...list<ImageEntry>('images'), ...list<ImageEntry>('imageTags')],
    replicas: list('replicas'),
    patches: list('patches'),
    patchesStrategicMerge: list('patchesStrategicMerge'),
    patchesJson6902: list('patchesJson6902'),
    configMapGenerator: list('configMapGenerator'),
    secretGenerator: list('secretGenerator'),
    generatorOptions: map('generatorOptions'),
    replacements: list('replacements'),
    vars: list('vars'),
    configurations: list('configurations'),
    openapi: map('openapi'),
    sortOptions: map('sortOptions'),
    buildMetadata: list('buildMetadata'),
  };
}
