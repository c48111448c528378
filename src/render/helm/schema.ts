import { Ajv, type ErrorObject } from 'ajv';
import { isRecord } from '#api';
import { type GoMap, RenderError, textOf } from '../template/index.ts';
import type { Chart } from './chart.types.ts';
import { goJson } from './go-json.ts';

/** Mistakes that are told of one chart. */
const MAX_ISSUES = 10;

/**
 * Holds the values to the `values.schema.json` of the chart and of each chart in it. Throws `ValuesInvalid`, which names
 * the fields. Nothing that a schema refers to is fetched.
 */
export function checkSchemas(chart: Chart, values: GoMap): void {
  const problems = problemsOf(chart, values, chart.metadata.name);
  if (problems.length === 0) return;
  throw new RenderError(
    'ValuesInvalid',
    `values don't meet the specifications of the schema(s) in the following chart(s): ${problems.join('; ')}`,
    { path: `${chart.path === '' ? '' : `${chart.path}/`}values.schema.json`, line: 1, column: 1 },
  );
}

function problemsOf(chart: Chart, values: GoMap, name: string): readonly string[] {
  const own = chart.schema === undefined ? [] : issuesOf(chart, textOf(chart.schema.bytes), values);
  const below = chart.subcharts.flatMap((subchart) => {
    const inner = values.get(subchart.metadata.name);
    return inner instanceof Map ? problemsOf(subchart, inner, subchart.metadata.name) : [];
  });
  return [...own.map((issue) => `${name}: ${issue}`), ...below];
}

function issuesOf(chart: Chart, text: string, values: GoMap): readonly string[] {
  const invalid = (message: string): never => {
    throw new RenderError('ChartInvalid', message, { path: `${chart.path}/values.schema.json`, line: 1, column: 1 });
  };
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return invalid(error.message);
    throw error;
  }
  if (!isRecord(schema) && typeof schema !== 'boolean') return invalid('a schema is a map');
  // Which draft it says it is does not matter: what the drafts share is what is understood.
  const { $schema: _, $id: __, id: ___, ...rules } = isRecord(schema) ? schema : { not: schema ? { not: {} } : {} };
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, validateSchema: false, logger: false });
  let validate: ReturnType<Ajv['compile']>;
  try {
    validate = ajv.compile(rules);
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
  if (validate(JSON.parse(goJson(values)))) return [];
  return (validate.errors ?? []).slice(0, MAX_ISSUES).map(formatIssue);
}

function formatIssue({ instancePath, message = '', params }: ErrorObject): string {
  const field = instancePath === '' ? '(root)' : instancePath.slice(1).replaceAll('/', '.');
  const extra: unknown = params['additionalProperty'] ?? params['allowedValues'];
  const told = extra === undefined ? '' : ` (${Array.isArray(extra) ? extra.join(', ') : String(extra)})`;
  return `${field}: ${message}${told}`;
}
