import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, PODS } from '#api';
import { type Cluster, podObject, startCluster } from '../../../test/support/cluster.ts';
import { writeStatus } from './write-status.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster();
});
afterEach(() => cluster.close());

describe('src/controllers/shared/write-status.ts', () => {
  it('writes what differs, and nothing when nothing does', async () => {
    const pod = await cluster.client.create(PODS, podObject('a'));
    const status = { ...pod.status, message: 'hello' };
    const written = await writeStatus(cluster.client, PODS, pod, { status });
    expect(written?.status?.message).toBe('hello');
    expect(await writeStatus(cluster.client, PODS, written ?? pod, { status })).toBeUndefined();
  });

  it('lets an object be gone that was deleted meanwhile, and no other failure', async () => {
    const pod = await cluster.client.create(PODS, podObject('a'));
    await cluster.client.delete(PODS, pod.metadata, { gracePeriodSeconds: 0 });
    const wanted = { status: { ...pod.status, message: 'too late' } };
    expect(await writeStatus(cluster.client, PODS, pod, wanted)).toBeUndefined();
    const patch = () => Promise.reject(new ApiError('ServerTimeout', 'try again'));
    await expect(writeStatus({ patch }, PODS, pod, wanted)).rejects.toThrow('try again');
  });
});
