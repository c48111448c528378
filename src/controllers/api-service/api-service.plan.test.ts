import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import { type ApiServiceSnapshot, apiServiceObjects, planApiService } from './api-service.plan.ts';

const options = { clusterIP: '10.96.0.1', targetPort: 7443, endpoint: { ip: '10.0.0.7', port: 7443 } };
const PARTS = ['service', 'endpoints', 'slice'] as const;
type Part = (typeof PARTS)[number];
type Objects = Partial<Record<Part, StoredObject>>;

/** As the API shows it, with what the server fills in. */
const stored = (object: KubeObject): StoredObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    uid: object.kind,
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
  } as StoredObject['metadata'],
});
const wanted = apiServiceObjects(options);
const standing = (): Objects => ({
  service: stored({ ...wanted.service, spec: { ...(wanted.service['spec'] as object), sessionAffinity: 'None' } }),
  endpoints: stored(wanted.endpoints),
  slice: stored(wanted.slice),
});
const plan = (objects: Objects) =>
  planApiService({ ...objects, options } as object as ApiServiceSnapshot & { readonly options: typeof options });
/** What there is once the plan was carried out. */
function carriedOut(objects: Objects): Objects {
  const { create, update } = plan(objects);
  const written = new Map([...create.map(stored), ...update].map((each) => [each.kind, each as StoredObject]));
  return Object.fromEntries(PARTS.map((part) => [part, written.get(wanted[part].kind) ?? objects[part]]));
}
const without = (part: Part): Objects => ({ ...standing(), [part]: undefined });
const changed = (part: Part, change: object): Objects => ({
  ...standing(),
  [part]: { ...standing()[part], ...change },
});
const going = (part: Part): Objects => {
  const metadata = { ...standing()[part]?.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' };
  return changed(part, { metadata });
};

describe('src/controllers/api-service/api-service.plan.ts', () => {
  it.each<[string, Objects, readonly string[], readonly string[]]>([
    ['makes all three where there is none', {}, ['Service', 'Endpoints', 'EndpointSlice'], []],
    ['writes nothing where all stands', standing(), [], []],
    ['makes a Service that is gone', without('service'), ['Service'], []],
    ['makes a slice that is gone', without('slice'), ['EndpointSlice'], []],
    ['puts back addresses', changed('endpoints', { subsets: [] }), [], ['Endpoints']],
    ['puts back the address family', changed('slice', { addressType: 'IPv6' }), [], ['EndpointSlice']],
    ['puts back the ports', changed('service', { spec: { ports: [] } }), [], ['Service']],
    ['puts back its labels', changed('service', { metadata: { name: 'kubernetes' } }), [], ['Service']],
    ['waits for the end of one that goes', going('endpoints'), [], []],
  ])('%s', (_what, objects, create, update) => {
    const made = plan(objects);
    expect(made.create.map(({ kind }) => kind)).toEqual(create);
    expect(made.update.map(({ kind }) => kind)).toEqual(update);
    expect(made.reason).toBe(`${create.length} missing, ${update.length} changed`);
  });

  it('puts anything right in one pass, keeps what is not its own, and then rests', () => {
    const key = fc.constantFrom('mine', 'yours', 'component', 'kubernetes.io/service-name');
    const harm = fc.record({
      gone: fc.boolean(),
      labels: fc.dictionary(key, fc.constantFrom('a', 'b')),
      annotations: fc.dictionary(key, fc.constantFrom('a', 'b')),
      fields: fc.constantFrom<object>({}, { spec: {} }, { subsets: [] }, { endpoints: [] }, { ports: [] }),
    });
    const owned = new Set(PARTS.flatMap((part) => Object.keys(wanted[part].metadata.labels ?? {})));
    fc.assert(
      fc.property(fc.tuple(harm, harm, harm), (harms) => {
        const before: Objects = {};
        for (const [at, { gone, labels, annotations, fields }] of harms.entries()) {
          const part = PARTS[at] as Part;
          const object = standing()[part] as StoredObject;
          const allowed = Object.fromEntries(Object.entries(fields).filter(([name]) => name in object));
          if (!gone) before[part] = { ...object, ...allowed, metadata: { ...object.metadata, labels, annotations } };
        }
        const after = carriedOut(before);
        expect(plan(after)).toMatchObject({ create: [], update: [] });
        for (const part of PARTS) {
          const { kind: _, apiVersion: _version, metadata, ...content } = wanted[part];
          expect(after[part]).toMatchObject(content);
          expect(after[part]?.metadata.labels).toMatchObject(metadata.labels ?? {});
          const { labels = {}, annotations } = before[part]?.metadata ?? {};
          const others = Object.entries(labels).filter(([name]) => !owned.has(name));
          expect(after[part]?.metadata.labels).toMatchObject(Object.fromEntries(others));
          expect(after[part]?.metadata.annotations).toEqual(annotations);
        }
      }),
    );
  });
});
