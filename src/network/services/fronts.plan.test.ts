import { describe, expect, it } from 'vitest';
import type { ServicePortRoute } from '../network.types.ts';
import { BACKENDS_PER_FRONT, leadTo, planFronts } from './fronts.plan.ts';

const route = (change: Partial<ServicePortRoute> = {}): ServicePortRoute => ({
  service: 'default/web:http',
  protocol: 'TCP',
  clusterIP: '10.96.0.7',
  port: 80,
  backends: [{ ip: '10.244.1.2', port: 8080 }],
  ...change,
});
const plan = (...routes: readonly ServicePortRoute[]) => planFronts(routes, { dnsIP: '10.96.0.10' });
const ids = (...routes: readonly ServicePortRoute[]) => [...plan(...routes).fronts.keys()];

describe('src/network/services/fronts.plan.ts', () => {
  it.each<[string, Partial<ServicePortRoute>, readonly string[]]>([
    ['a cluster address', {}, ['tcp/10.96.0.7:80']],
    ['a node port as well', { nodePort: 30_080 }, ['tcp/10.96.0.7:80', 'tcp/*:30080']],
    ['UDP', { protocol: 'UDP', port: 53 }, ['udp/10.96.0.7:53']],
    ['nothing without backends', { backends: [], nodePort: 30_080 }, []],
    ['nothing at the nameserver, which answers itself', { clusterIP: '10.96.0.10' }, []],
    ['the node port of the nameserver', { clusterIP: '10.96.0.10', nodePort: 30_053 }, ['tcp/*:30053']],
    ['nothing for an address that is none', { clusterIP: 'None' }, []],
    ['nothing for a port that is none', { port: 0 }, []],
    ['the rest when the node port is none', { nodePort: 70_000 }, ['tcp/10.96.0.7:80']],
  ])('makes %s', (_name, change, expected) => {
    expect(ids(route(change))).toEqual(expected);
  });

  it('sorts backends and takes each once, so that their order means nothing', () => {
    const backends = ['10.244.1.9', '10.244.1.2', '10.244.1.9'].map((ip) => ({ ip, port: 1 }));
    const [front] = plan(route({ backends })).fronts.values();
    expect(front?.backends.map(({ ip }) => ip)).toEqual(['10.244.1.2', '10.244.1.9']);
  });

  it.each(['127.0.0.1', '169.254.169.254', 'db.example.com'])('leaves the backend %s out, and says so', (ip) => {
    const { fronts, refused } = plan(
      route({
        backends: [
          { ip, port: 80 },
          { ip: '10.244.1.2', port: 80 },
        ],
      }),
    );
    expect([...fronts.values()][0]?.backends).toEqual([{ ip: '10.244.1.2', port: 80 }]);
    expect(refused).toEqual([{ service: 'default/web:http', reason: `${ip}:80 may not be a backend` }]);
  });

  it('gives an address that two Services claim to the first by name, in whatever order they come', () => {
    const mine = route({ service: 'a/web:http' });
    const yours = route({ service: 'b/web:http', backends: [{ ip: '10.244.1.3', port: 1 }] });
    for (const order of [
      [mine, yours],
      [yours, mine],
    ]) {
      const { fronts, refused } = plan(...order);
      expect([...fronts.values()].map(({ backends }) => backends)).toEqual([mine.backends]);
      expect(refused).toEqual([{ service: 'b/web:http', reason: 'tcp/10.96.0.7:80 belongs to a/web:http' }]);
    }
  });

  it('does not hand the address of a Service without backends to another one', () => {
    const empty = route({ service: 'a/web:http', backends: [] });
    expect(ids(empty, route({ service: 'b/web:http' }))).toEqual([]);
  });

  it('stops at the limit of backends, and says so', () => {
    const backends = Array.from({ length: BACKENDS_PER_FRONT + 5 }, (_, i) => ({
      ip: `10.244.${i >> 8}.${i & 255}`,
      port: 1,
    }));
    const { fronts, refused } = plan(route({ backends }));
    expect([...fronts.values()][0]?.backends).toHaveLength(BACKENDS_PER_FRONT);
    expect(refused).toHaveLength(1);
  });

  it('hands out the very same fronts for routes that did not change, and new ones for those that did', () => {
    const still = route({ service: 'a/web:http' });
    const first = plan(still, route({ service: 'b/web:http', clusterIP: '10.96.0.8' }));
    const moved = route({ service: 'b/web:http', clusterIP: '10.96.0.8', backends: [{ ip: '10.244.1.3', port: 1 }] });
    const second = planFronts([structuredClone(still), moved], { dnsIP: '10.96.0.10' }, first);
    expect(second.fronts.get('tcp/10.96.0.7:80')).toBe(first.fronts.get('tcp/10.96.0.7:80'));
    expect(second.fronts.get('tcp/10.96.0.8:80')?.backends).toEqual(moved.backends);
    expect(planFronts([moved], { dnsIP: '10.96.0.10' }).fronts.get('tcp/10.96.0.8:80')).toEqual(
      second.fronts.get('tcp/10.96.0.8:80'),
    );
  });

  it('leads one address to backends of the node, whatever its endpoints are, and no other', () => {
    const api = route({ service: 'default/kubernetes:https', clusterIP: '10.96.0.1', port: 443 });
    const other = route({ service: 'b/web:http', clusterIP: '10.96.0.8' });
    const relay = { ip: '10.96.0.10', port: 41_000 };
    const { fronts } = plan(...leadTo([api, other], '10.96.0.1', [relay]));
    expect(fronts.get('tcp/10.96.0.1:443')?.backends).toEqual([relay]);
    expect(fronts.get('tcp/10.96.0.8:80')?.backends).toEqual(other.backends);
    expect(plan(...leadTo([api], '10.96.0.1', [])).fronts.size).toBe(0);
  });
});
