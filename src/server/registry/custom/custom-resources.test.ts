import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CustomResourceDefinition, KubeObject, StoredObject } from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore, type Store } from '#store';
import {
  type DefinitionParts,
  definitionObject,
  schemaOfSpec,
  versionOf,
} from '../../../../test/support/definitions.ts';
import { until } from '../../../../test/support/until.ts';
import type { Api, ResourceRow, WatchFrame } from '../api.ts';
import { createApi } from '../create-api.ts';

const context = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };
const GROUP = 'stable.example.com';

let store: Store;
let api: Api;
beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock });
  api = await createApi({ store, clock: systemClock, log: silentLog });
});
afterEach(() => api.close());

const definitions = () => ({
  context,
  row: rowOf('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
  namespace: '',
});
function rowOf(group: string, version: string, plural: string): ResourceRow {
  const row = api.row(group, version, plural);
  if (row === undefined) throw new Error(`${plural}.${version}.${group} is not served`);
  return row;
}
const definition = async (name = 'crontabs.stable.example.com') =>
  (await api.get({ ...definitions(), name })) as CustomResourceDefinition;
const conditionOf = (type: string, { status }: CustomResourceDefinition) =>
  status?.conditions?.find((condition) => condition.type === type);

/** Makes a definition and waits until its objects are served. */
async function define(parts: DefinitionParts = {}): Promise<CustomResourceDefinition> {
  const object = definitionObject(parts);
  const { warnings } = await api.create({ ...definitions(), object });
  expect(warnings).toEqual([]);
  return established(object.metadata.name);
}
const established = (name?: string) =>
  until('it is established', async () => {
    const now = await definition(name);
    return conditionOf('Established', now)?.status === 'True' && now;
  });
const redefine = async (change: (spec: CustomResourceDefinition['spec']) => object) => {
  const now = await definition();
  return api.update({ ...definitions(), name: now.metadata.name, object: { ...now, spec: change(now.spec) } });
};

const at = (version = 'v1', namespace = 'default') => ({ context, row: rowOf(GROUP, version, 'crontabs'), namespace });
const cronTab = (spec: unknown = {}, more: object = {}, version = 'v1'): KubeObject => ({
  apiVersion: `${GROUP}/${version}`,
  kind: 'CronTab',
  metadata: { name: 'mine', namespace: 'default' },
  spec,
  ...more,
});
const create = (spec: unknown = {}, more: object = {}) => api.create({ ...at(), object: cronTab(spec, more) });
const get = (version = 'v1') => api.get({ ...at(version), name: 'mine' });
const merge = (patch: object, more: object = {}) =>
  api.patch({ ...at(), name: 'mine', patchType: 'merge', patch: patch as never, ...more });

describe('src/server/registry/custom: definitions', () => {
  it('serves what is defined once it is established, and says so', async () => {
    const made = await api.create({
      ...definitions(),
      object: definitionObject({ names: { shortNames: ['ct'], categories: ['all'] } }),
    });
    expect(made.object['status']).toEqual({
      conditions: [],
      acceptedNames: { plural: '', kind: '' },
      storedVersions: ['v1'],
    });
    const { status, metadata } = await established();
    expect(status?.acceptedNames).toEqual({
      plural: 'crontabs',
      singular: 'crontab',
      shortNames: ['ct'],
      kind: 'CronTab',
      listKind: 'CronTabList',
      categories: ['all'],
    });
    expect(metadata.generation).toBe(1);
    expect(rowOf(GROUP, 'v1', 'crontabs')).toMatchObject({
      singular: 'crontab',
      shortNames: ['ct'],
      categories: ['all'],
    });
  });

  it('gives a name to the first that asks, tells the second, and gives it when it is free', async () => {
    await define();
    const second = definitionObject({ plural: 'tables', kind: 'CronTab', names: { singular: 'table' } });
    await api.create({ ...definitions(), object: second });
    const refused = await until('it is told', async () => {
      const now = await definition('tables.stable.example.com');
      return conditionOf('NamesAccepted', now)?.status === 'False' && now;
    });
    expect(conditionOf('NamesAccepted', refused)).toMatchObject({
      reason: 'KindConflict',
      message: '"CronTab" is already in use',
    });
    expect(conditionOf('Established', refused)).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    expect(api.row(GROUP, 'v1', 'tables')).toBeUndefined();
    await api.delete({ ...definitions(), name: 'crontabs.stable.example.com' });
    await established('tables.stable.example.com');
    expect(api.row(GROUP, 'v1', 'tables')).toBeDefined();
  });

  it('never takes the name of a kind that is always served', async () => {
    await api.create({
      ...definitions(),
      object: definitionObject({ group: 'argoproj.io', plural: 'applications', kind: 'Application' }),
    });
    const told = await until('it is told', async () =>
      conditionOf('NamesAccepted', await definition('applications.argoproj.io')),
    );
    expect(told).toMatchObject({ status: 'False', reason: 'PluralConflict' });
    expect(rowOf('argoproj.io', 'v1alpha1', 'applications').custom).toBeUndefined();
  });

  it('takes its objects with it, and waits for what holds one', async () => {
    await define();
    await create({}, { metadata: { name: 'mine', finalizers: ['hold.example.com'] } });
    await api.create({ ...at(), object: { ...cronTab(), metadata: { name: 'other' } } });
    const { lingers } = await api.delete({ ...definitions(), name: 'crontabs.stable.example.com' });
    expect(lingers).toBe(true);
    await until('only what is held is left', async () => (await api.list(at())).items.length === 1);
    expect(conditionOf('Terminating', await definition())).toMatchObject({ status: 'True' });
    expect(rowOf(GROUP, 'v1', 'crontabs').verbs).not.toContain('create');
    await merge({ metadata: { finalizers: null } });
    await until('the definition is gone', () => api.row(GROUP, 'v1', 'crontabs') === undefined);
    await expect(definition()).rejects.toThrow('not found');
  });

  it('keeps objects over a restart, and those of a definition that comes back', async () => {
    await define();
    await create({ image: 'a:1' });
    await api.close();
    api = await createApi({ store, clock: systemClock, log: silentLog });
    expect((await get())['spec']).toMatchObject({ image: 'a:1' });
    // As if an administrator had taken the finalizer off by force.
    await store.commit([
      { type: 'delete', key: '/registry/customresourcedefinitions.apiextensions.k8s.io/crontabs.stable.example.com' },
    ]);
    await until('it is not served', () => api.row(GROUP, 'v1', 'crontabs') === undefined);
    await define();
    expect((await get())['spec']).toMatchObject({ image: 'a:1' });
  });

  it('ends watches by a schema that is no more', async () => {
    await define();
    const frames: WatchFrame[] = [];
    const watching = (async () => {
      const { resourceVersion } = await api.list(at());
      for await (const frame of api.watch({ ...at(), resourceVersion, signal: new AbortController().signal }))
        frames.push(frame);
    })();
    await until('it is watched', async () => {
      await api.delete({ ...at(), name: 'mine' }).catch(() => undefined);
      await create();
      return frames.length > 0;
    });
    await redefine((spec) => ({ ...spec, names: { ...spec.names, shortNames: ['ct'] } }));
    await watching;
    expect(frames[0]).toMatchObject({ type: 'ADDED', object: { kind: 'CronTab' } });
  });

  it.each([
    [
      'another name',
      { metadata: { name: 'x.stable.example.com' } },
      'metadata.name: Invalid value: "x.stable.example.com": must be spec.names.plural+"."+spec.group',
    ],
    [
      'a group without a dot',
      { group: 'stable' },
      'spec.group: Invalid value: "stable": should be a domain with at least one dot',
    ],
    [
      'no schema',
      { versions: [{ name: 'v1', served: true, storage: true }] },
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      'no stored version',
      { version: { storage: false } },
      'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
    ],
    [
      'two stored versions',
      { versions: [versionOf('v1', { type: 'object' }), versionOf('v2', { type: 'object' })] },
      'must have exactly one version marked as storage version',
    ],
    [
      'a field without a type',
      { schema: { type: 'object', properties: { spec: {} } } },
      'spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    ],
    [
      'an evil pattern',
      { schema: schemaOfSpec({ a: { type: 'string', pattern: '(?=a)' } }) },
      "must be a valid regular expression, but isn't: invalid or unsupported Perl syntax: `(?=`",
    ],
    [
      'a reference',
      { schema: { type: 'object', properties: { spec: { $ref: '#/definitions/x' } } } },
      'properties[spec].$ref: Forbidden: $ref is not supported',
    ],
    [
      'a default that breaks the schema',
      { schema: schemaOfSpec({ a: { type: 'integer', default: 'x' } }) },
      'properties[spec].properties[a].default: Invalid value',
    ],
    [
      'a branch with a type',
      { schema: schemaOfSpec({ a: { type: 'string', anyOf: [{ type: 'string' }] } }) },
      'properties[a].anyOf[0].type: Forbidden: must be empty to be structural',
    ],
    [
      'a branch with a field of its own',
      { schema: schemaOfSpec({}, { anyOf: [{ required: ['b'], properties: { b: {} } }] }) },
      'properties[spec].anyOf[0].properties[b]: Required value: because it is defined in a branch',
    ],
    [
      'a group of Kubernetes without approval',
      { group: 'x.k8s.io' },
      'metadata.annotations[api-approved.kubernetes.io]: Required value',
    ],
    [
      'a broken column',
      { version: { additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec[' }] } },
      'spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: ".spec["',
    ],
    [
      'a scale beside spec',
      {
        version: { subresources: { scale: { specReplicasPath: '.replicas', statusReplicasPath: '.status.replicas' } } },
      },
      'specReplicasPath: Invalid value: ".replicas": should be a json path under .spec',
    ],
  ])('refuses %s', async (_, parts, message) => {
    await expect(api.create({ ...definitions(), object: definitionObject(parts) })).rejects.toThrow(message);
  });

  it('refuses what would change the meaning of what is stored', async () => {
    await define();
    await expect(redefine((spec) => ({ ...spec, scope: 'Cluster' }))).rejects.toThrow(
      'spec.scope: Invalid value: "Cluster": field is immutable',
    );
    await expect(redefine((spec) => ({ ...spec, names: { ...spec.names, kind: 'Other' } }))).rejects.toThrow(
      'spec.names.kind',
    );
    const v2 = versionOf('v2', { type: 'object' });
    await expect(redefine((spec) => ({ ...spec, versions: [v2] }))).rejects.toThrow(
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions',
    );
  });

  it('goes on after definitions made to stop it', async () => {
    const deep = (levels: number): object =>
      levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: deep(levels - 1) } };
    const wide = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`f${index}`, {}]));
    const costly = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`f${index}`, { type: 'string', pattern: '(a{1000}){9}' }]),
    );
    for (const schema of [deep(200), schemaOfSpec(wide), schemaOfSpec(costly)]) {
      await expect(api.create({ ...definitions(), object: definitionObject({ schema }) })).rejects.toMatchObject({
        reason: 'Invalid',
      });
    }
    await define({ schema: schemaOfSpec({ text: { type: 'string', pattern: '(a?){900}b' } }) });
    await expect(create({ text: 'a'.repeat(50_000) })).rejects.toThrow(
      'steps; make its patterns or the object smaller',
    );
    await create({ text: 'ab' });
  });
});

describe('src/server/registry/custom: objects', () => {
  it('prunes what the schema does not know, and refuses it where asked to', async () => {
    await define();
    const { object, warnings } = await create({ image: 'a', extra: 1 }, { status: { a: 1 }, more: true });
    expect(object).toMatchObject({ spec: { image: 'a', replicas: 1 }, status: { a: 1 } });
    expect(object['more']).toBeUndefined();
    expect(object['spec'] as object).not.toHaveProperty('extra');
    expect(warnings).toEqual(['unknown field "spec.extra"', 'unknown field "more"']);
    const strict = api.create({
      ...at(),
      object: { ...cronTab({ extra: 1 }), metadata: { name: 'b', labells: {} } as never },
      fieldValidation: 'Strict',
    });
    await expect(strict).rejects.toThrow(
      'strict decoding error: unknown field "metadata.labells", unknown field "spec.extra"',
    );
  });

  it.each([
    [
      'a wrong type',
      { image: 5 },
      'spec.image: Invalid value: "integer": spec.image in body must be of type string: 5',
    ],
    [
      'a broken pattern',
      { cronSpec: '* *' },
      'spec.cronSpec: Invalid value: "* *": spec.cronSpec in body should match \'^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$\'',
    ],
    [
      'too much',
      { replicas: 11 },
      'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
    ],
    ['no object', [], 'spec: Invalid value: "array": spec in body must be of type object: "array"'],
  ])('refuses %s', async (_, spec, message) => {
    await define();
    await expect(create(spec)).rejects.toMatchObject({ reason: 'Invalid', message: expect.stringContaining(message) });
  });

  it('gives defaults when it is written, and to what was stored before there were any', async () => {
    await define({ schema: schemaOfSpec({ image: { type: 'string' } }) });
    await create({ image: 'a' });
    expect((await get())['spec']).toEqual({ image: 'a' });
    await redefine((spec) => ({
      ...spec,
      versions: [
        versionOf('v1', schemaOfSpec({ image: { type: 'string' }, level: { type: 'string', default: 'low' } })),
      ],
    }));
    expect((await get())['spec']).toEqual({ image: 'a', level: 'low' });
    const [listed] = (await api.list(at())).items;
    expect(listed?.['spec']).toEqual({ image: 'a', level: 'low' });
  });

  it('does not judge again what did not change', async () => {
    await define({ schema: schemaOfSpec({ a: { type: 'string' }, b: { type: 'string' } }) });
    await create({ a: 'much too long' });
    await redefine((spec) => ({
      ...spec,
      versions: [versionOf('v1', schemaOfSpec({ a: { type: 'string', maxLength: 3 }, b: { type: 'string' } }))],
    }));
    await merge({ metadata: { labels: { x: 'y' } } });
    await merge({ spec: { b: 'new' } });
    await expect(merge({ spec: { a: 'still too long' } })).rejects.toThrow(
      'spec.a: Too long: may not be more than 3 bytes',
    );
  });

  it('counts generations of all but metadata, and with a status of all but that', async () => {
    await define();
    expect((await create()).object.metadata.generation).toBe(1);
    expect((await merge({ metadata: { labels: { a: 'b' } } })).object.metadata.generation).toBe(1);
    expect((await merge({ status: { phase: 'Up' } })).object.metadata.generation).toBe(2);
    await redefine((spec) => ({ ...spec, versions: [{ ...spec.versions[0], subresources: { status: {} } }] }));
    await until('the status is apart', () => rowOf(GROUP, 'v1', 'crontabs').subresources?.status !== undefined);
    const kept = await merge({ spec: { image: 'b' }, status: { phase: 'Down' } });
    expect(kept.object).toMatchObject({ metadata: { generation: 3 }, status: { phase: 'Up' } });
    const stated = await merge(
      { metadata: { labels: { a: 'c' } }, spec: { image: 'c' }, status: { phase: 'Down' } },
      { subresource: 'status' },
    );
    expect(stated.object).toMatchObject({
      metadata: { generation: 3, labels: { a: 'b' } },
      spec: { image: 'b' },
      status: { phase: 'Down' },
    });
  });

  it('takes JSON and merge patches, and tells of strategic ones', async () => {
    await define();
    await create({ image: 'a' });
    const replaced = await api.patch({
      ...at(),
      name: 'mine',
      patchType: 'json',
      patch: [{ op: 'replace', path: '/spec/image', value: 'b' }],
    });
    expect(replaced.object['spec']).toMatchObject({ image: 'b' });
    const strategic = api.patch({ ...at(), name: 'mine', patchType: 'strategic', patch: {} });
    await expect(strategic).rejects.toMatchObject({ reason: 'UnsupportedMediaType' });
  });

  it('applies by the list and map types of the schema', async () => {
    const items = {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, protocol: { type: 'string', default: 'TCP' }, port: { type: 'integer' } },
    };
    const list = (listType: string, more: object) => ({ type: 'array', 'x-kubernetes-list-type': listType, ...more });
    await define({
      schema: schemaOfSpec({
        ports: list('map', { 'x-kubernetes-list-map-keys': ['name', 'protocol'], items }),
        tags: list('set', { items: { type: 'string' } }),
        plain: { type: 'array', items: { type: 'string' } },
        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
      }),
    });
    const apply = async (fieldManager: string, spec: object, force = false) =>
      (
        await api.patch({
          ...at(),
          name: 'mine',
          patchType: 'apply',
          patch: cronTab(spec) as never,
          fieldManager,
          force,
        })
      ).object['spec'];
    await apply('one', { ports: [{ name: 'a', port: 1 }], tags: ['x'], plain: ['p'], whole: { k: '1' } });
    expect(await apply('two', { ports: [{ name: 'b', port: 2 }], tags: ['y'] })).toEqual({
      ports: [
        { name: 'a', port: 1, protocol: 'TCP' },
        { name: 'b', port: 2, protocol: 'TCP' },
      ],
      tags: ['x', 'y'],
      plain: ['p'],
      whole: { k: '1' },
    });
    await expect(apply('two', { plain: ['q'] })).rejects.toMatchObject({ reason: 'Conflict' });
    await expect(apply('two', { whole: { l: '2' } })).rejects.toMatchObject({ reason: 'Conflict' });
    expect(await apply('one', { ports: [], tags: [] })).toEqual({
      ports: [{ name: 'b', port: 2, protocol: 'TCP' }],
      tags: ['y'],
    });
    const twice = { ports: [{ name: 'c' }, { name: 'c', protocol: 'TCP' }] };
    await expect(merge({ spec: twice })).rejects.toThrow('spec.ports[1]: Duplicate value');
  });

  it('is found by fields that its definition makes selectable', async () => {
    await define({ version: { selectableFields: [{ jsonPath: '.spec.image' }] } });
    await create({ image: 'a' });
    await api.create({ ...at(), object: { ...cronTab({ image: 'b' }), metadata: { name: 'other' } } });
    const names = async (fieldSelector: string) =>
      (await api.list({ ...at(), fieldSelector })).items.map(({ metadata }) => metadata.name);
    expect(await names('spec.image=a')).toEqual(['mine']);
    expect(await names('spec.image!=a')).toEqual(['other']);
    await expect(names('spec.replicas=1')).rejects.toThrow('field label not supported: spec.replicas');
  });
});

describe('src/server/registry/custom: versions', () => {
  const v1 = schemaOfSpec({ image: { type: 'string' }, old: { type: 'string' } });
  const v2 = schemaOfSpec({ image: { type: 'string' }, level: { type: 'string', default: 'low' } });
  const both = (stored: string) => [
    versionOf('v1', v1, { storage: stored === 'v1' }),
    versionOf('v2', v2, { storage: stored === 'v2' }),
  ];

  it('answers in the version that was asked, each by its schema', async () => {
    await define({ versions: both('v1') });
    await create({ image: 'a', old: 'o' });
    expect(await get('v2')).toMatchObject({ apiVersion: `${GROUP}/v2`, spec: { image: 'a', level: 'low' } });
    expect((await get('v2'))['spec']).not.toHaveProperty('old');
    expect((await get())['spec']).toEqual({ image: 'a', old: 'o' });
    const wrong = api.create({ ...at('v2'), object: { ...cronTab({ level: 5 }, {}, 'v2'), metadata: { name: 'b' } } });
    await expect(wrong).rejects.toThrow('spec.level');
  });

  it('remembers in which versions it stored, and brings objects over when they are written', async () => {
    await define({ versions: both('v1') });
    await create({ image: 'a' });
    await redefine((spec) => ({ ...spec, versions: both('v2') }));
    expect((await definition()).status?.storedVersions).toEqual(['v1', 'v2']);
    await until('it is stored as v2', () =>
      api.rows.some(
        (row) =>
          row.type.group === GROUP &&
          row.type.version === 'v2' &&
          row.custom?.toStored(cronTab()).apiVersion === cronTab().apiVersion,
      ),
    );
    const before = (await get('v2')).metadata.resourceVersion;
    const same = await api.update({ ...at('v2'), name: 'mine', object: await get('v2') });
    expect(same.object.metadata.resourceVersion).not.toBe(before);
    const again = await api.update({ ...at('v2'), name: 'mine', object: await get('v2') });
    expect(again.object.metadata.resourceVersion).toBe(same.object.metadata.resourceVersion);
  });

  it('serves only the stored version where a webhook would convert, and says so', async () => {
    const conversion = {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com' } },
    };
    const { warnings } = await api.create({
      ...definitions(),
      object: definitionObject({ versions: both('v1'), spec: { conversion } }),
    });
    expect(warnings).toEqual([
      'spec.conversion.strategy: conversion webhooks are not called: only the stored version v1 will be served',
    ]);
    await established();
    expect(api.row(GROUP, 'v1', 'crontabs')).toBeDefined();
    expect(api.row(GROUP, 'v2', 'crontabs')).toBeUndefined();
  });

  it('keeps rules in CEL, and says that it does not enforce them', async () => {
    const rules = [{ rule: 'self.image != ""', message: 'no' }];
    const object = definitionObject({
      schema: schemaOfSpec({ image: { type: 'string' } }, { 'x-kubernetes-validations': rules }),
    });
    const { warnings } = await api.create({ ...definitions(), object });
    expect(warnings).toEqual([
      'spec.versions[v1]: one rule of x-kubernetes-validations will not be enforced: CEL is not supported; the rest of the schema is',
    ]);
    const now = await established();
    expect(conditionOf('ValidationRulesEnforced', now)).toMatchObject({ status: 'False', reason: 'CELNotSupported' });
    expect(JSON.stringify(now.spec)).toContain('self.image');
    await create({ image: '' });
  });

  it('scales by the paths of the definition', async () => {
    const subresources = {
      status: {},
      scale: {
        specReplicasPath: '.spec.size.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    };
    const schema = schemaOfSpec({
      size: { type: 'object', properties: { replicas: { type: 'integer', maximum: 5 } } },
    });
    await define({ schema, version: { subresources } });
    await create({});
    const scale = { subresource: 'scale' } as const;
    await expect(api.get({ ...at(), name: 'mine', ...scale })).rejects.toThrow(
      'the spec replicas field ".spec.size.replicas" does not exist',
    );
    await merge({ spec: { size: { replicas: 2 } } });
    await merge({ status: { replicas: 1, selector: 'a=b' } }, { subresource: 'status' });
    expect(await api.get({ ...at(), name: 'mine', ...scale })).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'a=b' },
    });
    const scaled = await merge({ spec: { replicas: 4 } }, scale);
    expect(scaled.object).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
    expect(((await get()) as StoredObject)['spec']).toEqual({ size: { replicas: 4 } });
    await expect(merge({ spec: { replicas: 6 } }, scale)).rejects.toThrow('should be less than or equal to 5');
  });
});
