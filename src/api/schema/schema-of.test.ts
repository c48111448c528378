import { describe, expect, it } from 'vitest';
import { RESOURCES } from '../kinds/resources.ts';
import type { Schema } from './schema.ts';
import { schemaOf, schemaOfShape } from './schema-of.ts';
import { shapeNamed, shapeNames } from './shapes.ts';

function at(schema: Schema | undefined, path: string): Schema | undefined {
  let here = schema;
  for (const part of path.split('.')) here = part === '[]' ? here?.items : here?.properties?.[part];
  return here;
}

const pod = schemaOf('', 'v1', 'Pod');
const service = schemaOf('', 'v1', 'Service');
const deployment = schemaOf('apps', 'v1', 'Deployment');

describe('src/api/schema/schema-of', () => {
  it('has a schema for every served kind, and for no unknown one', () => {
    for (const { group, version, kind } of RESOURCES) expect(schemaOf(group, version, kind), kind).toBeDefined();
    expect(schemaOf('apps', 'v2', 'Deployment')).toBeUndefined();
    expect(schemaOf('apps', 'v1', 'DeploymentSpec')).toBeUndefined();
    expect(schemaOf('', 'v1', 'ObjectMeta')).toBeUndefined();
    expect(schemaOf('', 'v1', 'Status')).toBeDefined();
  });

  it('gives the same schema each time', () => {
    expect(schemaOf('', 'v1', 'Pod')).toBe(pod);
    expect(at(pod, 'spec')).toBe(at(deployment, 'spec.template.spec'));
  });

  it('reads every shape of the tables, those that hold themselves too', () => {
    for (const name of shapeNames()) {
      const properties = schemaOfShape(name).properties ?? {};
      expect(Object.keys(properties)).toEqual(shapeNamed(name).fields.map((field) => field.name));
    }
    const props = schemaOfShape('apiextensions.v1.JSONSchemaProps');
    expect(at(props, 'not.not.not')).toBe(at(props, 'not'));
  });

  it.each([
    ['container ports', at(pod, 'spec.containers.[].ports'), ['containerPort', 'protocol'], 'containerPort'],
    ['ephemeral ports', at(pod, 'spec.ephemeralContainers.[].ports'), ['containerPort', 'protocol'], 'containerPort'],
    ['service ports', at(service, 'spec.ports'), ['port', 'protocol'], 'port'],
    ['topology spread', at(pod, 'spec.topologySpreadConstraints'), ['topologyKey', 'whenUnsatisfiable'], 'topologyKey'],
    ['containers', at(pod, 'spec.containers'), ['name'], 'name'],
  ])('knows the list keys and the merge key of %s', (_name, schema, listMapKeys, patchMergeKey) => {
    expect(schema).toMatchObject({
      type: 'array',
      listType: 'map',
      listMapKeys,
      patchMergeKey,
      patchStrategy: ['merge'],
    });
  });

  it.each<[string, Schema | undefined, Partial<Schema>]>([
    ['volumes', at(pod, 'spec.volumes'), { patchStrategy: ['merge', 'retainKeys'], patchMergeKey: 'name' }],
    ['strategy', at(deployment, 'spec.strategy'), { type: 'object', patchStrategy: ['retainKeys'] }],
    ['selector', at(deployment, 'spec.selector'), { type: 'object', mapType: 'atomic' }],
    ['service selector', at(service, 'spec.selector'), { type: 'map', mapType: 'atomic' }],
    ['finalizers', at(pod, 'metadata.finalizers'), { type: 'array', listType: 'set', patchStrategy: ['merge'] }],
    ['args', at(pod, 'spec.containers.[].args'), { type: 'array', listType: 'atomic' }],
    ['protocol', at(service, 'spec.ports.[].protocol'), { type: 'string', default: 'TCP' }],
    ['quantities', at(pod, 'spec.containers.[].resources.limits'), { type: 'map', values: { type: 'quantity' } }],
    ['target port', at(service, 'spec.ports.[].targetPort'), { type: 'int-or-string' }],
    ['user of managed fields', at(pod, 'metadata.managedFields.[].user'), { type: 'string' }],
    ['source', at(schemaOf('argoproj.io', 'v1alpha1', 'Application'), 'spec.source'), { preserveUnknown: true }],
  ])('knows how %s are merged', (_name, schema, facts) => {
    expect(schema).toMatchObject(facts);
  });

  it('does not take a name of Object for a field', () => {
    const properties = Object.keys(pod?.properties ?? {});
    expect(pod?.properties?.['constructor']).toBeUndefined();
    expect(Object.getPrototypeOf(pod?.properties)).toBeNull();
    expect(properties).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  });
});
