/** ConfigMaps and Secrets made of files and literals. Source: kustomize api/internal/generators and api/kv (v5.5). */
import { isRecord, setOwn } from '#api';
import type { GeneratorEntry, GeneratorOptions, MutableJson, MutableMap } from './kustomize.types.ts';
import { baseName } from './paths.ts';
import { type Behavior, Resource } from './resource.ts';

/** Something a generator says that cannot be done. Told at the generator's line. */
export class GeneratorProblem extends Error {}

export interface GeneratorRequest {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly entry: GeneratorEntry;
  readonly global: GeneratorOptions | undefined;
  readonly origin: { readonly path: string; readonly line: number };
  /** Bytes of a file, by its path from the kustomization. */
  readonly read: (file: string) => Uint8Array;
}

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const BOM = '\uFEFF';

export function generate({ kind, entry, global, origin, read }: GeneratorRequest): Resource {
  const { name = '', namespace = '' } = entry;
  if (name === '') throw new GeneratorProblem(`a ${kind} that is generated must have a name`);
  const data = new Map<string, Uint8Array>();
  for (const [key, value, source] of pairsOf(entry, read)) {
    if (!KEY.test(key))
      throw new GeneratorProblem(
        `${name}: ${source} gives a key with other characters than letters, digits, "-", "_", "."`,
      );
    if (data.has(key)) throw new GeneratorProblem(`${name} repeats the key "${key}"`);
    data.set(key, value);
  }
  const options = mergedOptions(entry.options, global);
  const metadata: MutableMap = {
    name,
    ...(namespace === '' ? {} : { namespace }),
    ...(isEmpty(options.labels) ? {} : { labels: textMap(options.labels) }),
    ...(isEmpty(options.annotations) ? {} : { annotations: textMap(options.annotations) }),
  };
  const object: MutableMap = {
    apiVersion: 'v1',
    kind,
    metadata,
    ...(kind === 'Secret' ? { type: entry.type === undefined || entry.type === '' ? 'Opaque' : entry.type } : {}),
    ...contents(kind, data),
    ...(options.immutable === true ? { immutable: true } : {}),
  };
  const made = new Resource(object, origin, origin.line);
  made.isGenerated = true;
  made.needsHash = options.disableNameSuffixHash !== true;
  made.behavior = behaviorOf(entry.behavior);
  return made;
}

function behaviorOf(text: string | undefined): Behavior {
  if (text === undefined || text === '' || text === 'create' || text === 'unspecified') return 'create';
  if (text === 'merge' || text === 'replace') return text;
  throw new GeneratorProblem(`behavior must be create, merge or replace, not "${text}"`);
}

/** A key, its value, and where they stand. What stands there may be secret: no message repeats it. */
type Pair = readonly [key: string, value: Uint8Array, source: string];

function* pairsOf(entry: GeneratorEntry, read: (file: string) => Uint8Array): Generator<Pair> {
  const envs = [...(entry.envs ?? []), ...(entry.env === undefined || entry.env === '' ? [] : [entry.env])];
  for (const file of envs) yield* linesOf(file, read(file));
  for (const [index, literal] of (entry.literals ?? []).entries()) {
    const at = literal.indexOf('=');
    const where = `literal ${index + 1}`;
    if (at <= 0) throw new GeneratorProblem(`${where} must be key=value`);
    yield [literal.slice(0, at), Buffer.from(withoutQuotes(literal.slice(at + 1))), where];
  }
  for (const source of entry.files ?? []) {
    const [key = '', file, ...more] = source.includes('=') ? source.split('=') : [baseName(source), source];
    if (more.length > 0 || key === '' || file === undefined || file === '') {
      throw new GeneratorProblem(`the file "${source}" must be a path, or key=path`);
    }
    yield [key, read(file), source];
  }
}

/** Lines of an env file: `KEY=value`, `KEY` alone for an empty value, `#` for a comment. */
function* linesOf(file: string, bytes: Uint8Array): Generator<Pair> {
  const text = textOf(bytes);
  if (text === undefined) throw new GeneratorProblem(`${file} is not UTF-8 text`);
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = (index === 0 && whole.startsWith(BOM) ? whole.slice(1) : whole).trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    const key = at < 0 ? line : line.slice(0, at);
    if (!VARIABLE.test(key) || key === '.' || key.startsWith('..')) {
      throw new GeneratorProblem(`${file}:${index + 1}: the line must begin with the name of a variable`);
    }
    yield [key, Buffer.from(at < 0 ? '' : line.slice(at + 1)), `${file}:${index + 1}`];
  }
}

function withoutQuotes(text: string): string {
  const [first] = text;
  const isQuoted = text.length >= 2 && (first === '"' || first === "'") && text.endsWith(first);
  return isQuoted ? text.slice(1, -1) : text;
}

function contents(kind: 'ConfigMap' | 'Secret', data: ReadonlyMap<string, Uint8Array>): MutableMap {
  const texts: MutableMap = {};
  const binary: MutableMap = {};
  for (const key of [...data.keys()].sort()) {
    const bytes = data.get(key) ?? new Uint8Array();
    const text = kind === 'Secret' ? undefined : textOf(bytes);
    const base64 = () => inLines(Buffer.from(bytes).toString('base64'));
    if (kind === 'Secret') setOwn(texts, key, base64());
    else if (text === undefined) setOwn(binary, key, base64());
    else setOwn(texts, key, text);
  }
  return {
    ...(Object.keys(texts).length === 0 && kind !== 'Secret' ? {} : { data: texts }),
    ...(Object.keys(binary).length === 0 ? {} : { binaryData: binary }),
  };
}

const LINE = 70;

/** The hash of the name is made of base64 in lines; what is applied has none. */
function inLines(base64: string): string {
  return base64.length < LINE ? base64 : base64.replace(/.{1,70}/g, '$&\n');
}

/** Base64 of a generated object, as one writes it. */
export function withoutLines({ object }: Resource): void {
  const fields = object['kind'] === 'Secret' ? ['data'] : ['binaryData'];
  for (const field of fields) {
    const data = object[field];
    if (!isRecord(data)) continue;
    for (const [key, value] of Object.entries(data)) {
      if (typeof value === 'string') setOwn<MutableJson>(data as MutableMap, key, value.replaceAll('\n', ''));
    }
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Source: kustomize api/types MergeGlobalOptionsIntoLocal. */
function mergedOptions(local: GeneratorOptions | undefined, global: GeneratorOptions | undefined): GeneratorOptions {
  return {
    labels: { ...global?.labels, ...local?.labels },
    annotations: { ...global?.annotations, ...local?.annotations },
    disableNameSuffixHash: global?.disableNameSuffixHash === true || local?.disableNameSuffixHash === true,
    immutable: global?.immutable === true || local?.immutable === true,
  };
}

function isEmpty(map: Readonly<Record<string, string>> | undefined): boolean {
  return map === undefined || Object.keys(map).length === 0;
}

function textMap(map: Readonly<Record<string, string>> | undefined): MutableMap {
  const texts: MutableMap = {};
  for (const [key, value] of Object.entries(map ?? {})) setOwn(texts, key, String(value));
  return texts;
}
