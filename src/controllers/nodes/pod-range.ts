import { isApiError, NODES, type Node } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, Expectations, type Informer } from '#reconcile';
import { planPodRange } from './pod-range.plan.ts';

export interface PodRangeDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly nodes: Informer<Node>;
}

export interface PodRangeOptions {
  readonly clusterRange: string;
  readonly nodeBits: number;
}

export const podRangeDefaults: PodRangeOptions = { clusterRange: '10.244.0.0/16', nodeBits: 24 };

/** All nodes share one key of expectations: no range is given out on a view older than the last one given. */
const ALL = 'nodes';

/** Gives every node a range of pod addresses of its own, for good. To be run with one worker. */
export function createPodRangeController(
  { client, clock, events, nodes }: PodRangeDeps,
  options = podRangeDefaults,
): Controller {
  const expectations = new Expectations(clock);
  return {
    name: 'pod-range',
    async reconcile(name, signal) {
      await expectations.settled(ALL, signal);
      const node = nodes.get(name);
      if (node === undefined || node.spec?.podCIDR || node.metadata.deletionTimestamp !== undefined) return {};
      const range = planPodRange({ nodes: nodes.list(), ...options });
      if (range === undefined) {
        const message = `Node ${name} status is now: CIDRNotAvailable`;
        events.record(node, { type: 'Warning', reason: 'CIDRNotAvailable', message });
        return { requeueAfterMs: 60_000 };
      }
      const { resourceVersion } = node.metadata;
      const body = { metadata: { resourceVersion }, spec: { podCIDR: range, podCIDRs: [range] } };
      try {
        expectations.wrote(ALL, nodes, await client.patch(NODES, node.metadata, { type: 'merge', body }));
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
      return {};
    },
  };
}
