import type { KubeObject } from '../meta/object.ts';
import type { ResourceType } from './resource.ts';

/** What nodes and pods use now: read from the nodes when asked for, and never stored. */
const metrics = { group: 'metrics.k8s.io', version: 'v1beta1' };

export const NODE_METRICS: ResourceType = {
  ...metrics,
  kind: 'NodeMetrics',
  plural: 'nodes',
  namespaced: false,
};
export const POD_METRICS: ResourceType = {
  ...metrics,
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
};

/** In the order of discovery. */
export const METRICS: readonly ResourceType[] = [NODE_METRICS, POD_METRICS];

/** Quantities: `cpu` as a rate in cores, `memory` in bytes. */
export interface UsageAmounts {
  readonly cpu: string;
  readonly memory: string;
}

export interface NodeMetrics extends KubeObject {
  readonly timestamp: string;
  /** The time over which the rate was taken, as a Go duration. */
  readonly window: string;
  readonly usage: UsageAmounts;
}

export interface PodMetrics extends KubeObject {
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly { readonly name: string; readonly usage: UsageAmounts }[];
}
