import { isRecord } from '#api';
import { parseVersion } from '#base';
import { RenderError, textOf } from '../template/index.ts';
import { readArchive } from './archive.ts';
import type { Chart, ChartFile, ChartMetadata, Dependency } from './chart.types.ts';
import { ignoreRules } from './ignore.ts';
import { type ChartBudget, chartLimits } from './limits.ts';
import { readRecord, readValues } from './yaml-file.ts';

/**
 * The chart that these files are, with the charts in its `charts/`. `path` is where they stand, for errors.
 * What they take comes out of `budget`. Throws `RenderError`. Source: helm pkg/chart/loader/load.go, pkg/chart/metadata.go (v3.17).
 */
export function loadChart(files: readonly ChartFile[], path: string, budget: ChartBudget): Chart {
  budget.take('files', files.length, path);
  for (const file of files) budget.take('bytes', file.bytes.length, path);
  return load(files, path, { budget, depth: 0, isArchive: false });
}

interface LoadState {
  readonly budget: ChartBudget;
  readonly depth: number;
  readonly isArchive: boolean;
}

const join = (folder: string, path: string) => (folder === '' ? path : `${folder}/${path}`);

function load(all: readonly ChartFile[], path: string, state: LoadState): Chart {
  state.budget.take('charts', 1, path);
  if (state.depth > chartLimits.depth) invalid(`charts nest deeper than ${chartLimits.depth}`, path);
  // An archive was packed without what is ignored.
  const ignoreFile = all.find((file) => file.path === '.helmignore');
  const ignored =
    state.isArchive || state.depth > 0
      ? () => false
      : ignoreRules(ignoreFile === undefined ? '' : textOf(ignoreFile.bytes), join(path, '.helmignore'));
  const files = all.filter((file) => !ignored(file.path));
  const find = (name: string) => files.find((file) => file.path === name);
  const chartFile = find('Chart.yaml');
  if (chartFile === undefined) return invalid('Chart.yaml file is missing', path);
  const record = readRecord(chartFile.bytes, join(path, 'Chart.yaml'));
  const requirements = find('requirements.yaml');
  const listed =
    requirements === undefined
      ? record
      : { ...record, ...readRecord(requirements.bytes, join(path, 'requirements.yaml')) };
  const metadata = readMetadata(listed, join(path, 'Chart.yaml'));
  const valuesFile = find('values.yaml');
  return {
    metadata,
    path,
    templates: files.filter((file) => file.path.startsWith('templates/')),
    files: files.filter((file) => isPlainFile(file.path, metadata.apiVersion)),
    values: valuesFile === undefined ? new Map() : readValues(valuesFile.bytes, join(path, 'values.yaml')),
    schema: find('values.schema.json'),
    subcharts: loadSubcharts(files, path, state),
  };
}

const OWN_FILES = new Set(['Chart.yaml', 'Chart.lock', 'values.yaml', 'values.schema.json']);
const OLD_FILES = new Set(['requirements.yaml', 'requirements.lock']);

/** What `.Files` holds: all but templates, charts, and the files that Helm reads itself. */
function isPlainFile(path: string, apiVersion: string): boolean {
  if (path.startsWith('charts/')) return path.endsWith('.prov');
  if (OLD_FILES.has(path)) return apiVersion === 'v1';
  return !path.startsWith('templates/') && !OWN_FILES.has(path);
}

function loadSubcharts(files: readonly ChartFile[], path: string, state: LoadState): readonly Chart[] {
  const groups = new Map<string, ChartFile[]>();
  for (const file of files) {
    if (!file.path.startsWith('charts/') || file.path.endsWith('.prov')) continue;
    const inside = file.path.slice('charts/'.length);
    const [name = ''] = inside.split('/', 1);
    if (name.startsWith('_') || name.startsWith('.')) continue;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push({ path: inside, bytes: file.bytes });
  }
  const charts: Chart[] = [];
  for (const [name, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const place = join(path, `charts/${name}`);
    const [first] = group;
    if (name.endsWith('.tgz') && first !== undefined) {
      const packed = readArchive(first.bytes, place, state.budget);
      charts.push(load(packed, place, { ...state, depth: state.depth + 1, isArchive: true }));
      continue;
    }
    // A file that lies in charts/ itself is no chart.
    const inner = group
      .filter((file) => file.path !== name)
      .map((file) => ({ ...file, path: file.path.slice(name.length + 1) }));
    if (inner.length > 0) charts.push(load(inner, place, { ...state, depth: state.depth + 1 }));
  }
  return charts;
}

function invalid(message: string, path: string, line = 0): never {
  throw new RenderError('ChartInvalid', message, { path, line, column: 0 });
}

function readMetadata(record: Readonly<Record<string, unknown>>, path: string): ChartMetadata {
  const text = (field: string): string => {
    const value = record[field];
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string') return invalid(`${field} must be a text: put it in quotes`, path, 1);
    return value;
  };
  const metadata = {
    name: text('name'),
    version: text('version'),
    apiVersion: text('apiVersion') || 'v1',
    type: text('type'),
    kubeVersion: text('kubeVersion'),
    dependencies: readDependencies(record['dependencies'], path),
    all: { ...record, appVersion: text('appVersion'), description: text('description') },
  };
  if (metadata.name === '') invalid('chart.metadata.name is required', path, 1);
  if (metadata.name.includes('/') || metadata.name === '.' || metadata.name === '..')
    invalid(`chart.metadata.name ${JSON.stringify(metadata.name)} is invalid`, path, 1);
  if (metadata.version === '') invalid('chart.metadata.version is required', path, 1);
  if (parseVersion(metadata.version) === undefined)
    invalid(`chart.metadata.version ${JSON.stringify(metadata.version)} is invalid`, path, 1);
  if (!['', 'application', 'library'].includes(metadata.type))
    invalid('chart.metadata.type must be application or library', path, 1);
  return metadata;
}

function readDependencies(value: unknown, path: string): readonly Dependency[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return invalid('dependencies must be a list', path, 1);
  const seen = new Set<string>();
  return value.map((item: unknown) => {
    if (!isRecord(item)) return invalid('dependencies must not contain empty or null nodes', path, 1);
    const text = (field: string): string => {
      const found = item[field] ?? '';
      return typeof found === 'string'
        ? found
        : invalid(`dependencies: ${field} must be a text: put it in quotes`, path, 1);
    };
    const list = (field: string): readonly unknown[] => {
      const found = item[field] ?? [];
      return Array.isArray(found) ? found : invalid(`dependencies: ${field} must be a list`, path, 1);
    };
    const [name, alias] = [text('name'), text('alias')];
    if (alias !== '' && !/^[a-zA-Z0-9_-]+$/.test(alias))
      invalid(`dependency "${name}" has disallowed characters in the alias`, path, 1);
    const key = alias === '' ? name : alias;
    if (seen.has(key)) invalid(`more than one dependency with name or alias "${key}"`, path, 1);
    seen.add(key);
    return {
      name,
      version: text('version'),
      condition: text('condition'),
      tags: list('tags').map(String),
      importValues: list('import-values'),
      alias,
      enabled: true,
    };
  });
}
