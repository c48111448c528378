import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createHollowRuntime, RuntimeError } from '#runtime';
import type { Pod, Probe } from '../pod/pod.types.ts';
import { ask } from './ask.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [] },
};

describe('src/node-agent/probes/ask.ts', () => {
  const open: (HttpServer | Http2Server | Server)[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) server.close();
  });
  const listen = async (server: HttpServer | Http2Server | Server): Promise<number> => {
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const asked = (probe: Probe, more: Partial<Parameters<typeof ask>[0]> = {}) =>
    ask({
      runtime: { exec: () => Promise.reject(new Error('no commands here')) },
      clock: systemClock,
      pod,
      spec: { name: 'app', ports: [] },
      probe,
      containerId: 'c',
      podIP: '127.0.0.1',
      timeoutMs: 2_000,
      clusterCidr: '10.244.0.0/16',
      ...more,
    });

  it.each([
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [400, false],
    [404, false],
    [503, false],
  ])('takes the answer %i for %s', async (status, ok) => {
    const port = await listen(createHttp((_, response) => response.writeHead(status).end('words')));
    const outcome = await asked({ httpGet: { port } });
    expect(outcome.ok).toBe(ok);
    // What the program answered with stays out of events.
    if (!ok) expect(outcome.message).toBe(`HTTP probe failed with statuscode: ${status}`);
  });

  it('asks as Kubernetes does: path, headers, a connection of its own', async () => {
    const seen: unknown[] = [];
    const port = await listen(
      createHttp(({ url, headers }, response) => {
        seen.push([url, headers['x-a'], headers.host, headers['user-agent'], headers.connection]);
        response.end();
      }),
    );
    await asked({
      httpGet: {
        port,
        path: '/healthz?x=1',
        httpHeaders: [
          { name: 'X-A', value: '1' },
          { name: 'Host', value: 'my.host' },
        ],
      },
    });
    await asked({ httpGet: { port: 'web' } }, { spec: { name: 'app', ports: [{ name: 'web', containerPort: port }] } });
    expect(seen).toEqual([
      ['/healthz?x=1', '1', 'my.host', 'kube-probe/1.32', 'close'],
      ['/', undefined, `127.0.0.1:${port}`, 'kube-probe/1.32', 'close'],
    ]);
  });

  it.each([
    ['a path', '/good', true],
    ['a path that is bad', '/bad', false],
    ['another host, which is not asked', 'http://169.254.169.254/', true],
    ['itself, without end', '/loop', false],
  ])('follows a redirect to %s', async (_, location, ok) => {
    const asked_: string[] = [];
    const port = await listen(
      createHttp(({ url = '' }, response) => {
        asked_.push(url);
        const target = url === '/start' ? location : url === '/loop' ? '/loop' : undefined;
        if (target === undefined) response.writeHead(url === '/good' ? 200 : 500).end();
        else response.writeHead(302, { location: target }).end();
      }),
    );
    expect((await asked({ httpGet: { port, path: '/start' } })).ok).toBe(ok);
    expect(asked_.length).toBeLessThanOrEqual(10);
    if (location.startsWith('http')) expect(asked_).toEqual(['/start']);
  });

  it('gives up after its time, and reads no endless answer', async () => {
    const silent = await listen(createHttp(() => undefined));
    expect(await asked({ httpGet: { port: silent } }, { timeoutMs: 50 })).toEqual({
      ok: false,
      message: 'no answer in time',
    });
    const endless = await listen(
      createHttp((_, response) => {
        response.writeHead(500);
        const more = () => {
          if (!response.destroyed) response.write('x'.repeat(1024), () => setImmediate(more));
        };
        more();
      }),
    );
    expect((await asked({ httpGet: { port: endless } })).message.length).toBeLessThan(400);
  });

  it('knows an open port from a closed one', async () => {
    const port = await listen(createTcp((socket) => socket.end()));
    expect((await asked({ tcpSocket: { port } })).ok).toBe(true);
    expect((await asked({ tcpSocket: { port: 1 } })).ok).toBe(false);
  });

  it.each([
    [[0x08, 0x01], '0', true],
    [[0x08, 0x02], '0', false],
    [[], '0', false],
    [[0x08, 0x01], '12', false],
  ])('reads the health service of gRPC (%#)', async (message, status, ok) => {
    const server = createHttp2();
    server.on('stream', (stream, headers) => {
      expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]));
    });
    const port = await listen(server);
    expect((await asked({ grpc: { port, service: 'web' } })).ok).toBe(ok);
  });

  it.each<[Probe, Partial<Parameters<typeof ask>[0]>, string]>([
    [{ httpGet: { port: 80, host: 'internal.example' } }, {}, 'may not be sent to internal.example'],
    [{ httpGet: { port: 80, host: '169.254.169.254' } }, {}, 'may not be sent to 169.254.169.254'],
    [{ httpGet: { port: 80, host: '127.0.0.1' } }, { podIP: '10.0.0.1' }, 'may not be sent to 127.0.0.1'],
    [{ httpGet: { port: 80 } }, { podIP: undefined }, 'the pod has no address'],
    [{ httpGet: { port: 'nowhere' } }, {}, 'the container has no such port'],
  ])('goes nowhere but to pods (%#)', async (probe, more, words) => {
    const outcome = await asked(probe, more);
    expect(outcome.ok).toBe(false);
    expect(outcome.message).toContain(words);
  });

  it('goes to another pod where the spec says so', async () => {
    const port = await listen(createHttp((_, response) => response.end()));
    const asked_ = asked({ httpGet: { port, host: '127.0.0.1' } }, { podIP: '10.0.0.1', clusterCidr: '127.0.0.0/8' });
    expect((await asked_).ok).toBe(true);
  });

  it('runs commands in the container, and tells how they ended', async () => {
    const runtime = createHollowRuntime({ clock: systemClock });
    expect((await asked({ exec: { command: ['x'] } }, { runtime })).ok).toBe(false);
    const late = { exec: () => Promise.reject(new RuntimeError('ExecTimeout', 'late')) };
    expect(await asked({ exec: { command: ['x'] } }, { runtime: late })).toEqual({
      ok: false,
      message: 'command timed out after 2000 ms',
    });
    const good = { exec: async () => ({ exitCode: 0, output: 'fine' }) };
    expect(await asked({ exec: { command: ['x'] } }, { runtime: good })).toEqual({ ok: true, message: 'fine' });
  });
});
