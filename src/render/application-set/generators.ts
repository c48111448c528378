import { isApiError, type Json, parseYamlValues, selectorFromObject } from '#api';
import { canonicalJson } from '#base';
import { type Interpolation, interpolate } from './interpolate.ts';
import { isObject, type JsonObject } from './json.ts';
import { normalizeName } from './names.ts';
import { fileParameters, folderParameters, type PathRule, selectFolders, selectRuleFiles } from './paths.ts';

/** A cluster that Applications can be for. */
export interface GeneratorCluster {
  readonly name: string;
  readonly server: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What generators ask about. `undefined`: not known yet; it is asked for then. */
export interface GeneratorWorld {
  /** Every file of the commit that a revision names. */
  paths(repoURL: string, revision: string): readonly string[] | undefined;
  file(repoURL: string, revision: string, path: string): Uint8Array | undefined;
  readonly clusters: readonly GeneratorCluster[];
}

/** What is not known yet: the files of a commit, or with `path` what one of them says. */
export interface GeneratorNeed {
  readonly repoURL: string;
  readonly revision: string;
  readonly path?: string;
}

/** Parameters of one Application, and the template that its generator lays over the common one. */
export interface ParameterSet {
  readonly parameters: JsonObject;
  readonly template?: JsonObject;
}

/** Parameter sets of one generator, those inside of a matrix or a merge too. */
export const MAX_PARAMETER_SETS = 5_000;
/** Generators inside of generators. Source: argo-cd, a matrix or merge inside of another, once. */
const MAX_DEPTH = 3;
const MAX_FILE_BYTES = 1_048_576;

/** What keeps a generator from giving parameters. Never leaves this folder. */
export class GeneratorProblem extends Error {}

export interface GeneratorContext {
  readonly world: GeneratorWorld;
  readonly goTemplate: boolean;
  readonly goTemplateOptions: readonly string[];
  readonly needs: GeneratorNeed[];
}

/** The parameter sets of one entry of `generators`. `at` names it in errors. */
export function parametersOf(
  context: GeneratorContext,
  generator: JsonObject,
  at: string,
  depth = 0,
): readonly ParameterSet[] {
  if (depth > MAX_DEPTH) throw new GeneratorProblem(`${at}: generators nest deeper than ${MAX_DEPTH}`);
  const kinds = Object.keys(generator).filter((field) => field !== 'selector');
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw new GeneratorProblem(`${at}: must name one generator`);
  const make = GENERATORS[kind];
  if (make === undefined) {
    const known = Object.keys(GENERATORS).join(', ');
    throw new GeneratorProblem(`${at}.${kind}: this generator is not supported: use one of ${known}`);
  }
  const fields = objectOf(generator[kind], `${at}.${kind}`);
  const sets = select(make(context, fields, `${at}.${kind}`, depth), generator['selector'], `${at}.selector`);
  if (sets.length > MAX_PARAMETER_SETS) {
    throw new GeneratorProblem(`${at}.${kind}: gives ${sets.length} Applications, more than ${MAX_PARAMETER_SETS}`);
  }
  const template = fields['template'];
  if (template === undefined || depth > 0) return sets;
  return sets.map((set) => ({ ...set, template: objectOf(template, `${at}.${kind}.template`) }));
}

type Generator = (context: GeneratorContext, fields: JsonObject, at: string, depth: number) => readonly ParameterSet[];

const GENERATORS: Readonly<Record<string, Generator>> = {
  list: listParameters,
  git: gitParameters,
  clusters: clusterParameters,
  matrix: matrixParameters,
  merge: mergeParameters,
};

function listParameters(context: GeneratorContext, fields: JsonObject, at: string): readonly ParameterSet[] {
  const elements = [...listOf(fields['elements'], `${at}.elements`)];
  const yaml = fields['elementsYaml'];
  if (typeof yaml === 'string' && yaml !== '') elements.push(...elementsIn(yaml, `${at}.elementsYaml`));
  return elements.map((element, index) => {
    const object = objectOf(element, `${at}.elements[${index}]`);
    return { parameters: context.goTemplate ? object : listElement(object, `${at}.elements[${index}]`) };
  });
}

/** Without Go's templates only texts can be filled in; those of `values` get its name in front. */
function listElement(element: JsonObject, at: string): JsonObject {
  const parameters: Record<string, Json> = {};
  for (const [name, value] of Object.entries(element)) {
    if (name === 'values' && isObject(value)) {
      for (const [inner, text] of Object.entries(value))
        parameters[`values.${inner}`] = textOf(text, `${at}.values.${inner}`);
    } else parameters[name] = textOf(value, `${at}.${name}`);
  }
  return parameters;
}

function textOf(value: Json, at: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new GeneratorProblem(`${at}: must be a text unless goTemplate is true`);
}

function elementsIn(yaml: string, at: string): readonly Json[] {
  return readYaml(yaml, at).flatMap((value) => (Array.isArray(value) ? value : [value]));
}

function gitParameters(context: GeneratorContext, fields: JsonObject, at: string): readonly ParameterSet[] {
  const { goTemplate, world, needs } = context;
  const repoURL = textField(fields, 'repoURL');
  if (repoURL === '') throw new GeneratorProblem(`${at}.repoURL is required`);
  const revision = textField(fields, 'revision');
  const prefix = textField(fields, 'pathParamPrefix');
  const folders = rulesOf(fields['directories'], `${at}.directories`);
  const files = rulesOf(fields['files'], `${at}.files`);
  if (folders.length === 0 && files.length === 0)
    throw new GeneratorProblem(`${at}: names neither directories nor files`);
  const paths = world.paths(repoURL, revision);
  if (paths === undefined) {
    needs.push({ repoURL, revision });
    return [];
  }
  if (folders.length > 0) {
    return selectFolders(paths, folders).map((folder) =>
      withValues(context, folderParameters(folder, prefix, goTemplate), fields['values'], `${at}.values`),
    );
  }
  return selectRuleFiles(paths, files).flatMap((path) => {
    const bytes = world.file(repoURL, revision, path);
    if (bytes === undefined) {
      needs.push({ repoURL, revision, path });
      return [];
    }
    const own = fileParameters(path, prefix, goTemplate);
    return documentsIn(bytes, path).map((document) =>
      withValues(
        context,
        { ...(goTemplate ? document : flattened(document)), ...own },
        fields['values'],
        `${at}.values`,
      ),
    );
  });
}

function documentsIn(bytes: Uint8Array, path: string): readonly JsonObject[] {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new GeneratorProblem(`${path}: has ${bytes.length} bytes, over the limit of ${MAX_FILE_BYTES}`);
  }
  const values = readYaml(new TextDecoder('utf-8').decode(bytes), path);
  return values
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .map((value) => {
      if (!isObject(value)) throw new GeneratorProblem(`${path}: must hold an object, or a list of objects`);
      return value;
    });
}

function readYaml(text: string, at: string): readonly Json[] {
  const read = parseYamlValues(text);
  if ('problem' in read) throw new GeneratorProblem(`${at}:${read.problem.line}: ${read.problem.message}`);
  return read.values.map(({ value }) => value);
}

/** `{a: {b: 1}, c: [x]}` → `a.b`, `c[0]`. Source: jeremywohl/flatten, style dots, as argo-cd uses it; lists by `[n]`. */
function flattened(object: JsonObject): JsonObject {
  const flat: Record<string, Json> = {};
  const add = (value: Json, path: string) => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) add(item, `${path}[${index}]`);
    else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) add(inner, path === '' ? name : `${path}.${name}`);
    } else flat[path] = value === null ? '' : String(value);
  };
  add(object, '');
  return flat;
}

/** `values` may itself be filled from the parameters beside it. */
function withValues(
  context: GeneratorContext,
  parameters: JsonObject,
  values: Json | undefined,
  at: string,
): ParameterSet {
  if (values === undefined) return { parameters };
  const [filled] = fill(context, [{ value: objectOf(values, at), parameters }]);
  const object = objectOf(filled, at);
  if (context.goTemplate) return { parameters: { ...parameters, values: object } };
  const named = Object.fromEntries(Object.entries(object).map(([name, value]) => [`values.${name}`, value]));
  return { parameters: { ...parameters, ...named } };
}

export function fill(context: GeneratorContext, jobs: Interpolation['jobs']): readonly Json[] {
  const { goTemplate, goTemplateOptions } = context;
  const result = interpolate({ goTemplate, goTemplateOptions, jobs });
  if (result.type === 'failed') throw new GeneratorProblem(result.message);
  return result.values;
}

function clusterParameters(context: GeneratorContext, fields: JsonObject, at: string): readonly ParameterSet[] {
  const { goTemplate, world } = context;
  const matches = labelTest(fields['selector'], `${at}.selector`);
  const clusters = world.clusters.filter(({ labels }) => matches(labels));
  const sets = clusters.map(({ name, server, labels, annotations }) => {
    const own: JsonObject = { name, nameNormalized: normalizeName(name), server };
    const parameters: JsonObject = goTemplate
      ? { ...own, metadata: { labels: { ...labels }, annotations: { ...annotations } } }
      : {
          ...own,
          ...prefixed('metadata.labels', labels),
          ...prefixed('metadata.annotations', annotations),
        };
    return withValues(context, parameters, fields['values'], `${at}.values`);
  });
  if (fields['flatList'] !== true) return sets;
  return [{ parameters: { clusters: sets.map(({ parameters }) => parameters) } }];
}

function prefixed(prefix: string, texts: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${prefix}.${name}`, text]));
}

/** Every set of the first generator with every set of the second, which may name parameters of the first. */
function matrixParameters(
  context: GeneratorContext,
  fields: JsonObject,
  at: string,
  depth: number,
): readonly ParameterSet[] {
  const [first, second, ...more] = listOf(fields['generators'], `${at}.generators`);
  if (first === undefined || second === undefined || more.length > 0) {
    throw new GeneratorProblem(`${at}.generators: must have two generators`);
  }
  const outer = parametersOf(context, objectOf(first, `${at}.generators[0]`), `${at}.generators[0]`, depth + 1);
  const inner = objectOf(second, `${at}.generators[1]`);
  const sets: ParameterSet[] = [];
  for (const { parameters } of outer) {
    const [filled] = fill(context, [{ value: inner, parameters }]);
    const found = parametersOf(context, objectOf(filled, `${at}.generators[1]`), `${at}.generators[1]`, depth + 1);
    for (const set of found) sets.push({ parameters: combined(context, parameters, set.parameters, at) });
    if (sets.length > MAX_PARAMETER_SETS) {
      throw new GeneratorProblem(`${at}: gives more than ${MAX_PARAMETER_SETS} Applications`);
    }
  }
  return sets;
}

function combined({ goTemplate }: GeneratorContext, left: JsonObject, right: JsonObject, at: string): JsonObject {
  if (goTemplate) return deepMerge(left, right);
  for (const [name, value] of Object.entries(right)) {
    const other = left[name];
    if (other === undefined || canonicalJson(other) === canonicalJson(value)) continue;
    throw new GeneratorProblem(`${at}: both generators give "${name}", with different values`);
  }
  return { ...left, ...right };
}

/** Objects are merged, anything else of `over` replaces what stands below it. */
function deepMerge(under: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isObject(below) && isObject(value) ? deepMerge(below, value) : value;
  }
  return merged;
}

/** Sets of the first generator, each overridden by those of the others whose merge keys are equal. */
function mergeParameters(
  context: GeneratorContext,
  fields: JsonObject,
  at: string,
  depth: number,
): readonly ParameterSet[] {
  const keys = listOf(fields['mergeKeys'], `${at}.mergeKeys`).map(String);
  if (keys.length === 0) throw new GeneratorProblem(`${at}.mergeKeys is required`);
  const generators = listOf(fields['generators'], `${at}.generators`);
  if (generators.length < 2) throw new GeneratorProblem(`${at}.generators: must have at least two generators`);
  const all = generators.map((generator, index) => {
    const place = `${at}.generators[${index}]`;
    return byKeys(parametersOf(context, objectOf(generator, place), place, depth + 1), keys, place);
  });
  const [base, ...overrides] = all;
  return [...(base ?? [])].map(([key, parameters]) => {
    let merged = parameters;
    for (const over of overrides) {
      const found = over.get(key);
      if (found !== undefined)
        merged = context.goTemplate ? deepMerge(merged, found) : Object.assign({}, merged, found);
    }
    return { parameters: merged };
  });
}

function byKeys(sets: readonly ParameterSet[], keys: readonly string[], at: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const { parameters } of sets) {
    const key = canonicalJson(keys.map((name) => valueAt(parameters, name) ?? null));
    if (found.has(key)) throw new GeneratorProblem(`${at}: two sets have the same merge keys ${key}`);
    found.set(key, parameters);
  }
  return found;
}

/** A parameter by its name, or by its path where parameters nest. */
function valueAt(parameters: JsonObject, name: string): Json | undefined {
  if (parameters[name] !== undefined) return parameters[name];
  return name
    .split('.')
    .reduce<Json | undefined>((value, part) => (isObject(value) ? value[part] : undefined), parameters);
}

/** Sets whose parameters, taken for labels, a selector chooses. */
function select(sets: readonly ParameterSet[], selector: Json | undefined, at: string): readonly ParameterSet[] {
  if (selector === undefined) return sets;
  const matches = labelTest(selector, at);
  return sets.filter(({ parameters }) => {
    const flat = Object.entries(flattened(parameters)).map(([name, value]) => [name, String(value)] as const);
    return matches(Object.fromEntries(flat));
  });
}

function labelTest(selector: Json | undefined, at: string): (labels: Readonly<Record<string, string>>) => boolean {
  if (selector === undefined) return () => true;
  const object = objectOf(selector, at);
  const matchLabels = textsOf(object['matchLabels'] ?? {}, `${at}.matchLabels`);
  const matchExpressions = listOf(object['matchExpressions'], `${at}.matchExpressions`).map((one, index) => {
    const place = `${at}.matchExpressions[${index}]`;
    const expression = objectOf(one, place);
    const values = listOf(expression['values'], `${place}.values`).map(String);
    return { key: textField(expression, 'key'), operator: textField(expression, 'operator'), values };
  });
  try {
    const parsed = selectorFromObject({ matchLabels, matchExpressions });
    return (labels) => parsed.matches(labels);
  } catch (error) {
    if (isApiError(error, 'BadRequest')) throw new GeneratorProblem(`${at}: ${error.message}`);
    throw error;
  }
}

function textsOf(value: Json, at: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(objectOf(value, at)).map(([name, text]) => [name, String(text)]));
}

function rulesOf(value: Json | undefined, at: string): readonly PathRule[] {
  return listOf(value, at).map((entry, index) => {
    const rule = objectOf(entry, `${at}[${index}]`);
    const path = textField(rule, 'path');
    if (path === '') throw new GeneratorProblem(`${at}[${index}].path is required`);
    return { path, exclude: rule['exclude'] === true };
  });
}

function textField(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

export function objectOf(value: Json | undefined, at: string): JsonObject {
  if (!isObject(value)) throw new GeneratorProblem(`${at}: must be an object`);
  return value;
}

function listOf(value: Json | undefined, at: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new GeneratorProblem(`${at}: must be a list`);
  return value;
}
