import {
  apiVersionOf,
  formatQuantity,
  NODE_METRICS,
  type NodeMetrics,
  POD_METRICS,
  type PodMetrics,
  type StoredObject,
  type UsageAmounts,
} from '#api';
import { formatTime } from '#base';
import type { NodeFigures, UsageFigures } from '../nodes/node-figures.plan.ts';

/** What a node uses, in the words of metrics.k8s.io. Source: metrics-server pkg/api/node.go (v0.7). */
export function planNodeMetrics({ metadata: { name, labels } }: StoredObject, figures: NodeFigures): NodeMetrics {
  return {
    kind: NODE_METRICS.kind,
    apiVersion: apiVersionOf(NODE_METRICS),
    metadata: { name, creationTimestamp: formatTime(figures.atMs), ...(labels === undefined ? {} : { labels }) },
    ...timesOf(figures),
    usage: amountsOf(figures.node),
  };
}

/** What the containers of a pod use; undefined while there are no figures of it. Source: metrics-server pkg/api/pod.go (v0.7). */
export function planPodMetrics(
  { metadata: { name, namespace, uid, labels } }: StoredObject,
  figures: NodeFigures,
): PodMetrics | undefined {
  const containers = figures.containers
    .filter(({ pod }) => pod === uid)
    .map((container) => ({ name: container.name, usage: amountsOf(container) }));
  if (containers.length === 0) return undefined;
  return {
    kind: POD_METRICS.kind,
    apiVersion: apiVersionOf(POD_METRICS),
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: formatTime(figures.atMs),
      ...(labels === undefined ? {} : { labels }),
    },
    ...timesOf(figures),
    containers: containers.sort((left, right) => (left.name < right.name ? -1 : 1)),
  };
}

function timesOf({ atMs, windowMs }: NodeFigures): { readonly timestamp: string; readonly window: string } {
  return { timestamp: formatTime(atMs), window: goDuration(windowMs) };
}

/** Under an hour, as Go writes it: `1.003s`, `1m0.5s`. Source: Go time Duration.String. */
function goDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${minutes > 0 ? `${minutes}m` : ''}${Number(((ms % 60_000) / 1000).toFixed(3))}s`;
}

const NANOS = 1_000_000_000n;

function amountsOf({ cpuNanocores, memoryBytes }: UsageFigures): UsageAmounts {
  return {
    cpu: formatQuantity({ nanos: BigInt(cpuNanocores), format: 'DecimalSI' }),
    memory: formatQuantity({ nanos: BigInt(memoryBytes) * NANOS, format: 'BinarySI' }),
  };
}
