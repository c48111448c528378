import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAEMON_SETS, DEPLOYMENTS, intOrPercent, type KubeObject, PODS, type Pod, STATEFUL_SETS } from '#api';
import { type BusyCluster, startBusyCluster } from '../../test/support/busy-cluster.ts';
import { settle } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import { isActive, isReady } from './shared/pods.plan.ts';

/** Histories of each kind; more by PLUMB_TEST_RUNS=100. Each takes some rollouts, so that a failure is not made smaller. */
const RUNS = Number(process.env['PLUMB_TEST_RUNS'] ?? 6);
const NODES = ['n1', 'n2', 'n3', 'n4'];
const namespace = 'default';

/**
 * What is changed: the template, the size, or whether it is paused; whether pods of the new template become ready before the
 * end, and for how many turns of the machine it goes on by itself.
 */
interface Change {
  readonly image: number;
  readonly held: boolean;
  readonly turns: number;
  readonly size?: number | undefined;
  readonly paused: boolean;
}

interface Bounds {
  readonly maxSurge: number | string;
  readonly maxUnavailable: number | string;
}

interface Rollout {
  readonly type: typeof DEPLOYMENTS | typeof STATEFUL_SETS | typeof DAEMON_SETS;
  readonly spec: object;
  /** How many pods serve at first, once all is as declared. */
  readonly size: number;
  readonly canScale: boolean;
  readonly canPause: boolean;
  /** What is wrong with the pods at one revision of the store, given the sizes that were declared; undefined when nothing is. */
  wrong(pods: readonly Pod[], sizes: readonly number[]): string | undefined;
}

let cluster: BusyCluster;
const held = new Set<string | undefined>();
const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;
beforeAll(async () => {
  cluster = await startBusyCluster(NODES, { beatMs: 5_000 });
});
afterAll(async () => {
  expect(cluster.warnings).toEqual([]);
  await cluster.close();
});

const letGo = () => cluster.setOutcome((pod) => (held.has(imageOf(pod)) ? 'running' : 'ready'));
let names = 0;

/** Carries a history out. Throws what was wrong at any revision. */
async function play(rollout: Rollout, changes: readonly Change[]): Promise<void> {
  const { type, spec, canScale, canPause, wrong } = rollout;
  const sizes = [rollout.size];
  const { client } = cluster;
  names += 1;
  const name = `app-${names}`;
  const at = { namespace, name };
  const labels = { app: name };
  const container = (image: string) => [{ name: 'main', image: `${name}:${image}` }];
  const template = { metadata: { labels }, spec: { containers: container('first') } };
  const object = { apiVersion: 'apps/v1', kind: type.kind, metadata: at } satisfies KubeObject;
  held.clear();
  letGo();
  const created = { ...object, spec: { selector: { matchLabels: labels }, template, ...spec } };
  await client.create(type as typeof DEPLOYMENTS, created);
  const labelSelector = `app=${name}`;
  const allServe = (image: string) =>
    until(
      `all pods of ${name} serve ${image}`,
      async () => {
        const pods = (await client.list(PODS, { namespace, labelSelector })).items;
        const right = pods.filter((pod) => isActive(pod) && isReady(pod) && imageOf(pod) === `${name}:${image}`);
        return pods.length === sizes.at(-1) && right.length === sizes.at(-1);
      },
      60_000,
    );
  await allServe('first');

  const { items, resourceVersion } = await client.list(PODS, { namespace, labelSelector });
  const pods = new Map(items.map((pod) => [pod.metadata.name, pod]));
  const faults = new Set<string>();
  const stop = new AbortController();
  const follow = (async () => {
    const options = { namespace, labelSelector, resourceVersion, signal: stop.signal };
    for await (const event of client.watch(PODS, options)) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') pods.delete(event.object.metadata.name);
      else pods.set(event.object.metadata.name, event.object);
      const fault = wrong([...pods.values()], sizes);
      if (fault !== undefined) faults.add(`${event.object.metadata.resourceVersion}: ${fault}`);
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });

  const change = (image: string, more: object = {}) => {
    const body = { spec: { template: { spec: { containers: container(image) } }, ...more } };
    return client.patch(type as typeof DEPLOYMENTS, at, { type: 'strategic', body });
  };
  for (const [index, { image, held: isHeld, turns, size, paused }] of changes.entries()) {
    // One that is held is a new one: what serves already must not cease to by itself.
    const next = isHeld ? `held-${index}` : `v${image}`;
    if (isHeld) held.add(`${name}:${next}`);
    const isScaled = canScale && size !== undefined;
    if (isScaled) sizes.push(size);
    await change(next, { ...(isScaled ? { replicas: size } : {}), ...(canPause ? { paused } : {}) });
    for (let turn = 0; turn < turns; turn += 1) await settle();
  }
  held.clear();
  letGo();
  await change('last', canPause ? { paused: false } : {});
  await allServe('last');
  stop.abort();
  await follow;
  await client.delete(type as typeof DEPLOYMENTS, at, { propagationPolicy: 'Background' });
  expect([...faults]).toEqual([]);
}

const serving = (pods: readonly Pod[]) => pods.filter((pod) => isActive(pod) && isReady(pod));

function deployment(replicas: number, { maxSurge, maxUnavailable }: Bounds): Rollout {
  const mostOf = (size: number) => size + intOrPercent(maxSurge, size, true);
  const leastOf = (size: number) => {
    const away = intOrPercent(maxUnavailable, size, false);
    // Neither may be nought at once: then one pod may be away. Source: kubernetes deployment_util.go, ResolveFenceposts.
    return size - (mostOf(size) === size ? Math.max(1, away) : away);
  };
  return {
    type: DEPLOYMENTS,
    size: replicas,
    canScale: true,
    canPause: true,
    spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } },
    wrong(pods, sizes) {
      const [active, ready] = [pods.filter(isActive).length, serving(pods).length];
      const [least, most] = [Math.min(...sizes.map(leastOf)), Math.max(...sizes.map(mostOf))];
      return active > most || ready < least ? `${ready} of ${active} serve, not ${least} of ${most}` : undefined;
    },
  };
}

function statefulSet(replicas: number, podManagementPolicy: string, maxUnavailable: number): Rollout {
  return {
    type: STATEFUL_SETS,
    size: replicas,
    canScale: true,
    canPause: false,
    spec: {
      replicas,
      podManagementPolicy,
      serviceName: 'none',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } },
    },
    wrong(pods, sizes) {
      const ready = serving(pods).length;
      const [least, most] = [Math.min(...sizes) - maxUnavailable, Math.max(...sizes)];
      if (pods.length > most) return `there are ${pods.length} pods, not ${most}`;
      return ready < least ? `${ready} serve, not ${least}` : undefined;
    },
  };
}

function daemonSet({ maxSurge, maxUnavailable }: Bounds): Rollout {
  const surge = intOrPercent(maxSurge, NODES.length, true);
  const away =
    surge > 0
      ? intOrPercent(maxUnavailable, NODES.length, true)
      : Math.max(1, intOrPercent(maxUnavailable, NODES.length, true));
  return {
    type: DAEMON_SETS,
    size: NODES.length,
    canScale: false,
    canPause: false,
    spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } },
    wrong(pods) {
      const on = (node: string, among: readonly Pod[]) => among.filter((pod) => nodeOf(pod) === node).length;
      const doubled = NODES.filter((node) => on(node, pods.filter(isActive)) > 1).length;
      const empty = NODES.filter((node) => on(node, serving(pods)) === 0).length;
      if (NODES.some((node) => on(node, pods.filter(isActive)) > 2)) return 'three pods are on one node';
      if (doubled > surge) return `${doubled} nodes have two pods`;
      return empty > away ? `${empty} nodes have no pod that serves` : undefined;
    },
  };
}

/** Where a pod is, or is meant to be. */
function nodeOf({ spec }: Pod): string | undefined {
  const [term] = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return spec.nodeName ?? term?.matchFields?.[0]?.values?.[0];
}

describe('src/controllers, rollouts at every revision of the store', () => {
  const history = fc.array(
    fc.record({
      image: fc.nat(2),
      held: fc.boolean(),
      turns: fc.constantFrom(0, 1, 3, 10, 30),
      size: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      paused: fc.constantFrom(false, false, true),
    }),
    { minLength: 1, maxLength: 5 },
  );
  const amount = fc.constantFrom<number | string>(0, 1, 2, '25%', '50%', '100%');
  const nought = (value: number | string) => value === 0;
  const bounds = fc
    .record({ maxSurge: amount, maxUnavailable: amount })
    .filter(({ maxSurge, maxUnavailable }) => !(nought(maxSurge) && nought(maxUnavailable)));
  const options = { timeout: 60_000 + RUNS * 20_000 };

  it('keeps a Deployment within maxSurge and maxUnavailable in any history', options, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), bounds, history, (replicas, bound, changes) =>
        play(deployment(replicas, bound), changes),
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('keeps a StatefulSet within maxUnavailable and one pod a name in any history', options, async () => {
    const policy = fc.constantFrom('OrderedReady', 'Parallel');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        policy,
        fc.constantFrom(1, 2),
        history,
        (replicas, how, away, changes) => play(statefulSet(replicas, how, away), changes),
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('keeps a DaemonSet within maxSurge and maxUnavailable in any history', options, async () => {
    const either = fc.oneof(
      fc.constantFrom<number | string>(1, 2, '50%').map((maxUnavailable) => ({ maxSurge: 0, maxUnavailable })),
      fc.constantFrom<number | string>(1, 2, '50%').map((maxSurge) => ({ maxSurge, maxUnavailable: 0 })),
    );
    await fc.assert(
      fc.asyncProperty(either, history, (bound, changes) => play(daemonSet(bound), changes)),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});
