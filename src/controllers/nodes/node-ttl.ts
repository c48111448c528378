import { isApiError, NODES, type Node } from '#api';
import type { Client } from '#client';
import { type Controller, type Informer, type KeySource, keysFrom } from '#reconcile';
import { planNodeTtl } from './node-ttl.plan.ts';

export interface NodeTtlDeps {
  readonly client: Pick<Client, 'patch'>;
  readonly nodes: Informer<Node>;
}

/** Source: api core/v1 annotation_key_constants.go, ObjectTTLAnnotationKey (v0.32). */
const TTL = 'node.alpha.kubernetes.io/ttl';

/**
 * Says on every node how many seconds its agent may go by the ConfigMaps and Secrets that it has read. Our own agent watches them
 * and needs no such word; others ask for it.
 */
export function createNodeTtlController({ client, nodes }: NodeTtlDeps): Controller {
  let step = 0;
  return {
    name: 'node-ttl',
    async reconcile(name) {
      const plan = planNodeTtl(nodes.list().length, step);
      step = plan.step;
      const node = nodes.get(name);
      const ttl = String(plan.seconds);
      if (node === undefined || node.metadata.annotations?.[TTL] === ttl) return {};
      const body = { metadata: { uid: node.metadata.uid, annotations: { [TTL]: ttl } } };
      try {
        await client.patch(NODES, node.metadata, { type: 'merge', body });
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
      return {};
    },
  };
}

/** A node is looked at whenever it says anything, as agents do every few minutes: so all learn that the cluster has grown. */
export function nodeTtlSources({ nodes }: Pick<NodeTtlDeps, 'nodes'>): KeySource[] {
  return [keysFrom(nodes, { priority: 'low' })];
}
