/** Everything between the object a client sent and one that may be stored, but for who owns its fields. */
import { apiVersionOf, type KubeObject, type StoredObject } from '#api';
import type { ResourceRow, WriteRequest } from './api.ts';
import { badRequest, invalid } from './errors.ts';
import { modelOf } from './models.ts';
import { storedRow, toStored } from './versions.ts';

export interface Decoded {
  readonly object: KubeObject;
  /** For people: what was dropped. */
  readonly warnings: readonly string[];
}

interface Strictness extends Pick<WriteRequest, 'fieldValidation'> {
  /** Keys that stood twice in the body. */
  readonly duplicateFields?: readonly string[];
}

/**
 * The object as its kind knows it, in the version in which it is stored, with defaults. Unknown and doubled fields are refused, told or let pass, as the
 * caller asked. Throws `BadRequest` when it is another kind altogether. Never changes its argument.
 */
export function decode(row: ResourceRow, sent: KubeObject, strictness: Strictness): Decoded {
  const { object, warnings } = decodeAsSent(row, sent, strictness);
  return { object: modelOf(storedRow(row)).withDefaults(object), warnings };
}

/** The same without defaults: for what is not a whole object yet. */
export function decodeAsSent(row: ResourceRow, sent: KubeObject, strictness: Strictness): Decoded {
  assertKind(row, sent);
  const typed = { ...sent, apiVersion: apiVersionOf(row.type), kind: row.type.kind, metadata: sent.metadata ?? {} };
  const { object, unknown } = modelOf(row).prune(typed);
  const warnings = problemsOf(row, unknown, strictness);
  if (row.version === undefined) return { object, warnings };
  validateTypes(row, object);
  return { object: toStored(row, object), warnings };
}

/** Throws `BadRequest` under `Strict`, answers what to warn of under `Warn`, and nothing under `Ignore`. */
function problemsOf(row: ResourceRow, unknown: readonly string[], strictness: Strictness): readonly string[] {
  const { fieldValidation = 'Warn', duplicateFields = [] } = strictness;
  const problems = [
    ...unknown.map((path) => `unknown field "${path}"`),
    ...duplicateFields.map((path) => `duplicate field "${path}"`),
  ];
  if (problems.length === 0 || fieldValidation === 'Ignore') return [];
  if (fieldValidation === 'Warn') return problems;
  const { kind, version } = row.type;
  const said = `strict decoding error: ${problems.join(', ')}`;
  throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${said}`);
}

/** Throws `Invalid` when something has a wrong type, so that what comes next can trust the types. */
export function validateTypes(row: ResourceRow, object: KubeObject): void {
  const issues = modelOf(row).typeIssues(object);
  // What is only missing may still be filled in.
  if (issues.some(({ reason }) => reason !== 'FieldValueRequired')) throw invalid(row.type, nameOf(object), issues);
}

/**
 * Throws `Invalid` with every cause. Without `old` only the object itself is looked at, not how it came to be. `asked` is
 * the row in whose version the writer speaks, when it has rules of its own.
 */
export function validate(row: ResourceRow, object: KubeObject, old?: StoredObject, asked = row): void {
  const model = modelOf(row);
  const general = old === undefined ? model.issues(object) : model.updateIssues(object, old);
  const issues = [...general, ...(asked.version?.issues?.(object, old) ?? [])];
  if (issues.length > 0) throw invalid(row.type, nameOf(object), issues);
}

function nameOf({ metadata: { name, generateName } }: KubeObject): string {
  return String(name ?? generateName ?? '');
}

function assertKind({ type }: ResourceRow, { apiVersion, kind, metadata }: KubeObject): void {
  const expected = apiVersionOf(type);
  if (apiVersion && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind && kind !== type.kind)
    throw badRequest(`the kind in the data (${kind}) does not match the expected kind (${type.kind})`);
  if (typeof (metadata ?? {}) !== 'object' || Array.isArray(metadata)) throw badRequest('metadata must be an object');
}
