import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  compareQuantities,
  DEPLOYMENTS,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  type ResourceQuota,
  type ResourceType,
  SECRETS,
  SERVICES,
} from '#api';
import { deepFreeze } from '#base';
import { countUsage, planCharge } from './charge.plan.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const quota = (hard: Record<string, string>, more: object = {}): ResourceQuota =>
  deepFreeze({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard, ...more } }) as never;
const container = (name: string, requests: object = {}, limits: object = {}) => ({
  name,
  resources: { requests, limits },
});
const pod = (spec: object, more: object = {}) =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [], ...spec }, ...more }) as never;
const usual = { containers: [container('a', { cpu: '500m', memory: '1Gi' }, { cpu: '1', memory: '1Gi' })] };
const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec }) as never;
const claim = (storage: string, more: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c' },
    spec: { resources: { requests: { storage } }, ...more },
  }) as never;
const ports = [{ port: 1, nodePort: 30_001 }, { port: 2 }];
const gold = 'gold.storageclass.storage.k8s.io';
const used = (hard: Record<string, string>, type: ResourceType, object: never, spec: object = {}) =>
  countUsage(quota(hard, spec), [{ type, objects: [object] }], NOW);

describe('src/server/registry/quota/charge.plan.ts', () => {
  it.each<[string, Record<string, string>, ResourceType, never, Record<string, string>]>([
    [
      'a pod',
      {
        pods: '9',
        cpu: '9',
        'requests.cpu': '9',
        'limits.cpu': '9',
        memory: '9Gi',
        'limits.memory': '9Gi',
        'count/pods': '9',
        services: '9',
      },
      PODS,
      pod(usual),
      {
        pods: '1',
        cpu: '500m',
        'requests.cpu': '500m',
        'limits.cpu': '1',
        memory: '1Gi',
        'limits.memory': '1Gi',
        'count/pods': '1',
      },
    ],
    [
      'the larger of start and run, sidecars in both, and overhead',
      { 'requests.cpu': '9', 'limits.cpu': '9' },
      PODS,
      pod({
        containers: [container('a', { cpu: '1' }, { cpu: '1' })],
        initContainers: [
          container('i', { cpu: '3' }),
          { ...container('s', { cpu: '500m' }), restartPolicy: 'Always' },
          container('j', { cpu: '3' }),
        ],
        overhead: { cpu: '250m' },
      }),
      { 'requests.cpu': '3750m', 'limits.cpu': '1250m' },
    ],
    [
      'what others than Kubernetes name, and pages',
      { 'requests.x.io/gpu': '9', 'requests.hugepages-2Mi': '9Mi', 'hugepages-2Mi': '9Mi' },
      PODS,
      pod({ containers: [container('a', { 'x.io/gpu': '2', 'hugepages-2Mi': '4Mi' })] }),
      { 'requests.x.io/gpu': '2', 'requests.hugepages-2Mi': '4Mi', 'hugepages-2Mi': '4Mi' },
    ],
    [
      'a pod that has ended',
      { pods: '9', 'count/pods': '9', cpu: '9' },
      PODS,
      pod(usual, { status: { phase: 'Succeeded' } }),
      { pods: '0', 'count/pods': '1', cpu: '0' },
    ],
    [
      'a pod that ought to be gone',
      { pods: '9' },
      PODS,
      pod(usual, { metadata: { name: 'p', deletionTimestamp: '2026-01-02T03:04:04Z' } }),
      { pods: '0' },
    ],
    [
      'a pod that goes',
      { pods: '9' },
      PODS,
      pod(usual, { metadata: { name: 'p', deletionTimestamp: '2026-01-02T03:04:06Z' } }),
      { pods: '1' },
    ],
    [
      'a Service with a port on every node',
      { services: '9', 'services.nodeports': '9', 'services.loadbalancers': '9' },
      SERVICES,
      service({ type: 'NodePort', ports }),
      { services: '1', 'services.nodeports': '2', 'services.loadbalancers': '0' },
    ],
    [
      'a balanced Service',
      { 'services.nodeports': '9', 'services.loadbalancers': '9' },
      SERVICES,
      service({ type: 'LoadBalancer', ports }),
      { 'services.nodeports': '2', 'services.loadbalancers': '1' },
    ],
    [
      'a balanced Service without node ports',
      { 'services.nodeports': '9', 'count/services': '9' },
      SERVICES,
      service({ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false }),
      { 'services.nodeports': '1', 'count/services': '1' },
    ],
    [
      'a claim, and the same by its class',
      {
        persistentvolumeclaims: '9',
        'requests.storage': '9Gi',
        [`${gold}/requests.storage`]: '9Gi',
        [`${gold}/persistentvolumeclaims`]: '9',
        'iron.storageclass.storage.k8s.io/requests.storage': '9Gi',
      },
      PERSISTENT_VOLUME_CLAIMS,
      claim('2Gi', { storageClassName: 'gold' }),
      {
        persistentvolumeclaims: '1',
        'requests.storage': '2Gi',
        [`${gold}/requests.storage`]: '2Gi',
        [`${gold}/persistentvolumeclaims`]: '1',
        'iron.storageclass.storage.k8s.io/requests.storage': '0',
      },
    ],
    [
      'a secret',
      { secrets: '9', 'count/secrets': '9', configmaps: '9' },
      SECRETS,
      pod({}),
      { secrets: '1', 'count/secrets': '1' },
    ],
    ['any kind', { 'count/deployments.apps': '9' }, DEPLOYMENTS, pod({}), { 'count/deployments.apps': '1' }],
  ])('counts %s', (_name, hard, type, object, expected) => {
    expect(used(hard, type, object)).toEqual(expected);
  });

  const ranked = (scopeName: string, operator: string, values?: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values === undefined ? {} : { values }) }] },
  });
  const elsewhere = {
    affinity: {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'h', namespaces: ['x'] }] },
    },
  };
  it.each<[string, object, object, boolean]>([
    ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, true],
    ['Terminating, without end', { scopes: ['Terminating'] }, {}, false],
    ['NotTerminating', { scopes: ['NotTerminating'] }, {}, true],
    ['BestEffort', { scopes: ['BestEffort'] }, {}, true],
    ['BestEffort, with requests', { scopes: ['BestEffort'] }, usual, false],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, usual, true],
    ['two scopes of which one holds', { scopes: ['NotBestEffort', 'Terminating'] }, usual, false],
    ['a class', ranked('PriorityClass', 'In', ['high']), { priorityClassName: 'high' }, true],
    ['another class', ranked('PriorityClass', 'In', ['high']), { priorityClassName: 'low' }, false],
    ['no class', ranked('PriorityClass', 'NotIn', ['high']), {}, true],
    ['no such class', ranked('PriorityClass', 'NotIn', ['high']), { priorityClassName: 'high' }, false],
    ['some class', ranked('PriorityClass', 'Exists'), { priorityClassName: 'low' }, true],
    ['none at all', ranked('PriorityClass', 'DoesNotExist'), { priorityClassName: 'low' }, false],
    ['other namespaces', ranked('CrossNamespacePodAffinity', 'Exists'), elsewhere, true],
    ['its own namespace', ranked('CrossNamespacePodAffinity', 'Exists'), {}, false],
  ])('counts by scope: %s', (_name, scope, spec, counts) => {
    expect(used({ pods: '9' }, PODS, pod(spec), scope)).toEqual({ pods: counts ? '1' : '0' });
    expect(used({ configmaps: '9' }, CONFIG_MAPS, pod({}), scope)).toEqual({ configmaps: '0' });
  });

  it('says what is asked for, used and limited of what does not fit, and of nothing else', () => {
    const hard = { pods: '2', 'requests.cpu': '1', 'requests.memory': '9Gi' };
    const plan = planCharge(
      quota(hard),
      { type: PODS, object: pod(usual) },
      { pods: '2', 'requests.cpu': '700m' },
      NOW,
    );
    expect(plan).toEqual({
      action: 'refuse',
      reason:
        'exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=2,requests.cpu=700m, limited: pods=2,requests.cpu=1',
    });
  });

  it('asks every container for what is counted', () => {
    const containers = [container('b'), container('a', { cpu: '1' })];
    const object = pod({ containers, initContainers: [container('i', {}, { cpu: '1' })] });
    const hard = { 'limits.cpu': '1', cpu: '1', pods: '9', 'requests.storage': '1' };
    expect(planCharge(quota(hard), { type: PODS, object }, {}, NOW)).toMatchObject({
      reason: 'failed quota: q: must specify cpu for: b,i; limits.cpu for: a,b',
    });
    // What stands already is not asked.
    expect(planCharge(quota(hard), { type: PODS, object, old: object }, {}, NOW).action).toBe('free');
  });

  it('charges a change with what is more than before', () => {
    const hard = { 'requests.storage': '9Gi', persistentvolumeclaims: '1' };
    const spent = { 'requests.storage': '5Gi', persistentvolumeclaims: '1' };
    const charge = (object: never, old: never) =>
      planCharge(quota(hard), { type: PERSISTENT_VOLUME_CLAIMS, object, old }, spent, NOW);
    expect(charge(claim('4Gi'), claim('1Gi'))).toMatchObject({
      status: { hard, used: { 'requests.storage': '8Gi', persistentvolumeclaims: '1' } },
    });
    expect(charge(claim('6Gi'), claim('1Gi')).action).toBe('refuse');
    expect(charge(claim('1Gi'), claim('4Gi')).action).toBe('free');
  });

  it('lets nothing through that leads beyond, and adds up to what a count finds', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 800 }), { maxLength: 12 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 3_000 }), (millis, most) => {
        const limited = quota({ 'requests.cpu': `${most}m`, pods: '5' });
        let spent: Readonly<Record<string, string>> = {};
        const stored: never[] = [];
        for (const each of millis) {
          const object = pod({ containers: [container('a', { cpu: `${each}m` })] });
          const plan = planCharge(limited, { type: PODS, object }, spent, NOW);
          if (plan.action !== 'charge') continue;
          spent = plan.status.used ?? {};
          stored.push(object);
        }
        expect(compareQuantities(spent['requests.cpu'] ?? '0', `${most}m`)).toBeLessThanOrEqual(0);
        if (stored.length > 0) expect(countUsage(limited, [{ type: PODS, objects: stored }], NOW)).toMatchObject(spent);
      }),
    );
  });
});
