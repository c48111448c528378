import { describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import { stampApproval, stampOperation } from './stamps.ts';

const by = { user: { name: 'ada', groups: [] }, nowMs: Date.parse('2026-01-02T03:04:05Z') };
const stored = (more: object): StoredObject =>
  ({ apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x', resourceVersion: '41' }, ...more }) as StoredObject;

describe('src/server/registry/stamps.ts', () => {
  it.each<[string, object, StoredObject | undefined, object | undefined]>([
    ['a new request', { sync: {} }, stored({}), { id: '41', initiatedBy: { username: 'ada' }, sync: {} }],
    [
      'one that claims another name and id',
      { id: '7', initiatedBy: { username: 'bob', automated: true } },
      stored({}),
      { id: '41', initiatedBy: { username: 'ada' } },
    ],
    [
      'one that is made with its Application',
      { sync: {} },
      undefined,
      { id: '0', initiatedBy: { username: 'ada' }, sync: {} },
    ],
    [
      'one that another changes',
      { id: '40', initiatedBy: { username: 'bob' }, sync: { prune: true } },
      stored({ operation: { id: '40', initiatedBy: { username: 'bob' }, sync: {} } }),
      { id: '41', initiatedBy: { username: 'ada' }, sync: { prune: true } },
    ],
    [
      'one that somebody else sends back as it is',
      { id: '40', initiatedBy: { username: 'bob' } },
      stored({ operation: { id: '40', initiatedBy: { username: 'bob' } } }),
      { id: '40', initiatedBy: { username: 'bob' } },
    ],
  ])('a request to sync: %s', (_what, operation, old, expected) => {
    expect(stampOperation(stored({ operation }) as KubeObject, old, by)['operation']).toEqual(expected);
  });

  it.each<[string, object, StoredObject | undefined, object]>([
    ['a new one', {}, stored({ status: { phase: 'PruneBlocked' } }), { by: 'ada', at: '2026-01-02T03:04:05Z' }],
    [
      'one in another name',
      { by: 'bob', at: '2020-01-01T00:00:00Z' },
      stored({}),
      { by: 'ada', at: '2026-01-02T03:04:05Z' },
    ],
    [
      'one that stands already',
      { by: 'bob', at: '2020-01-01T00:00:00Z' },
      stored({ status: { approval: { by: 'bob', at: '2020-01-01T00:00:00Z' } } }),
      { by: 'bob', at: '2020-01-01T00:00:00Z' },
    ],
  ])('an approval: %s', (_what, approval, old, expected) => {
    const object = stampApproval(stored({ status: { phase: 'PruneBlocked', approval } }) as KubeObject, old, by);
    expect(object['status']).toEqual({ phase: 'PruneBlocked', approval: expected });
  });
});
