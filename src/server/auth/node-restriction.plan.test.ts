import { describe, expect, it } from 'vitest';
import type { Json, StoredObject } from '#api';
import { type NodeWrite, planNodeWrite } from './node-restriction.plan.ts';

const live = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', uid: 'u', resourceVersion: '7', creationTimestamp: '', labels: { zone: 'a' } },
  spec: { podCIDR: '10.244.0.0/24', taints: [{ key: 'dedicated', effect: 'NoSchedule' }] },
} as unknown as StoredObject;

const write = (how: NodeWrite['how'], body: object, more: Partial<NodeWrite> = {}) =>
  planNodeWrite({ resource: 'nodes', subresource: undefined, how, body: body as Json, live, ...more });

describe('src/server/auth/node-restriction.plan.ts', () => {
  it.each([
    ['a status', 'merge', { status: { conditions: [] } }],
    ['annotations', 'merge', { metadata: { annotations: { a: 'b' } } }],
    ['labels as they are', 'apply', { metadata: { labels: { zone: 'a' } } }],
    ['itself unchanged', 'update', live],
    ['an empty patch', 'strategic', {}],
    ['the labels of its host', 'merge', { metadata: { labels: { 'kubernetes.io/os': 'linux' } } }],
  ] as const)('lets an agent write %s', (_what, how, body) => {
    expect(write(how, body)).toBeUndefined();
  });

  it.each([
    ['another label', 'merge', { metadata: { labels: { zone: 'b' } } }],
    ['a new label', 'apply', { metadata: { labels: { zone: 'a', gpu: 'yes' } } }],
    ['the removal of a label', 'merge', { metadata: { labels: { zone: null } } }],
    ['no taints', 'merge', { spec: { taints: [] } }],
    ['null taints', 'strategic', { spec: { taints: null } }],
    ['another pod range', 'merge', { spec: { podCIDR: '10.0.0.0/8' } }],
    ['itself uncordoned', 'merge', { spec: { unschedulable: true } }],
    ['an owner', 'merge', { metadata: { ownerReferences: [{ name: 'x' }] } }],
    ['itself without its taints', 'update', { ...live, spec: { podCIDR: '10.244.0.0/24' } }],
    ['itself without labels', 'update', { ...live, metadata: { name: 'n1' } }],
    ['a JSON patch', 'json', [{ op: 'remove', path: '/spec/taints' }]],
  ] as const)('does not let an agent write %s', (_what, how, body) => {
    expect(write(how, body)).toMatch(/^an agent may not /);
  });

  it.each<[string, NodeWrite['how'], object, boolean]>([
    ['its finalizer off', 'merge', { metadata: { finalizers: ['other'], uid: 'u', resourceVersion: '7' } }, true],
    ['its finalizer off by an update', 'update', { metadata: { finalizers: ['other'] } }, false],
    ["somebody else's off too", 'merge', { metadata: { finalizers: [] } }, false],
    ['none off', 'merge', { metadata: { finalizers: ['other', 'plumbline.dev/node-local'] } }, false],
    ['a label on', 'merge', { metadata: { finalizers: ['other'], labels: { a: 'b' } } }, false],
    ['another path', 'merge', { metadata: { finalizers: ['other'] }, spec: { csi: {} } }, false],
  ])('takes of a volume that is being deleted: %s', (_, how, body, fine) => {
    const finalizers = ['other', 'plumbline.dev/node-local'];
    const metadata = { ...live.metadata, finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' };
    const volume = { ...live, kind: 'PersistentVolume', metadata } as StoredObject;
    const change = (of: StoredObject) => write(how, body, { resource: 'persistentvolumes', live: of });
    expect(change(volume) === undefined).toBe(fine);
    const { deletionTimestamp: _deletionTimestamp, ...standing } = metadata;
    expect(change({ ...volume, metadata: standing })).toMatch(/^an agent may not /);
  });

  it('lets an agent register itself, but not with the words of the operator', () => {
    const register = (metadata: object, spec: object = {}) =>
      write(
        'create',
        { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', ...metadata }, spec },
        { live: undefined },
      );
    expect(register({ labels: { 'kubernetes.io/os': 'linux' } })).toBeUndefined();
    const own = {
      'kubelet.kubernetes.io/a': 'b',
      'x.node.kubernetes.io/a': 'b',
      'topology.kubernetes.io/zone': 'z',
      gpu: 'y',
    };
    expect(register({ labels: own })).toBeUndefined();
    for (const label of [
      'node-restriction.kubernetes.io/tier',
      'x.node-restriction.kubernetes.io/tier',
      'node-role.kubernetes.io/control-plane',
      'kubernetes.io/anything',
      'x.k8s.io/anything',
    ]) {
      expect(register({ labels: { [label]: 'secret' } }), label).toBe(`an agent may not set the label ${label}`);
    }
    expect(register({}, { podCIDR: '10.0.0.0/8' })).toContain('spec.podCIDR');
  });

  it('keeps labels and owners of pods out of status reports', () => {
    const pod = { ...live, kind: 'Pod' } as StoredObject;
    const report = (body: object) => write('merge', body, { resource: 'pods', subresource: 'status', live: pod });
    expect(report({ status: { phase: 'Running' } })).toBeUndefined();
    expect(report({ metadata: { labels: { app: 'other' } }, status: {} })).toBe(
      'an agent may not change metadata.labels',
    );
  });

  it('does not look at other resources', () => {
    expect(write('json', [], { resource: 'leases' })).toBeUndefined();
  });
});
