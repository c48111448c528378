import { isRecord } from '#api';
import { parseConstraint, parseVersion } from '#base';
import { copyMap, type GoMap, isMap, RenderError, weigh } from '../template/index.ts';
import type { Chart, Dependency } from './chart.types.ts';
import type { ChartBudget } from './limits.ts';
import { coalesceTables, coalesceValues, tableAt, valueAt } from './values.ts';

export type Warn = (message: string, path: string) => void;

/**
 * Chooses the subcharts that are wanted, under their aliases, and takes from them what their parents import. Changes the
 * chart that it is given; copies for aliases come out of `budget`. Source: helm pkg/chartutil/dependencies.go ProcessDependenciesWithMerge (v3.17).
 */
export function processDependencies(chart: Chart, given: GoMap, budget: ChartBudget, warn: Warn): void {
  checkPresence(chart);
  chooseSubcharts(chart, given, '', { budget, warn });
  importValues(chart, warn);
}

/** Nothing is fetched here: what Chart.yaml lists must lie in charts/. */
function checkPresence(chart: Chart): void {
  const present = new Set(chart.subcharts.map(({ metadata }) => metadata.name));
  const missing = chart.metadata.dependencies.filter(({ name }) => !present.has(name)).map(({ name }) => name);
  if (missing.length > 0)
    throw new RenderError(
      'ChartInvalid',
      `found in Chart.yaml, but missing in charts/ directory: ${missing.join(', ')} (dependencies are not fetched: run helm dependency build, and commit charts/)`,
      { path: `${chart.path === '' ? '' : `${chart.path}/`}Chart.yaml`, line: 1, column: 1 },
    );
}

function isCompatible(range: string, version: string): boolean {
  const parsed = parseVersion(version);
  return parsed !== undefined && parseConstraint(range === '' ? '*' : range)?.(parsed) === true;
}

interface Choosing {
  readonly budget: ChartBudget;
  readonly warn: Warn;
}

function chooseSubcharts(chart: Chart, given: GoMap, path: string, choosing: Choosing): void {
  const { budget, warn } = choosing;
  const { dependencies } = chart.metadata;
  if (dependencies.length > 0) {
    const listed = ({ metadata }: Chart) =>
      dependencies.some(({ name, version }) => name === metadata.name && isCompatible(version, metadata.version));
    const chosen = chart.subcharts.filter((subchart) => !listed(subchart));
    const wanted = dependencies.map((dependency) => [dependency, findChart(chart.subcharts, dependency)] as const);
    const taken = new Set<Chart>();
    for (const [dependency, found] of wanted) {
      if (dependency.alias !== '') dependency.name = dependency.alias;
      if (found === undefined) continue;
      // One chart may be wanted again, under another name.
      const own = taken.has(found) ? copyChart(found, budget) : found;
      taken.add(found);
      own.metadata = { ...own.metadata, name: dependency.name };
      chosen.push(own);
    }
    chart.subcharts = chosen;
  }
  const values = coalesceValues(chart, given);
  applyTags(dependencies, values, warn, chart.path);
  applyConditions(dependencies, values, path, warn, chart.path);
  const disabled = new Set(dependencies.filter(({ enabled }) => !enabled).map(({ name }) => name));
  chart.subcharts = chart.subcharts.filter(({ metadata }) => !disabled.has(metadata.name));
  chart.metadata = { ...chart.metadata, dependencies: dependencies.filter(({ name }) => !disabled.has(name)) };
  for (const subchart of chart.subcharts) {
    if (subchart.metadata.dependencies.length > 0) checkPresence(subchart);
    chooseSubcharts(subchart, values, `${path}${subchart.metadata.name}.`, choosing);
  }
}

function findChart(charts: readonly Chart[], { name, version }: Dependency): Chart | undefined {
  return charts.find(({ metadata }) => metadata.name === name && isCompatible(version, metadata.version));
}

function copyChart(chart: Chart, budget: ChartBudget): Chart {
  budget.take('charts', 1, chart.path);
  weigh(chart.values, (count) => budget.take('values', count, chart.path));
  const dependencies = chart.metadata.dependencies.map((dependency) => ({ ...dependency }));
  return {
    ...chart,
    metadata: { ...chart.metadata, dependencies },
    values: copyMap(chart.values),
    subcharts: chart.subcharts.map((subchart) => copyChart(subchart, budget)),
  };
}

function applyTags(dependencies: readonly Dependency[], values: GoMap, warn: Warn, at: string): void {
  const tags = values.get('tags');
  if (!isMap(tags)) return;
  for (const dependency of dependencies) {
    const said = dependency.tags.filter((tag) => tags.has(tag)).map((tag) => tags.get(tag));
    if (said.some((value) => typeof value !== 'boolean'))
      warn(`a tag of the dependency ${dependency.name} has a value that is neither true nor false`, at);
    dependency.enabled = said.includes(true) || !said.includes(false);
  }
}

/** The first path that leads to true or false decides, over tags. */
function applyConditions(
  dependencies: readonly Dependency[],
  values: GoMap,
  path: string,
  warn: Warn,
  at: string,
): void {
  for (const dependency of dependencies) {
    for (const condition of dependency.condition.trim().split(',')) {
      const value = condition === '' ? undefined : valueAt(values, path + condition);
      if (value === undefined) continue;
      if (typeof value === 'boolean') {
        dependency.enabled = value;
        break;
      }
      warn(`the condition ${condition} of the dependency ${dependency.name} is neither true nor false`, at);
    }
  }
}

function importValues(chart: Chart, warn: Warn): void {
  for (const subchart of chart.subcharts) importValues(subchart, warn);
  const { dependencies } = chart.metadata;
  if (dependencies.length === 0) return;
  const values = coalesceValues(chart, new Map(), true);
  const imported: GoMap = new Map();
  for (const { name, importValues: wanted } of dependencies) {
    for (const item of wanted) {
      const [child, parent] = readImport(item, chart.path);
      const table = tableAt(values, `${name}.${child}`);
      if (table === undefined) warn(`import-values: the chart ${name} has no map ${child}`, chart.path);
      else coalesceTables(imported, parent === '.' ? table : nested(parent, table), true);
    }
  }
  chart.values = coalesceTables(copyMap(values), imported, true);
}

function readImport(item: unknown, path: string): readonly [string, string] {
  if (typeof item === 'string') return [`exports.${item}`, '.'];
  if (isRecord(item) && typeof item['child'] === 'string' && typeof item['parent'] === 'string')
    return [item['child'], item['parent']];
  throw new RenderError('ChartInvalid', 'import-values: an entry is a name, or has child and parent', {
    path: `${path}/Chart.yaml`,
    line: 1,
    column: 1,
  });
}

function nested(path: string, table: GoMap): GoMap {
  return path.split('.').reduceRight<GoMap>((inner, key) => new Map([[key, inner]]), table);
}
