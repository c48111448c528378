import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, KubeObject, Pod, Service } from '#api';
import { planEndpointSlices } from './endpoint-slice.plan.ts';

const service = (spec: object = {}, metadata: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 's1', ...metadata },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  }) as unknown as Service;

interface Given {
  readonly ready?: boolean;
  readonly going?: boolean;
  readonly ip?: string | undefined;
  readonly phase?: string;
  readonly spec?: object;
}
const pod = (
  name: string,
  { ready = true, going = false, ip = '10.0.0.1', phase = 'Running', spec = {} }: Given = {},
) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...(going ? { deletionTimestamp: 'now' } : {}) },
    spec: { nodeName: 'n1', containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 9090 }] }], ...spec },
    status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as unknown as Pod;

/** The slices as they stand after a plan is carried out. */
let names = 0;
const carriedOut = (slices: readonly EndpointSlice[], plan: ReturnType<typeof planEndpointSlices>): EndpointSlice[] => {
  const stored = (object: KubeObject) => {
    names += 1;
    const made = {
      ...object,
      metadata: { ...object.metadata, name: `web-${String(names).padStart(5, '0')}`, uid: `${names}` },
    };
    return made as unknown as EndpointSlice;
  };
  const gone = new Set(plan.delete.map(({ metadata }) => metadata.uid));
  const changed = new Map(plan.update.map((slice) => [slice.metadata.uid, slice]));
  const kept = slices
    .filter(({ metadata }) => !gone.has(metadata.uid))
    .map((each) => changed.get(each.metadata.uid) ?? each);
  return [...kept, ...plan.create.map(stored)];
};
const plan = (pods: readonly Pod[], of = service(), slices: readonly EndpointSlice[] = [], limit = 100) =>
  planEndpointSlices({ service: of, pods, slices, limit });
const first = (pods: readonly Pod[], of = service()) => {
  const slice = plan(pods, of).create[0] as unknown as EndpointSlice | undefined;
  return { endpoint: slice?.endpoints[0], ports: slice?.ports };
};

describe('src/controllers/endpoint-slice/endpoint-slice.plan.ts', () => {
  it.each([
    ['a ready pod serves', pod('a'), {}, { ready: true, serving: true, terminating: false }],
    [
      'a pod that is not ready does not',
      pod('a', { ready: false }),
      {},
      { ready: false, serving: false, terminating: false },
    ],
    [
      'unless it is published anyway',
      pod('a', { ready: false }),
      { publishNotReadyAddresses: true },
      { ready: true, serving: false, terminating: false },
    ],
    [
      'a going pod takes no new connections, but may still serve',
      pod('a', { going: true }),
      {},
      { ready: false, serving: true, terminating: true },
    ],
    [
      'a going pod that is not ready does neither',
      pod('a', { going: true, ready: false }),
      {},
      { ready: false, serving: false, terminating: true },
    ],
  ] as const)('%s', (_, given, spec, conditions) => {
    expect(first([given], service(spec)).endpoint?.conditions).toEqual(conditions);
  });

  it('says which pod an endpoint is, and where', () => {
    expect(first([pod('a')]).endpoint).toMatchObject({
      addresses: ['10.0.0.1'],
      nodeName: 'n1',
      targetRef: { kind: 'Pod', name: 'a', namespace: 'default', uid: 'uid-a' },
    });
  });

  it.each([
    ['a number', 8080, 8080],
    ['a name, found in the pod', 'web', 9090],
    ['nothing, so the same port', undefined, 80],
    ['a name that the pod does not know', 'admin', undefined],
  ])('resolves a target port that is %s', (_, targetPort, expected) => {
    const ports = first([pod('a')], service({ ports: [{ name: 'http', port: 80, targetPort }] })).ports;
    expect(ports?.[0]?.port).toBe(expected);
  });

  it.each([
    ['has no address yet', pod('a', { ip: '' })],
    ['has ended', pod('a', { phase: 'Succeeded' })],
  ])('leaves out a pod that %s', (_, given) => {
    expect(first([given]).endpoint).toBeUndefined();
  });

  it('puts pods that resolve a name to other ports into other slices', () => {
    const other = pod('b', { spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 7070 }] }] } });
    const { create } = plan([pod('a'), other], service({ ports: [{ port: 80, targetPort: 'web' }] }));
    expect(create.map((slice) => (slice as unknown as EndpointSlice).ports?.[0]?.port).sort()).toEqual([7070, 9090]);
  });

  it.each([
    ['selects nothing', service({ selector: {} })],
    ['is a name elsewhere', service({ type: 'ExternalName' })],
    ['is going', service({}, { deletionTimestamp: 'now' })],
  ])('keeps no slice of a Service that %s', (_, of) => {
    const slices = carriedOut([], plan([pod('a')]));
    expect(plan([pod('a')], of, slices)).toMatchObject({ create: [], update: [], delete: slices });
  });

  it('labels slices so that DNS and proxies find them', () => {
    const [slice] = plan([pod('a')], service({ clusterIP: 'None' }, { labels: { team: 'a' } })).create;
    expect(slice?.metadata.labels).toEqual({
      team: 'a',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'service.kubernetes.io/headless': '',
    });
  });

  it('moves no endpoint that stays: one pod more changes one slice', () => {
    const pods = Array.from({ length: 7 }, (_, at) => pod(`p${at}`));
    const slices = carriedOut([], plan(pods, service(), [], 4));
    const more = plan([...pods, pod('p9')], service(), slices, 4);
    expect([more.create.length, more.update.length, more.delete.length]).toEqual([0, 1, 0]);
  });

  it('holds every pod once, within the limit, and then asks for nothing more', () => {
    const chosen = fc.uniqueArray(fc.nat(30), { maxLength: 20 });
    fc.assert(
      fc.property(chosen, chosen, fc.integer({ min: 1, max: 6 }), (before, after, limit) => {
        const podsOf = (ids: readonly number[]) => ids.map((id) => pod(`p${id}`));
        const was = carriedOut([], plan(podsOf(before), service(), [], limit));
        const slices = carriedOut(was, plan(podsOf(after), service(), was, limit));
        const held = slices.flatMap(({ endpoints }) => endpoints.map(({ targetRef }) => targetRef?.name));
        expect([...held].sort()).toEqual(after.map((id) => `p${id}`).sort());
        expect(slices.every(({ endpoints }) => endpoints.length <= limit)).toBe(true);
        expect(plan(podsOf(after), service(), slices, limit)).toMatchObject({ create: [], update: [], delete: [] });
      }),
    );
  });
});
