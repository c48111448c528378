import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How a request travels: on a connection of its own, on one that is kept, or answered only after 500 ms. */
export type RequestKind = 'fresh' | 'kept' | 'slow';

export interface LoadReport {
  /** From the start until `stop` was called. */
  readonly seconds: number;
  readonly sent: number;
  readonly answered: number;
  /** Requests that were answered, by kind: what tells whether the load was as heavy as it was meant to be. */
  readonly answeredBy: Readonly<Record<RequestKind, number>>;
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

/** How often new connections are begun, in ms: as many at once as are due. */
const TICK_MS = 10;
/** How often a kept connection sends, in ms. */
const KEPT_EVERY_MS = 50;

/**
 * Sends requests and never retries: new connections at a fixed rate, kept connections that send every 50 ms and are
 * opened anew only after the server closed them by `Connection: close`, and slow requests that overlap whatever happens.
 * Speaks HTTP by hand: beside the product, on two cores, a client library would be most of the load.
 */
export function startLoad({
  host,
  port,
  newConnectionsPerSecond,
  keepAliveConnections,
  slowInFlight,
}: LoadOptions): Load {
  const startedMs = performance.now();
  let sent = 0;
  let answered = 0;
  const answeredBy: Record<RequestKind, number> = { fresh: 0, kept: 0, slow: 0 };
  let running = true;
  const failures: Record<string, number> = {};
  const colors: Record<string, number> = {};
  const open = new Set<Promise<void>>();

  const connect = () => net.connect({ host, port, noDelay: true });

  /** One request on this connection. Answers whether the server keeps it open; what goes wrong is counted. */
  async function ask(kind: RequestKind, socket: net.Socket): Promise<boolean> {
    sent += 1;
    try {
      const { status, body, keeps } = await exchange(
        socket,
        kind === 'slow' ? '/slow?ms=500' : '/pod',
        kind === 'kept',
      );
      if (status !== 200) throw new Error(`status ${status}`);
      const color = /"color":"(\w+)"/.exec(body)?.[1] ?? body.trim();
      colors[color] = (colors[color] ?? 0) + 1;
      answered += 1;
      answeredBy[kind] += 1;
      return keeps;
    } catch (error) {
      const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
      failures[`${kind}: ${why}`] = (failures[`${kind}: ${why}`] ?? 0) + 1;
      return false;
    }
  }

  async function once(kind: RequestKind): Promise<void> {
    const socket = connect();
    const done = ask(kind, socket).then(() => {
      socket.destroy();
    });
    open.add(done);
    await done;
    open.delete(done);
  }

  async function fresh(): Promise<void> {
    for (let begun = 0; running; await delay(TICK_MS)) {
      const due = ((performance.now() - startedMs) / 1_000) * newConnectionsPerSecond;
      for (; begun < due; begun += 1) void once('fresh');
    }
  }

  async function kept(): Promise<void> {
    let socket = connect();
    while (running) {
      if (!(await ask('kept', socket))) {
        socket.destroy();
        socket = connect();
      }
      await delay(KEPT_EVERY_MS);
    }
    socket.destroy();
  }

  async function slow(): Promise<void> {
    while (running) await once('slow');
  }

  const loops = [
    fresh(),
    ...Array.from({ length: keepAliveConnections }, kept),
    ...Array.from({ length: slowInFlight }, slow),
  ];
  return {
    async stop() {
      const seconds = (performance.now() - startedMs) / 1_000;
      running = false;
      await Promise.all(loops);
      await Promise.all(open);
      return { seconds, sent, answered, answeredBy, failures, colors };
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** The server leaves the connection open. */
  readonly keeps: boolean;
}

/** Sends one request and waits for the whole answer. Throws when the connection ends, fails or stays silent before that. */
function exchange(socket: net.Socket, path: string, keep: boolean): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    if (socket.destroyed) throw new Error('closed between two requests');
    let text = '';
    const settle = (act: () => void) => {
      socket.setTimeout(0);
      socket.removeAllListeners();
      socket.on('error', () => undefined); // The request has its answer; what the connection says later loses nothing.
      act();
    };
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const answer = whole(text);
      if (answer === 'without a length') settle(() => reject(new Error('an answer without a length')));
      else if (answer !== undefined) settle(() => resolve(answer));
    };
    socket.on('data', onData);
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('close', () =>
      settle(() => reject(new Error(text === '' ? 'closed unanswered' : 'closed half answered'))),
    );
    socket.on('timeout', () => settle(() => reject(new Error('no answer in time'))));
    socket.setTimeout(LOST_MS);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: ${keep ? 'keep-alive' : 'close'}\r\n\r\n`);
  });
}

/** The answer, once all of it is there. */
function whole(text: string): Answer | 'without a length' | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
  const body = text.slice(end + 4);
  if (Number.isNaN(length)) return 'without a length';
  if (body.length < length) return undefined;
  return { status: Number(head.split(' ')[1]), body, keeps: !/^connection: close/im.test(head) };
}
