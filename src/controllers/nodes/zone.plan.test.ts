import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node } from '#api';
import { type Brake, countZones, planBrake, zoneOf } from './zone.plan.ts';

const node = (labels: Readonly<Record<string, string>>, ready = 'True'): Node =>
  ({ metadata: { name: 'n', labels }, status: { conditions: [{ type: 'Ready', status: ready }] } }) as never;
const inZone = (zone: string, total: number, down: number) =>
  Array.from({ length: total }, (_, at) =>
    node({ 'topology.kubernetes.io/zone': zone }, at < down ? 'Unknown' : 'True'),
  );
const brakes = (nodes: readonly Node[]) => {
  const zones = countZones(nodes);
  return new Map([...zones.byZone.keys()].map((zone) => [zone, planBrake(zones, zone)]));
};

describe('src/controllers/nodes/zone.plan.ts', () => {
  it.each<[string, readonly [number, number][], readonly Brake[]]>([
    ['nothing is down', [[3, 0]], ['open']],
    ['one of three is', [[3, 1]], ['open']],
    ['half are', [[2, 1]], ['open']],
    ['two of three are', [[3, 2]], ['shut']],
    ['exactly 55 %', [[20, 11]], ['shut']],
    ['a little less than 55 %', [[50, 27]], ['open']],
    ['most of the largest small zone are', [[50, 28]], ['shut']],
    ['most of a large zone are', [[51, 29]], ['slow']],
    ['all are: it is us', [[3, 3]], ['isolated']],
    ['the only one is: it is us', [[1, 1]], ['isolated']],
    [
      'a whole zone is: it is lost',
      [
        [3, 3],
        [3, 0],
      ],
      ['open', 'open'],
    ],
    [
      'a large zone is lost',
      [
        [60, 60],
        [3, 0],
      ],
      ['open', 'open'],
    ],
    [
      'most of one zone are, which holds no other back',
      [
        [3, 2],
        [3, 1],
        [60, 40],
      ],
      ['shut', 'open', 'slow'],
    ],
    [
      'two zones of three are lost',
      [
        [2, 2],
        [2, 2],
        [1, 0],
      ],
      ['open', 'open', 'open'],
    ],
    [
      'all zones are: it is us',
      [
        [2, 2],
        [60, 60],
      ],
      ['isolated', 'isolated'],
    ],
  ])('brakes by the share of a zone that is down: %s', (_what, zones, expected) => {
    expect([...brakes(zones.flatMap(([total, down], at) => inZone(`z${at}`, total, down))).values()]).toEqual(expected);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['none', {}, ' '],
    ['a zone', { 'topology.kubernetes.io/zone': 'a' }, ' a'],
    ['a zone of a region', { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'r' }, 'r a'],
    ['the labels of before', { 'failure-domain.beta.kubernetes.io/zone': 'a' }, ' a'],
    ['both: the newer', { 'failure-domain.beta.kubernetes.io/zone': 'a', 'topology.kubernetes.io/zone': 'b' }, ' b'],
  ])('knows the zone of a node by its labels: %s', (_what, labels, zone) => {
    expect(zoneOf(node(labels))).toBe(zone);
  });

  const counts = fc.array(
    fc.nat(70).chain((total) => fc.nat(total).map((down) => [total + 1, down] as const)),
    { minLength: 2, maxLength: 4 },
  );
  it('looks at each zone by itself, in whatever order nodes come, while one node answers', () => {
    fc.assert(
      fc.property(counts, fc.infiniteStream(fc.nat()), (zones, chance) => {
        // No zone is down as a whole, so that none of them alone looks like all there is.
        const nodes = zones.flatMap(([total, down], at) => inZone(`z${at}`, total, down));
        const shuffled = nodes
          .map((each) => [chance.next().value, each] as const)
          .sort(([a], [b]) => a - b)
          .map(([, each]) => each);
        const together = brakes(shuffled);
        for (const [at, [total, down]] of zones.entries()) {
          const [alone] = brakes(inZone(`z${at}`, total, down)).values();
          expect(together.get(` z${at}`)).toBe(alone);
        }
      }),
    );
  });

  it('gives nobody up where all are down, and never more than a few where 55 % or more of a zone are', () => {
    fc.assert(
      fc.property(counts, fc.boolean(), (zones, all) => {
        const nodes = zones.flatMap(([total, down], at) => inZone(`z${at}`, total, all ? total : down));
        for (const [at, [total, down]] of zones.entries()) {
          const brake = brakes(nodes).get(` z${at}`);
          if (all) expect(brake).toBe('isolated');
          else if (down / total >= 0.55) expect(brake).toBe(total > 50 ? 'slow' : 'shut');
          else expect(brake).toBe('open');
        }
      }),
    );
  });
});
