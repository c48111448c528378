import type { Schema } from '../schema/schema.ts';
import { schemaOfShape } from '../schema/schema-of.ts';
import type { StructuralSchema } from './structural-schema.ts';

const TEXT: Schema = { type: 'string' };

/** The schema of a custom kind for those who merge, apply and compare its objects. */
export function mergeSchemaOf(root: StructuralSchema): Schema {
  return convert({ ...root, type: 'object', embedded: true });
}

function convert(schema: StructuralSchema): Schema {
  const { type, intOrString, listType, listMapKeys, mapType } = schema;
  const extras = {
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(mapType === undefined ? {} : { mapType }),
  };
  if (intOrString) return { type: 'int-or-string', ...extras };
  if (type === 'array') {
    return {
      type: 'array',
      ...(schema.items === undefined ? {} : { items: convert(schema.items) }),
      ...(listType === undefined ? {} : { listType }),
      ...(listType === 'map' ? { listMapKeys } : {}),
      ...extras,
    };
  }
  if (type === 'object' || (type === undefined && schema.properties.size > 0)) {
    if (schema.additional !== undefined) return { type: 'map', values: convert(schema.additional), ...extras };
    return {
      type: 'object',
      properties: propertiesOf(schema),
      ...(schema.preserveUnknown ? { preserveUnknown: true } : {}),
      ...extras,
    };
  }
  return type === undefined ? { type: 'any', ...extras } : { type, ...extras };
}

/** Without a prototype: a field named `constructor` is unknown, not Object's. */
function propertiesOf({ properties, embedded }: StructuralSchema): Readonly<Record<string, Schema>> {
  const converted: Record<string, Schema> = Object.create(null);
  for (const [name, property] of properties) converted[name] = convert(property);
  if (!embedded) return converted;
  converted['apiVersion'] = TEXT;
  converted['kind'] = TEXT;
  converted['metadata'] = schemaOfShape('meta.v1.ObjectMeta');
  return converted;
}
