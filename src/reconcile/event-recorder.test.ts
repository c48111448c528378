import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, EVENTS, NODES } from '#api';
import { silentLog } from '#base';
import { type Cluster, nodeObject, startCluster } from '../../test/support/cluster.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createEventRecorder, type EventRecorder } from './event-recorder.ts';

let clock: FakeClock;
let cluster: Cluster;
let events: EventRecorder;
beforeEach(async () => {
  clock = new FakeClock();
  cluster = await startCluster({ clock });
  events = createEventRecorder({ client: cluster.client, clock, log: silentLog }, { component: 'tester', host: 'n1' });
});
afterEach(() => cluster.close());

const make = (name = 'a') =>
  cluster.client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
const told = async () => (await cluster.client.list(EVENTS)).items;

describe('src/reconcile/event-recorder.ts', () => {
  it('tells what happened to an object, where it is looked for', async () => {
    const object = await make();
    events.record(object, { type: 'Warning', reason: 'Broken', message: 'it broke' });
    await events.flush();
    expect(await told()).toMatchObject([
      {
        metadata: { namespace: 'default' },
        involvedObject: { kind: 'ConfigMap', name: 'a', namespace: 'default', uid: object.metadata.uid },
        type: 'Warning',
        reason: 'Broken',
        message: 'it broke',
        count: 1,
        source: { component: 'tester', host: 'n1' },
      },
    ]);
  });

  it('counts the same event up instead of telling it again', async () => {
    const object = await make();
    for (let n = 0; n < 5; n += 1) {
      events.record(object, { type: 'Normal', reason: 'Pulled', message: 'again' });
      await clock.advance(1_000);
    }
    await events.flush();
    const [event, ...others] = await told();
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      count: 5,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:04Z',
    });
  });

  it('tells it anew when it was forgotten meanwhile', async () => {
    const object = await make();
    events.record(object, { type: 'Normal', reason: 'Pulled', message: 'again' });
    await events.flush();
    const [event] = await told();
    await cluster.client.delete(EVENTS, event?.metadata ?? { name: '' });
    await clock.advance(1_000);
    events.record(object, { type: 'Normal', reason: 'Pulled', message: 'again' });
    await events.flush();
    expect(await told()).toMatchObject([{ count: 1 }]);
  });

  it('puts many different messages of one reason together, and cuts an object short that tells too much', async () => {
    const object = await make();
    for (let n = 0; n < 100; n += 1)
      events.record(object, { type: 'Normal', reason: 'Chatty', message: `message ${n}` });
    await events.flush();
    const all = await told();
    expect(all).toHaveLength(11);
    const [combined] = all.filter(({ message }) => message?.startsWith('(combined from similar events): '));
    expect(combined?.count).toBe(15);
    events.record(await make('b'), { type: 'Normal', reason: 'Calm', message: 'x' });
    await events.flush();
    expect(await told()).toHaveLength(12);
  });

  it('tells of cluster-wide objects in the default namespace, cuts long messages, and survives what cannot be written', async () => {
    const node = await cluster.client.create(NODES, nodeObject('n1'));
    events.record(node, { type: 'Normal', reason: 'Long', message: 'x'.repeat(5_000) });
    const gone = { ...(await make()), metadata: { name: 'a', namespace: 'no-such-namespace', uid: 'u' } };
    events.record(gone, { type: 'Normal', reason: 'Lost', message: 'x' });
    await events.flush();
    const all = await told();
    expect(all.find(({ reason }) => reason === 'Long')).toMatchObject({ metadata: { namespace: 'default' } });
    expect(all.find(({ reason }) => reason === 'Long')?.message).toHaveLength(1_024);
  });
});
