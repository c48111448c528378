import { isRecord } from '#api';
import { type GoMap, RenderError, textOf } from '../template/index.ts';
import type { Chart } from './chart.types.ts';
import { goJson } from './go-json.ts';

/**
 * What of the value breaks the schema. Nothing that a schema refers to is fetched. Throws when the schema is none, or asks
 * for more than the stack holds.
 */
export type SchemaValidator = (schema: Readonly<Record<string, unknown>>, value: unknown) => readonly string[];

/** The validator takes longer to load than all else here, and few commands need it. */
export async function loadSchemaValidator(): Promise<SchemaValidator> {
  const { validateBySchema } = await import('./schema-validator.ts');
  return validateBySchema;
}

/** Holds the values to the `values.schema.json` of the chart and of each chart in it. Throws `ValuesInvalid`, which names the fields. */
export function checkSchemas(chart: Chart, values: GoMap, validate: SchemaValidator): void {
  const problems = problemsOf(chart, values, chart.metadata.name, validate);
  if (problems.length === 0) return;
  throw new RenderError(
    'ValuesInvalid',
    `values don't meet the specifications of the schema(s) in the following chart(s): ${problems.join('; ')}`,
    { path: schemaPath(chart), line: 1, column: 1 },
  );
}

const schemaPath = ({ path }: Chart) => `${path === '' ? '' : `${path}/`}values.schema.json`;

function problemsOf(chart: Chart, values: GoMap, name: string, validate: SchemaValidator): readonly string[] {
  const own = chart.schema === undefined ? [] : issuesOf(chart, textOf(chart.schema.bytes), values, validate);
  const below = chart.subcharts.flatMap((subchart) => {
    const inner = values.get(subchart.metadata.name);
    return inner instanceof Map ? problemsOf(subchart, inner, subchart.metadata.name, validate) : [];
  });
  return [...own.map((issue) => `${name}: ${issue}`), ...below];
}

function issuesOf(chart: Chart, text: string, values: GoMap, validate: SchemaValidator): readonly string[] {
  const invalid = (message: string): never => {
    throw new RenderError('ChartInvalid', message, { path: schemaPath(chart), line: 1, column: 1 });
  };
  const plain: unknown = JSON.parse(goJson(values));
  try {
    const schema: unknown = JSON.parse(text);
    if (!isRecord(schema) && typeof schema !== 'boolean') return invalid('a schema is a map');
    // Which draft it says it is does not matter: what the drafts share is what is understood.
    const { $schema: _, $id: __, id: ___, ...rules } = isRecord(schema) ? schema : { not: schema ? { not: {} } : {} };
    return validate(rules, plain);
  } catch (error) {
    if (error instanceof RenderError) throw error;
    // JSON that is none, a reference that leads nowhere, or one that leads round and round.
    return invalid(error instanceof Error ? error.message : String(error));
  }
}
