import { describe, expect, it } from 'vitest';
import type { Network, PodAttachment } from './network.ts';

/**
 * What every network keeps towards the node agent. `open` answers a new network, and `pod` an attachment that it can
 * carry out.
 */
export function networkContract(open: () => Network, pod: (id: string) => PodAttachment): void {
  describe('contract', () => {
    it('takes the same pod twice, and lets go of one it never had', async () => {
      const network = open();
      await network.start(new AbortController().signal);
      await network.attachPod(pod('a'));
      await network.attachPod(pod('a'));
      await network.detachPod('a');
      await network.detachPod('a');
      await network.detachPod('never');
      await network.remove();
      await network.close();
    });

    it('takes services and names before it is started, and the same ones again', async () => {
      const network = open();
      network.setDnsRecords({ a: new Map(), srv: new Map() });
      await network.setServices([]);
      await network.start(new AbortController().signal);
      await network.setServices([]);
      await network.setServices([]);
      await network.remove();
      await network.close();
    });

    it('ends with its signal, and then refuses', async () => {
      const network = open();
      const abort = new AbortController();
      await network.start(abort.signal);
      await network.remove();
      abort.abort();
      await network.close();
      await expect(network.attachPod(pod('a'))).rejects.toMatchObject({ code: 'NetworkClosed' });
      await expect(network.setServices([])).rejects.toMatchObject({ code: 'NetworkClosed' });
    });
  });
}
