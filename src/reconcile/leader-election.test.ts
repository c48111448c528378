import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEASES } from '#api';
import { silentLog } from '#base';
import type { Client } from '#client';
import { type Cluster, startCluster } from '../../test/support/cluster.ts';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { runAsLeader } from './leader-election.ts';

let clock: FakeClock;
let cluster: Cluster;
beforeEach(async () => {
  clock = new FakeClock();
  cluster = await startCluster({ clock });
});
afterEach(() => cluster.close());

/** A candidate that notes when it leads. */
function stand(identity: string, client: Pick<Client, 'get' | 'create' | 'update'> = cluster.client) {
  const stopping = new AbortController();
  const state = { leads: false, terms: 0 };
  const lead = (signal: AbortSignal) => {
    state.leads = true;
    state.terms += 1;
    return new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        state.leads = false;
        resolve();
      });
    });
  };
  const done = runAsLeader({ client, clock, log: silentLog }, { name: 'test', identity }, lead, stopping.signal);
  return {
    state,
    async stop() {
      stopping.abort();
      await settle();
      await done;
    },
  };
}
const lease = async () => (await cluster.client.get(LEASES, { namespace: 'kube-system', name: 'test' }))?.spec;
const pass = async (ms: number) => {
  for (let step = 0; step < ms; step += 1_000) {
    await clock.advance(1_000);
    await settle();
  }
};

describe('src/reconcile/leader-election.ts', () => {
  it('leads at once when nobody does, renews, and gives the lease back', async () => {
    const only = stand('one');
    await pass(1_000);
    expect(only.state.leads).toBe(true);
    const first = await lease();
    expect(first).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
    await pass(20_000);
    expect((await lease())?.renewTime).not.toEqual(first?.renewTime);
    expect((await lease())?.acquireTime).toEqual(first?.acquireTime);
    await only.stop();
    expect(await lease()).toMatchObject({ holderIdentity: '' });
  });

  it('never lets two lead, and lets the second lead soon after the first leaves', async () => {
    const [first, second] = [stand('one'), stand('two')];
    await pass(60_000);
    expect([first.state.leads, second.state.leads].filter(Boolean)).toHaveLength(1);
    const [leader, other] = first.state.leads ? [first, second] : [second, first];
    await leader.stop();
    await pass(3_000);
    expect(other.state.leads).toBe(true);
    expect((await lease())?.leaseTransitions).toBe(1);
    await other.stop();
  });

  it('stops leading before another may begin, when it cannot renew', async () => {
    let cut = false;
    const gate = <T>(call: () => Promise<T>) => (cut ? Promise.reject(new Error('cut off')) : call());
    const { client } = cluster;
    const first = stand('one', {
      get: (...args) => gate(() => client.get(...args)),
      create: (...args) => gate(() => client.create(...args)),
      update: (...args) => gate(() => client.update(...args)),
    });
    await pass(2_000);
    const second = stand('two');
    await pass(2_000);
    cut = true;
    for (let second_ = 0; second_ < 30; second_ += 1) {
      await pass(1_000);
      expect(first.state.leads && second.state.leads).toBe(false);
    }
    expect([first.state.leads, second.state.leads]).toEqual([false, true]);
    cut = false;
    await pass(30_000);
    expect([first.state.leads, first.state.terms]).toEqual([false, 1]);
    await Promise.all([first.stop(), second.stop()]);
  });
});
