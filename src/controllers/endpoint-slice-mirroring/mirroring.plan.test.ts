import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Endpoints, Service } from '#api';
import { planMirroring } from './mirroring.plan.ts';

const service = (spec: object = {}) =>
  ({ kind: 'Service', metadata: { name: 'web', namespace: 'default', uid: 's1' }, spec }) as unknown as Service;
const endpoints = (subsets: readonly object[], metadata: object = {}) =>
  ({
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default', uid: 'e1', ...metadata },
    subsets,
  }) as unknown as Endpoints;
const addresses = (...ips: readonly string[]) => ips.map((ip) => ({ ip }));
const HTTP = { name: 'http', port: 80, protocol: 'TCP' };

const plan = (
  of: Endpoints | undefined,
  slices: readonly EndpointSlice[] = [],
  by: Service | undefined = service(),
  limit = 1_000,
) => planMirroring({ endpoints: of, service: by, slices, limit });
/** The slices that a first plan makes, as the server would have stored them. */
const stored = (of: Endpoints, limit = 1_000) =>
  plan(of, [], service(), limit).create.map(
    (object, at) =>
      ({ ...object, metadata: { ...object.metadata, name: `web-${at}`, uid: `u${at}` } }) as unknown as EndpointSlice,
  );
const told = ({ addressType, endpoints: list }: EndpointSlice) => [
  addressType,
  ...list.map(({ addresses: [ip], conditions }) => `${ip}${conditions?.ready ? '' : ' not ready'}`),
];

describe('src/controllers/endpoint-slice-mirroring/mirroring.plan.ts', () => {
  it('says everything that the Endpoints say, and whose slice it is', () => {
    const note = 'kubectl.kubernetes.io/last-applied-configuration';
    const targetRef = { kind: 'Pod', name: 'a', uid: 'p1' };
    const of = endpoints(
      [
        {
          addresses: [{ ip: '10.0.0.1', hostname: 'a', nodeName: 'n1', targetRef }],
          ports: [{ name: 'http', port: 80 }],
        },
      ],
      { labels: { team: 'red' }, annotations: { why: 'because', [note]: '{}' } },
    );
    expect(plan(of).create).toEqual([
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          generateName: 'web-',
          namespace: 'default',
          labels: {
            team: 'red',
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
          },
          annotations: { why: 'because' },
          ownerReferences: [
            { apiVersion: 'v1', kind: 'Endpoints', name: 'web', uid: 'e1', controller: true, blockOwnerDeletion: true },
          ],
        },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, hostname: 'a', nodeName: 'n1', targetRef }],
        ports: [HTTP],
      },
    ]);
  });

  it('makes a slice of each family of addresses and each set of ports', () => {
    const of = endpoints([
      { addresses: addresses('10.0.0.1', 'fd00::1'), notReadyAddresses: addresses('10.0.0.2'), ports: [HTTP] },
      { addresses: addresses('10.0.0.3'), ports: [HTTP] },
      { addresses: addresses('10.0.0.1'), ports: [{ ...HTTP, port: 81 }] },
    ]);
    expect(stored(of).map(told)).toEqual([
      ['IPv4', '10.0.0.1', '10.0.0.2 not ready', '10.0.0.3'],
      ['IPv6', 'fd00::1'],
      ['IPv4', '10.0.0.1'],
    ]);
  });

  it('mirrors of each subset no more than the limit, and the ready ones first', () => {
    const of = endpoints([
      { addresses: addresses('10.0.0.1', '10.0.0.2'), notReadyAddresses: addresses('10.0.0.3', '10.0.0.4') },
    ]);
    expect(stored(of, 3).map(told)).toEqual([['IPv4', '10.0.0.1', '10.0.0.2', '10.0.0.3 not ready']]);
  });

  const some = [{ addresses: addresses('10.0.0.1'), ports: [HTTP] }];
  it.each([
    ['there are no Endpoints', undefined, service()],
    ['they are going', endpoints(some, { deletionTimestamp: 'now' }), service()],
    ['there is no Service', endpoints(some), undefined],
    ['the Service selects pods', endpoints(some), service({ selector: { app: 'web' } })],
    ['a label says so', endpoints(some, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }), service()],
    [
      'they are a lock',
      endpoints(some, { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }),
      service(),
    ],
    ['they name no address', endpoints([]), service()],
  ])('mirrors nothing, and takes away what it mirrored, when %s', (_, of, by) => {
    const slices = stored(endpoints(some));
    const { create, update, delete: gone } = planMirroring({ endpoints: of, service: by, slices, limit: 10 });
    expect([create, update, gone]).toEqual([[], [], slices]);
  });

  it('follows a change in the slice that stands, and then has nothing to do', () => {
    const slices = stored(endpoints(some));
    const changed = endpoints([{ ...some[0], notReadyAddresses: addresses('10.0.0.9') }], {
      annotations: { new: 'note' },
    });
    const { create, update, delete: gone } = plan(changed, slices);
    expect([create, gone]).toEqual([[], []]);
    expect(update.map(({ metadata: { name, annotations } }) => [name, annotations])).toEqual([
      ['web-0', { new: 'note' }],
    ]);
    expect(update.map(told)).toEqual([['IPv4', '10.0.0.1', '10.0.0.9 not ready']]);
    expect(plan(changed, update)).toMatchObject({ create: [], update: [], delete: [] });
  });

  it('takes a slice away whose ports nobody names any more, and a second one of the same', () => {
    const [slice] = stored(endpoints(some));
    const twin = { ...slice, metadata: { ...slice?.metadata, name: 'web-9' } } as EndpointSlice;
    expect(plan(endpoints(some), [twin, slice as EndpointSlice]).delete).toEqual([twin]);
    const moved = endpoints([{ addresses: addresses('10.0.0.1'), ports: [{ ...HTTP, port: 81 }] }]);
    expect(plan(moved, [slice as EndpointSlice])).toMatchObject({ create: [{}], update: [], delete: [slice] });
  });

  it('has nothing more to do once it is carried out, in whatever order slices are listed, and keeps to its limit', () => {
    const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', 'fd00::2').map((ip) => ({ ip }));
    const port = fc.record({ name: fc.constantFrom('http', 'dns'), port: fc.constantFrom(53, 80) });
    const subset = fc.record({
      addresses: fc.array(address, { maxLength: 4 }),
      notReadyAddresses: fc.array(address, { maxLength: 3 }),
      ports: fc.array(port, { maxLength: 2 }),
    });
    const any = fc.array(subset, { maxLength: 4 }).map((subsets) => endpoints(subsets));
    fc.assert(
      fc.property(any, any, fc.integer({ min: 1, max: 4 }), (before, after, limit) => {
        const there = stored(before, limit);
        const first = plan(after, there, service(), limit);
        const backwards = plan(after, there.toReversed(), service(), limit);
        expect(backwards.create).toEqual(first.create);
        expect(new Set(backwards.update)).toEqual(new Set(first.update));
        expect(new Set(backwards.delete)).toEqual(new Set(first.delete));
        const changed = new Map(first.update.map((slice) => [slice.metadata.uid, slice]));
        const made = first.create.map((object, at) => ({
          ...object,
          metadata: { ...object.metadata, name: `new-${at}`, uid: `n${at}` },
        })) as unknown as EndpointSlice[];
        const kept = there.filter((slice) => !first.delete.includes(slice));
        const now = [...kept.map((slice) => changed.get(slice.metadata.uid) ?? slice), ...made];
        expect(plan(after, now, service(), limit)).toMatchObject({ create: [], update: [], delete: [] });
        for (const { endpoints: list } of now) {
          const ips = list.map(({ addresses: [ip] }) => ip);
          expect(ips.length).toBeLessThanOrEqual(limit);
          expect(new Set(ips).size).toBe(ips.length);
        }
      }),
    );
  });
});
