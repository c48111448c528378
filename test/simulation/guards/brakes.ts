import type { Node, Taint } from '#api';
import { BrokenPromise, type Guard, type Scene } from '../promises.ts';

/** Source: reliability promise P12, as of kube-controller-manager's --unhealthy-zone-threshold and --node-eviction-rate. */
const MANY = 0.55;
const EVERY_MS = 10_000;
/**
 * How old what was decided on may be, ms. Before pods are sent away from a node all nodes are read, and the decision then
 * travels for as long as a slow call does (3 s) with its answer before and the request itself.
 */
const NEWS_MS = 3_010;

/** P12: pods leave lost nodes one node after the other, and none while most of the nodes are lost. */
export function guardBrakes({ world }: Scene): Guard {
  let lastMs = Number.NEGATIVE_INFINITY;
  /** Since when nodes are down, by name. */
  const downMs = new Map<string, number>();
  return {
    see({ actor, atMs, changed }) {
      for (const { resource, after, key } of changed) {
        if (resource !== 'nodes') continue;
        if (after === undefined || !isDown(after as Node)) downMs.delete(key);
        else if (!downMs.has(key)) downMs.set(key, atMs);
      }
      for (const { resource, before, after, key } of changed) {
        if (resource !== 'nodes' || after === undefined || actor.loop !== 'node-lifecycle') continue;
        if (evicts(after as Node) === undefined || evicts((before ?? after) as Node) !== undefined) continue;
        const nodes = [...world.of<Node>('nodes').values()];
        const down = [...downMs.values()].filter((sinceMs) => sinceMs <= atMs - NEWS_MS).length;
        if (down / nodes.length >= MANY) {
          throw new BrokenPromise(
            'P12',
            `pods are sent away from ${key} while ${down} of ${nodes.length} nodes are down`,
          );
        }
        if (atMs - lastMs < EVERY_MS) {
          throw new BrokenPromise('P12', `pods are sent away from ${key} ${atMs - lastMs} ms after another node`);
        }
        lastMs = atMs;
      }
    },
  };
}

function isDown({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True';
}

function evicts({ spec }: Node): Taint | undefined {
  return spec?.taints?.find(({ effect, key }) => effect === 'NoExecute' && key.startsWith('node.kubernetes.io/'));
}
