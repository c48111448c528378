/** The schemas of an OpenAPI v3 document, from the shapes. */
import {
  kindOfShape,
  type Shape,
  type ShapeField,
  type ShapeType,
  shapeNamed,
  type ValueType,
} from '../schema/shapes.ts';
import { COMMON_FIELDS, DESCRIPTIONS } from './descriptions.ts';

export type OpenApiSchema = { readonly [keyword: string]: unknown };

const REF = '#/components/schemas/';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Values that Kubernetes gives a name, so that `kubectl explain` can print it. */
const NAMED_VALUES = {
  time: [`${META}.Time`, { type: 'string', format: 'date-time' }],
  'micro-time': [`${META}.MicroTime`, { type: 'string', format: 'date-time' }],
  quantity: ['io.k8s.apimachinery.pkg.api.resource.Quantity', { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  'int-or-string': [
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  ],
} as const satisfies Partial<Record<ValueType, readonly [string, OpenApiSchema]>>;

const VALUES: Readonly<Record<Exclude<ValueType, keyof typeof NAMED_VALUES>, OpenApiSchema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  number: { type: 'number' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  object: { type: 'object' },
  any: {},
};

/** Where each package of shapes stands in Kubernetes' own naming. */
function prefixOf(packageName: string): string {
  switch (packageName) {
    case 'meta':
      return 'io.k8s.apimachinery.pkg.apis.meta';
    case 'apiextensions':
      return 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions';
    case 'apiregistration':
      return 'io.k8s.kube-aggregator.pkg.apis.apiregistration';
    case 'metrics':
      return 'io.k8s.metrics.pkg.apis.metrics';
    case 'argoproj':
      return 'io.argoproj';
    case 'plumbline':
      return 'dev.plumbline';
    default:
      return `io.k8s.api.${packageName}`;
  }
}

/** `core.v1.Pod` → `io.k8s.api.core.v1.Pod`. */
export function componentName(shape: string): string {
  const dot = shape.indexOf('.');
  return `${prefixOf(shape.slice(0, dot))}${shape.slice(dot)}`;
}

export function refTo(shape: string): OpenApiSchema {
  return refToComponent(componentName(shape));
}

export function refToComponent(name: string): OpenApiSchema {
  return { $ref: `${REF}${name}` };
}

/** The named shapes and all that they hold, by component name, sorted. */
export function componentsOf(roots: Iterable<string>): Record<string, OpenApiSchema> {
  const components = new Map<string, OpenApiSchema>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const component = componentName(name);
    if (components.has(component)) continue;
    components.set(component, shapeSchema(shapeNamed(name), { components, refer: (inner) => waiting.push(inner) }));
  }
  return Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Sink {
  readonly components: Map<string, OpenApiSchema>;
  refer(shape: string): void;
}

function shapeSchema(shape: Shape, sink: Sink): OpenApiSchema {
  const required = shape.fields.filter((field) => field.required).map((field) => field.name);
  const description = DESCRIPTIONS[shape.name];
  const properties = shape.fields.map((field) => [field.name, fieldSchema(shape, field, sink)]);
  return {
    ...(description === undefined ? {} : { description }),
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(shape.isAtomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(shape.keepsUnknown ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(shape.isKind ? { 'x-kubernetes-group-version-kind': [kindOfShape(shape.name)] } : {}),
  };
}

function fieldSchema(shape: Shape, field: ShapeField, sink: Sink): OpenApiSchema {
  const description =
    DESCRIPTIONS[`${shape.name}.${field.name}`] ?? (shape.isKind ? COMMON_FIELDS[field.name] : undefined);
  const extras = {
    ...(description === undefined ? {} : { description }),
    ...extensionsOf(field),
  };
  const schema = typeSchema(field.type, sink);
  // A reference has no siblings in OpenAPI 3.0: what is said besides wraps it.
  return '$ref' in schema && Object.keys(extras).length > 0 ? { allOf: [schema], ...extras } : { ...schema, ...extras };
}

function typeSchema(type: ShapeType, sink: Sink): OpenApiSchema {
  switch (type.is) {
    case 'list':
      return { type: 'array', items: typeSchema(type.items, sink) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.values, sink) };
    case 'shape':
      sink.refer(type.name);
      return refTo(type.name);
    case 'value':
      return valueSchema(type.value, sink);
  }
}

function valueSchema(value: ValueType, { components }: Sink): OpenApiSchema {
  if (!isNamedValue(value)) return VALUES[value];
  const [name, schema] = NAMED_VALUES[value];
  components.set(name, schema);
  return { $ref: `${REF}${name}` };
}

function isNamedValue(value: ValueType): value is keyof typeof NAMED_VALUES {
  return Object.hasOwn(NAMED_VALUES, value);
}

function extensionsOf({ type, modifiers }: ShapeField): OpenApiSchema {
  const keys = modifiers.get('by');
  const strategy = ['merge', 'replace', 'retainKeys'].filter((word) => modifiers.has(word)).join(',');
  const mergeKey = modifiers.get('merge');
  const isList = type.is === 'list';
  const listType = keys !== undefined ? 'map' : modifiers.has('set') ? 'set' : modifiers.has('atomic') ? 'atomic' : '';
  const mapType = modifiers.has('granular') ? 'granular' : modifiers.has('atomic') ? 'atomic' : '';
  const defaultValue = modifiers.get('default');
  return {
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    ...(modifiers.has('enum') ? { enum: modifiers.get('enum')?.split('|') } : {}),
    ...(isList && listType !== '' ? { 'x-kubernetes-list-type': listType } : {}),
    ...(keys === undefined ? {} : { 'x-kubernetes-list-map-keys': keys.split(',') }),
    ...(!isList && mapType !== '' ? { 'x-kubernetes-map-type': mapType } : {}),
    ...(strategy === '' ? {} : { 'x-kubernetes-patch-strategy': strategy }),
    ...(mergeKey ? { 'x-kubernetes-patch-merge-key': mergeKey } : {}),
  };
}
