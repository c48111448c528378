import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoints, Pod, Service } from '#api';
import { OVER_CAPACITY, planEndpoints } from './endpoints.plan.ts';

const HEADLESS = 'service.kubernetes.io/headless';
const service = (spec: object = {}, metadata: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 's1', ...metadata },
    spec: {
      clusterIP: '10.96.0.9',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      ...spec,
    },
  }) as unknown as Service;

interface Given {
  readonly ready?: boolean;
  readonly going?: boolean;
  readonly phase?: string;
  readonly spec?: object;
}
const pod = (ip: string, { ready = true, going = false, phase = 'Running', spec = {} }: Given = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${ip}`,
      namespace: 'default',
      uid: `uid-${ip}`,
      ...(going ? { deletionTimestamp: 'now' } : {}),
    },
    spec: { nodeName: 'n1', containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 9090 }] }], ...spec },
    status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as unknown as Pod;

const plan = (pods: readonly Pod[], of = service(), existing?: Endpoints, limit = 1_000) =>
  planEndpoints({ service: of, pods, existing, limit });
/** The object as it stands after a plan. */
const made = (pods: readonly Pod[], of = service(), existing?: Endpoints, limit = 1_000) => {
  const { create, update } = plan(pods, of, existing, limit);
  return (update ?? create) as unknown as Endpoints | undefined;
};
const told = ({ subsets = [] }: Pick<Endpoints, 'subsets'> = {}) =>
  subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) => ({
    ready: addresses.map(({ ip }) => ip),
    notReady: notReadyAddresses.map(({ ip }) => ip),
    ports: ports.map(({ port }) => port),
  }));

describe('src/controllers/endpoints/endpoints.plan.ts', () => {
  it('says which pod an address is, where, and by which port', () => {
    expect(made([pod('10.0.0.1')])).toEqual({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'web', namespace: 'default', labels: {}, annotations: {} },
      subsets: [
        {
          addresses: [
            {
              ip: '10.0.0.1',
              nodeName: 'n1',
              targetRef: { kind: 'Pod', namespace: 'default', name: 'pod-10.0.0.1', uid: 'uid-10.0.0.1' },
            },
          ],
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        },
      ],
    });
  });

  const [A, B] = ['10.0.0.1', '10.0.0.2'];
  const one = (ready: readonly string[], notReady: readonly string[], ports = [8080]) => [{ ready, notReady, ports }];
  it.each([
    ['those that are not ready apart', {}, [pod(B), pod(A, { ready: false })], one([B], [A])],
    ['none that is going', {}, [pod(A, { going: true }), pod(B)], one([B], [])],
    ['none that has ended', {}, [pod(A, { phase: 'Failed' }), pod(B)], one([B], [])],
    ['none without an address', {}, [pod('')], []],
    [
      'all as ready that publishes them so, going or not',
      { publishNotReadyAddresses: true },
      [pod(A, { ready: false, going: true })],
      one([A], []),
    ],
    ['a named port where the pod has it', { ports: [{ port: 80, targetPort: 'web' }] }, [pod(A)], one([A], [], [9090])],
    ['no pod without the named port', { ports: [{ port: 80, targetPort: 'admin' }] }, [pod(A)], []],
    ['no ports of a headless Service without any', { clusterIP: 'None', ports: [] }, [pod(A)], one([A], [], [])],
    ['nothing where a Service with an address has no ports', { ports: [] }, [pod(A)], []],
    [
      'pods that give a name to other ports in subsets of their own',
      { ports: [{ port: 80, targetPort: 'web' }] },
      [pod(A), pod(B, { spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 7070 }] }] } })],
      [...one([B], [], [7070]), ...one([A], [], [9090])],
    ],
  ] as const)('names %s', (_, spec, pods, expected) => {
    expect(told(made(pods, service(spec)))).toEqual(expected);
  });

  it.each([
    ['has no selector', { selector: undefined }],
    ['is another name for a host', { type: 'ExternalName', externalName: 'a.example' }],
  ])('leaves the Endpoints of a Service alone that %s', (_, spec) => {
    expect(plan([pod(A)], service(spec))).toEqual({ reason: expect.any(String) });
  });

  it('has the labels of the Service, says that it is headless, and keeps what others annotate', () => {
    const before = made([pod(A)], service({}, { labels: { old: 'label' } })) as Endpoints;
    const annotated = { ...before, metadata: { ...before.metadata, uid: 'e1', annotations: { note: 'kept' } } };
    const after = made([pod(A)], service({ clusterIP: 'None' }, { labels: { new: 'label' } }), annotated);
    expect(after?.metadata).toMatchObject({ uid: 'e1', annotations: { note: 'kept' } });
    expect(after?.metadata.labels).toEqual({ new: 'label', [HEADLESS]: '' });
  });

  it.each([
    ['ready ones by the share of their subset', [6, 3], [0, 0], 6, [4, 2], [0, 0]],
    ['those not ready, as long as the ready ones have room', [2, 0], [3, 5], 6, [2, 0], [2, 2]],
    ['nothing at the limit itself', [3, 1], [1, 1], 6, [3, 1], [1, 1]],
    ['all that are not ready when the ready ones alone are too many', [7, 1], [2, 0], 6, [6, 0], [0, 0]],
  ])('leaves out beyond the limit %s', (_, ready, notReady, limit, leftReady, leftNotReady) => {
    // Two groups of pods, which give the port's name to different ports.
    const spec = (at: number) => ({ containers: [{ name: 'm', ports: [{ name: 'web', containerPort: 1_000 + at }] }] });
    const group = (counts: readonly number[], isReady: boolean) =>
      counts.flatMap((count, at) =>
        Array.from({ length: count }, (_each, index) =>
          pod(`10.${isReady ? 1 : 2}.${at}.${index}`, { ready: isReady, spec: spec(at) }),
        ),
      );
    const of = service({ ports: [{ port: 80, targetPort: 'web' }] });
    const result = made([...group(ready, true), ...group(notReady, false)], of, undefined, limit);
    const counted = [1_000, 1_001].map((port) => result?.subsets?.find(({ ports }) => ports?.[0]?.port === port));
    expect(counted.map((subset) => subset?.addresses?.length ?? 0)).toEqual(leftReady);
    expect(counted.map((subset) => subset?.notReadyAddresses?.length ?? 0)).toEqual(leftNotReady);
    const isCut = [...ready, ...notReady].reduce((sum, each) => sum + each) > limit;
    expect(result?.metadata.annotations?.[OVER_CAPACITY]).toBe(isCut ? 'truncated' : undefined);
    // As soon as all have room again, nothing says otherwise.
    expect(made([pod(A)], of, result, limit)?.metadata.annotations).toEqual({});
  });

  it('never holds more than the limit, names no address twice, and has nothing to do the second time', () => {
    const pods = fc.uniqueArray(
      fc.record({ host: fc.nat(60), ready: fc.boolean(), going: fc.boolean(), port: fc.constantFrom(1, 2, 3) }),
      { selector: ({ host }) => host, maxLength: 40 },
    );
    fc.assert(
      fc.property(pods, fc.integer({ min: 1, max: 20 }), (given, limit) => {
        const of = service({ ports: [{ port: 80, targetPort: 'web' }] });
        const all = given.map(({ host, port, ...rest }) =>
          pod(`10.0.0.${host}`, {
            ...rest,
            spec: { containers: [{ name: 'm', ports: [{ name: 'web', containerPort: port }] }] },
          }),
        );
        const object = made(all, of, undefined, limit) as Endpoints;
        const addresses = told(object).flatMap(({ ready, notReady }) => [...ready, ...notReady]);
        const staying = given.filter(({ going }) => !going).length;
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(addresses.length).toBe(Math.min(limit, staying));
        const { create, update } = plan([...all].reverse(), of, object, limit);
        expect([create, update]).toEqual([undefined, undefined]);
      }),
    );
  });
});
