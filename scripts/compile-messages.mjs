#!/usr/bin/env node
// Compiles facts about Kubernetes' protobuf messages (field numbers, names, types, which fields are pointers; no prose)
// into src/api/protobuf/kubernetes.messages.ts, whose notation is told in src/api/protobuf/messages.ts.
//
//   node scripts/compile-messages.mjs <api> <apimachinery> <apiextensions-apiserver>
//
// The arguments are check-outs of those three Kubernetes repositories at one tag. Needed only to move to another
// Kubernetes version: the result is committed. Read are the struct tags of Go's types: the .proto files beside them do
// not tell which fields may be absent and which are merely empty, and `replicas: 0` is not no `replicas`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const OUT = fileURLToPath(new URL('../src/api/protobuf/kubernetes.messages.ts', import.meta.url));

/** Go types that are values in JSON. */
const VALUES = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  float64: 'double',
  '[]byte': 'bytes',
  'types.UID': 'string',
  'types.NodeName': 'string',
  'meta.v1.Time': 'time',
  'meta.v1.MicroTime': 'micro-time',
  'meta.v1.FieldsV1': 'raw-json',
  'meta.v1.Verbs': 'strings',
  'authentication.v1.ExtraValue': 'strings',
  'authorization.v1.ExtraValue': 'strings',
  'certificates.v1.ExtraValue': 'strings',
  'resource.Quantity': 'quantity',
  'intstr.IntOrString': 'int-or-string',
  'runtime.RawExtension': 'raw-object',
  'apiextensions.v1.JSON': 'raw-json',
  'apiextensions.v1.JSONSchemaPropsOrArray': 'schema-or-array',
  'apiextensions.v1.JSONSchemaPropsOrBool': 'schema-or-bool',
  'apiextensions.v1.JSONSchemaPropsOrStringArray': 'schema-or-strings',
};

/** Groups that no client writes to this API and that have no shapes. */
const LEFT_OUT = ['admission', 'apidiscovery', 'flowcontrol', 'imagepolicy'];

/** Go types that stand in the table, each with the folder of its package. */
function packagesOf([api, machinery, extensions]) {
  const folders = new Map([
    ['meta.v1', path.join(machinery, 'pkg/apis/meta/v1')],
    ['apiextensions.v1', path.join(extensions, 'pkg/apis/apiextensions/v1')],
  ]);
  for (const group of readdirSync(api, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (LEFT_OUT.includes(group.name)) continue;
    for (const version of readdirSync(path.join(api, group.name)).filter((name) => /^v\d+$/.test(name))) {
      folders.set(`${group.name}.${version}`, path.join(api, group.name, version));
    }
  }
  return folders;
}

/** `k8s.io/api/core/v1` → `core.v1`, `k8s.io/apimachinery/pkg/util/intstr` → `intstr`. */
function packageOfImport(text) {
  const parts = text.split('/');
  return /^v\d/.test(parts.at(-1)) ? parts.slice(-2).join('.') : parts.at(-1);
}

const structs = new Map();
const aliases = new Map();

function readSource(packageName, text) {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const imports = new Map();
  for (const [, alias, from] of code.matchAll(/^\s*(?:import\s+)?(\w+)?\s*"(k8s\.io\/[^"]+)"$/gm)) {
    const name = packageOfImport(from);
    imports.set(alias ?? from.split('/').at(-1), name);
  }
  const resolve = (type) => {
    if (type === '[]byte' || /^(string|bool|int32|int64|float64|int|uint8|byte)$/.test(type)) return type;
    const [, prefix, name] = /^(?:(\w+)\.)?(\w+)$/.exec(type) ?? [];
    if (name === undefined) throw new Error(`${packageName}: cannot read the type ${type}`);
    return `${prefix === undefined ? packageName : (imports.get(prefix) ?? prefix)}.${name}`;
  };
  const parseType = (type) => {
    if (type === '[]byte') return { is: 'one', type };
    if (type.startsWith('*')) return { ...parseType(type.slice(1)), pointer: true };
    if (type.startsWith('[]')) return { is: 'list', type: resolve(type.slice(2).replace('*', '')) };
    const map = /^map\[[\w.]+\](.+)$/.exec(type);
    if (map !== null) return { is: 'map', type: resolve(map[1]) };
    return { is: 'one', type: resolve(type) };
  };
  for (const [, name, type] of code.matchAll(/^type (\w+) =? ?([[\]\w.*]+)$/gm)) {
    aliases.set(`${packageName}.${name}`, parseType(type));
  }
  for (const [, name, body = ''] of code.matchAll(/^type (\w+) struct ?\{(?:\}|\n([\s\S]*?)^\})/gm)) {
    const fields = [];
    let isKind = false;
    for (const line of body.split('\n')) {
      const match = /^\s*(?:(\w+)\s+)?([[\]\w.*]+)\s+`(.*)`/.exec(line);
      if (match === null) continue;
      const [, , type, tags] = match;
      const [json = '', ...options] = (/json:"([^"]*)"/.exec(tags)?.[1] ?? '').split(',');
      if (/(^|\.)TypeMeta$/.test(type) && options.includes('inline')) isKind = true;
      const number = /protobuf:"\w+,(\d+)/.exec(tags)?.[1];
      if (number === undefined) continue;
      const parsed = parseType(type);
      const inline = options.includes('inline') && json === '';
      fields.push({ number: Number(number), json, inline, omitEmpty: options.includes('omitempty'), ...parsed });
    }
    structs.set(`${packageName}.${name}`, { isKind, fields });
  }
}

/** The type behind `type X string` and `type X map[…]…`. */
function settle(field) {
  let { is, type } = field;
  for (;;) {
    if (VALUES[type] !== undefined) return { ...field, is, type };
    const alias = aliases.get(type);
    if (alias === undefined) return { ...field, is, type };
    if (is !== 'one' && alias.is !== 'one') throw new Error(`${type} is a list or map within another`);
    is = is === 'one' ? alias.is : is;
    type = alias.type;
  }
}

function fieldText(packageName, raw, needed) {
  const field = settle(raw);
  const value = VALUES[field.type];
  if (value === undefined) needed.push(field.type);
  if (value?.startsWith('schema-')) needed.push('apiextensions.v1.JSONSchemaProps');
  const name = field.type.startsWith(`${packageName}.`) ? field.type.slice(packageName.length + 1) : field.type;
  const type = `${{ one: '', list: '[]', map: '{}' }[field.is]}${value ?? name}`;
  // A message is in the JSON whether `omitempty` or not: Go's encoder never takes a struct for empty.
  const mark = field.pointer ? '?' : field.is === 'one' && value !== undefined && !field.omitEmpty ? '!' : '';
  return `${field.number} ${field.inline ? '^' : field.json}${mark} ${type}`;
}

const sources = process.argv.slice(2);
if (sources.length !== 3) {
  console.error('usage: node scripts/compile-messages.mjs <api> <apimachinery> <apiextensions-apiserver>');
  process.exit(2);
}
const packages = packagesOf(sources);
/** Registered as a kind, though it has no TypeMeta. Source: apimachinery meta/v1/register.go, AddToGroupVersion (v0.32). */
const KINDS_WITHOUT_TYPE = ['meta.v1.WatchEvent'];
for (const [name, folder] of packages) {
  for (const file of readdirSync(folder)) {
    const isSource = file.endsWith('.go') && !file.endsWith('_test.go') && !/generated|zz_|register|proto/.test(file);
    if (isSource) readSource(name, readFileSync(path.join(folder, file), 'utf8'));
  }
}
for (const name of KINDS_WITHOUT_TYPE) structs.get(name).isKind = true;
const wanted = [...structs].filter(([, { isKind }]) => isKind).map(([name]) => name);
const table = new Map();
while (wanted.length > 0) {
  const name = wanted.pop();
  if (table.has(name)) continue;
  const struct = structs.get(name);
  if (struct === undefined) throw new Error(`no struct is named ${name}`);
  const packageName = name.slice(0, name.lastIndexOf('.'));
  const fields = [...struct.fields].sort((a, b) => a.number - b.number);
  const text = fields.map((field) => fieldText(packageName, field, wanted)).join('; ');
  table.set(name, `${struct.isKind ? '@kind ' : ''}${text}`);
}
const lines = [...table]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, text]) => {
    const line = `  '${name}': '${text}',`;
    return line.length <= 120 ? line : `  '${name}':\n    '${text}',`;
  });
writeFileSync(
  OUT,
  `/**
 * The protobuf messages of the Kubernetes API, v1.32: made by scripts/compile-messages.mjs; do not edit. Notation: messages.ts.
 * Source: kubernetes/api, kubernetes/apimachinery and kubernetes/apiextensions-apiserver v0.32.5, the struct tags of their
 * types.go, Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0); facts only (numbers, names, types), in our own form.
 */
export const KUBERNETES_MESSAGES: Readonly<Record<string, string>> = {
${lines.join('\n')}
};
`,
);
console.log(`${table.size} messages`);
