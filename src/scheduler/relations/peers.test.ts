import { describe, expect, it } from 'vitest';
import type { LabelSelectorObject, OwnerReference, Pod, Service } from '#api';
import { peersOf } from './peers.ts';

const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });
const service = (name: string, selector?: Readonly<Record<string, string>>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...meta(name), namespace: 'n' },
  spec: selector === undefined ? {} : { selector },
});
const owner = (apiVersion: string, kind: string, controller = true): OwnerReference => ({
  apiVersion,
  kind,
  name: 'own',
  uid: 'u',
  controller,
});
const pod = (...ownerReferences: OwnerReference[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...meta('p'), namespace: 'n', labels: { app: 'web', tier: 'front', hash: '1' }, ownerReferences },
  spec: { containers: [{ name: 'c', image: 'i' }] },
});
const SELECTOR = { matchLabels: { hash: '1' }, matchExpressions: [{ key: 'app', operator: 'Exists' }] };

describe('src/scheduler/relations/peers.ts', () => {
  it.each<readonly [string, readonly Service[], Pod, LabelSelectorObject | undefined]>([
    ['nothing', [], pod(), undefined],
    ['a Service', [service('s', { app: 'web' })], pod(), { matchLabels: { app: 'web' }, matchExpressions: [] }],
    [
      'two Services, by the labels of both',
      [service('s', { app: 'web' }), service('t', { tier: 'front' })],
      pod(),
      { matchLabels: { app: 'web', tier: 'front' }, matchExpressions: [] },
    ],
    [
      'Services of others, or of nobody',
      [service('s', { app: 'db' }), service('t'), service('u', {})],
      pod(),
      undefined,
    ],
    ['a ReplicaSet', [], pod(owner('apps/v1', 'ReplicaSet')), SELECTOR],
    ['a StatefulSet', [], pod(owner('apps/v1', 'StatefulSet')), SELECTOR],
    ['a ReplicationController', [], pod(owner('v1', 'ReplicationController')), SELECTOR],
    [
      'a Service and a ReplicaSet',
      [service('s', { app: 'web' })],
      pod(owner('apps/v1', 'ReplicaSet')),
      { ...SELECTOR, matchLabels: { app: 'web', hash: '1' } },
    ],
    ['a Job, whose pods need not be kept apart', [], pod(owner('batch/v1', 'Job')), undefined],
    ['a ReplicaSet of another group', [], pod(owner('example.com/v1', 'ReplicaSet')), undefined],
    ['a ReplicaSet that owns it without controlling it', [], pod(owner('apps/v1', 'ReplicaSet', false)), undefined],
  ])('tells whom a pod belongs together with: of %s', (_what, services, one, expected) => {
    const selectorOfOwner = (_kind: string, namespace: string, name: string) =>
      namespace === 'n' && name === 'own' ? SELECTOR : undefined;
    expect(peersOf(one, { services: () => services, selectorOfOwner })).toEqual(expected);
  });

  it('does without a controller that is gone, or not seen yet', () => {
    const sources = { services: () => [], selectorOfOwner: () => undefined };
    expect(peersOf(pod(owner('apps/v1', 'ReplicaSet')), sources)).toBeUndefined();
  });
});
