import { type DecodedPacket, decode, encode, type Packet, type RecordType } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerQuery, createZone, fitted, isAnswerTo, type QueryContext } from './dns.plan.ts';

const zone = createZone(
  {
    a: new Map([
      ['web.default.svc.cluster.local', ['10.96.0.7']],
      ['db.default.svc.cluster.local', ['10.244.1.2', '10.244.1.3', '10.244.1.4']],
      ['empty.default.svc.cluster.local', []],
      ['big.default.svc.cluster.local', Array.from({ length: 200 }, (_, i) => `10.244.2.${i}`)],
      ['bad.default.svc.cluster.local', ['not an address']],
    ]),
    srv: new Map([
      ['_http._tcp.web.default.svc.cluster.local', [{ port: 80, target: 'web.default.svc.cluster.local' }]],
    ]),
    cname: new Map([
      ['front.default.svc.cluster.local', 'web.default.svc.cluster.local'],
      ['door.default.svc.cluster.local', 'front.default.svc.cluster.local'],
      ['shop.default.svc.cluster.local', 'shop.example.com'],
      ['lost.default.svc.cluster.local', 'nope.default.svc.cluster.local'],
      ['circle.default.svc.cluster.local', 'circle.default.svc.cluster.local'],
      ['wrong.default.svc.cluster.local', `${'a'.repeat(70)}.example.com`],
    ]),
    ptr: new Map([
      ['10.96.0.7', 'web.default.svc.cluster.local'],
      ['192.168.0.1', 'not.ours.example.com'],
    ]),
  },
  'cluster.local',
  [
    { address: '10.244.0.0', length: 16 },
    { address: '10.96.0.0', length: 16 },
  ],
);
const udp: QueryContext = { transport: 'udp', turn: 0 };

type Seen = DecodedPacket & {
  readonly rcode?: string;
  readonly flag_aa?: boolean;
  readonly flag_tc?: boolean;
  readonly flag_ra?: boolean;
};

const query = (name: string, type: RecordType, more: Partial<Packet> = {}) =>
  encode({ type: 'query', id: 99, flags: 256, questions: [{ name, type }], ...more });
const ask = (bytes: Buffer, context = udp): Seen | 'forward' | 'drop' => {
  const decision = answerQuery(bytes, zone, context);
  return decision.type === 'answer' ? (decode(decision.bytes) as Seen) : decision.type;
};
const answers = (seen: Seen | string) =>
  typeof seen === 'string' ? [] : (seen.answers ?? []).map((a) => ('data' in a ? a.data : ''));
const offer = (udpPayloadSize: number): Partial<Packet> => ({
  additionals: [
    { type: 'OPT', name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
  ],
});

describe('src/network/dns/dns.plan.ts', () => {
  it.each<[string, RecordType, string, readonly unknown[]]>([
    ['web.default.svc.cluster.local', 'A', 'NOERROR', ['10.96.0.7']],
    ['WEB.Default.svc.Cluster.LOCAL', 'A', 'NOERROR', ['10.96.0.7']],
    ['web.default.svc.cluster.local', 'AAAA', 'NOERROR', []],
    ['web.default.svc.cluster.local', 'TXT', 'NOERROR', []],
    ['empty.default.svc.cluster.local', 'A', 'NOERROR', []],
    ['default.svc.cluster.local', 'A', 'NOERROR', []],
    ['svc.cluster.local', 'A', 'NOERROR', []],
    ['cluster.local', 'NS', 'NOERROR', ['ns.dns.cluster.local']],
    ['nope.default.svc.cluster.local', 'A', 'NXDOMAIN', []],
    ['web.other.svc.cluster.local', 'A', 'NXDOMAIN', []],
    ['google.com.default.svc.cluster.local', 'A', 'NXDOMAIN', []],
    ['2.1.244.10.in-addr.arpa', 'PTR', 'NXDOMAIN', []],
    ['7.0.96.10.in-addr.arpa', 'PTR', 'NOERROR', ['web.default.svc.cluster.local']],
    ['7.0.96.10.IN-ADDR.arpa', 'A', 'NOERROR', []],
    ['front.default.svc.cluster.local', 'A', 'NOERROR', ['web.default.svc.cluster.local', '10.96.0.7']],
    [
      'door.default.svc.cluster.local',
      'A',
      'NOERROR',
      ['front.default.svc.cluster.local', 'web.default.svc.cluster.local', '10.96.0.7'],
    ],
    ['door.default.svc.cluster.local', 'CNAME', 'NOERROR', ['front.default.svc.cluster.local']],
    ['shop.default.svc.cluster.local', 'CNAME', 'NOERROR', ['shop.example.com']],
    ['lost.default.svc.cluster.local', 'A', 'NOERROR', ['nope.default.svc.cluster.local']],
    ['circle.default.svc.cluster.local', 'A', 'NOERROR', ['circle.default.svc.cluster.local']],
    ['wrong.default.svc.cluster.local', 'A', 'NOERROR', []],
    ['bad.default.svc.cluster.local', 'A', 'NOERROR', []],
    ['web.default.svc.cluster.local', 'AXFR', 'REFUSED', []],
  ])('answers %s %s with %s', (name, type, rcode, data) => {
    const seen = ask(query(name, type));
    expect(seen).toMatchObject({ id: 99, type: 'response', rcode, flag_ra: true });
    expect(answers(seen)).toEqual(data);
  });

  it('answers a service port with the port, its target and the address of it', () => {
    const seen = ask(query('_http._tcp.web.default.svc.cluster.local', 'SRV'));
    expect(seen).toMatchObject({
      answers: [{ data: { port: 80, target: 'web.default.svc.cluster.local' } }],
      additionals: [{ type: 'A', data: '10.96.0.7' }],
    });
  });

  it('says with every "no" for how long it holds, and with every own answer that it is the authority', () => {
    for (const name of ['nope.svc.cluster.local', 'svc.cluster.local']) {
      expect(ask(query(name, 'A'))).toMatchObject({ flag_aa: true, authorities: [{ type: 'SOA', ttl: 5 }] });
    }
  });

  it.each(['example.com', 'local', 'notcluster.local', 'cluster.local.example.com', '1.0.168.192.in-addr.arpa'])(
    'leaves %s to the host',
    (name) => {
      expect(ask(query(name, 'A'))).toBe('forward');
    },
  );

  it('asks the host for the name outside that stands for one of the cluster, and for nothing else', () => {
    const decision = answerQuery(query('shop.default.svc.cluster.local', 'AAAA'), zone, udp);
    expect(decision).toMatchObject({
      type: 'forward',
      question: { name: 'shop.example.com', type: 'AAAA' },
      alias: { question: { name: 'shop.default.svc.cluster.local' }, answers: [{ data: 'shop.example.com' }] },
    });
    if (decision.type !== 'forward') throw new Error(decision.type);
    expect(decode(decision.query)).toMatchObject({ id: 99, questions: [{ name: 'shop.example.com', type: 'AAAA' }] });
  });

  it('never sends a name of the cluster on, whatever its case and type', () => {
    const label = fc.string({ unit: fc.constantFrom('a', 'B', '-', '_', '1'), minLength: 1, maxLength: 20 });
    const type = fc.constantFrom<RecordType>('A', 'AAAA', 'SRV', 'MX', 'TXT', 'PTR', 'SOA', 'CNAME');
    fc.assert(
      fc.property(fc.array(label, { maxLength: 5 }), type, (labels, wanted) => {
        expect(ask(query([...labels, 'CLUSTER', 'local'].join('.'), wanted))).not.toBe('forward');
      }),
    );
  });

  it('turns the order of addresses from query to query', () => {
    const firsts = [0, 1, 2, 3].map(
      (turn) => answers(ask(query('db.default.svc.cluster.local', 'A'), { ...udp, turn }))[0],
    );
    expect(firsts).toEqual(['10.244.1.2', '10.244.1.3', '10.244.1.4', '10.244.1.2']);
  });

  it.each<[string, Partial<Packet>, QueryContext['transport'], boolean, number]>([
    ['512 bytes by default', {}, 'udp', true, 512],
    ['what the client offers', offer(800), 'udp', true, 800],
    ['1232 bytes at most', offer(65_535), 'udp', true, 1_232],
    ['no less than 512', offer(1), 'udp', true, 512],
    ['all of it by TCP', {}, 'tcp', false, 65_535],
  ])('sends %s, and says when it is not all', (_name, more, transport, truncated, limit) => {
    const decision = answerQuery(query('big.default.svc.cluster.local', 'A', more), zone, { transport, turn: 0 });
    if (decision.type !== 'answer') throw new Error(decision.type);
    expect(decision.bytes.byteLength).toBeLessThanOrEqual(limit);
    expect((decode(decision.bytes) as Seen).flag_tc).toBe(truncated);
  });

  it.each<[string, Buffer, string]>([
    [
      'two questions',
      encode({
        type: 'query',
        questions: [
          { name: 'a', type: 'A' },
          { name: 'b', type: 'A' },
        ],
      }),
      'FORMERR',
    ],
    ['no question', encode({ type: 'query', questions: [] }), 'FORMERR'],
    ['a pointer to itself', Buffer.from('000101000001000000000000c00c00010001', 'hex'), 'FORMERR'],
    ['ten thousand questions', Buffer.from('00010100271000000000000000', 'hex'), 'FORMERR'],
    ['a notification', Buffer.from('000124000001000000000000', 'hex'), 'NOTIMP'],
    ['a name cut short', query('web.default.svc.cluster.local', 'A').subarray(0, 20), 'FORMERR'],
    ['5,000 bytes', Buffer.concat([query('a', 'A'), Buffer.alloc(5_000)]), 'FORMERR'],
  ])('refuses %s', (_name, bytes, rcode) => {
    expect(ask(bytes)).toMatchObject({ rcode, id: bytes.readUInt16BE(0) });
  });

  it('refuses what is not about the Internet, such as the version of the server', () => {
    const bytes = encode({ type: 'query', questions: [{ name: 'version.bind', type: 'TXT', class: 'CH' }] });
    expect(ask(bytes)).toMatchObject({ rcode: 'REFUSED' });
  });

  it('does not answer an answer, nor a scrap', () => {
    expect(ask(encode({ type: 'response', id: 1, questions: [{ name: 'a', type: 'A' }] }))).toBe('drop');
    expect(ask(Buffer.alloc(11))).toBe('drop');
  });

  it('survives any bytes, and answers with the id asked, within the size allowed', () => {
    const whole = [
      query('web.default.svc.cluster.local', 'A'),
      query('_http._tcp.web.default.svc.cluster.local', 'SRV', offer(900)),
    ];
    const damaged = fc
      .tuple(fc.constantFrom(...whole), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat(80))
      .map(([bytes, edits, cut]) => {
        const copy = Buffer.from(bytes);
        for (const [at, value] of edits) copy[at % copy.length] = value;
        return copy.subarray(0, copy.length - (cut > 60 ? cut % 20 : 0));
      });
    const anything = fc.oneof(
      damaged,
      fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const decision = answerQuery(bytes, zone, udp);
        if (decision.type !== 'answer') return;
        expect(decision.bytes.readUInt16BE(0)).toBe(bytes.readUInt16BE(0));
        expect(decision.bytes.readUInt16BE(2) & 0x8000).toBe(0x8000);
        expect(decision.bytes.byteLength).toBeLessThanOrEqual(1_232);
      }),
      { numRuns: 2_000 },
    );
  });

  describe('isAnswerTo', () => {
    const question = { name: 'example.com', type: 'A' as const };
    it.each<[string, Buffer, boolean]>([
      ['the answer', encode({ type: 'response', id: 5, questions: [question] }), true],
      ['another case', encode({ type: 'response', id: 5, questions: [{ ...question, name: 'EXAMPLE.com' }] }), true],
      ['another id', encode({ type: 'response', id: 6, questions: [question] }), false],
      ['another name', encode({ type: 'response', id: 5, questions: [{ ...question, name: 'evil.com' }] }), false],
      ['another type', encode({ type: 'response', id: 5, questions: [{ ...question, type: 'AAAA' }] }), false],
      ['a query', encode({ type: 'query', id: 5, questions: [question] }), false],
      ['garbage', Buffer.from('0005800000010000000000000c', 'hex'), false],
    ])('judges %s', (_name, bytes, expected) => {
      expect(isAnswerTo(bytes, 5, question)).toBe(expected);
    });
  });

  it('cuts a foreign answer that is too long to its question', () => {
    const question = { name: 'example.com', type: 'A' as const };
    const long = encode({
      type: 'response',
      id: 5,
      flags: 0x0480,
      questions: [question],
      answers: Array.from({ length: 100 }, (_, i) => ({
        type: 'A' as const,
        name: 'example.com',
        ttl: 1,
        data: `1.2.3.${i}`,
      })),
    });
    const cut = fitted(long, question, 512);
    expect(decode(cut)).toMatchObject({ id: 5, flag_tc: true, answers: [], questions: [{ name: 'example.com' }] });
    expect(fitted(cut, question, 512)).toBe(cut);
  });
});
