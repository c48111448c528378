import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERSISTENT_VOLUME_CLAIMS, PODS, type Pod, STATEFUL_SETS } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createDockerRuntime } from '#runtime';
import { type Product, startProduct } from '../support/product.ts';
import { redisTar } from '../support/redis.ts';
import { until } from '../support/until.ts';

const namespace = 'data';
const IMAGES = ['plumbline.test/redis:1', 'plumbline.test/redis:2'] as const;
const PODS_OF_SET = ['redis-0', 'redis-1', 'redis-2'] as const;

const MANIFEST = `
apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: ${namespace}}
spec: {clusterIP: None, selector: {app: redis}, ports: [{name: redis, port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis, namespace: ${namespace}}
spec:
  serviceName: redis
  replicas: 3
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: redis
        image: ${IMAGES[0]}
        imagePullPolicy: Never
        command: [/bin/redis-server, --dir, /data, --appendonly, "yes", --appendfsync, always, --save, "", --protected-mode, "no"]
        ports: [{containerPort: 6379}]
        readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}
`;

describe('a StatefulSet of three real databases', () => {
  let product: Product;
  let client: Client;

  beforeAll(async () => {
    const host = process.env['DOCKER_HOST'];
    const runtime = createDockerRuntime({
      owner: 'test/stateful',
      clock: systemClock,
      log: silentLog,
      ...(host === undefined ? {} : { host }),
    });
    for (const image of IMAGES) await runtime.loadImage(await redisTar(image));
    product = await startProduct();
    client = await product.client();
    const manifest = path.join(product.stateDir, 'redis.yaml');
    await writeFile(manifest, MANIFEST);
    await kubectl('apply', '-f', manifest);
    await rolledOut();
  });
  afterAll(async () => {
    await product?.close();
  });

  const kubectl = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await product.kubectl('-n', namespace, ...args);
    expect(code, stderr).toBe(0);
    return stdout.trim();
  };
  const rolledOut = () => kubectl('rollout', 'status', 'statefulset/redis', '--timeout=60s');
  const pods = async () =>
    (await client.list(PODS, { namespace, labelSelector: 'app=redis' })).items.toSorted((a, b) =>
      a.metadata.name < b.metadata.name ? -1 : 1,
    );
  const uids = async () => (await pods()).map(({ metadata }) => metadata.uid);
  const images = async () => (await pods()).map(({ spec }) => spec.containers[0]?.image);
  const containerOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
  const containers = async () => (await pods()).map(containerOf);
  const redis = async (name: string, ...words: readonly string[]) => {
    const pod = await client.get(PODS, { namespace, name });
    if (pod === undefined) throw new Error(`there is no ${name}`);
    return product.docker('exec', containerOf(pod), '/bin/redis-cli', ...words);
  };
  const kept = async () => Promise.all(PODS_OF_SET.map((name) => redis(name, 'get', 'who')));

  it('starts in order, each with a claim of its own, and every pod finds every other by its name', async () => {
    const found = await pods();
    expect(found.map(({ metadata }) => metadata.name)).toEqual(PODS_OF_SET);
    const readyAt = (pod: Pod) =>
      Date.parse(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '');
    for (const [at, pod] of found.entries()) {
      const before = found[at - 1];
      if (before !== undefined)
        expect(Date.parse(pod.metadata.creationTimestamp)).toBeGreaterThanOrEqual(readyAt(before));
    }
    const { items } = await client.list(PERSISTENT_VOLUME_CLAIMS, { namespace });
    expect(items.map(({ metadata, status }) => [metadata.name, status?.phase]).sort()).toEqual(
      PODS_OF_SET.map((name) => [`data-${name}`, 'Bound']),
    );
    for (const name of PODS_OF_SET) expect(await redis(name, 'set', 'who', name)).toBe('OK');
    for (const name of PODS_OF_SET) {
      const host = `${name}.redis.${namespace}.svc.cluster.local`;
      const other = name === 'redis-0' ? 'redis-2' : 'redis-0';
      await until(`${other} finds ${host}`, async () => (await redis(other, '-h', host, 'get', 'who')) === name);
    }
  });

  it('gives a pod that is deleted its name and its data again', async () => {
    const before = await uids();
    await kubectl('delete', 'pod', 'redis-1');
    await until('another is ready', async () => {
      const found = await client.get(STATEFUL_SETS, { namespace, name: 'redis' });
      return found?.status?.readyReplicas === 3 && (await uids())[1] !== before[1];
    });
    const after = await uids();
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(await kept()).toEqual(PODS_OF_SET);
  });

  it('keeps the data through an update to a new image, and back', async () => {
    expect(await kubectl('set', 'image', 'statefulset/redis', `redis=${IMAGES[1]}`)).toMatch(/image updated$/);
    expect(await rolledOut()).toMatch(/complete: 3 new pods have been updated\.\.\.$/);
    expect(await images()).toEqual([IMAGES[1], IMAGES[1], IMAGES[1]]);
    expect(await kept()).toEqual(PODS_OF_SET);
    expect(await kubectl('rollout', 'history', 'statefulset/redis')).toMatch(/^1 .*\n2 /m);
    expect(await kubectl('rollout', 'undo', 'statefulset/redis')).toMatch(/rolled back$/);
    await rolledOut();
    expect(await images()).toEqual([IMAGES[0], IMAGES[0], IMAGES[0]]);
    expect(await kept()).toEqual(PODS_OF_SET);
  });

  it('runs on, with its data, when control plane and agent are started anew', async () => {
    const before = await containers();
    await product.stopServer('SIGKILL');
    process.kill(await product.agentPid(), 'SIGKILL');
    await product.start();
    await until('all are ready', async () => {
      const found = await client.get(STATEFUL_SETS, { namespace, name: 'redis' });
      return found?.status?.readyReplicas === 3;
    });
    expect(await containers()).toEqual(before);
    expect(await kept()).toEqual(PODS_OF_SET);
    // And what is restarted on purpose has it, too.
    const old = await uids();
    await kubectl('rollout', 'restart', 'statefulset/redis');
    await until('the last is another', async () => {
      const [, , last] = await pods();
      return last !== undefined && last.metadata.uid !== old[2] && (await redis('redis-2', 'get', 'who')) === 'redis-2';
    });
  });
});
