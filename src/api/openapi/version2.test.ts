import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../kinds/resources.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { isJsonObject } from '../schema/json.ts';
import { joinOpenApiV2, openApiV2Message, openApiV2Slice } from './version2.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const resources = RESOURCES.map((type) => ({ type, verbs: VERBS }));
const apps = openApiV2Slice('apps', 'v1', resources);
const core = openApiV2Slice('', 'v1', resources);
const both = joinOpenApiV2([apps, core]);

function refsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsOf);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : refsOf(inner),
  );
}

describe('src/api/openapi/version2', () => {
  it('has what all group versions have, and all that it refers to', () => {
    expect(Object.keys(both.paths)).toEqual([...Object.keys(core.paths), ...Object.keys(apps.paths)].sort());
    const refs = refsOf(both).map((ref) => ref.replace('#/definitions/', ''));
    expect(refs.length).toBeGreaterThan(500);
    expect(refs.filter((ref) => !Object.hasOwn(both.definitions, ref))).toEqual([]);
  });

  it('says things in the words of v2', () => {
    const text = JSON.stringify(both);
    for (const word of ['oneOf', 'allOf', 'requestBody', '"content"', 'components']) expect(text).not.toContain(word);
    const prefix = 'io.k8s.api';
    expect(both.definitions[`${prefix}.core.v1.PodSpec`]).toMatchObject({
      properties: {
        containers: {
          type: 'array',
          items: { $ref: `#/definitions/${prefix}.core.v1.Container` },
          'x-kubernetes-patch-merge-key': 'name',
        },
        affinity: { $ref: `#/definitions/${prefix}.core.v1.Affinity` },
      },
    });
    expect(both.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toEqual({
      type: 'string',
      format: 'int-or-string',
    });
    expect(both.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']).toMatchObject({
      patch: {
        consumes: expect.arrayContaining(['application/strategic-merge-patch+json']),
        parameters: expect.arrayContaining([
          expect.objectContaining({ name: 'fieldValidation', in: 'query', type: 'string' }),
          expect.objectContaining({ name: 'body', in: 'body', required: true }),
        ]),
        responses: { '200': { schema: { $ref: `#/definitions/${prefix}.apps.v1.Deployment` } } },
      },
      parameters: [{ name: 'namespace', in: 'path', required: true, type: 'string' }, { name: 'name' }],
    });
  });

  it('names each definition once in protobuf, however many slices have it', () => {
    const known = new Set<string>();
    const pieces = [apps, core].map((slice) => encodeMessage('openapi.v2.Document', openApiV2Message(slice, known)));
    const bytes = Buffer.concat(pieces).toString('latin1');
    // Tag and length of a definition's name; as a reference it stands behind `#/definitions/`.
    for (const name of Object.keys(both.definitions)) {
      const field = `\n${String.fromCharCode(name.length)}${name}`;
      expect(bytes.split(field).length - 1, name).toBe(1);
    }
  });
});
