import { cloneJson } from '#base';
import { isJsonObject, type JsonObject, setField } from '../schema/json.ts';
import type { Schema } from '../schema/schema.ts';
import { formatQuantity, parseQuantity } from '../values/quantity.ts';

const NANOS_PER_MILLI = 1_000_000n;

/**
 * A copy in which equal values have equal text: quantities in canonical form (those of resource lists rounded up to
 * thousandths), base64 without line breaks. What is not what it should be stays as it is.
 * Source: kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_ResourceList (v1.32).
 */
export function canonicalCopy(schema: Schema, value: unknown): unknown {
  if (schema.type === 'object' && isJsonObject(value)) {
    return mapFields(value, (inner, name) => {
      const property = schema.properties?.[name];
      return property === undefined ? cloneJson(inner) : canonicalCopy(property, inner);
    });
  }
  if (schema.type === 'map' && isJsonObject(value)) {
    const { values } = schema;
    if (values === undefined) return cloneJson(value);
    const isResourceList = values.type === 'quantity';
    return mapFields(value, (inner) => (isResourceList ? canonicalAmount(inner) : canonicalCopy(values, inner)));
  }
  if (schema.type === 'array' && Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? cloneJson(value) : value.map((inner) => canonicalCopy(items, inner));
  }
  if (schema.type === 'quantity' && isQuantityText(value)) {
    const quantity = parseQuantity(value);
    return quantity === undefined ? value : formatQuantity(quantity);
  }
  if (schema.format === 'byte' && typeof value === 'string') return value.replaceAll(/[\r\n]/g, '');
  return cloneJson(value);
}

function canonicalAmount(value: unknown): unknown {
  if (!isQuantityText(value)) return cloneJson(value);
  const quantity = parseQuantity(value);
  if (quantity === undefined) return value;
  const { nanos, format } = quantity;
  const rest = nanos % NANOS_PER_MILLI;
  if (rest === 0n) return formatQuantity(quantity);
  const rounded = nanos - rest + (nanos > 0n ? NANOS_PER_MILLI : -NANOS_PER_MILLI);
  return formatQuantity({ nanos: rounded, format });
}

function isQuantityText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function mapFields(object: JsonObject, change: (value: unknown, name: string) => unknown): JsonObject {
  const copy: JsonObject = {};
  for (const name of Object.keys(object)) setField(copy, name, change(object[name], name));
  return copy;
}
