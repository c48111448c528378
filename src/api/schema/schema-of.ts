import type { Schema } from './schema.ts';
import { type Shape, type ShapeField, type ShapeType, shapeNamed, shapeNameOfKind, type ValueType } from './shapes.ts';

/**
 * The schema of a kind; undefined when its shape is not known. Built as far as it is read, once, and shared: reading
 * twice gives the same schema, and shapes that hold themselves cost nothing.
 */
export function schemaOf(group: string, version: string, kind: string): Schema | undefined {
  const name = shapeNameOfKind(group, version, kind);
  return name === undefined ? undefined : schemaOfShape(name);
}

/** The schema of a shape of the tables, such as `meta.v1.DeleteOptions`. Throws when there is no such shape. */
export function schemaOfShape(name: string): Schema {
  const known = schemas.get(name);
  if (known !== undefined) return known;
  const schema = objectSchema(shapeNamed(name), {});
  schemas.set(name, schema);
  return schema;
}

const schemas = new Map<string, Schema>();
const propertiesOfShapes = new Map<Shape, Readonly<Record<string, Schema>>>();

const VALUE_SCHEMAS: Readonly<Record<ValueType, Schema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  number: { type: 'number' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  'micro-time': { type: 'string', format: 'date-time' },
  quantity: { type: 'quantity' },
  'int-or-string': { type: 'int-or-string' },
  object: { type: 'map', values: { type: 'any' } },
  any: { type: 'any' },
};

/** What the modifiers of a field say, as parts of its schema. */
type Extras = Omit<Schema, 'type' | 'properties' | 'items' | 'values'>;

function objectSchema(shape: Shape, extras: Extras): Schema {
  const required = shape.fields.filter((field) => field.required).map((field) => field.name);
  return {
    type: 'object',
    get properties() {
      return propertiesOf(shape);
    },
    ...(required.length === 0 ? {} : { required }),
    ...(shape.isAtomic ? { mapType: 'atomic' as const } : {}),
    ...(shape.keepsUnknown ? { preserveUnknown: true } : {}),
    ...extras,
  };
}

/** Without a prototype: a field named `constructor` or `__proto__` is unknown, not Object's. */
function propertiesOf(shape: Shape): Readonly<Record<string, Schema>> {
  const known = propertiesOfShapes.get(shape);
  if (known !== undefined) return known;
  const properties: Record<string, Schema> = Object.create(null);
  for (const field of shape.fields) properties[field.name] = fieldSchema(field);
  propertiesOfShapes.set(shape, properties);
  return properties;
}

function fieldSchema({ type, modifiers }: ShapeField): Schema {
  const extras = extrasOf(type, modifiers);
  if (Object.keys(extras).length === 0) return schemaOfType(type);
  // A getter must not be spread: it would be read now, for ever for a shape that holds itself.
  return type.is === 'shape' ? objectSchema(shapeNamed(type.name), extras) : { ...schemaOfType(type), ...extras };
}

function schemaOfType(type: ShapeType): Schema {
  switch (type.is) {
    case 'value':
      return VALUE_SCHEMAS[type.value];
    case 'shape':
      return schemaOfShape(type.name);
    case 'list':
      return { type: 'array', items: schemaOfType(type.items) };
    case 'map':
      return { type: 'map', values: schemaOfType(type.values) };
  }
}

function extrasOf(type: ShapeType, modifiers: ReadonlyMap<string, string>): Extras {
  const keys = modifiers.get('by');
  const mergeKey = modifiers.get('merge');
  const patchStrategy = (['merge', 'replace', 'retainKeys'] as const).filter((word) => modifiers.has(word));
  const defaultValue = modifiers.get('default');
  const choices = modifiers.get('enum');
  return {
    ...(keys === undefined ? {} : { listType: 'map', listMapKeys: keys.split(',') }),
    ...(modifiers.has('set') ? { listType: 'set' } : {}),
    ...(modifiers.has('atomic') && type.is === 'list' ? { listType: 'atomic' } : {}),
    ...(modifiers.has('atomic') && type.is !== 'list' ? { mapType: 'atomic' } : {}),
    ...(modifiers.has('granular') ? { mapType: 'granular' } : {}),
    ...(patchStrategy.length === 0 ? {} : { patchStrategy }),
    ...(mergeKey ? { patchMergeKey: mergeKey } : {}),
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    ...(choices === undefined ? {} : { enum: choices.split('|') }),
  };
}
