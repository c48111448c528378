import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../kinds/resources.ts';
import { isJsonObject } from '../schema/json.ts';
import { type OpenApiResource, openApiV3Document, openApiV3Hash, openApiV3Index } from './document.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCES: Readonly<Record<string, NonNullable<OpenApiResource['subresources']>>> = {
  Deployment: {
    status: { group: 'apps', version: 'v1', kind: 'Deployment', verbs: ['get', 'patch', 'update'] },
    scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  },
  Pod: { binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] } },
};
const resources: readonly OpenApiResource[] = RESOURCES.map((type) => {
  const subresources = SUBRESOURCES[type.kind];
  return { type, verbs: VERBS, ...(subresources === undefined ? {} : { subresources }) };
});
const versions = [...new Map(RESOURCES.map((type) => [`${type.group}/${type.version}`, type])).values()];

function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((here, name) => (isJsonObject(here) ? here[name] : undefined), value);
}

function refsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsOf);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : refsOf(inner),
  );
}

describe('src/api/openapi/document', () => {
  const apps = openApiV3Document('apps', 'v1', resources);
  const core = openApiV3Document('', 'v1', resources);

  it('lists a document for each group version', () => {
    const { paths } = openApiV3Index(resources);
    expect(Object.keys(paths)).toEqual([
      'api/v1',
      'apis/admissionregistration.k8s.io/v1',
      'apis/apiextensions.k8s.io/v1',
      'apis/apiregistration.k8s.io/v1',
      'apis/apps/v1',
      'apis/argoproj.io/v1alpha1',
      'apis/autoscaling/v2',
      'apis/batch/v1',
      'apis/certificates.k8s.io/v1',
      'apis/coordination.k8s.io/v1',
      'apis/discovery.k8s.io/v1',
      'apis/networking.k8s.io/v1',
      'apis/node.k8s.io/v1',
      'apis/plumbline.dev/v1',
      'apis/policy/v1',
      'apis/rbac.authorization.k8s.io/v1',
      'apis/scheduling.k8s.io/v1',
      'apis/storage.k8s.io/v1',
    ]);
    expect(paths['apis/apps/v1']).toEqual({
      serverRelativeURL: `/openapi/v3/apis/apps/v1?hash=${openApiV3Hash(apps)}`,
    });
  });

  it('gives the same text for the same resources, and another hash for others', () => {
    expect(openApiV3Document('apps', 'v1', resources)).toEqual(apps);
    expect(openApiV3Hash(openApiV3Document('apps', 'v1', resources.slice(0, 9)))).not.toBe(openApiV3Hash(apps));
  });

  it('says of each kind which it is', () => {
    for (const { group, version } of versions) {
      const { schemas } = openApiV3Document(group, version, resources).components;
      const kinds = Object.values(schemas).flatMap(
        (schema) => valueAt(schema, 'x-kubernetes-group-version-kind') ?? [],
      );
      for (const type of RESOURCES.filter((one) => one.group === group && one.version === version)) {
        expect(kinds).toContainEqual({ group, version, kind: type.kind });
        expect(kinds).toContainEqual({ group, version, kind: `${type.kind}List` });
      }
    }
  });

  it('refers to nothing that is missing', () => {
    for (const { group, version } of versions) {
      const document = openApiV3Document(group, version, resources);
      const names = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
      for (const ref of refsOf(document)) expect(names).toContain(ref);
    }
  });

  it('offers what kubectl looks for before it applies', () => {
    const patch = valueAt(apps.paths, '/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 'patch');
    expect(valueAt(patch, 'x-kubernetes-group-version-kind')).toEqual({
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
    });
    expect(valueAt(patch, 'requestBody', 'content')).toHaveProperty(['application/strategic-merge-patch+json']);
    expect(valueAt(patch, 'parameters')).toContainEqual(
      expect.objectContaining({ name: 'fieldValidation', in: 'query' }),
    );
  });

  it('offers no strategic merge of kinds that stock clients know only as custom ones', () => {
    const { paths } = openApiV3Document('argoproj.io', 'v1alpha1', resources);
    const path = '/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}';
    expect(Object.keys(valueAt(paths, path, 'patch', 'requestBody', 'content') ?? {})).toEqual([
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
  });

  it('tells how lists and structs are merged', () => {
    const spec = core.components.schemas['io.k8s.api.core.v1.PodSpec'];
    expect(valueAt(spec, 'properties', 'volumes')).toMatchObject({
      type: 'array',
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Volume' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
      'x-kubernetes-patch-merge-key': 'name',
    });
    const deployment = apps.components.schemas['io.k8s.api.apps.v1.DeploymentSpec'];
    expect(valueAt(deployment, 'properties', 'strategy')).toEqual({
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
  });

  it('has the paths of cluster-wide kinds, of lists in all namespaces and of subresources', () => {
    expect(Object.keys(core.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/nodes',
        '/api/v1/nodes/{name}',
        '/api/v1/pods',
        '/api/v1/namespaces/{namespace}/pods/{name}/binding',
      ]),
    );
    const scale = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale';
    expect(valueAt(apps.paths, scale, 'get', 'x-kubernetes-group-version-kind', 'kind')).toBe('Scale');
    expect(valueAt(core.paths, '/api/v1/pods', 'post')).toBeUndefined();
  });

  it('offers only the verbs that are served', () => {
    const [events] = RESOURCES.filter(({ kind }) => kind === 'Event');
    if (events === undefined) throw new Error('no events');
    const { paths } = openApiV3Document('', 'v1', [{ type: events, verbs: ['get', 'list'] }]);
    expect(Object.entries(paths).map(([path, item]) => [path, Object.keys(item)])).toEqual([
      ['/api/v1/events', ['get']],
      ['/api/v1/namespaces/{namespace}/events', ['get', 'parameters']],
      ['/api/v1/namespaces/{namespace}/events/{name}', ['get', 'parameters']],
    ]);
  });
});
