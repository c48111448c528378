import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { Engine } from './engine.ts';
import { toLabels } from './labels.ts';
import { statsOf } from './stats.ts';

const pod = { namespace: 'default', name: 'web', uid: 'u1' };
const labels = toLabels({ owner: 'o', type: 'container', pod, attempt: 0, container: { name: 'app', sandboxId: 's' } });
const MIB = 2 ** 20;
const common = {
  read: '2026-01-02T03:04:05.678901234Z',
  pids_stats: { current: 7 },
  cpu_stats: { cpu_usage: { total_usage: 123_456_789 } },
};
/** What each version says of memory, in part. Source: Docker Engine API v1.41, ContainerStats. */
const v1 = { cache: 40 * MIB, total_inactive_file: 24 * MIB, total_active_file: 16 * MIB, total_rss: 60 * MIB };
const v2 = { anon: 60 * MIB, file: 40 * MIB, inactive_file: 24 * MIB, active_file: 16 * MIB };

describe('src/runtime/docker/stats.ts', () => {
  let folder: string;
  let server: Server;
  let sample: object;
  let engine: Engine;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plumb-stats-'));
    const socket = path.join(folder, 'docker.sock');
    server = createServer(({ url = '' }, response) => {
      const answer = url.endsWith('/version') ? { ApiVersion: '1.41', Version: '20.10.24' } : sample;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    engine = new Engine({ host: socket, clock: systemClock });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['v1', v1],
    ['v2', v2],
  ])('reads the same figures from an engine on control groups %s', async (_version, stats) => {
    sample = { ...common, memory_stats: { usage: 100 * MIB, limit: 256 * MIB, stats } };
    expect(await statsOf(engine, 'c1', labels)).toEqual({
      id: 'c1',
      pod,
      name: 'app',
      atMs: Date.parse('2026-01-02T03:04:05.678Z'),
      cpuNanos: 123_456_789,
      memoryBytes: 76 * MIB,
      processes: 7,
    });
  });

  it('says nothing of a container that just ended', async () => {
    sample = { ...common, read: '0001-01-01T00:00:00Z', memory_stats: {} };
    expect(await statsOf(engine, 'c1', labels)).toBeUndefined();
  });
});
