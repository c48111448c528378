import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  /** What went wrong, by kind; empty when no request was lost. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers by the colour that the page named. */
  readonly colors: Readonly<Record<string, number>>;
}

export interface Load {
  stop(): Promise<LoadReport>;
}

interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly newConnectionsPerSecond: number;
  readonly keepAliveConnections: number;
  /** Requests that the server answers after 500 ms, always so many in flight. */
  readonly slowInFlight: number;
}

/** Time after which a request without an answer counts as lost, ms. */
const LOST_MS = 10_000;

/**
 * Sends requests and never retries: new connections at a fixed rate, kept connections that send every 50 ms and are
 * opened anew only after the server closed them by `Connection: close`, and slow requests that overlap whatever happens.
 */
export function startLoad({
  host,
  port,
  newConnectionsPerSecond,
  keepAliveConnections,
  slowInFlight,
}: LoadOptions): Load {
  let sent = 0;
  let answered = 0;
  let running = true;
  const failures: Record<string, number> = {};
  const colors: Record<string, number> = {};
  const open = new Set<Promise<void>>();

  function request(path: string, agent: http.Agent | false): Promise<void> {
    sent += 1;
    const done = new Promise<void>((resolve) => {
      const fail = (kind: string) => {
        failures[kind] = (failures[kind] ?? 0) + 1;
        resolve();
      };
      const outgoing = http.get({ host, port, path, agent, timeout: LOST_MS }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('error', (error: NodeJS.ErrnoException) => fail(`answer ${error.code ?? error.message}`));
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
          const color = /"color":"(\w+)"/.exec(body)?.[1] ?? body.trim();
          colors[color] = (colors[color] ?? 0) + 1;
          answered += 1;
          resolve();
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    });
    open.add(done);
    return done.finally(() => open.delete(done));
  }

  async function fresh(): Promise<void> {
    const everyMs = 1_000 / newConnectionsPerSecond;
    let next = performance.now();
    while (running) {
      void request('/pod', false);
      next += everyMs;
      await delay(Math.max(0, next - performance.now()));
    }
  }

  async function kept(): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (running) {
      await request('/pod', agent);
      await delay(50);
    }
    agent.destroy();
  }

  async function slow(): Promise<void> {
    while (running) await request('/slow?ms=500', false);
  }

  const loops = [
    fresh(),
    ...Array.from({ length: keepAliveConnections }, kept),
    ...Array.from({ length: slowInFlight }, slow),
  ];
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      await Promise.all(open);
      return { sent, answered, failures, colors };
    },
  };
}
