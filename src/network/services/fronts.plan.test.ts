import { describe, expect, it } from 'vitest';
import type { HostPortRoute, ServicePortRoute } from '../network.types.ts';
import { BACKENDS_PER_FRONT, leadTo, planFronts } from './fronts.plan.ts';

const route = (change: Partial<ServicePortRoute> = {}): ServicePortRoute => ({
  service: 'default/web:http',
  protocol: 'TCP',
  clusterIP: '10.96.0.7',
  port: 80,
  backends: [{ ip: '10.244.1.2', port: 8080 }],
  ...change,
});
const plan = (...routes: readonly ServicePortRoute[]) => planFronts({ services: routes }, { dnsIP: '10.96.0.10' });
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
    const second = planFronts({ services: [structuredClone(still), moved] }, { dnsIP: '10.96.0.10' }, first);
    expect(second.fronts.get('tcp/10.96.0.7:80')).toBe(first.fronts.get('tcp/10.96.0.7:80'));
    expect(second.fronts.get('tcp/10.96.0.8:80')?.backends).toEqual(moved.backends);
    expect(planFronts({ services: [moved] }, { dnsIP: '10.96.0.10' }).fronts.get('tcp/10.96.0.8:80')).toEqual(
      second.fronts.get('tcp/10.96.0.8:80'),
    );
  });

  const hostPort = (change: Partial<HostPortRoute> = {}): HostPortRoute => ({
    pod: 'default/web',
    protocol: 'TCP',
    hostPort: 80,
    backend: { ip: '10.244.1.2', port: 8080 },
    ...change,
  });
  const withHostPorts = (hostPorts: readonly HostPortRoute[], ...services: readonly ServicePortRoute[]) =>
    planFronts({ services, hostPorts }, { dnsIP: '10.96.0.10' });

  it.each<[string, Partial<HostPortRoute>, readonly string[], readonly string[]]>([
    ['every address and loopback', {}, ['tcp/*:80'], ['127.0.0.1:80']],
    ['every address written out', { hostIP: '0.0.0.0' }, ['tcp/*:80'], ['127.0.0.1:80']],
    ['UDP, which no relay carries', { protocol: 'UDP' }, ['udp/*:80'], []],
    ['one address of the host', { hostIP: '192.0.2.7' }, ['tcp/192.0.2.7:80'], []],
    ['loopback alone', { hostIP: '127.0.0.1' }, [], ['127.0.0.1:80']],
    ['another loopback address', { hostIP: '127.0.0.9' }, [], ['127.0.0.9:80']],
  ])('takes a host port at %s', (_name, change, fronts, relays) => {
    const plan = withHostPorts([hostPort(change)]);
    expect([[...plan.fronts.keys()], [...plan.relays.keys()], plan.refused]).toEqual([fronts, relays, []]);
  });

  it.each<[string, Partial<HostPortRoute>]>([
    ['at the address of the nameserver', { hostIP: '10.96.0.10', protocol: 'UDP', hostPort: 53 }],
    ['at an address of version 6', { hostIP: '::1' }],
    ['of UDP on loopback', { hostIP: '127.0.0.1', protocol: 'UDP' }],
    ['that is none', { hostPort: 0 }],
    ['that would lead to the host itself', { backend: { ip: '127.0.0.1', port: 22 } }],
  ])('refuses a host port %s, and says so', (_name, change) => {
    const { fronts, relays, refused } = withHostPorts([hostPort(change)]);
    expect([fronts.size, relays.size, refused.map(({ service }) => service)]).toEqual([0, 0, ['default/web']]);
  });

  it('lets a NodePort go before a host port of the same number, and one pod before the next by name', () => {
    const service = route({ nodePort: 30_080, backends: [{ ip: '10.244.1.9', port: 1 }] });
    const both = withHostPorts([hostPort({ hostPort: 30_080 })], service);
    expect(both.fronts.get('tcp/*:30080')?.backends).toEqual(service.backends);
    expect(both.refused).toEqual([{ service: 'default/web', reason: 'tcp/*:30080 belongs to default/web:http' }]);
    for (const hostIP of ['192.0.2.7', '127.0.0.1']) {
      const { fronts, relays, refused } = withHostPorts([hostPort({ hostPort: 30_080, hostIP })], service);
      expect([...fronts.keys()]).not.toContain(`tcp/${hostIP}:30080`);
      expect([...relays.values()].map(({ backends }) => backends)).toEqual([service.backends]);
      const reason = `tcp/${hostIP}:30080 belongs to default/web:http, which has it at every address`;
      expect(refused).toEqual([{ service: 'default/web', reason }]);
    }
    const beside = withHostPorts([hostPort({ hostPort: 30_080, hostIP: '127.0.0.9' })], service);
    expect([[...beside.relays.keys()].toSorted(), beside.refused]).toEqual([
      ['127.0.0.1:30080', '127.0.0.9:30080'],
      [],
    ]);
    const other = { ip: '10.244.1.3', port: 1 };
    const pods = withHostPorts([hostPort({ pod: 'default/zoo', backend: other }), hostPort()]);
    expect(pods.fronts.get('tcp/*:80')?.backends).toEqual([hostPort().backend]);
  });

  it('remembers clients by Service and protocol, for a day at most', () => {
    const { fronts } = plan(route({ nodePort: 30_080, affinitySeconds: 10 }));
    expect([...fronts.values()].map(({ affinity }) => affinity)).toEqual(
      Array(2).fill({ key: 'default/web:http TCP', seconds: 10 }),
    );
    const [long] = plan(route({ affinitySeconds: 1e9 })).fronts.values();
    expect(long?.affinity?.seconds).toBe(86_400);
    const before = plan(route({ affinitySeconds: 10 }));
    const services = [route()];
    expect(planFronts({ services }, { dnsIP: '10.96.0.10' }, before).fronts.get('tcp/10.96.0.7:80')).not.toHaveProperty(
      'affinity',
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
