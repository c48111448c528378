import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEASES, NODES, type Node, PODS } from '#api';
import { formatMicroTime, silentLog } from '#base';
import { nodeObject, startCluster } from '../../../test/support/cluster.ts';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { createNodeLifecycleController, nodeLifecycleSources } from './node-lifecycle.ts';
import { countZones, planBrake, zoneOf } from './zone.plan.ts';

const namespace = 'kube-node-lease';
const STEP_MS = 5_000;

interface Given {
  readonly atMs: number;
  readonly name: string;
  readonly zone: string;
}

/** A cluster whose nodes (name, zone) fall silent and come back; all nodes that are given up, as the store tells it. */
async function startZones(nodes: readonly (readonly [string, string])[]) {
  const clock = new FakeClock();
  const cluster = await startCluster({ clock, log: silentLog });
  const { client, informers, events } = cluster;
  const kinds = { nodes: informers.of(NODES), leases: informers.of(LEASES), pods: informers.of(PODS) };
  const lifecycle = createNodeLifecycleController({ client, clock, events, ...kinds });
  const givenUp: Given[] = [];
  const wrong: string[] = [];
  let before = countZones([]);
  await cluster.run(cluster.loop(lifecycle, nodeLifecycleSources(kinds)));
  kinds.nodes.onChange(({ previous, current }) => {
    if (current === undefined || previous === undefined || evicts(previous) || !evicts(current)) return;
    const zone = zoneOf(current);
    const last = givenUp.findLast((each) => each.zone === zone);
    const atMs = clock.monotonicMs();
    // News of the same moment may be newer than what was decided on.
    const views = [before, countZones(kinds.nodes.list())].map((zones) => planBrake(zones, zone));
    const { name } = current.metadata;
    if (!views.includes('open')) wrong.push(`${name} is given up while its zone is ${views.join(', then ')}`);
    if (last !== undefined && atMs - last.atMs < 10_000) wrong.push(`${name} follows ${last.name} too soon`);
    givenUp.push({ atMs, name, zone });
  });
  for (const [name, zone] of nodes) {
    const labels = zone === '' ? {} : { 'topology.kubernetes.io/zone': zone };
    await client.create(NODES, nodeObject(name, { metadata: { labels } }));
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
    await client.create(LEASES, { ...lease, spec: { holderIdentity: name, leaseDurationSeconds: 40 } });
  }

  async function beat(name: string): Promise<void> {
    const spec = { renewTime: formatMicroTime(clock.nowMs()) };
    await client.patch(LEASES, { namespace, name }, { type: 'merge', body: { spec } });
    const node = await client.get(NODES, { name });
    if (node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) return;
    const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    await client.patch(NODES, { name }, { type: 'strategic', body }, { subresource: 'status' });
  }

  return {
    givenUp,
    wrong,
    close: () => cluster.close(),
    async tainted() {
      return (await client.list(NODES)).items.filter(evicts).map(({ metadata }) => metadata.name);
    },
    async pass(seconds: number, alive: readonly string[]) {
      for (let at = 0; at < seconds * 1_000; at += STEP_MS) {
        for (const name of alive) await beat(name);
        await settle();
        before = countZones(kinds.nodes.list());
        await clock.advance(STEP_MS);
      }
      await settle();
    },
  };
}

function evicts({ spec }: Node): boolean {
  return spec?.taints?.some(({ effect }) => effect === 'NoExecute') === true;
}

const NODES_OF = [
  ['a1', 'a'],
  ['a2', 'a'],
  ['a3', 'a'],
  ['b1', 'b'],
  ['b2', 'b'],
  ['c1', ''],
] as const;

describe('src/controllers/nodes/node-lifecycle.ts, zones', () => {
  it('gives up a zone that is lost, one node in ten seconds, and none of a zone that is lost for the most part', async () => {
    const zones = await startZones([...NODES_OF, ['d1', 'd'], ['d2', 'd'], ['d3', 'd']]);
    const alive = ['a1', 'b1', 'b2', 'c1'];
    await zones.pass(20, [...alive, 'a2', 'a3', 'd1', 'd2', 'd3']);
    await zones.pass(120, alive);
    expect(zones.givenUp.map(({ name }) => name).sort()).toEqual(['d1', 'd2', 'd3']);
    expect(zones.wrong).toEqual([]);
    await zones.close();
  });

  it('lets nodes come back bit by bit after a cut from all of them', async () => {
    const zones = await startZones(NODES_OF);
    const all = NODES_OF.map(([name]) => name);
    await zones.pass(20, all);
    await zones.pass(180, []);
    expect(zones.givenUp).toEqual([]);
    await zones.pass(35, ['a1']);
    expect(zones.givenUp).toEqual([]);
    await zones.pass(60, ['a1']);
    // Zone a is down for the most part; the others are as a whole.
    expect(zones.givenUp.map(({ name }) => name).sort()).toEqual(['b1', 'b2', 'c1']);
    expect(zones.wrong).toEqual([]);
    await zones.pass(20, all);
    expect(await zones.tainted()).toEqual([]);
    await zones.close();
  });

  it('keeps to the rate and the brake of each zone in any history', { timeout: 120_000 }, async () => {
    const names = NODES_OF.map(([name]) => name);
    const phase = fc.record({ alive: fc.subarray(names), seconds: fc.constantFrom(10, 30, 60, 90) });
    await fc.assert(
      fc.asyncProperty(fc.array(phase, { minLength: 2, maxLength: 5 }), async (phases) => {
        const zones = await startZones(NODES_OF);
        for (const { alive, seconds } of phases) await zones.pass(seconds, alive);
        await zones.pass(30, names);
        expect(zones.wrong).toEqual([]);
        expect(await zones.tainted()).toEqual([]);
        await zones.close();
      }),
      { numRuns: 12 },
    );
  });
});
