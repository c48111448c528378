import { canonicalJson, sha256Hex } from '#base';
import { customComponent, customComponentName, customListComponent } from '../custom/custom-openapi.ts';
import { apiVersionOf, type ResourceType } from '../kinds/resource.ts';
import { shapeNameOfKind } from '../schema/shapes.ts';
import { setOwn } from '../values/own.ts';
import { componentsOf, type OpenApiSchema, refTo, refToComponent } from './components.ts';

/** What of a served resource an OpenAPI document tells. The server's registry rows are such. */
export interface OpenApiResource {
  readonly type: ResourceType;
  /** `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`. */
  readonly verbs: readonly string[];
  /** Of a custom resource: its `openAPIV3Schema`. */
  readonly customSchema?: unknown;
  readonly subresources?: Readonly<
    Partial<
      Record<
        string,
        { readonly kind: string; readonly group: string; readonly version: string; readonly verbs: readonly string[] }
      >
    >
  >;
}

export interface OpenApiV3Document {
  readonly openapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, OpenApiSchema>>;
  readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> };
}

export interface OpenApiV3Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/** `api/v1`, `apis/apps/v1`: what an API group version is called in URLs and in the index. */
export function openApiPathOf(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/** The answer to `GET /openapi/v3`. A document's hash changes with its text, so that clients may keep it for ever. */
export function openApiV3Index(resources: readonly OpenApiResource[]): OpenApiV3Index {
  const versions = new Map(resources.map(({ type }) => [apiVersionOf(type), type]));
  const paths = [...versions.values()].map(({ group, version }) => {
    const path = openApiPathOf(group, version);
    const hash = openApiV3Hash(openApiV3Document(group, version, resources));
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
  });
  return { paths: Object.fromEntries(paths.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** What names the text of a document: upper-case hex, as Kubernetes writes it. */
export function openApiV3Hash(document: OpenApiV3Document): string {
  return sha256Hex(canonicalJson(document)).toUpperCase();
}

/** The OpenAPI v3 document of one group version: the paths of its resources and the schemas that they need. */
export function openApiV3Document(
  group: string,
  version: string,
  resources: readonly OpenApiResource[],
): OpenApiV3Document {
  const shapes = new Set<string>();
  const custom: Record<string, OpenApiSchema> = {};
  const paths: [string, OpenApiSchema][] = [];
  for (const resource of resources) {
    if (resource.type.group !== group || resource.type.version !== version) continue;
    paths.push(
      ...pathsOf(resource, {
        refer: (shape) => shapes.add(shape),
        define: (name, schema) => setOwn(custom, name, schema),
      }),
    );
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.32.0' },
    paths: Object.fromEntries(paths.sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: { ...componentsOf(shapes), ...custom, [PATCH_COMPONENT]: { description: 'A change.', type: 'object' } },
    },
  };
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const PATCH_COMPONENT = `${META}.Patch`;
const JSON_TYPES = ['application/json', 'application/yaml'];

const query = (name: string, description: string, type = 'string'): OpenApiSchema => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
});

/** kubectl looks for `fieldValidation` here before it leaves validation to the server. */
const WRITE_PARAMETERS = [
  query('dryRun', '`All`: go through everything, keep nothing.'),
  query('fieldManager', 'The name under which the fields are owned.'),
  query('fieldValidation', '`Ignore`, `Warn` or `Strict`: what becomes of unknown and duplicate fields.'),
];
const FORCE = query('force', 'Take fields over from other managers. Apply only.', 'boolean');
const LIST_PARAMETERS = [
  query('allowWatchBookmarks', 'Watch: tell the newest version from time to time.', 'boolean'),
  query('continue', 'Where the page before this one ended.'),
  query('fieldSelector', 'Only objects with these fields.'),
  query('labelSelector', 'Only objects with these labels.'),
  query('limit', 'The most objects of one page.', 'integer'),
  query('resourceVersion', 'The version to read at, or to watch from.'),
  query('resourceVersionMatch', '`Exact` or `NotOlderThan`.'),
  query('sendInitialEvents', 'Watch: begin with what is there.', 'boolean'),
  query('timeoutSeconds', 'When to end.', 'integer'),
  query('watch', 'Stay and tell of changes.', 'boolean'),
];

const inPath = (name: string): OpenApiSchema => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string', uniqueItems: true },
});

interface Target {
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  /** Refers to what an object looks like. */
  readonly component: OpenApiSchema;
  readonly isCustom: boolean;
  readonly verbs: ReadonlySet<string>;
}

/** What a document's paths need among its components. */
interface Sink {
  refer(shape: string): void;
  define(name: string, schema: OpenApiSchema): void;
}

function pathsOf(resource: OpenApiResource, sink: Sink) {
  const { type, verbs, subresources = {} } = resource;
  const root = `/${openApiPathOf(type.group, type.version)}`;
  const all = `${root}/${type.plural}`;
  const collection = type.namespaced ? `${root}/namespaces/{namespace}/${type.plural}` : all;
  const scope = type.namespaced ? [inPath('namespace')] : [];
  const item = `${collection}/{name}`;
  const paths: [string, OpenApiSchema][] = [];

  const target = targetOf(resource, type, verbs, sink);
  if (target !== undefined) {
    const list = { target, list: listOf(resource, target, sink) };
    if (type.namespaced && target.verbs.has('list')) paths.push([all, { get: listOperation(list) }]);
    paths.push([collection, withParameters(scope, collectionOperations(list))]);
    paths.push([item, withParameters([...scope, inPath('name')], itemOperations(target))]);
  }
  for (const [name, subresource] of Object.entries(subresources)) {
    if (subresource === undefined) continue;
    const part = targetOf(resource, subresource, subresource.verbs, sink);
    if (part === undefined) continue;
    const operations = { ...itemOperations(part), ...(part.verbs.has('create') ? { post: create(part) } : {}) };
    paths.push([`${item}/${name}`, withParameters([...scope, inPath('name')], operations)]);
  }
  return paths.filter(([, operations]) => Object.keys(operations).some((key) => key !== 'parameters'));
}

function targetOf(
  { type, customSchema }: OpenApiResource,
  { group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string },
  verbs: readonly string[],
  { refer, define }: Sink,
): Target | undefined {
  const named = { group, version, kind };
  const isCustom = customSchema !== undefined && kind === type.kind && group === type.group;
  const shape = isCustom ? undefined : shapeNameOfKind(group, version, kind);
  if (!isCustom && shape === undefined) return undefined;
  if (shape !== undefined) refer(shape);
  else {
    refer('meta.v1.ObjectMeta');
    define(customComponentName(named), customComponent(customSchema, named, refTo('meta.v1.ObjectMeta')));
  }
  refer('meta.v1.Status');
  refer('meta.v1.DeleteOptions');
  const component = shape === undefined ? refToComponent(customComponentName(named)) : refTo(shape);
  return { kind: named, component, isCustom: isCustom || isCustomGroup(group), verbs: new Set(verbs) };
}

/** A list of a kind without a shape for it is told as one object. */
function listOf(
  { type, customSchema }: OpenApiResource,
  { kind, component }: Target,
  { refer, define }: Sink,
): OpenApiSchema {
  if (customSchema !== undefined) {
    const name = `${customComponentName(kind)}List`;
    refer('meta.v1.ListMeta');
    define(name, customListComponent(kind, component, refTo('meta.v1.ListMeta')));
    return refToComponent(name);
  }
  const shape = shapeNameOfKind(type.group, type.version, `${type.kind}List`);
  if (shape === undefined) return component;
  refer(shape);
  return refTo(shape);
}

function withParameters(parameters: readonly OpenApiSchema[], operations: OpenApiSchema): OpenApiSchema {
  return parameters.length === 0 ? operations : { ...operations, parameters };
}

interface ListTarget {
  readonly target: Target;
  /** Refers to what a list looks like. */
  readonly list: OpenApiSchema;
}

function collectionOperations({ target, list }: ListTarget): OpenApiSchema {
  return {
    ...(target.verbs.has('list') ? { get: listOperation({ target, list }) } : {}),
    ...(target.verbs.has('create') ? { post: create(target) } : {}),
    ...(target.verbs.has('deletecollection')
      ? {
          delete: operation(target, 'deletecollection', refTo('meta.v1.Status'), {
            parameters: [...LIST_PARAMETERS, ...WRITE_PARAMETERS],
            requestBody: body(refTo('meta.v1.DeleteOptions'), false),
          }),
        }
      : {}),
  };
}

function listOperation({ target, list }: ListTarget): OpenApiSchema {
  return operation(target, 'list', list, { parameters: LIST_PARAMETERS });
}

function create(target: Target): OpenApiSchema {
  return operation(target, 'post', target.component, {
    parameters: WRITE_PARAMETERS,
    requestBody: body(target.component, true),
  });
}

function itemOperations(target: Target): OpenApiSchema {
  const { component, verbs } = target;
  return {
    ...(verbs.has('get') ? { get: operation(target, 'get', component, {}) } : {}),
    ...(verbs.has('update')
      ? {
          put: operation(target, 'put', component, {
            parameters: WRITE_PARAMETERS,
            requestBody: body(component, true),
          }),
        }
      : {}),
    ...(verbs.has('patch') ? { patch: patch(target) } : {}),
    ...(verbs.has('delete')
      ? {
          delete: operation(target, 'delete', refTo('meta.v1.Status'), {
            parameters: WRITE_PARAMETERS,
            requestBody: body(refTo('meta.v1.DeleteOptions'), false),
          }),
        }
      : {}),
  };
}

/** Kinds that Kubernetes knows only as custom resources: their lists have no merge keys. */
function isCustomGroup(group: string): boolean {
  return group === 'argoproj.io' || group === 'plumbline.dev';
}

/** kubectl makes a strategic merge patch, from the schemas of this document, only when it finds the type offered here. */
function patch(target: Target): OpenApiSchema {
  const types = [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(target.isCustom ? [] : ['application/strategic-merge-patch+json']),
  ];
  const schema = { $ref: `#/components/schemas/${PATCH_COMPONENT}` };
  return operation(target, 'patch', target.component, {
    parameters: [...WRITE_PARAMETERS, FORCE],
    requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) },
  });
}

function body(component: OpenApiSchema, required: boolean): OpenApiSchema {
  return { ...(required ? { required } : {}), content: contentOf(component) };
}

function contentOf(component: OpenApiSchema): OpenApiSchema {
  return Object.fromEntries(JSON_TYPES.map((type) => [type, { schema: component }]));
}

function operation(
  { kind }: Target,
  action: string,
  answer: OpenApiSchema,
  rest: { readonly parameters?: readonly OpenApiSchema[]; readonly requestBody?: OpenApiSchema },
): OpenApiSchema {
  return {
    ...rest,
    responses: { '200': { description: 'OK', content: contentOf(answer) }, '401': { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
  };
}
