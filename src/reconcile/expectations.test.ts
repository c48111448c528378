import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, type ConfigMap } from '#api';
import { silentLog } from '#base';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { Expectations } from './expectations.ts';
import { createInformer } from './informer.ts';

const object = (name: string, revision: number): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, uid: name, resourceVersion: String(revision), creationTimestamp: '' },
});
const never = new AbortController().signal;

/** An informer that shows what it is told to show. */
async function startInformer(clock: FakeClock) {
  let show: (event: { type: 'ADDED' | 'DELETED'; object: ConfigMap }) => void = () => undefined;
  const stopping = new AbortController();
  const client = {
    list: async () => ({ items: [object('old', 1)], resourceVersion: '5' }),
    async *watch() {
      for (;;) yield await new Promise((resolve) => (show = resolve));
    },
  };
  const informer = createInformer({ client: client as never, clock, log: silentLog }, CONFIG_MAPS);
  void informer.run(stopping.signal);
  await settle();
  return {
    informer,
    async show(type: 'ADDED' | 'DELETED', shown: ConfigMap) {
      show({ type, object: shown });
      await settle();
    },
  };
}

describe('src/reconcile/expectations.ts', () => {
  it('waits until our own write is shown, and not for others', async () => {
    const clock = new FakeClock();
    const { informer, show } = await startInformer(clock);
    const expectations = new Expectations(clock);
    expectations.wrote('mine', informer, object('a', 8));
    let settled = false;
    const waiting = expectations.settled('mine', never).then(() => {
      settled = true;
    });
    await expectations.settled('another', never);
    await show('ADDED', object('b', 7));
    expect(settled).toBe(false);
    await show('ADDED', object('a', 8));
    await waiting;
    await expectations.settled('mine', never);
  });

  it('waits until what we deleted is gone', async () => {
    const clock = new FakeClock();
    const { informer, show } = await startInformer(clock);
    const expectations = new Expectations(clock);
    expectations.removed('mine', informer, object('old', 1), undefined);
    const waiting = expectations.settled('mine', never);
    await show('DELETED', object('old', 9));
    await waiting;
  });

  it('gives up after five seconds, to be tried again', async () => {
    const clock = new FakeClock();
    const { informer } = await startInformer(clock);
    const expectations = new Expectations(clock);
    expectations.wrote('mine', informer, object('a', 8));
    const failed = expect(expectations.settled('mine', never)).rejects.toMatchObject({
      code: 'StaleCache',
      retryable: true,
    });
    await clock.advance(5_000);
    await failed;
  });
});
