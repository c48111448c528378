import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { createZone, NO_RECORDS } from './dns.plan.ts';
import { createDnsServer, type DnsServer } from './dns-server.ts';
import { createForwarder, type Forwarder } from './forwarder.ts';
import { parseNameservers, type Upstream } from './resolv-conf.ts';
import { FrameReader, framed } from './tcp-frames.ts';

const LOCAL = '127.0.0.1';
const zone = createZone(
  {
    ...NO_RECORDS,
    a: new Map([['web.ns.svc.cluster.local', ['10.96.0.7']]]),
    cname: new Map([['shop.ns.svc.cluster.local', 'shop.example.com']]),
  },
  'cluster.local',
  [],
);
const query = (name: string, id = 7) => encode({ type: 'query', id, flags: 256, questions: [{ name, type: 'A' }] });

type Seen = ReturnType<typeof decode> & { readonly rcode?: string };

describe('src/network/dns/dns-server.ts', () => {
  let clock: FakeClock;
  let forwarder: Forwarder;
  let server: DnsServer;
  let upstreams: Upstream[];
  const cleanups: (() => void)[] = [];
  beforeEach(async () => {
    clock = new FakeClock();
    upstreams = [];
    forwarder = createForwarder(clock, async () => upstreams);
    server = createDnsServer({ log: silentLog, forwarder }, zone);
    await server.listen(LOCAL, 0);
  });
  afterEach(async () => {
    forwarder.close();
    await server.close();
    for (const clean of cleanups.splice(0)) clean();
  });

  const overUdp = async (bytes: Buffer): Promise<Seen> => {
    const socket = createSocket('udp4');
    try {
      socket.send(bytes, server.port ?? 0, LOCAL);
      const [message] = (await once(socket, 'message')) as [Buffer];
      return decode(message) as Seen;
    } finally {
      socket.close();
    }
  };
  const overTcp = async (...queries: readonly Buffer[]): Promise<Seen[]> => {
    const socket = connect({ host: LOCAL, port: server.port ?? 0 });
    const frames = new FrameReader();
    const seen: Seen[] = [];
    socket.write(Buffer.concat(queries.map(framed)));
    for await (const chunk of socket) {
      for (const message of frames.push(chunk as Buffer) ?? []) seen.push(decode(message) as Seen);
      if (seen.length === queries.length) break;
    }
    return seen;
  };
  /** A nameserver of the host that says what `reply` says. */
  const nameserver = async (reply: (query: Buffer) => readonly Buffer[]): Promise<UdpSocket> => {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => {
      for (const answer of reply(message)) socket.send(answer, from.port, from.address);
    });
    socket.bind(0, LOCAL);
    await once(socket, 'listening');
    cleanups.push(() => socket.close());
    upstreams.push({ address: LOCAL, port: socket.address().port });
    return socket;
  };
  const answer = (asked: Buffer, data: string, change: { id?: number; name?: string } = {}) => {
    const { id = 0, questions = [] } = decode(asked);
    const question = { ...questions[0], type: 'A' as const, name: change.name ?? questions[0]?.name ?? '' };
    return encode({
      type: 'response',
      id: change.id ?? id,
      questions: [question],
      answers: [{ type: 'A', name: question.name, ttl: 1, data }],
    });
  };

  it('answers names of the cluster by UDP and TCP, several to one connection', async () => {
    expect(await overUdp(query('web.ns.svc.cluster.local'))).toMatchObject({ id: 7, answers: [{ data: '10.96.0.7' }] });
    const seen = await overTcp(query('web.ns.svc.cluster.local', 1), query('nope.ns.svc.cluster.local', 2));
    expect(seen).toMatchObject([
      { id: 1, answers: [{ data: '10.96.0.7' }] },
      { id: 2, rcode: 'NXDOMAIN' },
    ]);
  });

  it('answers from new records as soon as it has them', async () => {
    server.setZone(
      createZone({ ...NO_RECORDS, a: new Map([['web.ns.svc.cluster.local', ['10.96.0.8']]]) }, 'cluster.local', []),
    );
    expect(await overUdp(query('web.ns.svc.cluster.local'))).toMatchObject({ answers: [{ data: '10.96.0.8' }] });
  });

  it('passes other names to the host, from another port and with another id each time', async () => {
    const asked: { id: number; port: number }[] = [];
    const upstream = await nameserver((message) => [answer(message, '1.2.3.4')]);
    upstream.on('message', (message, { port }) => asked.push({ id: message.readUInt16BE(0), port }));
    for (let i = 0; i < 8; i += 1) {
      expect(await overUdp(query('example.com', i))).toMatchObject({ id: i, answers: [{ data: '1.2.3.4' }] });
    }
    expect(new Set(asked.map(({ id }) => id)).size).toBeGreaterThan(6);
    expect(new Set(asked.map(({ port }) => port)).size).toBeGreaterThan(1);
  });

  it('asks the host for the name that stands for one of the cluster, and answers for that', async () => {
    await nameserver((message) => [answer(message, '1.2.3.4')]);
    const alias = { type: 'CNAME', name: 'shop.ns.svc.cluster.local', data: 'shop.example.com' };
    const found = { type: 'A', name: 'shop.example.com', data: '1.2.3.4' };
    const wanted = { id: 9, questions: [{ name: 'shop.ns.svc.cluster.local', type: 'A' }], answers: [alias, found] };
    expect(await overUdp(query('shop.ns.svc.cluster.local', 9))).toMatchObject(wanted);
    expect(await overUdp(query('shop.example.com', 9))).toMatchObject({ answers: [found] });
  });

  it('believes only an answer to what it asked', async () => {
    await nameserver((message) => [
      answer(message, '6.6.6.6', { id: (decode(message).id ?? 0) ^ 1 }),
      answer(message, '6.6.6.6', { name: 'evil.com' }),
      message,
      Buffer.from('junk'),
      answer(message, '1.2.3.4'),
    ]);
    expect(await overUdp(query('example.com'))).toMatchObject({ answers: [{ data: '1.2.3.4' }] });
  });

  it('asks the next nameserver when one refuses, or says nothing for 2 s', async () => {
    const port = await unusedPort();
    upstreams.push({ address: LOCAL, port });
    let silent = 0;
    await nameserver(() => {
      silent += 1;
      return [];
    });
    await nameserver((message) => [answer(message, '1.2.3.4')]);
    const asking = overUdp(query('example.com'));
    while (silent === 0) await clock.advance(0);
    await clock.advance(2_000);
    expect(await asking).toMatchObject({ answers: [{ data: '1.2.3.4' }] });
  });

  it('says SERVFAIL when there is no nameserver, and when none answers', async () => {
    expect(await overUdp(query('example.com'))).toMatchObject({ rcode: 'SERVFAIL', id: 7 });
    upstreams.push({ address: LOCAL, port: await unusedPort() });
    expect(await overUdp(query('example.com'))).toMatchObject({ rcode: 'SERVFAIL', id: 7 });
    expect(await overTcp(query('example.com'))).toMatchObject([{ rcode: 'SERVFAIL' }]);
  });

  it('asks by TCP what it was asked by TCP, so that long answers fit', async () => {
    const upstream: Server = createServer((socket) => {
      const frames = new FrameReader();
      socket.on('data', (chunk: Buffer) => {
        for (const message of frames.push(chunk) ?? []) socket.write(framed(answer(message, '9.9.9.9')));
      });
    });
    upstream.listen(0, LOCAL);
    await once(upstream, 'listening');
    cleanups.push(() => upstream.close());
    const address = upstream.address();
    upstreams.push({ address: LOCAL, port: typeof address === 'object' && address !== null ? address.port : 0 });
    expect(await overTcp(query('example.com'))).toMatchObject([{ answers: [{ data: '9.9.9.9' }] }]);
  });

  it('survives any bytes by UDP and TCP', async () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('x'),
      Buffer.alloc(600, 0xc0),
      Buffer.from('000101000001000000000000c00c00010001', 'hex'),
    ]) {
      const socket = createSocket('udp4');
      await new Promise((resolve) => socket.send(bytes, server.port ?? 0, LOCAL, resolve));
      socket.close();
    }
    const long = connect({ host: LOCAL, port: server.port ?? 0 });
    long.on('error', () => undefined);
    long.write(Buffer.from([0xff, 0xff, 1, 2, 3]));
    await once(long, 'close');
    expect(await overUdp(query('web.ns.svc.cluster.local'))).toMatchObject({ answers: [{ data: '10.96.0.7' }] });
  });

  it('can try another address after one was taken', async () => {
    const other = createDnsServer({ log: silentLog, forwarder }, zone);
    await expect(other.listen(LOCAL, server.port ?? 0)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(other.port).toBeUndefined();
    await other.listen(LOCAL, 0);
    expect(other.port).toBeGreaterThan(0);
    await other.close();
  });
});

describe('src/network/dns/tcp-frames.ts', () => {
  it('puts messages together however they are cut', () => {
    const bytes = Buffer.concat([framed(Buffer.from('one')), framed(Buffer.alloc(0)), framed(Buffer.from('three'))]);
    for (let size = 1; size <= bytes.length; size += 1) {
      const frames = new FrameReader();
      const seen: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const message of frames.push(bytes.subarray(at, at + size)) ?? []) seen.push(message.toString());
      }
      expect(seen).toEqual(['one', '', 'three']);
    }
  });
});

describe('src/network/dns/resolv-conf.ts', () => {
  it('takes the first three nameservers that are addresses and not ourselves', () => {
    const text =
      '# x\nsearch a b\nnameserver 10.96.0.10\n nameserver  8.8.8.8 # c\nnameserver nonsense\noptions ndots:5\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 9.9.9.9\n';
    expect(parseNameservers(text, '10.96.0.10').map(({ address }) => address)).toEqual([
      '8.8.8.8',
      '::1',
      'fe80::1%eth0',
    ]);
    expect(parseNameservers('', 'x')).toEqual([]);
  });
});

async function unusedPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, LOCAL);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
