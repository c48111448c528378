import { describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import type { ResourceRow } from '../api.ts';
import { resourceQuotaRow } from './limits.ts';
import { endpointsRow, ingressClassRow, ingressRow, networkPolicyRow } from './network.ts';
import { roleRow } from './rbac.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const identity = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T11:00:00Z' };
const object = (fields: object): KubeObject => ({ apiVersion: '', kind: '', metadata: { name: 'a' }, ...fields });

function create(row: ResourceRow, fields: object): KubeObject {
  return row.prepareForCreate?.(object(fields), NOW) ?? object(fields);
}

function update(row: ResourceRow, fields: object, before: KubeObject): KubeObject {
  const old: StoredObject = { ...before, metadata: { ...before.metadata, ...identity } };
  const sent = { ...object(fields), metadata: old.metadata };
  return row.prepareForUpdate?.(sent, old, NOW) ?? sent;
}

describe('src/server/registry/rows/network.ts', () => {
  it.each([
    ['Ingress', ingressRow],
    ['IngressClass', ingressClassRow],
    ['NetworkPolicy', networkPolicyRow],
  ] as const)('counts the changes of what an %s asks for', (_kind, row) => {
    const made = create(row, { spec: { a: 1 } });
    expect(made.metadata.generation).toBe(1);
    expect(update(row, { spec: { a: 1 } }, made).metadata.generation).toBe(1);
    expect(update(row, { spec: { a: 2 } }, made).metadata.generation).toBe(2);
  });

  it.each([
    ['Endpoints', endpointsRow],
    ['ResourceQuota', resourceQuotaRow],
    ['Role', roleRow],
  ] as const)('gives %s no generation', (_kind, row) => {
    const made = create(row, { spec: { a: 1 } });
    expect(update(row, { spec: { a: 2 } }, made).metadata.generation).toBeUndefined();
  });

  it.each<[string, ResourceRow, object]>([
    ['Ingress', ingressRow, { loadBalancer: {} }],
    ['ResourceQuota', resourceQuotaRow, {}],
  ])('leaves the status of an %s to who watches it', (_kind, row, first) => {
    const made = create(row, { status: { forged: true } });
    expect(made['status']).toEqual(first);
    expect(update(row, { spec: {}, status: { forged: true } }, made)['status']).toEqual(first);
    expect(row.subresources?.status?.verbs).toEqual(['get', 'patch', 'update']);
  });
});
