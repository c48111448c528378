#!/usr/bin/env node
// Compiles facts about the Kubernetes API (types, required fields, merge and list keys; no prose) into
// src/api/schema/kubernetes.shapes.ts, whose notation is told in src/api/schema/shapes.ts.
//
//   node scripts/compile-shapes.mjs <shapes.json>
//
// <shapes.json> is `{"definitions": {…}}` in the form of Kubernetes' api/openapi-spec/swagger.json. Needed only to move
// to another Kubernetes version: the result is committed.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OUT = fileURLToPath(new URL('../src/api/schema/kubernetes.shapes.ts', import.meta.url));

/** Definitions that are values, not structs: what their facts cannot say. */
const VALUES = {
  'meta.v1.Time': 'time',
  'meta.v1.MicroTime': 'micro-time',
  'meta.v1.FieldsV1': 'object',
  'resource.Quantity': 'quantity',
  'runtime.RawExtension': 'object',
  'intstr.IntOrString': 'int-or-string',
  'apiextensions.v1.JSON': 'any',
  'apiextensions.v1.JSONSchemaPropsOrArray': 'any',
  'apiextensions.v1.JSONSchemaPropsOrBool': 'any',
  'apiextensions.v1.JSONSchemaPropsOrStringArray': 'any',
};

/** The only defaults that are part of a list's key. Source: kubernetes api/openapi-spec/v3/api__v1_openapi.json, v1.32. */
const DEFAULTS = {
  'core.v1.ContainerPort.protocol': 'TCP',
  'core.v1.ServicePort.protocol': 'TCP',
};

/** Fields of ours on Kubernetes' own types. */
const EXTRA = { 'meta.v1.ManagedFieldsEntry': { user: { type: 'string' } } };

const FORMATS = { int32: 'int32', int64: 'int64', double: 'double', byte: 'bytes', 'date-time': 'time' };

/** `io.k8s.api.core.v1.Pod` → `core.v1.Pod`. */
function shortName(name) {
  const parts = name.split('.');
  const last = parts.at(-1);
  const version = parts.at(-2);
  return /^v\d/.test(version) ? [parts.at(-3), version, last].join('.') : [version, last].join('.');
}

function typeOf(schema, owner) {
  if (schema.$ref) {
    const name = shortName(schema.$ref.slice('#/definitions/'.length));
    const value = VALUES[name];
    if (value) return value;
    const packageOf = (text) => text.slice(0, text.lastIndexOf('.'));
    return packageOf(name) === packageOf(owner) ? name.slice(name.lastIndexOf('.') + 1) : name;
  }
  switch (schema.type) {
    case 'array':
      return `[]${typeOf(schema.items, owner)}`;
    case 'object':
      return schema.additionalProperties ? `{}${typeOf(schema.additionalProperties, owner)}` : 'object';
    case 'integer':
    case 'number':
    case 'string':
      return schema.format === undefined ? schema.type : FORMATS[schema.format];
    case 'boolean':
      return 'boolean';
    default:
      return 'any';
  }
}

function modifiersOf(schema, defaultValue) {
  const out = [];
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  const mapType = schema['x-kubernetes-map-type'];
  const strategy = schema['x-kubernetes-patch-strategy'];
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  if (listType === 'map') out.push(`by=${keys.join(',')}`);
  else if (listType === 'set') out.push('set');
  else if (listType === 'atomic' || mapType === 'atomic') out.push('atomic');
  if (mapType === 'granular') out.push('granular');
  for (const word of strategy?.split(',') ?? []) out.push(word === 'merge' && mergeKey ? `merge=${mergeKey}` : word);
  if (defaultValue !== undefined) out.push(`default=${defaultValue}`);
  return out;
}

function definitionText(name, schema) {
  const required = new Set(schema.required);
  const flags = [];
  if (schema['x-kubernetes-group-version-kind']?.length === 1) flags.push('@kind');
  if (schema['x-kubernetes-map-type'] === 'atomic') flags.push('@atomic');
  const fields = Object.entries({ ...schema.properties, ...EXTRA[name] }).map(([field, inner]) =>
    [
      `${field}${required.has(field) ? '!' : ''}`,
      typeOf(inner, name),
      ...modifiersOf(inner, DEFAULTS[`${name}.${field}`]),
    ].join(' '),
  );
  return [...flags, fields.join('; ')].join(' ').trim();
}

const source = process.argv[2];
if (source === undefined) {
  console.error('usage: node scripts/compile-shapes.mjs <shapes.json>');
  process.exit(2);
}
const { definitions } = JSON.parse(readFileSync(source, 'utf8'));
const shapes = [];
const groups = new Map([['meta', '']]);
for (const [longName, schema] of Object.entries(definitions)) {
  const name = shortName(longName);
  if (VALUES[name]) continue;
  const kinds = schema['x-kubernetes-group-version-kind'];
  if (kinds?.length === 1) groups.set(name.split('.')[0], kinds[0].group);
  shapes.push([name, definitionText(name, schema)]);
}
const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const key = (text) => (/^[a-z]+$/i.test(text) ? text : quote(text));
writeFileSync(
  OUT,
  `/**
 * The shapes of the Kubernetes API, v1.32: made by scripts/compile-shapes.mjs; do not edit. Notation: shapes.ts.
 * Source: kubernetes/kubernetes v1.32.0 api/openapi-spec/swagger.json, Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0);
 * facts only (names, types, merge and list keys), brought into our own form.
 */

/** API group of each package of shapes. */
export const KUBERNETES_GROUPS: Readonly<Record<string, string>> = {
${[...groups]
  .sort()
  .map(([name, group]) => `  ${key(name)}: ${quote(group)},`)
  .join('\n')}
};

export const KUBERNETES_SHAPES: Readonly<Record<string, string>> = {
${shapes
  .map(([name, text]) => {
    const line = `  ${key(name)}: ${quote(text)},`;
    return line.length <= 120 ? line : `  ${key(name)}:\n    ${quote(text)},`;
  })
  .join('\n')}
};
`,
);
console.log(`${shapes.length} shapes of ${groups.size} packages`);
