import { describe, expect, it } from 'vitest';
import { createFakeNetwork } from './fake-network.ts';
import { networkContract } from './network.contract.ts';

describe('src/network/fake-network.ts', () => {
  networkContract(createFakeNetwork, (id) => ({ id, ip: '10.244.1.2', pid: 1 }));

  it('remembers what it was told', async () => {
    const network = createFakeNetwork();
    await network.start(new AbortController().signal);
    await network.attachPod({ id: 'a', ip: '10.244.1.2', pid: 7 });
    await network.detachPod('b');
    expect(network.running).toBe(true);
    expect([...network.pods.values()]).toEqual([{ id: 'a', ip: '10.244.1.2', pid: 7 }]);
    expect(network.calls).toEqual(['start', 'attachPod a', 'detachPod b']);
  });

  it('fails once where it is told to', async () => {
    const network = createFakeNetwork();
    network.failNext('attachPod', new Error('no room'));
    await expect(network.attachPod({ id: 'a', ip: '10.244.1.2', pid: 7 })).rejects.toThrow('no room');
    await network.attachPod({ id: 'a', ip: '10.244.1.2', pid: 7 });
    expect(network.pods.size).toBe(1);
  });

  it('does not start where it is not supported', async () => {
    const network = createFakeNetwork({ ok: false, lacks: 'rights', reason: 'not root', remedy: 'be root' });
    await expect(network.start(new AbortController().signal)).rejects.toMatchObject({ code: 'NetworkUnsupported' });
  });
});
