import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../pod/pod.types.ts';
import { AddressPool } from './address-pool.ts';
import { type HostFilesInput, hostnameOf, hostsFile, resolvConf } from './host-files.plan.ts';

const podOf = (spec: Partial<Pod['spec']> = {}, name = 'web-1'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [], ...spec },
});
const input = (spec: Partial<Pod['spec']> = {}): HostFilesInput => ({
  pod: podOf(spec),
  podIP: '10.244.1.2',
  clusterDomain: 'cluster.local',
  dnsIP: '10.96.0.10',
  hostResolvConf: '# host\nnameserver 192.0.2.53\nsearch example.com\noptions timeout:1\n',
  hostHosts: '127.0.0.1 localhost\n192.0.2.1 host\n',
});

describe('src/node-agent/network/host-files.plan.ts', () => {
  it("sends a pod's questions to the cluster's DNS, with its own namespace first", () => {
    expect(resolvConf(input())).toBe(
      'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local example.com\noptions ndots:5\n',
    );
  });

  it.each<[string, Partial<Pod['spec']>, string]>([
    ["the host's own", { dnsPolicy: 'Default' }, 'nameserver 192.0.2.53\nsearch example.com\noptions timeout:1\n'],
    [
      "the host's in its network",
      { hostNetwork: true },
      'nameserver 192.0.2.53\nsearch example.com\noptions timeout:1\n',
    ],
    [
      'only what the pod says',
      {
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }] },
      },
      'nameserver 1.1.1.1\nsearch a.b\noptions ndots:2\n',
    ],
  ])('gives %s', (_, spec, expected) => {
    expect(resolvConf(input(spec))).toBe(expected);
  });

  it("lets the pod's options win", () => {
    const dnsConfig = { options: [{ name: 'ndots', value: '1' }, { name: 'rotate' }] };
    expect(resolvConf(input({ dnsConfig }))).toContain('options ndots:1 rotate\n');
  });

  it('names the pod in its hosts file, with aliases', () => {
    const text = hostsFile(input({ subdomain: 'db', hostAliases: [{ ip: '9.9.9.9', hostnames: ['nine', 'neun'] }] }));
    expect(text).toContain('10.244.1.2\tweb-1.db.shop.svc.cluster.local\tweb-1\n');
    expect(text).toContain('9.9.9.9\tnine\tneun\n');
    expect(hostsFile(input({ hostNetwork: true }))).toContain('192.0.2.1 host');
  });

  it('cuts hostnames to what the kernel takes', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,240}[a-z0-9])?$/), (name) => {
        const hostname = hostnameOf(podOf({}, name));
        expect(hostname.length).toBeLessThanOrEqual(63);
        expect(name.startsWith(hostname)).toBe(true);
        expect(hostname).not.toMatch(/[-.]$/);
      }),
    );
  });
});

describe('src/node-agent/network/address-pool.ts', () => {
  it('gives every pod one address of the range, and the same again', () => {
    const pool = new AddressPool('10.244.1.0/24');
    expect([pool.take('a'), pool.take('b'), pool.take('a')]).toEqual(['10.244.1.2', '10.244.1.3', '10.244.1.2']);
  });

  it('says so when all are taken, and goes on when one is given back', () => {
    const pool = new AddressPool('10.244.1.0/29');
    for (const pod of ['a', 'b', 'c', 'd', 'e']) pool.take(pod);
    expect(() => pool.take('f')).toThrow(expect.objectContaining({ code: 'PodAddressesExhausted' }));
    pool.release('c');
    expect(pool.take('f')).toBe('10.244.1.4');
  });

  it.each(['10.244.1.0', '10.244.1.0/31', 'x/24', '10.244.1.0/x', ''])('refuses %j', (cidr) => {
    expect(() => new AddressPool(cidr)).toThrow(expect.objectContaining({ code: 'PodCidrInvalid' }));
  });

  it('never gives one address to two pods', () => {
    const step = fc.record({
      pod: fc.nat(12).map(String),
      what: fc.constantFrom('take', 'release', 'adopt'),
      host: fc.integer({ min: 2, max: 14 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new AddressPool('10.244.1.0/28');
        const held = new Map<string, string>();
        for (const { pod, what, host } of steps) {
          if (what === 'release') {
            pool.release(pod);
            held.delete(pod);
          } else if (what === 'adopt') {
            const address = `10.244.1.${host}`;
            const isFree = ![...held].some(([owner, one]) => one === address && owner !== pod);
            expect(pool.adopt(pod, address)).toBe(isFree);
            if (isFree) held.set(pod, address);
          } else if (held.size < 13 || held.has(pod)) {
            const address = pool.take(pod);
            expect([...held].some(([owner, one]) => one === address && owner !== pod)).toBe(false);
            held.set(pod, address);
          }
        }
      }),
    );
  });
});
