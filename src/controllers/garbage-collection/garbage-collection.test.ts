import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  type ConfigMap,
  EVENTS,
  isApiError,
  NAMESPACES,
  type OwnerReference,
  SECRETS,
  type StoredObject,
} from '#api';
import type { Client } from '#client';
import { createInformer, type Informer } from '#reconcile';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import { until } from '../../../test/support/until.ts';
import { ownableKinds } from '../shared/all-kinds.ts';
import { createGarbageCollectionController, garbageCollectionSources } from './garbage-collection.ts';
import { OwnerGraph } from './owner-graph.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.close());

const namespace = 'default';
const start = async (client: Client = cluster.client, blind?: Informer<StoredObject>) => {
  const { events, informers } = cluster;
  const kinds = ownableKinds(informers);
  const seen = kinds.informers.map((each) =>
    blind !== undefined && each.resource.plural === blind.resource.plural ? blind : each,
  );
  const graph = new OwnerGraph({ ...kinds, informers: seen });
  await cluster.run(
    ...(blind === undefined ? [] : [(signal: AbortSignal) => blind.run(signal)]),
    cluster.loop(createGarbageCollectionController({ client, events, graph }), garbageCollectionSources(graph)),
  );
};
const ownedBy = (owner: StoredObject, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  blockOwnerDeletion,
});
const make = (name: string, owners: readonly OwnerReference[] = [], metadata: object = {}) =>
  cluster.client.create(CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ownerReferences: [...owners], ...metadata },
  });
const get = (name: string) => cluster.client.get(CONFIG_MAPS, { namespace, name });
const gone = (...names: readonly string[]) =>
  until(`${names.join(', ')} are gone`, async () =>
    (await Promise.all(names.map(get))).every((each) => each === undefined),
  );
const remove = (name: string, propagationPolicy?: 'Background' | 'Foreground' | 'Orphan') =>
  cluster.client.delete(CONFIG_MAPS, { namespace, name }, propagationPolicy === undefined ? {} : { propagationPolicy });
const setOwners = ({ metadata }: ConfigMap, ...references: readonly OwnerReference[]) =>
  cluster.client.patch(CONFIG_MAPS, metadata, {
    type: 'merge',
    body: { metadata: { ownerReferences: references as never } },
  });
const rest = async () => {
  for (let turn = 0; turn < 5; turn += 1) await settle();
};

describe('src/controllers/garbage-collection/garbage-collection.ts', () => {
  it('takes whole trees with their root, whatever their kinds, and nothing else', async () => {
    await start();
    const root = await make('root');
    const child = await make('child', [ownedBy(root)]);
    await make('grandchild', [ownedBy(child)]);
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace, ownerReferences: [ownedBy(root)] },
    };
    await cluster.client.create(SECRETS, secret);
    await make('bystander');
    await remove('root');
    await gone('root', 'child', 'grandchild');
    await until(
      'the secret is gone',
      async () => (await cluster.client.get(SECRETS, { namespace, name: 's' })) === undefined,
    );
    expect(await get('bystander')).toBeDefined();
  });

  it('finds what lost its owner while nobody looked, and what is made for an owner that is no more', async () => {
    const root = await make('root');
    await make('left', [ownedBy(root)]);
    await remove('root');
    await start();
    await gone('left');
    await make('late', [ownedBy(root)]);
    await gone('late');
  });

  it('does not take another object of the name for the owner', async () => {
    await start();
    const root = await make('root');
    await make('child', [ownedBy(root)]);
    await remove('root');
    await make('root');
    await gone('child');
  });

  it('asks the server before it believes that an owner is gone', async () => {
    const { client, clock, log } = cluster;
    const root = await make('root');
    // A cache that never saw the owner, as one that is behind does not yet.
    const blind = createInformer({ client, clock, log }, CONFIG_MAPS, { fieldSelector: 'metadata.name!=root' });
    let asked = 0;
    const get = ((resource, key, options) => {
      if (key.name === 'root') asked += 1;
      return client.get(resource, key, options);
    }) as Client['get'];
    await start({ ...client, get }, blind as Informer<StoredObject>);
    await make('child', [ownedBy(root)]);
    await until('the owner was asked for', () => asked > 0);
    await rest();
    expect(await client.get(CONFIG_MAPS, { namespace, name: 'child' })).toBeDefined();
  });

  it('deletes only the very version that it judged', async () => {
    const { client } = cluster;
    const [old, heir] = [await make('old'), await make('heir')];
    const child = await make('child', [ownedBy(old)]);
    let refused: unknown;
    const removeLate = (async (resource, key, options) => {
      if (refused !== undefined) return client.delete(resource, key, options);
      await setOwners(child, ownedBy(heir));
      return client.delete(resource, key, options).catch((error: unknown) => {
        refused = error;
        throw error;
      });
    }) as Client['delete'];
    await start({ ...client, delete: removeLate });
    await remove('old');
    await until('it tried to delete', () => refused !== undefined);
    await rest();
    expect(isApiError(refused, 'Conflict')).toBe(true);
    expect((await get('child'))?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([heir.metadata.uid]);
  });

  it('keeps what another owner keeps, and takes the lost one off it', async () => {
    await start();
    const [one, two] = [await make('one'), await make('two')];
    await make('child', [ownedBy(one), ownedBy(two)]);
    await remove('one');
    await until('only one owner is left', async () => (await get('child'))?.metadata.ownerReferences?.length === 1);
    expect((await get('child'))?.metadata.ownerReferences?.[0]?.uid).toBe(two.metadata.uid);
  });

  it('takes dependents first when asked to', async () => {
    await start();
    const root = await make('root');
    await make('held', [ownedBy(root)], { finalizers: ['example.com/hold'] });
    await remove('root', 'Foreground');
    await until('the dependent is going', async () => (await get('held'))?.metadata.deletionTimestamp);
    await rest();
    expect(await get('root')).toBeDefined();
    await cluster.client.patch(
      CONFIG_MAPS,
      { namespace, name: 'held' },
      { type: 'merge', body: { metadata: { finalizers: [] } } },
    );
    await gone('held', 'root');
  });

  it('does not wait for ever for two that own each other', async () => {
    await start();
    const one = await make('one');
    const two = await make('two', [ownedBy(one)]);
    await setOwners(one, ownedBy(two));
    await remove('one', 'Foreground');
    await gone('one', 'two');
  });

  it('leaves dependents behind when asked to', async () => {
    await start();
    const root = await make('root');
    await make('child', [ownedBy(root)]);
    await until('the child is seen', () => cluster.informers.of(CONFIG_MAPS).get('default/child'));
    await remove('root', 'Orphan');
    await gone('root');
    await rest();
    expect((await get('child'))?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('ignores an owner in another namespace, and tells so', async () => {
    await start();
    await cluster.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    const root = await cluster.client.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'root', namespace: 'team' },
    });
    await until('the owner is seen', () => cluster.informers.of(CONFIG_MAPS).get('team/root'));
    await make('child', [ownedBy(root)]);
    await until('an event tells', async () => {
      await cluster.events.flush();
      return (await cluster.client.list(EVENTS)).items.some(({ reason }) => reason === 'OwnerRefInvalidNamespace');
    });
    expect(await get('child')).toBeDefined();
  });
});
