import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '#base';
import type { KubeObject, ManagedFieldsEntry } from '../meta/object.ts';
import { isApiError } from '../meta/status.ts';
import type { Schema } from '../schema/schema.ts';
import { applyServerSide } from './apply.ts';
import { ownersOf } from './owners.ts';
import { trackUpdate } from './update.ts';

const text: Schema = { type: 'string' };
const number: Schema = { type: 'integer' };
const port: Schema = {
  type: 'object',
  properties: { port: number, protocol: { ...text, default: 'TCP' }, name: text },
};
const container: Schema = {
  type: 'object',
  properties: {
    name: text,
    image: text,
    args: { type: 'array', items: text },
    policy: text,
    ports: { type: 'array', items: port, listType: 'map', listMapKeys: ['port', 'protocol'] },
    limits: { type: 'map', values: { type: 'quantity' } },
  },
};
const schema: Schema = {
  type: 'object',
  properties: {
    apiVersion: text,
    kind: text,
    metadata: {
      type: 'object',
      properties: {
        name: text,
        labels: { type: 'map', values: text },
        annotations: { type: 'map', values: text },
        finalizers: { type: 'array', items: text, listType: 'set' },
      },
    },
    spec: {
      type: 'object',
      properties: {
        replicas: number,
        strategy: { type: 'object', properties: { type: text, surge: number } },
        selector: { type: 'object', mapType: 'atomic', properties: { matchLabels: { type: 'map', values: text } } },
        containers: { type: 'array', items: container, listType: 'map', listMapKeys: ['name'] },
        tolerations: { type: 'array', items: { type: 'any' }, listType: 'atomic' },
      },
    },
    data: { type: 'map', values: text },
    status: { type: 'object', properties: { ready: number } },
  },
};

type Body = Record<string, unknown>;
const object = (body: Body, metadata: Body = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x', ...metadata },
  ...body,
});
const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;

interface Options {
  readonly force?: boolean;
  readonly subresource?: string;
  readonly user?: string;
  readonly second?: number;
}
const apply = (live: KubeObject | undefined, manager: string, applied: KubeObject, options: Options = {}) =>
  applyServerSide({
    schema,
    live: deepFreeze(live),
    applied: deepFreeze(applied),
    manager,
    force: options.force ?? false,
    subresource: options.subresource,
    user: options.user,
    time: at(options.second ?? 0),
  });
const update = (live: KubeObject | undefined, manager: string, updated: KubeObject, options: Options = {}) =>
  trackUpdate({
    schema,
    live: deepFreeze(live),
    updated: deepFreeze(updated),
    manager,
    subresource: options.subresource,
    user: options.user,
    time: at(options.second ?? 0),
  });
const spec = (thing: KubeObject) => thing['spec'] as Body;
const fields = (thing: KubeObject, manager: string): unknown =>
  thing.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;
/** All but who owns what. */
const content = ({ metadata: { managedFields: _entries, ...metadata }, ...rest }: KubeObject) => ({
  ...rest,
  metadata,
});

describe('src/api/apply/apply.ts', () => {
  it('creates, and owns what it sets', () => {
    const { object: created, changed } = apply(
      undefined,
      'git',
      object({ spec: { replicas: 1, containers: [{ name: 'a', image: 'i' }] } }),
      {
        user: 'ann',
      },
    );
    expect(changed).toBe(true);
    expect(created.metadata.managedFields).toEqual([
      {
        manager: 'git',
        operation: 'Apply',
        apiVersion: 'v1',
        time: at(0),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:image': {} } },
          },
        },
        user: 'ann',
      },
    ]);
  });

  it('changes nothing, not even the time, when applied again', () => {
    const applied = object({
      spec: { replicas: 1, tolerations: [{ key: 'a' }], containers: [{ name: 'a', ports: [{ port: 80 }] }] },
    });
    const first = apply(undefined, 'git', applied).object;
    const second = apply(first, 'git', applied, { second: 9 });
    expect(second).toEqual({ object: first, changed: false });
  });

  it('sees equal quantities as equal', () => {
    const withCpu = (cpu: unknown) => object({ spec: { containers: [{ name: 'a', limits: { cpu } }] } });
    const live = apply(undefined, 'git', withCpu('1')).object;
    expect(apply(live, 'git', withCpu('1000m')).changed).toBe(false);
    expect(apply(live, 'git', withCpu(1)).changed).toBe(false);
    expect(apply(live, 'other', withCpu('1000m')).changed).toBe(true);
    expect(() => apply(live, 'other', withCpu('2'))).toThrow(/conflict/);
  });

  it('refuses to change what others own, and says what and whose', () => {
    const live = update(
      apply(undefined, 'git', object({ spec: { replicas: 1 }, data: { a: '1' } })).object,
      'kubectl-edit',
      object({ spec: { replicas: 3 }, data: { a: '1' } }),
    );
    let error: unknown;
    try {
      apply(live, 'git', object({ spec: { replicas: 1 }, data: { a: '1' } }));
    } catch (thrown) {
      error = thrown;
    }
    if (!isApiError(error, 'Conflict')) throw error;
    expect(error.httpStatus).toBe(409);
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .spec.replicas');
    expect(error.details?.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-edit" using v1', field: '.spec.replicas' },
    ]);
  });

  it('tells of conflicts with several managers', () => {
    const a = apply(undefined, 'a', object({ data: { x: '1', y: '1' } })).object;
    const b = apply(a, 'b', object({ spec: { containers: [{ name: 'c', image: 'i' }] } })).object;
    expect(() =>
      apply(b, 'c', object({ data: { x: '2', y: '2' }, spec: { containers: [{ name: 'c', image: 'j' }] } })),
    ).toThrow(
      'Apply failed with 3 conflicts:\nconflicts with "a":\n- .data.x\n- .data.y\nconflicts with "b":\n- .spec.containers[name="c"].image',
    );
  });

  it('takes over by force', () => {
    const live = apply(undefined, 'a', object({ spec: { replicas: 1 } })).object;
    const forced = apply(live, 'b', object({ spec: { replicas: 2 } }), { force: true }).object;
    expect(spec(forced)['replicas']).toBe(2);
    expect(fields(forced, 'a')).toBeUndefined();
    expect(fields(forced, 'b')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('shares what is equal, and removes it only when the last owner drops it', () => {
    const a = apply(undefined, 'a', object({ data: { x: '1', y: '1' } })).object;
    const both = apply(a, 'b', object({ data: { x: '1' } })).object;
    const dropped = apply(both, 'a', object({ data: { y: '1' } })).object;
    expect(dropped['data']).toEqual({ x: '1', y: '1' });
    const gone = apply(dropped, 'b', object({})).object;
    expect(gone['data']).toEqual({ y: '1' });
    expect(gone.metadata.managedFields).toHaveLength(1);
  });

  it('removes a whole item with its defaults, when nobody else has a part in it', () => {
    const two = object({ spec: { containers: [{ name: 'a' }, { name: 'b', image: 'i' }] } });
    const created = apply(undefined, 'git', two).object;
    const defaulted: KubeObject = {
      ...created,
      spec: {
        containers: [
          { name: 'a', policy: 'Always' },
          { name: 'b', image: 'i', policy: 'Always' },
        ],
      },
    };
    const one = apply(defaulted, 'git', object({ spec: { containers: [{ name: 'a' }] } })).object;
    expect(spec(one)['containers']).toEqual([{ name: 'a', policy: 'Always' }]);
  });

  it('keeps an item, with its keys, while another owns a field of it', () => {
    const created = apply(
      undefined,
      'git',
      object({ spec: { containers: [{ name: 'a', image: 'i', args: ['x'] }] } }),
    ).object;
    const edited = update(created, 'kubectl-edit', {
      ...created,
      spec: { containers: [{ name: 'a', image: 'i', args: ['x'], policy: 'Never' }] },
    });
    const dropped = apply(edited, 'git', object({ spec: { replicas: 1 } })).object;
    expect(spec(dropped)).toEqual({ replicas: 1, containers: [{ name: 'a', policy: 'Never' }] });
  });

  it('never removes the identity of an object', () => {
    const live = { ...apply(undefined, 'git', object({ data: { a: '1' } }, { labels: { l: '1' } })).object };
    live.metadata = { ...live.metadata, uid: 'u', resourceVersion: '7', creationTimestamp: at(0) };
    const { object: empty } = apply(live, 'git', object({}));
    expect(empty).toEqual({
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name: 'x', uid: 'u', resourceVersion: '7', creationTimestamp: at(0) },
    });
  });

  it('keeps what live has and the applier does not name, in its place', () => {
    const live = apply(
      undefined,
      'other',
      object({ spec: { containers: [{ name: 'side' }, { name: 'b' }, { name: 'a' }] } }),
    ).object;
    const merged = apply(
      live,
      'git',
      object({ spec: { containers: [{ name: 'a' }, { name: 'n' }, { name: 'b' }] } }),
    ).object;
    expect((spec(merged)['containers'] as Body[]).map(({ name }) => name)).toEqual(['side', 'a', 'n', 'b']);
  });

  it('applies a mere change of order', () => {
    const order = (...names: string[]) => object({ spec: { containers: names.map((name) => ({ name })) } });
    const live = apply(undefined, 'git', order('a', 'b')).object;
    const { object: reordered, changed } = apply(live, 'git', order('b', 'a'));
    expect(changed).toBe(true);
    expect((spec(reordered)['containers'] as Body[]).map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('knows items by all their keys, with the default of a key left out', () => {
    const ports = (...list: Body[]) => object({ spec: { containers: [{ name: 'a', ports: list }] } });
    const live = apply(undefined, 'git', ports({ port: 53 }, { port: 53, protocol: 'UDP' })).object;
    const defaulted: KubeObject = {
      ...live,
      spec: {
        containers: [
          {
            name: 'a',
            ports: [
              { port: 53, protocol: 'TCP' },
              { port: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
    };
    const renamed = apply(defaulted, 'git', ports({ port: 53, name: 'dns' }, { port: 53, protocol: 'UDP' })).object;
    expect((spec(renamed)['containers'] as Body[])[0]?.['ports']).toEqual([
      { port: 53, protocol: 'TCP', name: 'dns' },
      { port: 53, protocol: 'UDP' },
    ]);
  });

  it('treats atomic lists and maps as one value', () => {
    const live = apply(
      undefined,
      'a',
      object({ spec: { tolerations: [{ key: 'x' }], selector: { matchLabels: { a: '1' } } } }),
    ).object;
    expect(fields(live, 'a')).toEqual({ 'f:spec': { 'f:tolerations': {}, 'f:selector': {} } });
    expect(() => apply(live, 'b', object({ spec: { tolerations: [{ key: 'x' }, { key: 'y' }] } }))).toThrow(
      /\.spec\.tolerations/,
    );
    expect(() => apply(live, 'b', object({ spec: { selector: { matchLabels: { a: '1', b: '2' } } } }))).toThrow(
      /\.spec\.selector/,
    );
  });

  it('adds to sets and removes its own members', () => {
    const a = apply(undefined, 'a', object({}, { finalizers: ['a', 'c'] })).object;
    const both = apply(a, 'b', object({}, { finalizers: ['b'] })).object;
    expect(both.metadata.finalizers).toEqual(['a', 'c', 'b']);
    expect(apply(both, 'a', object({}, { finalizers: ['c'] })).object.metadata.finalizers).toEqual(['c', 'b']);
  });

  it('ignores status on the main resource and all else on status', () => {
    const created = apply(undefined, 'git', object({ spec: { replicas: 1 }, status: { ready: 9 } })).object;
    expect(created['status']).toBeUndefined();
    const status = apply(
      created,
      'node',
      object({ spec: { replicas: 5 }, status: { ready: 1 } }, { labels: { a: '1' } }),
      { subresource: 'status' },
    ).object;
    expect(status).toMatchObject({ spec: { replicas: 1 }, status: { ready: 1 } });
    expect(status.metadata.labels).toBeUndefined();
    expect(status.metadata.managedFields?.map(({ manager, subresource }) => [manager, subresource])).toEqual([
      ['git', undefined],
      ['node', 'status'],
    ]);
  });

  it('takes null for absent', () => {
    const live = apply(undefined, 'git', object({ spec: { replicas: 1, strategy: null }, data: null })).object;
    expect(fields(live, 'git')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(content(apply(live, 'git', object({ spec: { replicas: null } })).object)).toEqual(object({ spec: {} }));
  });

  it('owns the data that the stringData of a Secret becomes, and removes it with its key', () => {
    const secret = (stringData: Body): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'x' },
      stringData,
    });
    const live = apply(undefined, 'git', secret({ a: 'x', b: 'ü' })).object;
    expect(live['data']).toEqual({ a: 'eA==', b: 'w7w=' });
    expect(live['stringData']).toBeUndefined();
    expect(apply(live, 'git', secret({ a: 'x', b: 'ü' })).changed).toBe(false);
    expect(apply(live, 'git', secret({ b: 'ü' })).object['data']).toEqual({ b: 'w7w=' });
  });

  it('keeps an unknown past from being removed', () => {
    const live = object({ spec: { replicas: 3 } }, { creationTimestamp: at(0) });
    expect(() => apply(live, 'git', object({ spec: { replicas: 1 } }))).toThrow(/"before-first-apply" using v1/);
    const forced = apply(live, 'git', object({ data: { a: '1' } })).object;
    expect(forced).toMatchObject({ spec: { replicas: 3 }, data: { a: '1' } });
    expect(fields(forced, 'before-first-apply')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it.each<[string, KubeObject, RegExp]>([
    ['managedFields', object({}, { managedFields: [{ manager: 'a' }] }), /managedFields must be nil/],
    [
      'doubled items',
      object({ spec: { containers: [{ name: 'a' }, { name: 'a' }] } }),
      /\.spec\.containers: duplicate entries for \[name="a"\]/,
    ],
    [
      'items without keys',
      object({ spec: { containers: [{ image: 'a' }] } }),
      /\.spec\.containers: an item lacks name/,
    ],
    ['scalars for items', object({ spec: { containers: ['a'] } }), /an item lacks name/],
    ['doubled members', object({}, { finalizers: ['a', 'a'] }), /duplicate entries for \[="a"\]/],
  ])('refuses %s', (_name, applied, message) => {
    expect(() => apply(undefined, 'git', applied)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    expect(() => apply(undefined, 'git', applied)).toThrow(message);
  });

  describe('after client-side apply', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const body = { spec: { replicas: 1 }, data: { a: '1' } };
    const live = update(
      undefined,
      'kubectl-client-side-apply',
      object(body, { annotations: { [annotation]: JSON.stringify(object(body)) } }),
    );

    it('lets kubectl change what it applied itself', () => {
      const applied = apply(live, 'kubectl', object({ spec: { replicas: 2 }, data: { a: '1' } })).object;
      expect(spec(applied)['replicas']).toBe(2);
      expect(fields(applied, 'kubectl-client-side-apply')).not.toHaveProperty('f:spec');
    });

    it('but not what was changed since, nor anyone else', () => {
      const scaled = update(live, 'kubectl-scale', { ...live, spec: { replicas: 5 } });
      expect(() => apply(scaled, 'kubectl', object({ spec: { replicas: 2 } }))).toThrow(/"kubectl-scale"/);
      expect(() => apply(live, 'git', object({ spec: { replicas: 2 } }))).toThrow(/"kubectl-client-side-apply"/);
    });

    it('takes the owners kubectl moves over', () => {
      const [entry] = live.metadata.managedFields ?? [];
      const moved: ManagedFieldsEntry = { ...entry, manager: 'kubectl', operation: 'Apply' };
      const migrated = update(
        live,
        'kubectl',
        { ...live, metadata: { ...live.metadata, managedFields: [moved] } },
        { user: 'ann' },
      );
      expect(migrated.metadata.managedFields).toEqual([{ ...moved, user: 'ann' }]);
      const removed = apply(migrated, 'kubectl', object({ data: { a: '1' } })).object;
      expect(removed['spec']).toBeUndefined();
    });
  });

  const applied = fc
    .record(
      {
        replicas: fc.integer({ min: 1, max: 3 }),
        strategy: fc.record(
          { type: fc.constantFrom('A', 'B'), surge: fc.integer({ min: 1, max: 2 }) },
          { requiredKeys: [] },
        ),
        selector: fc.constant({ matchLabels: { a: '1' } }),
        containers: fc.uniqueArray(
          fc.record(
            {
              name: fc.constantFrom('a', 'b', 'c'),
              image: fc.constantFrom('i', 'j'),
              args: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
              ports: fc.uniqueArray(fc.record({ port: fc.constantFrom(1, 2), name: fc.constantFrom('p', 'q') }), {
                selector: (one) => one.port,
              }),
            },
            { requiredKeys: ['name'] },
          ),
          { selector: (one) => one.name },
        ),
      },
      { requiredKeys: [] },
    )
    .chain((thing) =>
      fc
        .record({ data: fc.dictionary(fc.constantFrom('k', 'l', '__proto__'), fc.constantFrom('1', '2')) })
        .map((rest) => object({ spec: thing, ...rest })),
    );

  it('is idempotent, and what it applied is what then stands there', () => {
    fc.assert(
      fc.property(applied, applied, applied, (first, second, third) => {
        const live = apply(
          apply(apply(undefined, 'a', first).object, 'b', second, { force: true }).object,
          'a',
          third,
          { force: true },
        );
        const again = apply(live.object, 'a', third, { second: 5 });
        expect(again).toEqual({ object: live.object, changed: false });
        // Nothing of what was applied is missing: applying it as a stranger changes no field.
        expect(content(apply(live.object, 'stranger', third).object)).toEqual(content(live.object));
      }),
      { numRuns: 200 },
    );
  });

  it('lets two appliers converge, each keeping what the other removes', () => {
    fc.assert(
      fc.property(applied, applied, (first, second) => {
        const both = apply(apply(undefined, 'a', first).object, 'b', second, { force: true }).object;
        // `a` leaves: exactly what `b` applied is left of the fields.
        const left = apply(both, 'a', object({}), { force: true }).object;
        const alone = apply(undefined, 'b', second).object;
        expect(fields(left, 'b')).toEqual(fields(alone, 'b'));
        const settled = apply(left, 'b', second);
        expect(settled.changed).toBe(false);
        const gone = apply(left, 'b', object({})).object;
        expect(gone.metadata.managedFields).toBeUndefined();
        expect(content(gone)).toEqual(object({}));
      }),
      { numRuns: 200 },
    );
  });
});

describe('src/api/apply/update.ts', () => {
  it('gives a writer all it creates', () => {
    const created = update(
      undefined,
      'kubectl-create',
      object({ spec: { replicas: 1 }, data: { a: '1' } }, { uid: 'u', labels: { l: '1' } }),
    );
    expect(fields(created, 'kubectl-create')).toEqual({
      'f:metadata': { 'f:labels': { 'f:l': {} } },
      'f:spec': { 'f:replicas': {} },
      'f:data': { 'f:a': {} },
    });
  });

  it('moves what is changed, forgets what is removed, and leaves the rest', () => {
    const created = update(undefined, 'a', object({ spec: { replicas: 1 }, data: { x: '1', y: '1' } }));
    const changed = update(created, 'b', { ...created, data: { x: '2' } }, { second: 5, user: 'bob' });
    expect(fields(changed, 'a')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fields(changed, 'b')).toEqual({ 'f:data': { 'f:x': {} } });
    expect(changed.metadata.managedFields?.map(({ manager, time, user }) => [manager, time, user])).toEqual([
      ['a', at(0), undefined],
      ['b', at(5), 'bob'],
    ]);
  });

  it('changes no entry when it changes no field', () => {
    const created = update(undefined, 'a', object({ data: { x: '1' } }));
    const touched: KubeObject = { ...created, metadata: { ...created.metadata, resourceVersion: '8', generation: 2 } };
    expect(update(created, 'b', touched, { second: 9 }).metadata.managedFields).toEqual(created.metadata.managedFields);
  });

  it('keeps the entries when a client drops or breaks them', () => {
    const created = update(undefined, 'a', object({ data: { x: '1' } }), { user: 'ann' });
    for (const managedFields of [undefined, [], [{ manager: 'evil', operation: 'Apply', fieldsV1: { bad: {} } }]]) {
      const metadata = { ...created.metadata, managedFields } as KubeObject['metadata'];
      expect(update(created, 'a', { ...created, metadata }).metadata.managedFields).toEqual(
        created.metadata.managedFields,
      );
    }
  });

  it('resets them by [{}], as kubectl can', () => {
    const created = update(undefined, 'a', object({ data: { x: '1' } }));
    const reset: KubeObject = { ...created, metadata: { ...created.metadata, managedFields: [{}] } };
    expect(update(created, 'b', reset).metadata.managedFields).toBeUndefined();
  });

  it('keeps the user of an entry that a client sent back without it, and lets none be forged', () => {
    const created = update(undefined, 'a', object({ data: { x: '1' } }), { user: 'ann' });
    const sent = (user: string | undefined): KubeObject => ({
      ...created,
      data: { x: '1', y: '2' },
      metadata: {
        ...created.metadata,
        managedFields: (created.metadata.managedFields ?? []).map(({ user: _user, ...entry }) =>
          user === undefined ? entry : { ...entry, user },
        ),
      },
    });
    for (const user of [undefined, 'eve']) {
      const stored = update(created, 'a', sent(user), { user: 'bob', second: 3 });
      expect(stored.metadata.managedFields?.map((entry) => entry.user)).toEqual(['ann', 'bob']);
    }
  });

  it('keeps writers of one manager apart by user and subresource', () => {
    const created = update(undefined, 'kubectl-edit', object({ data: { x: '1' } }), { user: 'ann' });
    const edited = update(created, 'kubectl-edit', { ...created, data: { x: '1', y: '1' } }, { user: 'bob' });
    const status = update(
      edited,
      'kubectl-edit',
      { ...edited, status: { ready: 1 } },
      { user: 'bob', subresource: 'status' },
    );
    expect(status.metadata.managedFields).toHaveLength(3);
  });

  it('owns all that differs, whatever was written before', () => {
    const data = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(
        fc.array(fc.record({ manager: fc.constantFrom('m', 'n', 'o'), data }), { minLength: 1 }),
        (writes) => {
          let live: KubeObject | undefined;
          const lastWriter = new Map<string, string>();
          for (const write of writes) {
            const before = (live?.['data'] ?? {}) as Record<string, string>;
            for (const key of Object.keys(before)) if (!(key in write.data)) lastWriter.delete(key);
            for (const [key, value] of Object.entries(write.data))
              if (before[key] !== value) lastWriter.set(key, write.manager);
            live = update(live, write.manager, { ...object({}), ...live, data: write.data });
          }
          for (const [key, manager] of lastWriter) {
            expect(
              ownersOf(live?.metadata.managedFields, ['f:data', `f:${key}`]).map((owner) => owner.manager),
            ).toEqual([manager]);
          }
        },
      ),
    );
  });
});

describe('src/api/apply/owners.ts', () => {
  it('finds who owns a field, a part of it, or the whole around it; newest first', () => {
    const a = apply(
      undefined,
      'a',
      object({ spec: { tolerations: [{ key: 'x' }], containers: [{ name: 'c', image: 'i' }] } }),
    ).object;
    const live = update(
      a,
      'b',
      { ...a, spec: { ...spec(a), containers: [{ name: 'c', image: 'j' }] } },
      { second: 5, user: 'bob' },
    );
    const item = ['f:spec', 'f:containers', 'k:{"name":"c"}'];
    const owners = (path: readonly string[]) =>
      ownersOf(live.metadata.managedFields, path).map(({ manager }) => manager);
    expect(ownersOf(live.metadata.managedFields, [...item, 'f:image'])).toEqual([
      { manager: 'b', operation: 'Update', time: at(5), user: 'bob' },
    ]);
    expect(owners(item)).toEqual(['b', 'a']);
    expect(owners(['f:spec', 'f:tolerations', 'i:0', 'f:key'])).toEqual(['a']);
    expect(owners(['f:spec', 'f:replicas'])).toEqual([]);
    expect(ownersOf(undefined, item)).toEqual([]);
  });
});
