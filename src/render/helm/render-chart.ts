import { parseConstraint, parseVersion } from '#base';
import {
  copyMap,
  type GoMap,
  isMap,
  type Place,
  printable,
  RenderError,
  Templates,
  textOf,
  type Value,
} from '../template/index.ts';
import type { Chart, ChartFile } from './chart.types.ts';
import { processDependencies } from './dependencies.ts';
import { helmFunctions } from './functions/index.ts';
import { ChartBudget } from './limits.ts';
import { loadChart } from './load-chart.ts';
import { checkSchemas, type SchemaValidator } from './schema.ts';
import { type Capabilities, capabilityValues, chartValues, fileValues, type Release, releaseValues } from './scope.ts';
import { coalesceValues } from './values.ts';

export interface ChartRequest {
  readonly files: readonly ChartFile[];
  /** Where the chart's folder stands; '' for the root. */
  readonly path: string;
  /** What is put over the chart's own values. */
  readonly values: GoMap;
  readonly release: Release;
  readonly capabilities: Capabilities;
  /** What chance is drawn from: the Application's name, say. */
  readonly seed: string;
  /** What templates are told that the time is. */
  readonly nowMs: number;
  /** From `loadSchemaValidator`. */
  readonly schemaValidator: SchemaValidator;
}

/** A file of a chart after rendering. */
export interface RenderedFile {
  /** Where the template stands in the repository. */
  readonly path: string;
  /** `chart/templates/x.yaml`, as Helm names it. */
  readonly name: string;
  readonly text: string;
  /** For each line of the text the line of the template that it comes from, from 1. */
  readonly lines: readonly number[];
}

export interface ChartWarning {
  readonly message: string;
  readonly place: Place;
}

export interface RenderedChart {
  /** Definitions of `crds/`, as they stand there. */
  readonly crds: readonly RenderedFile[];
  /** By name; partials, notes and what rendered to nothing are left out. */
  readonly files: readonly RenderedFile[];
  readonly warnings: readonly ChartWarning[];
}

/** Warnings that are kept of one rendering. */
const MAX_WARNINGS = 100;

/** What a chart becomes with these values. Reads nothing but its argument. Throws `RenderError` only. */
export function renderChart(request: ChartRequest): RenderedChart {
  const warnings: ChartWarning[] = [];
  const warn = (message: string, place: Place) => {
    const isNew = !warnings.some(
      (known) => known.message === message && known.place.path === place.path && known.place.line === place.line,
    );
    if (isNew && warnings.length < MAX_WARNINGS) warnings.push({ message, place });
  };
  const budget = new ChartBudget();
  const chart = loadChart(request.files, request.path, budget);
  checkChart(chart, request.capabilities);
  processDependencies(chart, copyMap(request.values), budget, (message, path) =>
    warn(message, { path: path === '' ? 'Chart.yaml' : `${path}/Chart.yaml`, line: 1, column: 1 }),
  );
  const values = coalesceValues(chart, request.values);
  checkSchemas(chart, values, request.schemaValidator);
  const templates = new Templates(helmFunctions({ seed: request.seed, nowMs: request.nowMs }), { warn });
  const all = collectTemplates(chart, values, request).sort(byDepth);
  for (const { name, path, source } of all) templates.add(source, { name, path });
  const files: RenderedFile[] = [];
  for (const { name, path, scope, base } of all) {
    if (isPartial(name)) continue;
    scope.set(
      'Template',
      new Map<string, Value>([
        ['Name', name],
        ['BasePath', base],
      ]),
    );
    const { text, lines } = templates.render(name, scope);
    const shown = printable(text.replaceAll('<no value>', ''));
    if (!name.endsWith('NOTES.txt') && shown.trim() !== '') files.push({ path, name, text: shown, lines });
  }
  return {
    crds: definitions(chart, fullPath(undefined, chart)),
    files: files.sort((a, b) => (a.name < b.name ? -1 : 1)),
    warnings,
  };
}

function checkChart({ metadata, path }: Chart, { kubeVersion }: Capabilities): void {
  const place = { path: path === '' ? 'Chart.yaml' : `${path}/Chart.yaml`, line: 1, column: 1 };
  if (metadata.type === 'library') throw new RenderError('ChartInvalid', 'library charts are not installable', place);
  if (metadata.kubeVersion === '') return;
  const version = parseVersion(kubeVersion);
  if (version === undefined || parseConstraint(metadata.kubeVersion)?.(version) !== true)
    throw new RenderError(
      'ChartInvalid',
      `chart requires kubeVersion: ${metadata.kubeVersion} which is incompatible with Kubernetes ${kubeVersion}`,
      place,
    );
}

interface SourceTemplate {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  /** What the dot is. */
  readonly scope: GoMap;
  readonly base: string;
}

const fullPath = (parent: string | undefined, { metadata }: Chart) =>
  parent === undefined ? metadata.name : `${parent}/charts/${metadata.name}`;

const isPartial = (name: string) => name.slice(name.lastIndexOf('/') + 1).startsWith('_');

/** Every template of the tree, with what it sees. Source: helm pkg/engine/engine.go recAllTpls (v3.17). */
function collectTemplates(root: Chart, values: GoMap, request: ChartRequest): SourceTemplate[] {
  const found: SourceTemplate[] = [];
  const release = releaseValues(request.release);
  const capabilities = capabilityValues(request.capabilities);
  const collect = (chart: Chart, own: GoMap, parent: string | undefined): GoMap => {
    const subcharts: GoMap = new Map();
    const scope: GoMap = new Map<string, Value>([
      ['Chart', chartValues(chart, parent === undefined)],
      ['Files', fileValues(new Map(chart.files.map(({ path, bytes }) => [path, bytes])))],
      ['Release', release],
      ['Capabilities', capabilities],
      ['Values', own],
      ['Subcharts', subcharts],
    ]);
    const full = fullPath(parent, chart);
    for (const subchart of chart.subcharts) {
      const { name } = subchart.metadata;
      const inner = own.get(name);
      subcharts.set(name, collect(subchart, isMap(inner) ? inner : new Map(), full));
    }
    for (const { path, bytes } of chart.templates) {
      if (chart.metadata.type === 'library' && !isPartial(path)) continue;
      found.push({
        name: `${full}/${path}`,
        path: chart.path === '' ? path : `${chart.path}/${path}`,
        source: textOf(bytes),
        scope,
        base: `${full}/templates`,
      });
    }
    return scope;
  };
  collect(root, values, undefined);
  return found;
}

/** Deep ones first, so that a chart can redefine what a chart in it defines. */
function byDepth(left: SourceTemplate, right: SourceTemplate): number {
  const depth = ({ name }: SourceTemplate) => name.split('/').length;
  return depth(right) - depth(left) || (left.name < right.name ? 1 : -1);
}

function definitions(chart: Chart, full: string): readonly RenderedFile[] {
  const own = chart.files
    .filter(({ path }) => path.startsWith('crds/') && /\.(ya?ml|json)$/i.test(path))
    .map(({ path, bytes }) => {
      const text = printable(textOf(bytes));
      const lines = text.split('\n').map((_, index) => index + 1);
      return { path: chart.path === '' ? path : `${chart.path}/${path}`, name: `${full}/${path}`, text, lines };
    });
  return [...own, ...chart.subcharts.flatMap((subchart) => definitions(subchart, fullPath(full, subchart)))];
}
