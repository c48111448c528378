import { describe, expect, it } from 'vitest';
import { NO_RECORDS } from './dns/dns.plan.ts';
import type { HostPortRoute, Network, PodAttachment, ServicePortRoute } from './network.ts';

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
      network.setDnsRecords(NO_RECORDS);
      await network.setServices([]);
      await network.start(new AbortController().signal);
      await network.setServices([]);
      await network.setServices([]);
      await network.remove();
      await network.close();
    });

    it('takes host ports before it is started, clients that stay for other times, and lets go of both', async () => {
      const network = open();
      const backend = { ip: '10.244.1.2', port: 80 };
      const port = (hostIP?: string): HostPortRoute => ({
        pod: 'default/web',
        protocol: 'TCP',
        hostPort: 8_081,
        backend,
        ...(hostIP === undefined ? {} : { hostIP }),
      });
      const web = (affinitySeconds?: number): ServicePortRoute => ({
        service: 'default/web:http',
        protocol: 'TCP',
        clusterIP: '10.96.8.8',
        port: 80,
        backends: [backend],
        ...(affinitySeconds === undefined ? {} : { affinitySeconds }),
      });
      await network.setHostPorts([port()]);
      await network.setServices([web(10)]);
      await network.start(new AbortController().signal);
      await network.setHostPorts([port('127.0.0.1')]);
      await network.setServices([web(20)]);
      await network.setServices([web()]);
      await network.setHostPorts([]);
      await network.setServices([]);
      await network.remove();
      await network.close();
      await expect(network.setHostPorts([])).rejects.toMatchObject({ code: 'NetworkClosed' });
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
