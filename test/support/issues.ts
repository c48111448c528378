/** Objects as a person writes them, judged as the API server judges them: with defaults, named, in a namespace. */
import { apiVersionOf, defaultObject, isRecord, type ResourceType, validateObject, validateUpdate } from '#api';

type Fields = Readonly<Record<string, unknown>>;

/** A whole object of the kind, with its defaults: `fields` and a name, and a namespace where the kind has one. */
export function objectOf(resource: ResourceType, fields: Fields): Record<string, unknown> {
  const { metadata } = fields;
  const names = { name: 'web', ...(resource.namespaced ? { namespace: 'site' } : {}) };
  return defaultObject(resource, {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    ...fields,
    metadata: { ...names, ...(isRecord(metadata) ? metadata : {}) },
  });
}

/** What is wrong with a new object: `path: message`. */
export function issuesOf(resource: ResourceType, fields: Fields): string[] {
  return textsOf(validateObject(resource, objectOf(resource, fields)));
}

/** What is wrong with changing one object to another. */
export function updateIssuesOf(resource: ResourceType, before: Fields, after: Fields): string[] {
  return textsOf(validateUpdate(resource, objectOf(resource, after), objectOf(resource, before)));
}

function textsOf(issues: ReturnType<typeof validateObject>): string[] {
  return issues.map(({ path, message }) => `${path}: ${message}`);
}
