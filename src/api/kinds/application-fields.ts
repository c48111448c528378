import { isJsonObject } from '../schema/json.ts';
import { keptUnknownFields } from '../schema/prune.ts';
import { schemaOf } from '../schema/schema-of.ts';

/**
 * Paths of the fields of an Application that Argo CD may know and we do not support, such as `spec.source.helm`: they are
 * kept as they are and must be named in a warning. Status is left out: nobody asks for anything there.
 */
export function unsupportedApplicationFields(application: unknown): readonly string[] {
  const schema = schemaOf('argoproj.io', 'v1alpha1', 'Application');
  if (schema === undefined || !isJsonObject(application)) return [];
  const { spec, operation } = application;
  return keptUnknownFields(schema, { spec, operation });
}
