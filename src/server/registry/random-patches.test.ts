import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  INGRESSES,
  isApiError,
  type Json,
  type KubeObject,
  PODS,
  type ResourceType,
  SERVICES,
  schemaOf,
} from '#api';
import { silentLog } from '#base';
import { createMemoryStore, type Store } from '#store';
import { anyOf } from '../../../test/support/any-object.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { Api, PatchRequest, RequestContext, ResourceRow } from './api.ts';
import { createApi } from './create-api.ts';
import { apiLimits } from './limits.ts';

/** Patches per kind and form; more by PLUMB_TEST_RUNS=1000. */
const RUNS = Number(process.env['PLUMB_TEST_RUNS'] ?? 25);
const context: RequestContext = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };

const labels = { app: 'web' };
const podSpec = {
  containers: [
    { name: 'a', image: 'a:1', ports: [{ containerPort: 1 }], env: [{ name: 'x', value: '1' }] },
    { name: 'b', image: 'b:1', args: ['x', 'y'] },
  ],
  tolerations: [{ key: 'a', operator: 'Exists' }],
};
const LIVE: readonly (readonly [ResourceType, Readonly<Record<string, unknown>>])[] = [
  [
    DEPLOYMENTS,
    { spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } } },
  ],
  [PODS, { spec: podSpec }],
  [
    SERVICES,
    {
      spec: {
        selector: labels,
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 2, protocol: 'UDP' },
        ],
      },
    },
  ],
  [CONFIG_MAPS, { data: { a: '1', b: '2' } }],
  [INGRESSES, { spec: { defaultBackend: { service: { name: 'a', port: { number: 1 } } } } }],
];

/** What only a patch may say, and what should do nobody any good. */
const directives = fc.constantFrom<Readonly<Record<string, Json>>>(
  { $patch: 'replace' },
  { $patch: 'delete' },
  { $patch: 'explode' },
  { $retainKeys: ['name'] },
  { $retainKeys: 1 },
  { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
  { '$setElementOrder/ports': [{ port: 2 }, 7] },
  { '$deleteFromPrimitiveList/args': ['x'] },
  { '$deleteFromPrimitiveList/finalizers': 'x' },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  { constructor: { prototype: { polluted: true } } },
);

/** A patch with a directive or a strange value in some of its objects. */
function spoilt(value: Json, places: readonly [number, Readonly<Record<string, Json>>][]): Json {
  let seen = 0;
  const visit = (part: Json): Json => {
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== 'object' || part === null) return part;
    seen += 1;
    const extra = places.find(([place]) => place === seen)?.[1] ?? {};
    const entries = Object.entries(part).map(([key, inner]) => [key, visit(inner)] as const);
    return Object.fromEntries([...entries, ...Object.entries(extra)]) as Json;
  };
  return visit(value);
}

function pointersOf(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Object.entries(value).flatMap(([key, part]) =>
    pointersOf(part, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [at, ...(Array.isArray(value) ? [`${at}/-`] : []), ...inner];
}

describe('src/server/registry/verbs/patch.ts', () => {
  let store: Store;
  let api: Api;
  let taken = 0;

  beforeAll(async () => {
    const clock = new FakeClock();
    store = createMemoryStore({ clock });
    api = await createApi({ store, clock, log: silentLog });
  });
  afterAll(async () => {
    await api.close();
    await store.close();
  });

  const at = ({ group, version, plural }: ResourceType) => ({
    context,
    row: api.row(group, version, plural) as ResourceRow,
    namespace: 'default',
  });

  function patchesOf(type: ResourceType, patchType: PatchRequest['patchType'], live: KubeObject): fc.Arbitrary<Json> {
    const schema = schemaOf(type.group, type.version, type.kind);
    if (schema === undefined) throw new Error(`no schema for ${type.kind}`);
    const value = fc.oneof(
      { weight: 4, arbitrary: anyOf(schema, 0) as fc.Arbitrary<Json> },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json> },
    );
    if (patchType === 'json') {
      const path = fc.oneof(fc.constantFrom(...pointersOf(live)), fc.constantFrom('', '/', 'x', '/a/b', '/spec/-'));
      const operation = fc.record(
        {
          op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'explode'),
          path,
          from: path,
          value: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
        },
        { requiredKeys: ['op', 'path'] },
      );
      return fc.array(operation, { maxLength: 6 }) as fc.Arbitrary<Json>;
    }
    const places = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), directives), { maxLength: 2 });
    return fc.tuple(value, places).map(([patch, where]) => spoilt(patch, where));
  }

  const forms = ['strategic', 'merge', 'json', 'apply'] as const;
  it.each(LIVE.flatMap(([type, body]) => forms.map((form) => [form, type.kind, type, body] as const)))(
    'answers or refuses any %s patch of a %s, and stores nothing it would not take',
    async (patchType, kind, type, body) => {
      const name = `${patchType}-${type.plural}`;
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
      const object = { apiVersion, kind, metadata: { name }, ...body };
      const first = (await api.create({ ...at(type), object })).object;
      await fc.assert(
        fc.asyncProperty(patchesOf(type, patchType, first), async (given) => {
          const patch =
            patchType === 'apply' && isRecord(given) ? { ...given, apiVersion, kind, metadata: { name } } : given;
          const before = await api.get({ ...at(type), name });
          const send = () =>
            api.patch({
              ...at(type),
              name,
              patchType,
              patch,
              fieldManager: 'm',
              ...(patchType === 'apply' ? { force: true } : {}),
            });
          const answer = await send().catch((error: unknown) => {
            if (!isApiError(error) || error.httpStatus >= 500) throw error;
          });
          const after = await api.get({ ...at(type), name });
          expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
          if (answer === undefined) {
            expect(after).toBe(before); // refused: not touched
            return;
          }
          taken += 1;
          const text = JSON.stringify(after);
          expect(text.length).toBeLessThan(apiLimits.objectBytes);
          expect(text).not.toMatch(/"\$(patch|retainKeys|setElementOrder|deleteFromPrimitiveList)/);
          expect([after.metadata.name, after.metadata.uid]).toEqual([name, first.metadata.uid]);
          // What stands there is as the server itself would take it, and defaulting it again changes nothing.
          const again = await api.update({ ...at(type), name, object: after });
          expect(again.object.metadata.resourceVersion).toBe(after.metadata.resourceVersion);
          // The same patch a second time changes nothing, but that `managedFields: [{}]` disowns whoever wrote before.
          const resets = JSON.stringify(patch).includes('"managedFields"');
          if ((patchType === 'merge' && !resets) || patchType === 'apply') {
            const second = (await send()).object;
            expect(second.metadata.resourceVersion).toBe(after.metadata.resourceVersion);
          }
        }),
        { numRuns: RUNS },
      );
    },
  );

  it('has taken a good part of them', () => {
    expect(taken).toBeGreaterThan((LIVE.length * forms.length * RUNS) / 10);
  });
});

function isRecord(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
