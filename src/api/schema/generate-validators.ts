/** What scripts/generate.mjs needs: the shapes whose validators are compiled, and their JSON Schemas. Build time only. */
import { RESOURCES } from '../kinds/resources.ts';
import { type JsonSchema, jsonSchemasOf } from './json-schema.ts';
import { shapeNameOfKind } from './shapes.ts';

/** Bodies that are no resources of their own. */
const OTHER_ROOTS = ['autoscaling.v1.Scale', 'core.v1.Binding', 'meta.v1.DeleteOptions', 'policy.v1.Eviction'];

export function validatorRoots(): readonly string[] {
  const served = RESOURCES.map(({ group, version, kind }) => {
    const name = shapeNameOfKind(group, version, kind);
    if (name === undefined) throw new Error(`${kind} is served but has no shape`);
    return name;
  });
  return [...served, ...OTHER_ROOTS].sort();
}

export function validatorSchemas(): readonly JsonSchema[] {
  return jsonSchemasOf(validatorRoots());
}
