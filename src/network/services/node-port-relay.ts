import { randomInt } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { errorCode, type Log } from '#base';
import type { NodePortProblem, ServiceBackend } from '../network.types.ts';
import type { Front } from './fronts.plan.ts';
import { joinSockets } from './join-sockets.ts';

/** Named limits of the relay. It serves people and programs on the host itself, not the world. */
export const relayLimits = {
  connectionsPerPort: 512,
  connections: 2_048,
  /** How long a backend may take to accept, in ms, and how long while others are left to try. */
  connectMs: 5_000,
  connectMsOfMany: 1_000,
  /** Backends tried for one connection. */
  tries: 4,
} as const;

/**
 * Takes TCP connections at 127.0.0.1:NodePort, where the kernel cannot translate, and carries them to a ready backend;
 * to another one when the first does not accept. Either side may finish sending and go on reading. Connections outlive
 * a change of backends; a port that is gone stops taking new ones.
 */
export class NodePortRelay {
  readonly #log: Log;
  readonly #address: string;
  readonly #ports = new Map<number, Port>();
  #connections = 0;

  constructor(log: Log, address = '127.0.0.1') {
    this.#log = log;
    this.#address = address;
  }

  /**
   * Listens for exactly these `node` fronts; also tries again what another program held before. Answers the ports that
   * still cannot be had.
   */
  async set(fronts: readonly Front[]): Promise<readonly NodePortProblem[]> {
    const wanted = new Map(fronts.map((front) => [front.port, front.backends]));
    for (const [number, port] of this.#ports) if (!wanted.has(number)) this.#drop(number, port);
    const problems: NodePortProblem[] = [];
    for (const [number, backends] of wanted) {
      const standing = this.#ports.get(number);
      if (standing !== undefined) {
        standing.backends = backends;
        continue;
      }
      const reason = await this.#open(number, backends);
      if (reason !== undefined) problems.push({ port: number, reason });
    }
    return problems;
  }

  /** Stops listening and cuts what is open. */
  close(): void {
    for (const [number, port] of this.#ports) {
      for (const socket of port.sockets) socket.destroy();
      this.#drop(number, port);
    }
  }

  #drop(number: number, port: Port): void {
    this.#ports.delete(number);
    port.server.close();
  }

  async #open(number: number, backends: readonly ServiceBackend[]): Promise<string | undefined> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = relayLimits.connectionsPerPort;
    const port: Port = { server, backends, sockets: new Set() };
    server.on('connection', (client) => this.#carry(client, port));
    try {
      await listening(server, number, this.#address);
    } catch (error) {
      return errorCode(error) ?? 'unknown error';
    }
    server.on('error', (error) => this.#log.warn({ err: error, port: number }, 'node port relay failed'));
    this.#ports.set(number, port);
    return undefined;
  }

  #carry(client: Socket, port: Port): void {
    // Nothing is read before a backend has it all: another one may be tried until then.
    client.pause();
    const backends = choose(port.backends, relayLimits.tries);
    if (backends.length === 0 || this.#connections >= relayLimits.connections) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    this.#connections += 1;
    port.sockets.add(client);
    client.on('close', () => {
      port.sockets.delete(client);
      this.#connections -= 1;
    });
    client.on('error', () => client.destroy());
    this.#reach(client, port, backends);
  }

  /** Connects to the first of these that accepts; when none does the client is told by a reset. */
  #reach(client: Socket, port: Port, [backend, ...rest]: readonly ServiceBackend[]): void {
    if (client.destroyed) return;
    if (backend === undefined) {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ host: backend.ip, port: backend.port, allowHalfOpen: true, noDelay: true });
    port.sockets.add(target);
    const leave = () => target.destroy();
    client.once('close', leave);
    target.setTimeout(rest.length > 0 ? relayLimits.connectMsOfMany : relayLimits.connectMs, leave);
    const failed = () => {
      port.sockets.delete(target);
      client.off('close', leave);
      this.#reach(client, port, rest);
    };
    target.on('error', () => undefined); // `close` follows, and says it
    target.once('close', failed);
    target.once('connect', () => {
      target.off('close', failed);
      client.off('close', leave);
      target.setTimeout(0);
      joinSockets(client, target, (socket) => port.sockets.delete(socket));
    });
  }
}

/** Up to `count` of these in an order of chance. */
function choose(backends: readonly ServiceBackend[], count: number): readonly ServiceBackend[] {
  const left = [...backends];
  const chosen: ServiceBackend[] = [];
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(randomInt(left.length), 1));
  return chosen;
}

interface Port {
  readonly server: Server;
  backends: readonly ServiceBackend[];
  readonly sockets: Set<Socket>;
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
