/**
 * OpenAPI v2 ("Swagger"), which elder clients ask for, and newer ones for what v3 does not tell them: made from the v3
 * documents of all group versions.
 */
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import type { OpenApiSchema } from './components.ts';
import { type OpenApiResource, openApiV3Document } from './document.ts';

export interface OpenApiV2Document {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, OpenApiSchema>>;
  readonly definitions: Readonly<Record<string, OpenApiSchema>>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/** What one group version adds to the document. All of them are some hundred milliseconds of work: take a breath between. */
export function openApiV2Slice(
  group: string,
  version: string,
  resources: readonly OpenApiResource[],
): OpenApiV2Document {
  const { info, paths, components } = openApiV3Document(group, version, resources);
  return {
    swagger: '2.0',
    info,
    paths: mapValues(paths, pathItem),
    definitions: mapValues(components.schemas, schemaOf),
  };
}

/** The document of all slices. */
export function joinOpenApiV2(slices: readonly OpenApiV2Document[]): OpenApiV2Document {
  const all = (part: 'paths' | 'definitions') =>
    Object.fromEntries(slices.flatMap((slice) => Object.entries(slice[part])).sort(([a], [b]) => (a < b ? -1 : 1)));
  const info = slices[0]?.info ?? { title: '', version: '' };
  return { swagger: '2.0', info, paths: all('paths'), definitions: all('definitions') };
}

function pathItem({ parameters, ...operations }: OpenApiSchema): OpenApiSchema {
  const known = METHODS.filter((method) => isJsonObject(operations[method]));
  return {
    ...Object.fromEntries(known.map((method) => [method, operation(operations[method] as OpenApiSchema)])),
    ...(parameters === undefined ? {} : { parameters: (parameters as OpenApiSchema[]).map(parameter) }),
  };
}

function operation({ requestBody, parameters = [], responses, ...rest }: OpenApiSchema): OpenApiSchema {
  const body = requestBody as { required?: boolean; content: Record<string, { schema: OpenApiSchema }> } | undefined;
  const answers = Object.entries(responses as Record<string, OpenApiSchema>);
  return {
    ...rest,
    ...(body === undefined ? {} : { consumes: Object.keys(body.content) }),
    produces: [...new Set(answers.flatMap(([, { content = {} }]) => Object.keys(content as object)))],
    parameters: [
      ...(parameters as OpenApiSchema[]).map(parameter),
      ...(body === undefined
        ? []
        : [
            {
              name: 'body',
              in: 'body',
              ...(body.required ? { required: true } : {}),
              schema: contentSchema(body.content),
            },
          ]),
    ],
    responses: Object.fromEntries(
      answers.map(([code, { description, content }]) => [
        code,
        { description, ...(content === undefined ? {} : { schema: contentSchema(content) }) },
      ]),
    ),
  };
}

/** All media types of ours have the same schema. */
function contentSchema(content: unknown): OpenApiSchema {
  const [first] = Object.values(content as Record<string, { schema: OpenApiSchema }>);
  return schemaOf(first?.schema ?? {});
}

/** A parameter says its type itself. */
function parameter({ schema, ...rest }: OpenApiSchema): OpenApiSchema {
  return { ...rest, ...(schema as OpenApiSchema) };
}

/**
 * The schema in the words of v2: references have siblings, and there is no `oneOf`; a value of several types is a text, which
 * kubectl lets a number be. Source: kube-openapi pkg/validation and apimachinery's OpenAPISchemaType (v0.32).
 */
function schemaOf({
  allOf,
  oneOf,
  $ref,
  items,
  additionalProperties,
  properties,
  ...rest
}: OpenApiSchema): OpenApiSchema {
  // What a custom kind's schema says in branches has no words here; nor has that unknown fields or nulls are taken.
  const wrapped = ((allOf ?? []) as readonly OpenApiSchema[]).find((each) => '$ref' in each);
  const isOpen = rest['x-kubernetes-preserve-unknown-fields'] === true || rest['nullable'] === true;
  if (isOpen && $ref === undefined && wrapped === undefined) return withoutStructure(rest);
  return {
    ...(wrapped === undefined ? {} : schemaOf(wrapped)),
    ...(typeof $ref === 'string' ? { $ref: $ref.replace('#/components/schemas/', '#/definitions/') } : {}),
    ...(oneOf === undefined ? {} : { type: 'string' }),
    ...rest,
    ...(isJsonObject(items) ? { items: schemaOf(items) } : {}),
    ...(isJsonObject(additionalProperties) ? { additionalProperties: schemaOf(additionalProperties) } : {}),
    ...(isJsonObject(properties) ? { properties: mapValues(properties, schemaOf) } : {}),
  };
}

/** A client that checks objects by the document would refuse what the server takes. Source: apiextensions-apiserver pkg/controller/openapi/v2 (v0.32). */
function withoutStructure({ nullable, type, anyOf: _, not: __, ...rest }: OpenApiSchema): OpenApiSchema {
  return { ...rest, ...(nullable === true || type === undefined ? {} : { type }) };
}

/**
 * A document or slice as `openapi.v2.Document`, less the definitions that are `known`, to which its own are added. Slices
 * may follow one another: protobuf joins messages that come twice, and lists within them. Maps are lists of names and values there, and what may be anything is YAML. */
export function openApiV2Message(
  { swagger, info, paths, definitions }: OpenApiV2Document,
  known: Set<string> = new Set(),
): object {
  const added = Object.entries(definitions).filter(([name]) => !known.has(name));
  for (const [name] of added) known.add(name);
  return {
    swagger,
    info,
    paths: { path: named(paths, pathItemMessage) },
    definitions: { additional_properties: named(Object.fromEntries(added), schemaMessage) },
  };
}

function pathItemMessage({ parameters, ...operations }: OpenApiSchema): object {
  return {
    ...mapValues(operations as JsonObject as Record<string, OpenApiSchema>, operationMessage),
    parameters: ((parameters ?? []) as OpenApiSchema[]).map(parameterMessage),
  };
}

function operationMessage({ produces, consumes, parameters, responses, ...rest }: OpenApiSchema): object {
  return {
    produces,
    consumes,
    parameters: (parameters as OpenApiSchema[]).map(parameterMessage),
    responses: {
      response_code: named(responses as Record<string, OpenApiSchema>, ({ description, schema }) => ({
        response: { description, ...(isJsonObject(schema) ? { schema: { schema: schemaMessage(schema) } } : {}) },
      })),
    },
    vendor_extension: extensions(rest),
  };
}

function parameterMessage({ uniqueItems, schema, ...rest }: OpenApiSchema): object {
  if (rest['in'] === 'body')
    return { parameter: { body_parameter: { ...rest, schema: schemaMessage(schema as OpenApiSchema) } } };
  const kind = rest['in'] === 'path' ? 'path_parameter_sub_schema' : 'query_parameter_sub_schema';
  return { parameter: { non_body_parameter: { [kind]: { ...rest, unique_items: uniqueItems } } } };
}

function schemaMessage(schema: OpenApiSchema): object {
  const { $ref, format, description, required, type, items, properties, additionalProperties } = schema;
  return {
    _ref: $ref,
    format,
    description,
    required,
    ...(schema['default'] === undefined ? {} : { default: anything(schema['default']) }),
    enum: ((schema['enum'] ?? []) as readonly unknown[]).map(anything),
    ...(isJsonObject(additionalProperties)
      ? { additional_properties: { schema: schemaMessage(additionalProperties) } }
      : {}),
    ...(type === undefined ? {} : { type: { value: [type] } }),
    ...(isJsonObject(items) ? { items: { schema: [schemaMessage(items)] } } : {}),
    ...(isJsonObject(properties)
      ? { properties: { additional_properties: named(properties as Record<string, OpenApiSchema>, schemaMessage) } }
      : {}),
    vendor_extension: extensions(schema),
  };
}

function extensions(schema: OpenApiSchema): readonly object[] {
  return Object.entries(schema)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: anything(value) }));
}

/** JSON is YAML. */
function anything(value: unknown): { readonly yaml: string } {
  return { yaml: JSON.stringify(value) };
}

function named<T>(map: Readonly<Record<string, T>>, message: (value: T) => object): readonly object[] {
  return Object.entries(map).map(([name, value]) => ({ name, value: message(value) }));
}

function mapValues<T>(map: Readonly<Record<string, unknown>>, change: (value: OpenApiSchema) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value as OpenApiSchema)]));
}
