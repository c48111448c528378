import { isApiError, type Json, type Lease, NODES, type Node, PODS, type Pod, type Taint } from '#api';
import { type Clock, formatTime } from '#base';
import type { Client } from '#client';
import { type Controller, type EventRecorder, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';
import { isReady } from '../shared/pods.plan.ts';
import { BY_NODE, nodeIndex } from './by-node.ts';
import { type NodeLifecyclePlan, planNodeLifecycle } from './node-lifecycle.plan.ts';
import { RateLimit } from './rate-limit.ts';
import { type Brake, countZones, isCutOff, planBrake, type Zones, zoneOf } from './zone.plan.ts';

export interface NodeLifecycleDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly nodes: Informer<Node>;
  readonly leases: Informer<Lease>;
  readonly pods: Informer<Pod>;
}

export interface NodeLifecycleOptions {
  /** Silence after which nobody knows how a node is. Source: kube-controller-manager's --node-monitor-grace-period. */
  readonly graceMs: number;
  /** Nodes of one zone that may begin to lose their pods, a second. Source: its --node-eviction-rate. */
  readonly evictionRate: number;
  /** The same while many nodes of a large zone are down. Source: its --secondary-node-eviction-rate. */
  readonly slowEvictionRate: number;
}

export const nodeLifecycleDefaults: NodeLifecycleOptions = {
  graceMs: 40_000,
  evictionRate: 0.1,
  slowEvictionRate: 0.01,
};

/** Where agents renew their leases, each under its node's name. */
const LEASE_NAMESPACE = 'kube-node-lease';

/** A sign of life, as it looked and when it was first seen here: another machine's clock is never trusted. */
interface Sign {
  readonly text: string;
  readonly seenMs: number;
}

/**
 * Says of nodes that fall silent that nobody knows how they are, taints nodes by their conditions, and lets pods leave
 * nodes that are down: of each zone one node in ten seconds, and none at all when most of the zone is down.
 */
export function createNodeLifecycleController(deps: NodeLifecycleDeps, options = nodeLifecycleDefaults): Controller {
  const { client, clock, events, nodes, leases, pods } = deps;
  const expectations = new Expectations(clock);
  const signs = new Map<string, Sign>();
  /** By zone; of zones that have nodes. */
  const limits = new Map<string, Readonly<Record<'open' | 'slow', RateLimit>>>();
  /** When every node was down last, on the clock that does not jump. */
  let cutOffMs = Number.NEGATIVE_INFINITY;
  /** Whoever did this before may have given a node up until then. */
  const beganMs = clock.monotonicMs();
  pods.addIndex(BY_NODE, nodeIndex);

  return {
    name: 'node-lifecycle',
    async reconcile(name, signal) {
      await expectations.settled(name, signal);
      const node = nodes.get(name);
      if (node === undefined) {
        signs.delete(name);
        return {};
      }
      const zones = countZones(nodes.list());
      const brake = brakeOf(node, zones);
      const nowMs = clock.nowMs();
      const plan = planNodeLifecycle({ node, silentMs: silentMs(node), graceMs: options.graceMs, brake, nowMs });
      if (plan.conditions !== undefined) await writeConditions(node, plan.conditions);
      await writeTaints(name, node, plan, brake);
      if (plan.unreachable) for (const pod of pods.byIndex(BY_NODE, name)) await markNotReady(pod, nowMs);
      return { requeueAfterMs: plan.requeueAfterMs };
    },
  };

  /**
   * Once one node answers again, the others get as long as a node that falls silent: what a cut took away comes back
   * bit by bit. Source: kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go, handleDisruption (v1.32).
   */
  function brakeOf(node: Node, zones: Zones): Brake {
    const now = clock.monotonicMs();
    if (isCutOff(zones)) cutOffMs = now;
    for (const zone of limits.keys()) if (!zones.byZone.has(zone)) limits.delete(zone);
    return now - cutOffMs < options.graceMs ? 'isolated' : planBrake(zones, zoneOf(node));
  }

  /**
   * Its turn to lose its pods, if it may now. That is judged by all nodes as they are in the store: what was heard of
   * them may be old. `went` is called once its pods may leave.
   */
  async function turnOf(node: Node, brake: Brake): Promise<{ readonly went: () => void } | undefined> {
    if (!isOpen(brake)) return undefined;
    const limit = limitsOf(zoneOf(node))[brake];
    if (!limit.take()) return undefined;
    const { items } = await client.list(NODES);
    return brakeOf(node, countZones(items)) === brake ? { went: () => limit.went() } : undefined;
  }

  function limitsOf(zone: string): Readonly<Record<'open' | 'slow', RateLimit>> {
    const limit = (perSecond: number) => new RateLimit(clock, perSecond, beganMs);
    const own = limits.get(zone) ?? { open: limit(options.evictionRate), slow: limit(options.slowEvictionRate) };
    limits.set(zone, own);
    return own;
  }

  function silentMs(node: Node): number {
    const { name } = node.metadata;
    const heartbeat = node.status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime ?? '';
    const text = `${node.metadata.uid} ${leases.get(`${LEASE_NAMESPACE}/${name}`)?.spec?.renewTime ?? ''} ${heartbeat}`;
    const now = clock.monotonicMs();
    const before = signs.get(name);
    if (before?.text !== text) signs.set(name, { text, seenMs: now });
    return before?.text === text ? now - before.seenMs : 0;
  }

  async function writeConditions(node: Node, conditions: NonNullable<NodeLifecyclePlan['conditions']>): Promise<void> {
    await patch(node, { status: { conditions: conditions as unknown as Json } }, 'status');
    const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
    events.record(node, { type: 'Normal', reason: 'NodeNotReady', message });
  }

  /** Pods leave one node of a zone after the other. */
  async function writeTaints(
    name: string,
    node: Node,
    { taints, evict }: NodeLifecyclePlan,
    brake: Brake,
  ): Promise<void> {
    const turn = evict === undefined ? undefined : await turnOf(node, brake);
    const added = evict === undefined || turn === undefined ? [] : [evict];
    if (taints === undefined && added.length === 0) return;
    const wanted: readonly Taint[] = [...(taints ?? node.spec?.taints ?? []), ...added];
    // The conditions' write moved the version on: taints are ours or kept as they were, so the newest may be patched.
    await patch(nodes.get(name) ?? node, { spec: { taints: wanted as unknown as Json } });
    turn?.went();
  }

  async function patch(node: Node, body: Readonly<Record<string, Json>>, subresource?: 'status'): Promise<void> {
    const { name, resourceVersion } = node.metadata;
    const options = subresource === undefined ? {} : { subresource };
    const versioned = { ...body, metadata: { resourceVersion } };
    const written = await client.patch(NODES, node.metadata, { type: 'merge', body: versioned }, options);
    expectations.wrote(name, nodes, written);
    await expectations.settled(name, new AbortController().signal);
  }

  /** Source: kubernetes pkg/controller/util/node/controller_utils.go, MarkPodsNotReady (v1.32). */
  async function markNotReady(pod: Pod, nowMs: number): Promise<void> {
    if (!isReady(pod)) return;
    const conditions = (pod.status?.conditions ?? []).map((condition) =>
      condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: formatTime(nowMs) } : condition,
    );
    const { resourceVersion } = pod.metadata;
    const body = { metadata: { resourceVersion }, status: { conditions: conditions as unknown as Json } };
    try {
      await client.patch(PODS, pod.metadata, { type: 'merge', body }, { subresource: 'status' });
      events.record(pod, { type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
}

/** A node is looked at when it changes and when its lease does. */
export function nodeLifecycleSources({ nodes, leases }: Pick<NodeLifecycleDeps, 'nodes' | 'leases'>): KeySource[] {
  const toKeys = ({ metadata }: Lease): Iterable<string> =>
    metadata.namespace === LEASE_NAMESPACE ? [metadata.name] : [];
  return [keysFrom(nodes), keysFrom(leases, { toKeys, priority: 'low' })];
}

function isOpen(brake: Brake): brake is 'open' | 'slow' {
  return brake === 'open' || brake === 'slow';
}
