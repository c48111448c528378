import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startLoad } from '../support/load.ts';
import { until } from '../support/until.ts';

describe('test/support/load.ts', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const PAGE = `${JSON.stringify({ color: 'blue' })}\n`;
  /** Load on a server that answers each request as told, until so many came. */
  async function loadOn(answer: (response: ServerResponse, count: number) => unknown, requests = 200) {
    let count = 0;
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      count += 1;
      request.resume();
      answer(response, count);
    };
    const made = createServer({ keepAliveTimeout: 60_000 }, handle);
    server = made;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const { port } = made.address() as AddressInfo;
    const options = { newConnectionsPerSecond: 200, keepAliveConnections: 2, slowInFlight: 1 };
    const load = startLoad({ host: '127.0.0.1', port, ...options });
    await until('enough requests came', () => count >= requests);
    return load.stop();
  }

  it('loses nothing on a server that answers, at the rate it was asked for', async () => {
    const report = await loadOn((response) => response.end(PAGE));
    expect(report.failures).toEqual({});
    expect(report.answered).toBe(report.sent);
    expect(report.colors).toEqual({ blue: report.sent });
    expect(report.answeredBy.fresh / report.seconds).toBeGreaterThan(100);
    expect(report.answeredBy.fresh / report.seconds).toBeLessThan(300);
    expect(report.answeredBy.kept).toBeGreaterThan(1);
    expect(report.answeredBy.slow).toBeGreaterThan(1);
  });

  it.each<[string, (response: ServerResponse) => unknown, RegExp]>([
    ['a connection that ends unanswered', (response) => response.destroy(), /ECONNRESET|closed unanswered/],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half');
        setImmediate(() => response.destroy());
      },
      /ECONNRESET|closed half answered/,
    ],
    ['another status', (response) => Object.assign(response, { statusCode: 503 }).end('no'), /status 503/],
  ])('counts %s as a request that was lost', async (_, lose, words) => {
    const report = await loadOn((response, count) => (count % 10 === 0 ? lose(response) : response.end(PAGE)), 100);
    const lost = Object.values(report.failures).reduce((sum, one) => sum + one, 0);
    expect(lost).toBeGreaterThanOrEqual(10);
    expect(report.sent - report.answered).toBe(lost);
    expect(Object.keys(report.failures).join()).toMatch(words);
  });

  it('opens a kept connection anew when the server asks for it, and loses nothing by that', async () => {
    const report = await loadOn((response, count) => {
      if (count % 3 === 0) response.setHeader('Connection', 'close');
      response.end(PAGE);
    });
    expect(report.failures).toEqual({});
    expect(report.answeredBy.kept).toBeGreaterThan(3);
  });
});
