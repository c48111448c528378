import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NODES } from '#api';
import { nodeObject, startCluster } from '../../../test/support/cluster.ts';
import { until } from '../../../test/support/until.ts';
import { planNodeTtl } from './node-ttl.plan.ts';
import { createNodeTtlController, nodeTtlSources } from './node-ttl.ts';

/** What a cluster that had these numbers of nodes, one after the other, says in the end. */
const secondsAfter = (...sizes: readonly number[]) =>
  sizes.reduce((plan, nodes) => planNodeTtl(nodes, plan.step), { step: 0, seconds: 0 }).seconds;

describe('src/controllers/nodes/node-ttl.plan.ts', () => {
  it.each<[string, readonly number[], number]>([
    ['no node', [0], 0],
    ['the largest small cluster', [100], 0],
    ['one more', [101], 15],
    ['that shrinks a little', [101, 90], 15],
    ['that shrinks', [101, 89], 0],
    ['501', [501], 30],
    ['1001', [1_001], 60],
    ['2001', [2_001], 300],
    ['10001', [10_001], 600],
    ['that shrinks a little, too', [10_001, 9_000], 600],
    ['that loses nearly all', [10_001, 5], 0],
  ])('goes by the size of the cluster: %s', (_what, sizes, seconds) => {
    expect(secondsAfter(...sizes)).toBe(seconds);
  });

  it('says the same again, and never less for more nodes', () => {
    const size = fc.nat(12_000);
    fc.assert(
      fc.property(fc.array(size), size, fc.nat(2_000), (history, nodes, more) => {
        expect(secondsAfter(...history, nodes, nodes)).toBe(secondsAfter(...history, nodes));
        expect(secondsAfter(...history, nodes + more)).toBeGreaterThanOrEqual(secondsAfter(...history, nodes));
      }),
    );
  });
});

describe('src/controllers/nodes/node-ttl.ts', () => {
  it('tells every node, leaves all else of it alone, and writes nothing twice', async () => {
    const cluster = await startCluster();
    const { client } = cluster;
    const nodes = cluster.informers.of(NODES);
    await client.create(NODES, nodeObject('n0', { metadata: { annotations: { mine: 'kept' } } }));
    await cluster.run(cluster.loop(createNodeTtlController({ client, nodes }), nodeTtlSources({ nodes })));
    const said = async (name: string, annotations: object) =>
      until(`${name} has ${JSON.stringify(annotations)}`, async () => {
        const node = await client.get(NODES, { name });
        return JSON.stringify(node?.metadata.annotations) === JSON.stringify(annotations);
      });
    const key = 'node.alpha.kubernetes.io/ttl';
    await said('n0', { mine: 'kept', [key]: '0' });
    const before = await cluster.revision();
    await createNodeTtlController({ client, nodes }).reconcile('n0', new AbortController().signal);
    expect(await cluster.revision()).toBe(before);
    for (let at = 1; at <= 100; at += 1) await client.create(NODES, nodeObject(`n${at}`));
    await said('n100', { [key]: '15' });
    await client.patch(NODES, { name: 'n0' }, { type: 'merge', body: { metadata: { labels: { any: 'news' } } } });
    await said('n0', { mine: 'kept', [key]: '15' });
    await cluster.close();
  });
});
