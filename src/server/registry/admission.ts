/** Everything between the bytes a client sent and an object that may be stored, but for who owns its fields. */
import {
  apiVersionOf,
  defaultObject,
  type FieldIssue,
  type KubeObject,
  pruneUnknown,
  type StoredObject,
  schemaOf,
  structureIssues,
} from '#api';
import type { ResourceRow, WriteRequest } from './api.ts';
import { badRequest, invalid } from './errors.ts';
import { addedFinalizers } from './metadata.plan.ts';

export interface Decoded {
  readonly object: KubeObject;
  /** For people: what was dropped. */
  readonly warnings: readonly string[];
}

interface Strictness extends Pick<WriteRequest, 'fieldValidation'> {
  readonly duplicateFields?: readonly string[];
}

/**
 * The object as its kind knows it, with defaults. Unknown and doubled fields are refused, told or let pass, as the
 * caller asked. Throws `BadRequest` when it is another kind altogether.
 */
export function decode(row: ResourceRow, sent: KubeObject, strictness: Strictness): Decoded {
  assertKind(row, sent);
  const { group, version, kind } = row.type;
  const schema = schemaOf(group, version, kind);
  const typed: KubeObject = { ...sent, apiVersion: apiVersionOf(row.type), kind, metadata: { ...sent.metadata } };
  const { object, unknown } = schema === undefined ? { object: typed, unknown: [] } : pruneUnknown(schema, typed);
  const warnings = problemsOf(row, unknown, strictness);
  return { object: defaultObject(row.type, object), warnings };
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

/** Throws `Invalid` with every cause. Without `old` it is a create. */
export function validate(row: ResourceRow, object: KubeObject, old?: StoredObject): void {
  const issues: FieldIssue[] = [...structureIssues(row.type, object)];
  if (old !== undefined) issues.push(...finalizerIssues(object, old));
  if (issues.length > 0) throw invalid(row.type, object.metadata.name ?? object.metadata.generateName ?? '', issues);
}

function finalizerIssues(object: KubeObject, old: StoredObject): FieldIssue[] {
  const added = addedFinalizers(object, old);
  if (added.length === 0) return [];
  const list = added.map((each) => `"${each}"`).join(', ');
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers [${list}]`;
  return [{ reason: 'FieldValueForbidden', path: 'metadata.finalizers', message }];
}

function assertKind(row: ResourceRow, sent: KubeObject): void {
  const apiVersion = apiVersionOf(row.type);
  const { kind } = row.type;
  if (sent.apiVersion && sent.apiVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${sent.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (sent.kind && sent.kind !== kind)
    throw badRequest(`the kind in the data (${sent.kind}) does not match the expected kind (${kind})`);
  if (typeof (sent.metadata ?? {}) !== 'object') throw badRequest('metadata must be an object');
}
