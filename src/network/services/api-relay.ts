import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Log } from '#base';
import { type Cidr, cidrContains } from '../address.plan.ts';
import type { ServiceBackend } from '../network.types.ts';
import { joinSockets } from './join-sockets.ts';

/** Named limits of the relay. A client without HTTP/2 holds a connection for each watch. */
export const apiRelayLimits = {
  connectionsPerClient: 256,
  connections: 2_048,
  /** How long the API may take to accept, in ms. */
  connectMs: 5_000,
  /** Idle time after which the kernel asks whether the other side is still there, in ms: watches are silent for long. */
  keepAliveMs: 60_000,
} as const;

export interface ApiRelayOptions {
  /** An address of the node that pods reach. */
  readonly address: string;
  /** Whose connections are taken besides the host's own. */
  readonly clients: Cidr;
  /** Where the API answers, as this node reaches it. */
  readonly target: ApiTarget;
  /** The host's own addresses now. */
  readonly hostAddresses: () => readonly string[];
}

/** A host name or address, and a port. */
export interface ApiTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * Carries TCP connections of this node's pods to the Kubernetes API, wherever that is: pods need no way there but the
 * node's. The bytes are passed as they are, so TLS and the client's credential are between the pod and the API. While the API does not
 * accept, a connection is refused at once by a reset; a connection that stands ends with the API's side of it.
 */
export class ApiRelay {
  readonly #options: ApiRelayOptions;
  readonly #log: Log;
  readonly #open = new Set<Socket>();
  /** Open connections by the client's address. */
  readonly #clients = new Map<string, number>();
  #server: Server | undefined;
  #port: number | undefined;

  constructor(options: ApiRelayOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** Where it takes connections; undefined until it does. */
  get endpoint(): ServiceBackend | undefined {
    return this.#port === undefined ? undefined : { ip: this.#options.address, port: this.#port };
  }

  /** Listens at any free port of its address, unless it does already. Rejects with the system's error. */
  async listen(): Promise<void> {
    if (this.#port !== undefined) return;
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: apiRelayLimits.keepAliveMs,
    });
    server.maxConnections = apiRelayLimits.connections;
    server.on('connection', (client) => this.#take(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: this.#options.address, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.#log.warn({ err: error }, 'the relay of the API failed'));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Stops listening and cuts what is open. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    this.#port = undefined;
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  #take(client: Socket): void {
    client.on('error', () => client.destroy());
    const from = client.remoteAddress ?? '';
    const held = this.#clients.get(from) ?? 0;
    if (!this.#isClient(from) || held >= apiRelayLimits.connectionsPerClient) {
      client.resetAndDestroy();
      return;
    }
    client.pause();
    this.#clients.set(from, held + 1);
    this.#open.add(client);
    client.once('close', () => {
      this.#open.delete(client);
      const left = (this.#clients.get(from) ?? 1) - 1;
      if (left === 0) this.#clients.delete(from);
      else this.#clients.set(from, left);
    });
    this.#reach(client);
  }

  /** Whoever routes to the address from outside is nobody's pod. */
  #isClient(address: string): boolean {
    return cidrContains(this.#options.clients, address) || this.#options.hostAddresses().includes(address);
  }

  #reach(client: Socket): void {
    const { target: at } = this.#options;
    const { connectMs, keepAliveMs } = apiRelayLimits;
    const target = connect({
      ...at,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    });
    this.#open.add(target);
    const leave = () => target.destroy();
    const refused = () => client.resetAndDestroy();
    client.once('close', leave);
    target.setTimeout(connectMs, leave);
    target.on('error', () => undefined); // `close` follows, and says it
    target.once('close', refused);
    target.once('close', () => this.#open.delete(target));
    target.once('connect', () => {
      target.off('close', refused);
      client.off('close', leave);
      target.setTimeout(0);
      joinSockets(client, target, () => undefined);
    });
  }
}
