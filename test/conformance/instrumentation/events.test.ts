/** Source: kubernetes test/e2e/instrumentation: core_events.go, events.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EVENTS, type Event, type ResourceType } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { steady } from '../support/resource.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

const event = (namespace: string, name: string, label: string) => ({
  metadata: { name, labels: { [label]: 'true' } },
  message: `This is ${name}`,
  reason: 'Test',
  type: 'Normal',
  count: 1,
  involvedObject: { namespace },
});

it('[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]', async () => {
  const namespace = await bed.namespace('events');
  const events = bed.of(EVENTS, namespace);
  const name = 'event-test';
  const labelSelector = 'testevent-constant=true';
  const everywhere = async () =>
    (await bed.of(EVENTS).list({ labelSelector })).items.map(({ metadata }) => [metadata.namespace, metadata.name]);

  await events.create(event(namespace, name, 'testevent-constant'));
  expect(await everywhere()).toEqual([[namespace, name]]);
  const before = await events.get(name);
  const message = 'This is a test event - patched';
  await events.patch(name, 'strategic', { message });
  const patched = await events.get(name);
  expect(steady(patched)).toEqual({ ...steady(before), message });
  const series = { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' };
  await events.update({ ...patched, series });
  expect(steady(await events.get(name))).toEqual({ ...steady(patched), series });
  await events.delete(name);
  expect(await everywhere()).toEqual([]);
});

it('[sig-instrumentation] Events should delete a collection of events [Conformance]', async () => {
  const namespace = await bed.namespace('events');
  const events = bed.of(EVENTS, namespace);
  const labelSelector = 'testevent-set=true';
  for (const name of ['test-event-1', 'test-event-2', 'test-event-3'])
    await events.create(event(namespace, name, 'testevent-set'));
  expect((await events.list({ labelSelector })).items).toHaveLength(3);
  await events.deleteCollection({ labelSelector });
  expect((await events.list({ labelSelector })).items).toEqual([]);
});

/** The same events in their newer version. */
const NEW_EVENTS: ResourceType<Event> = { ...EVENTS, group: 'events.k8s.io' };

const newEvent = (namespace: string, name: string, label: string) => ({
  metadata: { name, labels: { [label]: 'true' } },
  regarding: { namespace },
  eventTime: '2017-09-19T13:49:16.000000Z',
  note: `This is ${name}`,
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  reportingController: 'test-controller',
  reportingInstance: 'test-node',
});

it('[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]', async () => {
  const namespace = await bed.namespace('events');
  const events = bed.of(NEW_EVENTS, namespace);
  const everywhere = bed.of(NEW_EVENTS);
  const name = 'event-test';
  const labelSelector = 'testevent-constant=true';
  const namesIn = async (resource: typeof events, query: Record<string, string>) =>
    (await resource.list(query)).items.map(({ metadata }) => metadata.name);

  await events.create(newEvent(namespace, name, 'testevent-constant'));
  expect(await namesIn(everywhere, { labelSelector })).toEqual([name]);
  expect(await namesIn(events, { labelSelector })).toEqual([name]);
  const core = await bed.of(EVENTS, namespace).list({ fieldSelector: 'source=test-controller' });
  expect(core.items.map(({ metadata }) => metadata.name)).toEqual([name]);
  expect(await namesIn(events, { fieldSelector: 'reportingController=test-controller' })).toEqual([name]);

  const before = await events.get(name);
  const first = { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' };
  await events.patch(name, 'strategic', { series: first });
  const patched = await events.get(name);
  expect(steady(patched)).toEqual({ ...steady(before), series: first });
  const series = { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' };
  await events.update({ ...patched, series });
  expect(steady(await events.get(name))).toEqual({ ...steady(patched), series });

  await events.delete(name);
  expect(await namesIn(everywhere, { labelSelector })).toEqual([]);
  expect(await namesIn(events, { labelSelector })).toEqual([]);
});

it('[sig-instrumentation] Events API should delete a collection of events [Conformance]', async () => {
  const namespace = await bed.namespace('events');
  const events = bed.of(NEW_EVENTS, namespace);
  const labelSelector = 'testevent-set=true';
  for (const name of ['test-event-1', 'test-event-2', 'test-event-3'])
    await events.create(newEvent(namespace, name, 'testevent-set'));
  expect((await events.list({ labelSelector })).items).toHaveLength(3);
  await events.deleteCollection({ labelSelector });
  expect((await events.list({ labelSelector })).items).toEqual([]);
});
