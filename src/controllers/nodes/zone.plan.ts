/** How much of a failure domain is down, and what may be done about it. Source: kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go (v1.32). */
import type { Node } from '#api';

/**
 * `open`: nodes that are down lose their pods, one after the other. `slow`: many are down, so it may be the network: few
 * at a time. `shut`: the same in a small zone, so none. `isolated`: all nodes of all zones are down, or were a moment
 * ago, so it is us who are cut off.
 */
export type Brake = 'open' | 'slow' | 'shut' | 'isolated';

/** Source: kube-controller-manager's flags --unhealthy-zone-threshold and --large-cluster-size-threshold (v1.32). */
const UNHEALTHY_SHARE = 0.55;
const LARGE_ZONE = 50;

/** Source: api core/v1 well_known_labels.go (v0.32): the labels, and those of before, which still count. */
const REGION = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'] as const;
const ZONE = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'] as const;

/** Names of regions and zones are labels, and so have no blank. Nodes that name neither are one zone. Source: component-helpers node/topology/helpers.go, GetZoneKey. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const said = (keys: readonly string[]) => keys.map((key) => labels[key]).find((value) => value !== undefined) ?? '';
  return `${said(REGION)} ${said(ZONE)}`;
}

/** Whether a node counts as down for the brake. */
export function isDown({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True';
}

/** Of a zone, and of all of them together. */
export interface Count {
  readonly total: number;
  readonly down: number;
}

export interface Zones {
  readonly all: Count;
  readonly byZone: ReadonlyMap<string, Count>;
}

export function countZones(nodes: Iterable<Node>): Zones {
  const byZone = new Map<string, Count>();
  let all: Count = { total: 0, down: 0 };
  const plus = ({ total, down }: Count, node: Node) => ({ total: total + 1, down: down + (isDown(node) ? 1 : 0) });
  for (const node of nodes) {
    const zone = zoneOf(node);
    byZone.set(zone, plus(byZone.get(zone) ?? { total: 0, down: 0 }, node));
    all = plus(all, node);
  }
  return { all, byZone };
}

/** Whether every node is down, as far as we see. */
export function isCutOff({ all: { total, down } }: Zones): boolean {
  return total > 0 && down === total;
}

/**
 * A zone that is down as a whole is given up at the common rate, as long as another one answers: then the zone is lost,
 * and not our network. Source: ComputeZoneState and setLimiterInZone; but here the share alone counts, also with fewer
 * than three nodes down: most clusters have three nodes.
 */
export function planBrake(zones: Zones, zone: string): Brake {
  if (isCutOff(zones)) return 'isolated';
  const { total, down } = zones.byZone.get(zone) ?? { total: 0, down: 0 };
  if (down === 0 || down === total || down / total < UNHEALTHY_SHARE) return 'open';
  return total > LARGE_ZONE ? 'slow' : 'shut';
}
