import { Ajv, type ErrorObject } from 'ajv';

/** Mistakes that are told of one chart. */
const MAX_ISSUES = 10;

/** A `SchemaValidator`. */
export function validateBySchema(schema: Readonly<Record<string, unknown>>, value: unknown): readonly string[] {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, validateSchema: false, logger: false });
  const validate = ajv.compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, MAX_ISSUES).map(formatIssue);
}

function formatIssue({ instancePath, message = '', params }: ErrorObject): string {
  const field = instancePath === '' ? '(root)' : instancePath.slice(1).replaceAll('/', '.');
  const extra: unknown = params['additionalProperty'] ?? params['allowedValues'];
  const told = extra === undefined ? '' : ` (${Array.isArray(extra) ? extra.join(', ') : String(extra)})`;
  return `${field}: ${message}${told}`;
}
