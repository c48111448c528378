import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore } from '#store';
import type { Api, ResourceRow } from './api.ts';
import { createApi } from './create-api.ts';

const context = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };
const TIME = '2026-01-02T03:04:05.000006Z';
const core = (name: string, fields: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: 'default' },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
  reason: 'R',
  message: 'said',
  type: 'Normal',
  ...fields,
});
const newer = (name: string, fields: object = {}): KubeObject => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name, namespace: 'default', labels: { made: 'new' } },
  eventTime: TIME,
  regarding: { kind: 'Pod', namespace: 'default', name },
  reason: 'R',
  note: 'said',
  type: 'Normal',
  action: 'Do',
  reportingController: 'c',
  reportingInstance: 'c-1',
  ...fields,
});

describe('src/server/registry/versions.ts of events', () => {
  let api: Api;
  beforeAll(async () => {
    api = await createApi({ store: createMemoryStore({ clock: systemClock }), clock: systemClock, log: silentLog });
  });
  afterAll(() => api.close());

  const at = (group: string, name = '') => {
    const row = api.row(group, 'v1', 'events') as ResourceRow;
    return { context, row, namespace: 'default', name };
  };
  const make = async (object: KubeObject): Promise<StoredObject> => {
    const group = object.apiVersion === 'v1' ? '' : 'events.k8s.io';
    const answer = await api.create({ ...at(group), object });
    return answer.object;
  };
  const names = async (group: string, fieldSelector: string) => {
    const { items } = await api.list({ ...at(group), fieldSelector });
    return items.map(({ metadata }) => metadata.name);
  };

  it('is one object in two groups, whoever made it', async () => {
    const made = await make(newer('one'));
    expect(made).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'said', reportingController: 'c' });
    const inCore = await api.get(at('', 'one'));
    expect(inCore).toMatchObject({ apiVersion: 'v1', message: 'said', reportingComponent: 'c', eventTime: TIME });
    expect(inCore.metadata.uid).toBe(made.metadata.uid);
    const old = await make(core('two', { source: { component: 'k' }, count: 2 }));
    expect(await api.get(at('events.k8s.io', 'two'))).toMatchObject({
      metadata: { uid: old.metadata.uid },
      regarding: { name: 'p' },
      deprecatedSource: { component: 'k' },
      deprecatedCount: 2,
    });
  });

  it('is printed alike in both groups', async () => {
    await make(newer('shown'));
    const cells = async (group: string) => {
      const object = await api.get(at(group, 'shown'));
      return at(group).row.columns.map(({ name, cell }) => [name, cell(object, Date.parse(TIME) + 60_000)]);
    };
    expect(await cells('events.k8s.io')).toEqual(await cells(''));
    expect(Object.fromEntries(await cells('events.k8s.io'))).toMatchObject({
      'Last Seen': '60s',
      Object: 'pod/shown',
      Source: 'c, c-1',
      Message: 'said',
    });
  });

  it('chooses by the fields of each group, in the names of each', async () => {
    await make(newer('chosen', { reportingController: 'selected' }));
    expect(await names('events.k8s.io', 'reportingController=selected,regarding.name=chosen')).toEqual(['chosen']);
    expect(await names('', 'reportingComponent=selected,involvedObject.name=chosen')).toEqual(['chosen']);
    expect(await names('', 'source=selected')).toEqual(['chosen']);
    await expect(names('events.k8s.io', 'involvedObject.name=chosen')).rejects.toThrow('field label not supported');
    await expect(names('', 'regarding.name=chosen')).rejects.toThrow('field label not supported');
    const { items, continue: token = '' } = await api.list({ ...at('events.k8s.io'), limit: 1 });
    const rest = await api.list({ ...at('events.k8s.io'), continue: token });
    expect(items.length + rest.items.length).toBe((await api.list(at(''))).items.length);
  });

  it('patches, updates and deletes what either group made', async () => {
    const made = await make(newer('lived'));
    const series = { count: 2, lastObservedTime: TIME };
    const patched = await api.patch({
      ...at('events.k8s.io', 'lived'),
      patchType: 'strategic',
      patch: { series } as never,
    });
    expect(patched.object['series']).toEqual(series);
    const more = { count: 100, lastObservedTime: '2026-01-02T03:05:05.000006Z' };
    const updated = await api.update({
      ...at('events.k8s.io', 'lived'),
      object: { ...patched.object, series: more } as unknown as KubeObject,
    });
    expect(updated.object).toMatchObject({ apiVersion: 'events.k8s.io/v1', series: more });
    expect((await api.get(at('', 'lived')))['series']).toEqual(more);
    const gone = await api.delete(at('events.k8s.io', 'lived'));
    expect(gone.object).toMatchObject({ apiVersion: 'events.k8s.io/v1', metadata: { uid: made.metadata.uid } });
    await expect(api.get(at('', 'lived'))).rejects.toThrow('events "lived" not found');
    await expect(api.get(at('events.k8s.io', 'lived'))).rejects.toThrow('events.events.k8s.io "lived" not found');
    await make(newer('many-1', { note: 'a' }));
    const collection = { ...at('events.k8s.io'), labelSelector: 'made=new' };
    expect((await api.deleteCollection(collection)).every(({ apiVersion }) => apiVersion !== 'v1')).toBe(true);
    expect((await api.list({ ...at(''), labelSelector: 'made=new' })).items).toEqual([]);
  });

  it('applies in the newer group', async () => {
    const apply = { ...at('events.k8s.io', 'applied'), patchType: 'apply' as const, fieldManager: 'm' };
    const first = await api.patch({ ...apply, patch: newer('applied') as never });
    expect(first.object).toMatchObject({ note: 'said', action: 'Do' });
    const other = api.patch({ ...apply, patch: newer('applied', { note: 'x' }) as never });
    await expect(other).rejects.toThrow('message: Invalid value: "x": field is immutable');
    const unfit = { ...apply, name: 'unfit', patch: newer('unfit', { type: 'Odd' }) as never };
    await expect(api.patch(unfit)).rejects.toThrow('type: Invalid value: "": has invalid value: Odd');
  });

  it.each([
    ['no time', { eventTime: undefined }, 'eventTime: Required value'],
    ['an unknown type', { type: 'Odd' }, 'type: Invalid value: "": has invalid value: Odd'],
    ['a first time', { deprecatedFirstTimestamp: '2026-01-02T03:04:05Z' }, 'firstTimestamp'],
    ['a last time', { deprecatedLastTimestamp: '2026-01-02T03:04:05Z' }, 'lastTimestamp'],
    ['a count', { deprecatedCount: 1 }, 'count: Invalid value: "": needs to be unset'],
    ['a source', { deprecatedSource: { component: 'c' } }, 'source: Invalid value: "": needs to be unset'],
    ['a series of one', { series: { count: 1, lastObservedTime: TIME } }, 'series.count'],
    ['nobody who reports', { reportingController: '' }, 'reportingComponent: Required value'],
    ['no action', { action: '' }, 'action: Required value'],
    ['no reason', { reason: '' }, 'reason: Required value'],
    ['no instance', { reportingInstance: '' }, 'reportingInstance: Required value'],
    ['a long action', { action: 'a'.repeat(129) }, 'action: Invalid value: "": can have at most 128 characters'],
  ])('refuses a new event with %s', async (_name, fields, message) => {
    await expect(make(newer('wrong', fields))).rejects.toThrow(message);
  });

  it.each([
    ['the time', { eventTime: '2026-01-02T03:04:05.000007Z' }, 'eventTime: Invalid value'],
    ['the note', { note: 'other' }, 'message: Invalid value: "other": field is immutable'],
    ['what it is about', { regarding: { kind: 'Pod', namespace: 'default', name: 'z' } }, 'involvedObject'],
    ['the reporter', { reportingController: 'd' }, 'reportingComponent'],
  ])('lets nobody who writes in the newer group change %s', async (_name, fields, message) => {
    const name = `final-${Object.keys(fields).join('').toLowerCase()}`;
    await make(newer(name));
    const update = api.update({ ...at('events.k8s.io', name), object: newer(name, fields) });
    await expect(update).rejects.toThrow(message);
  });

  it('takes the same instant in another text, and lets the older group change what it likes', async () => {
    await make(newer('same'));
    const finer = newer('same', { eventTime: '2026-01-02T03:04:05.000006999Z' });
    await api.update({ ...at('events.k8s.io', 'same'), object: finer });
    const stored = await api.get(at('', 'same'));
    const changed = { ...stored, message: 'other' } as unknown as KubeObject;
    expect((await api.update({ ...at('', 'same'), object: changed })).object['message']).toBe('other');
  });
});
