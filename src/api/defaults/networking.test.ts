import { describe, expect, it } from 'vitest';
import { INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES } from '../kinds/resources.ts';
import { defaultObject } from './default-object.ts';

describe('src/api/defaults/networking', () => {
  it.each<[string, object | undefined, object]>([
    ['that says nothing', undefined, { podSelector: {}, policyTypes: ['Ingress'] }],
    [
      'with rules for what goes out',
      { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] },
      { podSelector: {}, egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }], policyTypes: ['Ingress', 'Egress'] },
    ],
    [
      'with an empty list of directions and of rules',
      { podSelector: {}, policyTypes: [], egress: [] },
      { podSelector: {}, policyTypes: ['Ingress'], egress: [] },
    ],
    [
      'that says what it limits',
      { podSelector: {}, policyTypes: ['Egress'], ingress: [{ ports: [{ protocol: 'UDP' }] }] },
      { podSelector: {}, policyTypes: ['Egress'], ingress: [{ ports: [{ protocol: 'UDP' }] }] },
    ],
  ])('fills a NetworkPolicy %s', (_name, spec, expected) => {
    const policy = spec === undefined ? {} : { spec };
    expect(defaultObject<unknown>(NETWORK_POLICIES, policy)).toEqual({ spec: expected });
  });

  it('takes parameters of an IngressClass for those of the cluster', () => {
    const parameters = { kind: 'Settings', name: 'a' };
    const filled = defaultObject<unknown>(INGRESS_CLASSES, { spec: { parameters } });
    expect(filled).toEqual({ spec: { parameters: { ...parameters, scope: 'Cluster' } } });
    expect(defaultObject<unknown>(INGRESS_CLASSES, { spec: {} })).toEqual({ spec: {} });
  });

  it('adds nothing to an Ingress', () => {
    const ingress = { spec: { rules: [{ http: { paths: [{ backend: {} }] } }] } };
    expect(defaultObject<unknown>(INGRESSES, ingress)).toEqual(ingress);
  });
});
