import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { planDns } from './dns.plan.ts';
import { withoutPods } from './endpoints.plan.ts';
import { planServiceEnv } from './service-env.plan.ts';
import { planRoutes } from './services.plan.ts';
import type { Endpoint, EndpointSlice, Service } from './services.types.ts';

const metadata = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', namespace: 'shop' };
const serviceOf = (name: string, spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...metadata, name },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
});
const endpoint = (
  ip: string,
  conditions: Endpoint['conditions'] = { ready: true },
  more: Partial<Endpoint> = {},
): Endpoint => ({
  addresses: [ip],
  ...(conditions === undefined ? {} : { conditions }),
  ...more,
});
const sliceOf = (
  service: string,
  endpoints: Endpoint[],
  ports = [{ name: 'http', port: 8080, protocol: 'TCP' }],
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  endpoints,
  ports,
});
const leaving = { ready: false, serving: true, terminating: true };

describe('src/node-agent/services/services.plan.ts', () => {
  const backends = (...endpoints: Endpoint[]) =>
    planRoutes({ services: [serviceOf('web')], slices: [sliceOf('web', endpoints)] })[0]?.backends.map(({ ip }) => ip);

  it.each<[string, Partial<Service['spec']>, Endpoint['conditions'], readonly string[]]>([
    ['leaves out a ready pod that the node sees down', {}, { ready: true }, ['10.244.1.3']],
    ['leaves out one that the API says nothing of', {}, undefined, ['10.244.1.3']],
    [
      'keeps one whose Service wants it all the same',
      { publishNotReadyAddresses: true },
      { ready: true },
      ['10.244.1.2', '10.244.1.3'],
    ],
  ])('%s', (_name, spec, conditions, expected) => {
    const ref = (uid: string) => ({ targetRef: { kind: 'Pod', name: uid, uid } });
    const slices = [
      sliceOf('web', [
        endpoint('10.244.1.2', conditions, ref('dead')),
        endpoint('10.244.1.3', { ready: true }, ref('alive')),
      ]),
    ];
    const services = [serviceOf('web', spec)];
    const seen = { services, slices: withoutPods({ services, slices }, new Set(['dead', 'unknown'])) };
    expect(planRoutes(seen)[0]?.backends.map(({ ip }) => ip)).toEqual(expected);
    expect(withoutPods({ services, slices }, new Set(['unknown']))[0]).toBe(slices[0]);
  });

  it('sends nothing to a leaving pod that no longer runs', () => {
    const services = [serviceOf('web')];
    const slices = [
      sliceOf('web', [endpoint('10.244.1.2', leaving, { targetRef: { kind: 'Pod', name: 'a', uid: 'a' } })]),
    ];
    expect(planRoutes({ services, slices })[0]?.backends).toHaveLength(1);
    expect(planRoutes({ services, slices: withoutPods({ services, slices }, new Set(['a'])) })[0]?.backends).toEqual(
      [],
    );
  });

  it.each<[string, Partial<Service['spec']>, number | undefined]>([
    [
      'for the time it says',
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } },
      5,
    ],
    ['for three hours when it says none', { sessionAffinity: 'ClientIP' }, 10_800],
    ['not at all', { sessionAffinity: 'None' }, undefined],
  ])('remembers the clients of a Service %s', (_name, spec, expected) => {
    const snapshot = { services: [serviceOf('web', spec)], slices: [sliceOf('web', [endpoint('10.244.1.2')])] };
    expect(planRoutes(snapshot).map(({ affinitySeconds }) => affinitySeconds)).toEqual([expected]);
  });

  it('routes every port of a Service to its ready endpoints', () => {
    const service = serviceOf('web', {
      ports: [
        { name: 'http', port: 80, nodePort: 30080 },
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'sctp', port: 9, protocol: 'SCTP' },
      ],
    });
    const slice = sliceOf(
      'web',
      [endpoint('10.244.1.2'), endpoint('10.244.1.3')],
      [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'dns', port: 5353, protocol: 'UDP' },
      ],
    );
    expect(planRoutes({ services: [service], slices: [slice] })).toEqual([
      {
        service: 'shop/web:dns',
        protocol: 'UDP',
        clusterIP: '10.96.0.7',
        port: 53,
        backends: [
          { ip: '10.244.1.2', port: 5353 },
          { ip: '10.244.1.3', port: 5353 },
        ],
      },
      {
        service: 'shop/web:http',
        protocol: 'TCP',
        clusterIP: '10.96.0.7',
        port: 80,
        nodePort: 30080,
        backends: [
          { ip: '10.244.1.2', port: 8080 },
          { ip: '10.244.1.3', port: 8080 },
        ],
      },
    ]);
  });

  it.each<[string, Endpoint[], string[]]>([
    ['only ready ones', [endpoint('10.0.0.1'), endpoint('10.0.0.2', { ready: false })], ['10.0.0.1']],
    ['unknown counts as ready', [endpoint('10.0.0.1', {})], ['10.0.0.1']],
    ['no leaving one while another is ready', [endpoint('10.0.0.1'), endpoint('10.0.0.2', leaving)], ['10.0.0.1']],
    [
      'leaving ones that still serve, when no other is left',
      [endpoint('10.0.0.2', leaving), endpoint('10.0.0.3', { ready: false })],
      ['10.0.0.2'],
    ],
    ['each once', [endpoint('10.0.0.1'), endpoint('10.0.0.1')], ['10.0.0.1']],
    ['none that is this host', [endpoint('127.0.0.1'), endpoint('0.0.0.0')], []],
    ['none on the link, where clouds keep credentials', [endpoint('169.254.169.254')], []],
    ['none that is no address', [endpoint('example.com'), endpoint('1.2.3'), endpoint('224.0.0.1')], []],
  ])('uses %s', (_, endpoints, expected) => {
    expect(backends(...endpoints)).toEqual(expected);
  });

  it.each<[string, Partial<Service['spec']>]>([
    ['headless', { clusterIP: 'None' }],
    ['without an address yet', { clusterIP: '' }],
    ['elsewhere', { type: 'ExternalName', externalName: 'example.com' }],
  ])('makes no route for a Service that is %s', (_, spec) => {
    expect(
      planRoutes({ services: [serviceOf('web', spec)], slices: [sliceOf('web', [endpoint('10.0.0.1')])] }),
    ).toEqual([]);
  });

  it("takes no other namespace's endpoints, nor those of another name", () => {
    const foreign = {
      ...sliceOf('web', [endpoint('10.0.0.1')]),
      metadata: { ...sliceOf('web', []).metadata, namespace: 'other' },
    };
    const other = sliceOf('api', [endpoint('10.0.0.2')]);
    expect(planRoutes({ services: [serviceOf('web')], slices: [foreign, other] })[0]?.backends).toEqual([]);
  });
});

describe('src/node-agent/services/dns.plan.ts', () => {
  const records = (services: Service[], slices: EndpointSlice[] = []) => {
    const { a, srv } = planDns({ services, slices }, 'cluster.local');
    return { a: Object.fromEntries(a), srv: Object.fromEntries(srv) };
  };

  it('tells the name of each address, and what stands for a Service that is elsewhere', () => {
    const services = [
      serviceOf('web'),
      serviceOf('db', { clusterIP: 'None' }),
      serviceOf('far', { type: 'ExternalName', externalName: 'Example.com.' }),
    ];
    const slices = [sliceOf('db', [endpoint('10.0.0.1', { ready: true }, { hostname: 'db-0' }), endpoint('10.0.0.2')])];
    const { cname, ptr } = planDns({ services, slices }, 'cluster.local');
    expect(Object.fromEntries(cname)).toEqual({ 'far.shop.svc.cluster.local': 'example.com' });
    expect(Object.fromEntries(ptr)).toEqual({
      '10.96.0.7': 'web.shop.svc.cluster.local',
      '10.0.0.1': 'db-0.db.shop.svc.cluster.local',
      '10.0.0.2': '10-0-0-2.db.shop.svc.cluster.local',
    });
  });

  it('answers for a Service with its address and its named ports', () => {
    expect(records([serviceOf('web')])).toEqual({
      a: { 'web.shop.svc.cluster.local': ['10.96.0.7'] },
      srv: { '_http._tcp.web.shop.svc.cluster.local': [{ port: 80, target: 'web.shop.svc.cluster.local' }] },
    });
  });

  it('answers for a headless one with its endpoints, by name where they have one', () => {
    const slices = [sliceOf('db', [endpoint('10.0.0.1', { ready: true }, { hostname: 'db-0' }), endpoint('10.0.0.2')])];
    expect(records([serviceOf('db', { clusterIP: 'None' })], slices)).toEqual({
      a: {
        'db.shop.svc.cluster.local': ['10.0.0.1', '10.0.0.2'],
        'db-0.db.shop.svc.cluster.local': ['10.0.0.1'],
        '10-0-0-2.db.shop.svc.cluster.local': ['10.0.0.2'],
      },
      srv: {
        '_http._tcp.db.shop.svc.cluster.local': [
          { port: 8080, target: 'db-0.db.shop.svc.cluster.local' },
          { port: 8080, target: '10-0-0-2.db.shop.svc.cluster.local' },
        ],
      },
    });
  });

  it('publishes what is not ready only where the Service says so', () => {
    const slices = [sliceOf('db', [endpoint('10.0.0.1', { ready: false })])];
    const name = 'db.shop.svc.cluster.local';
    expect(records([serviceOf('db', { clusterIP: 'None' })], slices).a[name]).toEqual([]);
    expect(records([serviceOf('db', { clusterIP: 'None', publishNotReadyAddresses: true })], slices).a[name]).toEqual([
      '10.0.0.1',
    ]);
  });

  it('answers for a headless Service without ports', () => {
    const slices = [sliceOf('db', [endpoint('10.0.0.1')], [])];
    expect(records([serviceOf('db', { clusterIP: 'None', ports: [] })], slices).a['db.shop.svc.cluster.local']).toEqual(
      ['10.0.0.1'],
    );
  });
});

describe('src/node-agent/services/service-env.plan.ts', () => {
  const pod = (enableServiceLinks?: boolean): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: 'p' },
    spec: { containers: [], ...(enableServiceLinks === undefined ? {} : { enableServiceLinks }) },
  });
  const master = { ...serviceOf('kubernetes', { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] }) };
  const services = [serviceOf('my-web'), { ...master, metadata: { ...master.metadata, namespace: 'default' } }];

  it("tells of the API and of the namespace's own Services", () => {
    const env = planServiceEnv(pod(), services);
    expect(Object.fromEntries(env)).toMatchObject({
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      MY_WEB_SERVICE_HOST: '10.96.0.7',
      MY_WEB_PORT_80_TCP_ADDR: '10.96.0.7',
    });
  });

  it('tells only of the API where the pod declines the rest', () => {
    expect([...planServiceEnv(pod(false), services).keys()].every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
  });
});
