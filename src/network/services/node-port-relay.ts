import { randomInt } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { errorCode, type Log } from '#base';
import type { ServiceBackend } from '../network.types.ts';
import type { Front } from './fronts.plan.ts';

/** Named limits of the relay. It serves people and programs on the host itself, not the world. */
export const relayLimits = {
  connectionsPerPort: 512,
  connections: 2_048,
  /** How long a backend may take to accept, in ms. */
  connectMs: 5_000,
} as const;

export interface RelayProblem {
  readonly port: number;
  readonly reason: string;
}

/**
 * Takes TCP connections at 127.0.0.1:NodePort, where the kernel cannot translate, and carries them to a ready backend.
 * Either side may finish sending and go on reading. Connections outlive a change of backends; a port that is gone
 * stops taking new ones.
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
  async set(fronts: readonly Front[]): Promise<readonly RelayProblem[]> {
    const wanted = new Map(fronts.map((front) => [front.port, front.backends]));
    for (const [number, port] of this.#ports) if (!wanted.has(number)) this.#drop(number, port);
    const problems: RelayProblem[] = [];
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
    const backend = port.backends[randomInt(Math.max(1, port.backends.length))];
    if (backend === undefined || this.#connections >= relayLimits.connections) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    this.#connections += 1;
    const target = connect({ host: backend.ip, port: backend.port, allowHalfOpen: true, noDelay: true });
    target.setTimeout(relayLimits.connectMs, () => target.destroy());
    target.once('connect', () => target.setTimeout(0));
    port.sockets.add(client).add(target);
    // Each end's FIN is passed on by `pipe`; anything else that ends one side resets the other.
    client.pipe(target);
    target.pipe(client);
    const ends = [client, target] as const;
    for (const [index, socket] of ends.entries()) {
      const other = ends[1 - index] ?? client;
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        port.sockets.delete(socket);
        if (!other.destroyed && !(socket.readableEnded && socket.writableFinished)) other.resetAndDestroy();
      });
    }
    target.on('close', () => {
      this.#connections -= 1;
    });
  }
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
