import {
  type ApplicationHelm,
  isRecord,
  type LineTree,
  type Manifest,
  type ParsedManifests,
  parseManifests,
} from '#api';
import { prepareManifests } from '../prepare.ts';
import type { SourceFile } from '../render.ts';
import type { PrepareContext, PreparedFile } from '../render.types.ts';
import { type GoMap, type Place, RenderError, textOf } from '../template/index.ts';
import { servedCapabilities } from './capabilities.ts';
import type { ChartFile } from './chart.types.ts';
import { type RenderedFile, renderChart } from './render-chart.ts';
import type { SchemaValidator } from './schema.ts';
import type { Capabilities, Release } from './scope.ts';
import { setValues } from './set-values.ts';
import { mergeValues } from './values.ts';
import { readValues } from './yaml-file.ts';

/** A chart as the source of an Application. */
export interface ChartSource {
  /** Where the chart's folder stands in the repository; '' for the root. */
  readonly folder: string;
  /** By their paths from the folder. */
  readonly files: readonly ChartFile[];
  readonly options: ApplicationHelm;
  /** `spec.source`: where in the Application the options stand, for errors. */
  readonly field: string;
  /** What `valueFiles` names, in its order. */
  readonly valueFiles: readonly ChartFile[];
  /** What `fileParameters` names, in its order. */
  readonly fileParameters: readonly (ChartFile & { readonly name: string })[];
  readonly release: Release;
}

/** Events of hooks that `skipTests` leaves out without a word. Source: helm pkg/release/hook.go (v3.17). */
const TEST_EVENTS = new Set(['test', 'test-success', 'test-failure']);

/**
 * What the chart becomes, ready to be applied, by templates, at their lines. The same files and options give the same
 * objects, whatever commit they are of: chance comes from the release, the time is 1970. Throws `RenderError` only.
 */
export function prepareChart(
  chart: ChartSource,
  context: PrepareContext & { readonly schemaValidator: SchemaValidator },
): readonly SourceFile[] {
  const { options, release } = chart;
  const { crds, files, warnings } = renderChart({
    files: chart.files,
    path: chart.folder,
    values: chartSourceValues(chart),
    release,
    capabilities: capabilitiesFor(options),
    seed: `${release.namespace}/${release.name}`,
    nowMs: 0,
    schemaValidator: options.skipSchemaValidation === true ? () => [] : context.schemaValidator,
  });
  const rendered = options.skipCrds === true ? files : [...crds, ...files];
  const prepared = rendered.map((file) => ({
    path: file.path,
    prepared: prepareManifests(readRendered(file, options.skipTests === true), context),
  }));
  return [...prepared, ...warnings.map(({ message, place }) => remark(message, place))];
}

/**
 * What is put over the chart's own values: value files, then `valuesObject` or, without it, `values`, then parameters.
 * Source: argo-cd util/helm/cmd.go template, reposerver/repository/repository.go helmTemplate (v3.1).
 */
export function chartSourceValues({ options, field, valueFiles, fileParameters }: ChartSource): GoMap {
  let values: GoMap = new Map();
  for (const { bytes, path } of valueFiles) values = mergeValues(values, readValues(bytes, path));
  const { valuesObject, values: text = '' } = options;
  const inline = valuesObject === undefined ? text : JSON.stringify(valuesObject);
  const inlineField = `${field}.helm.${valuesObject === undefined ? 'values' : 'valuesObject'}`;
  values = mergeValues(values, readValues(Buffer.from(inline), inlineField));
  const parameters = options.parameters ?? [];
  for (const asText of [false, true])
    for (const [index, { name, value = '', forceString = false }] of parameters.entries())
      if (forceString === asText) set(values, `${name}=${listOrText(value)}`, asText, `parameters[${index}]`);
  for (const [index, { name, bytes }] of fileParameters.entries())
    set(values, `${name}=${literal(textOf(bytes))}`, true, `fileParameters[${index}]`);
  return values;

  function set(into: GoMap, assignment: string, asText: boolean, part: string): void {
    try {
      setValues(into, assignment, asText);
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      const place = { path: `${field}.helm.${part}`, line: 0, column: 0 };
      throw new RenderError('ValuesInvalid', error.message, place, error);
    }
  }
}

/** A comma ends no value, but in `{a,b}`, which is a list. Source: argo-cd util/helm/cmd.go cleanSetParameters (v3.1). */
function listOrText(value: string): string {
  return value.startsWith('{') && value.endsWith('}') ? value : value.replace(/(?<!\\),/g, '\\,');
}

const literal = (text: string) => text.replace(/[\\,{]/g, '\\$&');

function capabilitiesFor({ kubeVersion, apiVersions = [] }: ApplicationHelm): Capabilities {
  const served = servedCapabilities();
  return {
    kubeVersion: kubeVersion ? `v${kubeVersion.replace(/^v/, '')}` : served.kubeVersion,
    apiVersions: [...served.apiVersions, ...apiVersions],
  };
}

/** Where what was rendered stands in its template. A column of the result is none of the template. */
function readRendered({ text, lines }: RenderedFile, skipTests: boolean): ParsedManifests {
  const lineOf = (line: number) => (line === 0 ? 0 : (lines[line - 1] ?? lines.at(-1) ?? 0));
  const { objects, diagnostics } = parseManifests(text, '');
  return {
    objects: objects
      .filter((manifest) => !(skipTests && isTest(manifest)))
      .map((manifest) => ({
        ...manifest,
        line: lineOf(manifest.line),
        lines: movedLines(manifest.lines, lineOf),
      })),
    diagnostics: diagnostics.map(({ column: _, ...diagnostic }) => ({ ...diagnostic, line: lineOf(diagnostic.line) })),
  };
}

function movedLines(tree: LineTree, lineOf: (line: number) => number): LineTree {
  if (typeof tree === 'number') return lineOf(tree);
  const [line, parts]: Exclude<LineTree, number> = tree;
  if (!isRecord(parts)) return [lineOf(line), (parts as readonly LineTree[]).map((part) => movedLines(part, lineOf))];
  const moved = Object.entries(parts).map(([key, part]) => [key, movedLines(part as LineTree, lineOf)] as const);
  return [lineOf(line), Object.fromEntries(moved)];
}

function isTest({ object }: Manifest): boolean {
  const events = object.metadata.annotations?.['helm.sh/hook']?.split(',') ?? [];
  return events.some((event) => TEST_EVENTS.has(event.trim()));
}

/** A file that says nothing but this. */
function remark(message: string, { path, line }: Place): SourceFile {
  const prepared: PreparedFile = {
    objects: [],
    pending: [],
    refusedIds: [],
    diagnostics: [{ severity: 'warning', code: 'NotAllowed', message, line }],
    failed: false,
  };
  return { path, prepared };
}
