import { describe, expect, it } from 'vitest';
import {
  type KubeObject,
  NODE_LOCAL,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type ResourceType,
  STORAGE_CLASSES,
} from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { nodeObject, podObject, startCluster } from '../../../test/support/cluster.ts';
import { mortalClient } from '../../../test/support/mortal-client.ts';
import { until } from '../../../test/support/until.ts';
import { createControllers } from '../create-controllers.ts';

const namespace = 'default';
const OBJECTS: readonly (readonly [ResourceType, KubeObject])[] = [
  [NODES, nodeObject('n1', { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } })],
  [
    STORAGE_CLASSES,
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'c' },
      provisioner: NODE_LOCAL,
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  ],
  [
    PERSISTENT_VOLUME_CLAIMS,
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'c' },
    },
  ],
  [PODS, podObject('a', { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] } })],
];

/** Controllers as a process of their own: they know nothing of those before them. */
async function startControllers(by: Client) {
  const stop = new AbortController();
  const controllers = createControllers({ client: by, clock: systemClock, log: silentLog });
  const running = controllers.run(stop.signal);
  await until('the controllers run', () => controllers.synced);
  return async () => {
    stop.abort();
    await running;
  };
}

describe('src/controllers/volumes/binder.ts, killed', () => {
  // The namespaces' own writes come between; what is left of the points is beyond the last write of the binding.
  it.each(Array.from({ length: 16 }, (_, index) => index + 1))(
    'binds a claim once, after dying at write %i',
    async (point) => {
      const cluster = await startCluster();
      const { client } = cluster;
      const pod = () => client.get(PODS, { namespace, name: 'a' });
      const claim = () => client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' });
      const isDone = async () => Boolean((await pod())?.spec.nodeName) && (await claim())?.status?.phase === 'Bound';
      const { by, dead } = mortalClient(client, point);
      const stopFirst = await startControllers(by);
      for (const [type, object] of OBJECTS) await client.create(type, object);
      await until('they die, or are done', async () => dead() || (await isDone()));
      await stopFirst();
      const stopSecond = await startControllers(client);
      await until('it is done', isDone);
      const { items } = await client.list(PERSISTENT_VOLUMES);
      const bound = await claim();
      expect(items.map(({ metadata }) => metadata.name)).toEqual([bound?.spec?.volumeName]);
      await until('the volume says so', async () => {
        const [volume] = (await client.list(PERSISTENT_VOLUMES)).items;
        return volume?.status?.phase === 'Bound' && volume.spec?.claimRef?.uid === bound?.metadata.uid;
      });
      await stopSecond();
      await cluster.close();
    },
  );
});
