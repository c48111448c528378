/**
 * JSON Schemas of the shapes, for ajv. Loaded by scripts/generate.mjs when the product is built, never when it runs.
 * Unknown fields pass (they are pruned before), and so do missing fields inside `status` and missing lists, as in Kubernetes,
 * whose decoder fills them with empty values.
 */
import { BASE64_PATTERN, INT32_MAX, INT32_MIN, INT64_LIMIT, QUANTITY_PATTERN, TIME_PATTERN } from './formats.ts';
import { type ShapeField, type ShapeType, shapeNamed, type ValueType } from './shapes.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Ends the name of a shape's variant for the inside of `status`. */
const LENIENT = '~status';

const VALUES: Readonly<Record<ValueType, JsonSchema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  int32: { type: 'integer', minimum: INT32_MIN, maximum: INT32_MAX },
  int64: { type: 'integer', minimum: -INT64_LIMIT, exclusiveMaximum: INT64_LIMIT },
  number: { type: 'number' },
  double: { type: 'number' },
  bytes: { type: 'string', pattern: BASE64_PATTERN },
  time: { type: 'string', pattern: TIME_PATTERN },
  'micro-time': { type: 'string', pattern: TIME_PATTERN },
  quantity: { type: ['string', 'number'], pattern: QUANTITY_PATTERN },
  'int-or-string': { type: ['integer', 'string'], minimum: INT32_MIN, maximum: INT32_MAX },
  object: { type: 'object' },
  any: {},
};

/** The schemas of the named shapes and of all they hold, each with its name as `$id`. */
export function jsonSchemasOf(roots: readonly string[]): readonly JsonSchema[] {
  const schemas = new Map<string, JsonSchema>();
  const waiting = [...roots];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (schemas.has(id)) continue;
    schemas.set(
      id,
      shapeSchema(id, (inner) => waiting.push(inner)),
    );
  }
  return [...schemas.values()];
}

function shapeSchema(id: string, refer: (id: string) => void): JsonSchema {
  const lenient = id.endsWith(LENIENT);
  const shape = shapeNamed(lenient ? id.slice(0, -LENIENT.length) : id);
  const required = lenient ? [] : shape.fields.filter(isRequired).map((field) => field.name);
  const schemaOfField = (field: ShapeField) => {
    const isStatus = shape.isKind && field.name === 'status';
    const schema = typeSchema(field.type, lenient || isStatus, refer);
    const choices = field.modifiers.get('enum');
    return choices === undefined ? schema : { ...schema, enum: choices.split('|') };
  };
  return {
    $id: id,
    type: 'object',
    properties: Object.fromEntries(shape.fields.map((field) => [field.name, schemaOfField(field)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

/** A missing list is an empty one: whether that will do is for the kind's own rules to say. */
export function isRequired(field: ShapeField): boolean {
  return field.required && field.type.is !== 'list';
}

function typeSchema(type: ShapeType, lenient: boolean, refer: (id: string) => void): JsonSchema {
  switch (type.is) {
    case 'value':
      return VALUES[type.value];
    case 'list':
      return { type: 'array', items: typeSchema(type.items, lenient, refer) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.values, lenient, refer) };
    case 'shape': {
      const id = lenient ? `${type.name}${LENIENT}` : type.name;
      refer(id);
      return { $ref: id };
    }
  }
}
