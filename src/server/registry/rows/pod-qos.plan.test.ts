import { describe, expect, it } from 'vitest';
import { qosClassOf } from './pod-qos.plan.ts';

const both = { cpu: '100m', memory: '64Mi' };

describe('src/server/registry/rows/pod-qos.plan.ts', () => {
  it.each([
    ['asks for nothing', [{}], 'BestEffort'],
    ['asks for zero', [{ requests: { cpu: '0', memory: '0Mi' } }], 'BestEffort'],
    ['asks for CPU only', [{ requests: { cpu: '1' } }], 'Burstable'],
    ['limits both', [{ limits: both }], 'Guaranteed'],
    ['requests what it limits', [{ limits: both, requests: both }], 'Guaranteed'],
    ['requests less than it limits', [{ limits: both, requests: { ...both, cpu: '50m' } }], 'Burstable'],
    ['limits one container of two', [{ limits: both }, {}], 'Burstable'],
    ['asks for other resources only', [{ limits: { 'example.com/gpu': '1' } }], 'BestEffort'],
  ])('a pod that %s', (_, resources, expected) => {
    const containers = resources.map((each, index) => ({ name: `c${index}`, resources: each }));
    expect(qosClassOf({ containers })).toBe(expected);
  });
});
