import type { Service } from '#api';

/** What a Service holds of the cluster's shared ranges. */
export interface Holding {
  readonly clusterIps: readonly string[];
  readonly nodePorts: readonly number[];
}

/** What a write of a Service has to find, to take and to give back. `ports` are indexes into `spec.ports`. */
export interface AllocationPlan {
  readonly findClusterIp: boolean;
  readonly findNodePorts: readonly number[];
  readonly take: Holding;
  readonly release: Holding;
}

type Spec = Pick<Service['spec'], 'type' | 'clusterIP' | 'ports'>;

const NOTHING: Holding = { clusterIps: [], nodePorts: [] };

export function holdingOf(spec: Spec | undefined): Holding {
  if (spec === undefined || spec.type === 'ExternalName') return NOTHING;
  const { clusterIP } = spec;
  const nodePorts = (spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
  return {
    clusterIps: clusterIP === undefined || clusterIP === '' || clusterIP === 'None' ? [] : [clusterIP],
    // One number may serve TCP and UDP of the same service.
    nodePorts: [...new Set(nodePorts)],
  };
}

/** Compares what a Service holds with what it is to hold. A missing `old` is a create, a missing `next` a delete. */
export function planAllocation(old: Spec | undefined, next: Spec | undefined): AllocationPlan {
  const before = holdingOf(old);
  const after = holdingOf(next);
  const wantsNodePorts = next?.type === 'NodePort' || next?.type === 'LoadBalancer';
  return {
    findClusterIp: next !== undefined && next.type !== 'ExternalName' && !next.clusterIP,
    findNodePorts: wantsNodePorts
      ? (next?.ports ?? []).flatMap(({ nodePort }, index) => (nodePort ? [] : [index]))
      : [],
    take: {
      clusterIps: without(after.clusterIps, before.clusterIps),
      nodePorts: without(after.nodePorts, before.nodePorts),
    },
    release: {
      clusterIps: without(before.clusterIps, after.clusterIps),
      nodePorts: without(before.nodePorts, after.nodePorts),
    },
  };
}

function without<T>(items: readonly T[], others: readonly T[]): T[] {
  return items.filter((item) => !others.includes(item));
}
