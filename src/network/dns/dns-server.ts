import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Log } from '#base';
import { answerQuery, failureAnswer, fitted, MAX_QUERY_BYTES, withAlias, type Zone } from './dns.plan.ts';
import type { Forwarder } from './forwarder.ts';
import { FrameReader, framed } from './tcp-frames.ts';

/** Named limits of the DNS server. */
export const dnsLimits = {
  tcpConnections: 128,
  /** A TCP connection without a message for so long is closed, in ms. Source: RFC 7766, 6.2.3: a few seconds. */
  tcpIdleMs: 10_000,
  /** Queries of one TCP connection under way; more wait in its buffers. */
  tcpInFlight: 16,
  /** Bytes the kernel may hold for us, so that a burst is not lost. */
  udpReceiveBytes: 1_048_576,
} as const;

export interface DnsServerDeps {
  readonly log: Log;
  readonly forwarder: Forwarder;
}

export interface DnsServer {
  /** Listens on UDP and TCP; rejects with Node's error when the address is taken, and may then be tried again. */
  listen(address: string, port: number): Promise<void>;
  /** The port listened on, once it is. */
  readonly port: number | undefined;
  setZone(zone: Zone): void;
  close(): Promise<void>;
}

/** Answers the cluster's names from the zone and asks the forwarder for all others. */
export function createDnsServer({ log, forwarder }: DnsServerDeps, firstZone: Zone): DnsServer {
  let zone = firstZone;
  let turn = 0;
  let udp: UdpSocket | undefined;
  const connections = new Set<Socket>();

  /** The answer, or undefined for none. Rejects never: what fails inside is an answer too. */
  const respond = (query: Buffer, transport: 'udp' | 'tcp'): Buffer | undefined | Promise<Buffer> => {
    turn = (turn + 1) % 0x10000;
    const decision = answerQuery(query, zone, { transport, turn });
    if (decision.type === 'drop') return undefined;
    if (decision.type === 'answer') return decision.bytes;
    const { question, maxBytes, alias } = decision;
    return forwarder.forward(decision.query, question, transport).then(
      (answer) => {
        if (answer === undefined) return failureAnswer(query, 'SERVFAIL');
        if (alias === undefined) return fitted(answer, question, maxBytes);
        return fitted(withAlias(answer, alias), alias.question, maxBytes);
      },
      (error: unknown) => {
        log.warn({ err: error }, 'forwarding a DNS query failed');
        return failureAnswer(query, 'SERVFAIL');
      },
    );
  };

  const tcp = createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.setTimeout(dnsLimits.tcpIdleMs, () => socket.destroy());
    socket.on('close', () => connections.delete(socket));
    // A client that goes away is no concern of ours; `close` follows.
    socket.on('error', () => socket.destroy());
    const frames = new FrameReader(MAX_QUERY_BYTES);
    let inFlight = 0;
    const answer = async (query: Buffer) => {
      inFlight += 1;
      if (inFlight >= dnsLimits.tcpInFlight) socket.pause();
      const bytes = await respond(query, 'tcp');
      inFlight -= 1;
      if (socket.destroyed) return;
      if (bytes !== undefined) socket.write(framed(bytes));
      socket.resume();
    };
    socket.on('data', (chunk) => {
      const queries = frames.push(chunk);
      if (queries === undefined) socket.destroy();
      else for (const query of queries) void answer(query);
    });
  });
  tcp.maxConnections = dnsLimits.tcpConnections;
  tcp.on('error', (error) => log.warn({ err: error }, 'DNS over TCP failed'));

  const openUdp = async (address: string, port: number): Promise<UdpSocket> => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: dnsLimits.udpReceiveBytes });
    socket.on('message', (query, { address: host, port: from }) => {
      const send = (bytes: Buffer | undefined) => {
        if (bytes !== undefined && udp === socket) socket.send(bytes, from, host);
      };
      const bytes = respond(query, 'udp');
      if (bytes instanceof Promise) void bytes.then(send);
      else send(bytes);
    });
    try {
      socket.bind({ address, port, exclusive: true });
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', (error) => log.warn({ err: error }, 'DNS over UDP failed'));
    return socket;
  };

  return {
    get port() {
      return udp?.address().port;
    },
    async listen(address, port) {
      const socket = await openUdp(address, port);
      try {
        tcp.listen({ host: address, port: socket.address().port, exclusive: true });
        await once(tcp, 'listening');
      } catch (error) {
        socket.close();
        throw error;
      }
      udp = socket;
    },
    setZone(next) {
      zone = next;
    },
    async close() {
      const socket = udp;
      udp = undefined;
      socket?.close();
      for (const connection of connections) connection.destroy();
      if (tcp.listening) await new Promise((resolve) => tcp.close(resolve));
    },
  };
}
