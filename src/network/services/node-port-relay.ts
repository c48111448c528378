import { randomInt } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Clock, errorCode, type Log } from '#base';
import type { NodePortProblem, ServiceBackend } from '../network.types.ts';
import type { RelayFront } from './fronts.plan.ts';
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
  /** Clients remembered of one port whose clients stay; the one that was here longest ago is forgotten for a new one. */
  clientsPerPort: 1_024,
} as const;

/**
 * Takes TCP connections to NodePorts and host ports on loopback, where the kernel cannot translate, and carries them to a
 * ready backend: the client's own where clients stay; to another one when the first does not accept. Either side may finish sending and go on reading. Connections outlive
 * a change of backends; a port that is gone stops taking new ones.
 */
export class NodePortRelay {
  readonly #log: Log;
  readonly #clock: Clock;
  /** By address and port. */
  readonly #ports = new Map<string, Port>();
  #connections = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Listens for exactly these fronts; also tries again what another program held before. Answers the ports that still
   * cannot be had.
   */
  async set(fronts: readonly RelayFront[]): Promise<readonly NodePortProblem[]> {
    const wanted = new Map(fronts.map((front) => [`${front.address}:${front.port}`, front]));
    for (const [key, port] of this.#ports) if (!wanted.has(key)) this.#drop(key, port);
    const problems: NodePortProblem[] = [];
    for (const [key, front] of wanted) {
      const standing = this.#ports.get(key);
      if (standing !== undefined) {
        standing.front = front;
        continue;
      }
      const reason = await this.#open(key, front);
      if (reason !== undefined) problems.push({ address: front.address, port: front.port, reason });
    }
    return problems;
  }

  /** Stops listening and cuts what is open. */
  close(): void {
    for (const [key, port] of this.#ports) {
      for (const socket of port.sockets) socket.destroy();
      this.#drop(key, port);
    }
  }

  #drop(key: string, port: Port): void {
    this.#ports.delete(key);
    port.server.close();
  }

  async #open(key: string, front: RelayFront): Promise<string | undefined> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.maxConnections = relayLimits.connectionsPerPort;
    const port: Port = { server, front, sockets: new Set(), kept: new Map() };
    server.on('connection', (client) => this.#carry(client, port));
    try {
      await listening(server, front.port, front.address);
    } catch (error) {
      return errorCode(error) ?? 'unknown error';
    }
    server.on('error', (error) => this.#log.warn({ err: error, port: front.port }, 'node port relay failed'));
    this.#ports.set(key, port);
    return undefined;
  }

  #carry(client: Socket, port: Port): void {
    // Nothing is read before a backend has it all: another one may be tried until then.
    client.pause();
    const backends = this.#choose(port, client.remoteAddress ?? '');
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

  /** Backends to try: the one the client stays with before others. */
  #choose({ front, kept }: Port, client: string): readonly ServiceBackend[] {
    const own = front.affinity === undefined ? undefined : kept.get(client);
    const isOwn = ({ ip, port }: ServiceBackend) => ip === own?.backend.ip && port === own.backend.port;
    if (own === undefined || own.untilMs <= this.#clock.monotonicMs() || !front.backends.some(isOwn)) {
      return choose(front.backends, relayLimits.tries);
    }
    const others = front.backends.filter((backend) => !isOwn(backend));
    return [own.backend, ...choose(others, relayLimits.tries - 1)];
  }

  #keep({ front: { affinity }, kept }: Port, client: string, backend: ServiceBackend): void {
    kept.delete(client);
    if (affinity === undefined) return;
    const [oldest] = kept.keys();
    if (kept.size >= relayLimits.clientsPerPort && oldest !== undefined) kept.delete(oldest);
    kept.set(client, { backend, untilMs: this.#clock.monotonicMs() + affinity.seconds * 1000 });
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
      this.#keep(port, client.remoteAddress ?? '', backend);
      joinSockets(client, target, (socket) => port.sockets.delete(socket));
    });
  }
}

/** Where a client stays. */
interface Kept {
  readonly backend: ServiceBackend;
  readonly untilMs: number;
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
  front: RelayFront;
  readonly sockets: Set<Socket>;
  /** By address of the client, the one that was here longest ago first. */
  readonly kept: Map<string, Kept>;
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
