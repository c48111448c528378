import { PODS } from '#api';
import type { Client } from '#client';
import { createLocalClient, withMetrics } from '#server';
import type { Cluster } from './cluster.ts';

/** A client for which every pod with a node uses so many thousandths of a core, and 64 MiB, in each of its containers. */
export function meteredClient({ api, client, clock, log }: Cluster, cpuMillis: (pod: string) => number): Client {
  const tunnel = {
    isConnected: () => true,
    async readFigures(node: string) {
      const { items } = await client.list(PODS, { fieldSelector: `spec.nodeName=${node}` });
      const containers = items.flatMap(({ metadata, spec }) =>
        spec.containers.map(({ name }) => ({
          pod: metadata.uid,
          name,
          cpuNanocores: cpuMillis(metadata.name) * 1_000_000,
          memoryBytes: 64 * 2 ** 20,
        })),
      );
      const whole = { cpuNanocores: 1_000_000_000, memoryBytes: 2 ** 30 };
      return { atMs: clock.nowMs(), windowMs: 15_000, node: whole, containers };
    },
  };
  const user = { name: 'system:plumbline:test', groups: ['system:masters'] };
  return createLocalClient(withMetrics(api, { tunnel, clock, log }), { user, userAgent: 'test' });
}
