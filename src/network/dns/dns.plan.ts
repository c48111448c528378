import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  type SoaAnswer,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { type Cidr, cidrContains, parseIPv4 } from '../address.plan.ts';
import type { DnsRecords } from '../network.types.ts';

/** Seconds an answer of ours may be kept. Source: CoreDNS plugin/kubernetes, default ttl 5. */
const TTL = 5;
/** Bytes of a UDP answer for a client that names no size. Source: RFC 1035, 4.2.1. */
const PLAIN_UDP_BYTES = 512;
/** The most we put into one UDP packet, whatever the client offers: more may be cut on the way. Source: dnsflagday.net 2020. */
const MAX_UDP_BYTES = 1_232;
const MAX_TCP_BYTES = 65_535;
/** Longest query we read. Real ones have one name of 255 bytes and a few options. */
export const MAX_QUERY_BYTES = 4_096;
const HEADER_BYTES = 12;
/** Names that stand for each other are followed so far. Source: CoreDNS plugin/pkg/upstream, MaxDepth 8. */
const MAX_ALIASES = 8;

const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = keyof typeof RCODE;

/** No names at all. */
export const NO_RECORDS: DnsRecords = { a: new Map(), srv: new Map(), cname: new Map(), ptr: new Map() };

/** The cluster's names, made ready for look-ups. */
export interface Zone {
  readonly domain: string;
  readonly records: DnsRecords;
  /** Every name that has records, and every name above one: these exist even without a record of the asked type. */
  readonly names: ReadonlySet<string>;
  /** Addresses of the cluster: nobody outside knows their names. */
  readonly ranges: readonly Cidr[];
}

export type Decision =
  | { readonly type: 'answer'; readonly bytes: Buffer }
  | Forwarding
  /** Not even a query: no answer at all, lest two servers answer each other. */
  | { readonly type: 'drop' };

/** Not ours to answer: ask the host's resolvers. `question` must come back in what they say. */
export interface Forwarding {
  readonly type: 'forward';
  /** What to send them. */
  readonly query: Buffer;
  readonly question: Question;
  readonly maxBytes: number;
  /** Set when the client asked for another name, which stands for that one: goes before what they say. */
  readonly alias?: Alias;
}

export interface Alias {
  readonly question: Question;
  readonly answers: readonly Answer[];
}

export interface QueryContext {
  readonly transport: 'udp' | 'tcp';
  /** Grows with each query; turns the order of addresses, so that clients that take the first spread out. */
  readonly turn: number;
}

export function createZone(records: DnsRecords, domain: string, ranges: readonly Cidr[]): Zone {
  const names = new Set<string>([domain]);
  for (const table of [records.a, records.srv, records.cname]) {
    for (const name of table.keys()) {
      for (let at = name; at.length > domain.length && !names.has(at); at = at.slice(at.indexOf('.') + 1))
        names.add(at);
    }
  }
  return { domain, records, names, ranges };
}

/** What to do with one message from a client. Never throws, whatever the bytes. */
export function answerQuery(query: Buffer, zone: Zone, context: QueryContext): Decision {
  if (query.byteLength < HEADER_BYTES || (query.readUInt16BE(2) & 0x8000) !== 0) return { type: 'drop' };
  if (query.byteLength > MAX_QUERY_BYTES) return bare(query, 'FORMERR');
  if (((query.readUInt16BE(2) >> 11) & 15) !== 0) return bare(query, 'NOTIMP');
  // Exactly one question and no records but options: checked before any name is read.
  const counts = [4, 6, 8, 10].map((offset) => query.readUInt16BE(offset));
  if (counts[0] !== 1 || counts[1] !== 0 || counts[2] !== 0 || (counts[3] ?? 0) > 2) return bare(query, 'FORMERR');
  const packet = decoded(query);
  const question = packet?.questions?.[0];
  if (packet === undefined || question === undefined) return bare(query, 'FORMERR');
  try {
    return decide(query, packet, question, { zone, ...context });
  } catch {
    // A name or record that cannot be written down; dns-packet throws then.
    return bare(query, 'SERVFAIL');
  }
}

/** An answer that says only that it failed. */
export function failureAnswer(query: Buffer, rcode: Rcode): Buffer {
  const answer = Buffer.alloc(HEADER_BYTES);
  answer.writeUInt16BE(query.readUInt16BE(0), 0);
  const kept = query.readUInt16BE(2) & (0x7800 | RECURSION_DESIRED);
  answer.writeUInt16BE(0x8000 | kept | RECURSION_AVAILABLE | RCODE[rcode], 2);
  return answer;
}

/** Whether `answer` is a response to `query`'s very question. Anything else may be forged. */
export function isAnswerTo(answer: Buffer, id: number, question: Question): boolean {
  if (answer.byteLength < HEADER_BYTES || answer.readUInt16BE(0) !== id) return false;
  if ((answer.readUInt16BE(2) & 0x8000) === 0 || answer.readUInt16BE(4) !== 1) return false;
  const echoed = decoded(answer)?.questions?.[0];
  return echoed?.type === question.type && echoed.name.toLowerCase() === question.name.toLowerCase();
}

/** The same answer, cut to header and question with the truncation bit, if it is longer than the client can take. */
export function fitted(answer: Buffer, question: Question, maxBytes: number): Buffer {
  if (answer.byteLength <= maxBytes) return answer;
  const flags = (answer.readUInt16BE(2) & ~0x8000) | TRUNCATED_RESPONSE;
  return encode({ type: 'response', id: answer.readUInt16BE(0), flags, questions: [question] });
}

/** What others said of the name that stands for the one asked for, as an answer about that. Throws on what cannot be read. */
export function withAlias(answer: Buffer, { question, answers }: Alias): Buffer {
  const packet = decode(answer);
  const flags = answer.readUInt16BE(2) & ~(0x8000 | AUTHORITATIVE_ANSWER);
  const { id, authorities } = packet;
  const found = [...answers, ...(packet.answers ?? [])];
  return encode({
    type: 'response',
    id,
    flags,
    questions: [question],
    answers: found,
    ...(authorities === undefined ? {} : { authorities }),
  });
}

function decide(
  query: Buffer,
  packet: DecodedPacket,
  question: Question,
  { zone, transport, turn }: QueryContext & { readonly zone: Zone },
): Decision {
  const options = packet.additionals?.find((record) => record.type === 'OPT');
  const offered = options !== undefined && 'udpPayloadSize' in options ? options.udpPayloadSize : PLAIN_UDP_BYTES;
  const udpBytes = Math.min(MAX_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, offered));
  const maxBytes = transport === 'tcp' ? MAX_TCP_BYTES : udpBytes;
  const reply = (rcode: Rcode, sections: Partial<Packet> = {}, authoritative = true): Decision => {
    const flags =
      ((packet.flags ?? 0) & RECURSION_DESIRED) |
      RECURSION_AVAILABLE |
      (authoritative ? AUTHORITATIVE_ANSWER : 0) |
      RCODE[rcode];
    const additionals = [...(sections.additionals ?? []), ...(options === undefined ? [] : [ownOptions])];
    const response: Packet = {
      ...sections,
      type: 'response',
      id: packet.id,
      flags,
      questions: [question],
      additionals,
    };
    return { type: 'answer', bytes: fitted(encode(response), question, maxBytes) };
  };
  if ((question.class ?? 'IN') !== 'IN') return reply('REFUSED', {}, false);
  if (['ANY', 'AXFR', 'IXFR'].includes(question.type)) return reply('REFUSED', {}, false);
  const name = question.name.toLowerCase();
  const soa = startOfAuthority(zone);
  const ip = ownReverseAddress(name, zone);
  if (ip !== undefined) {
    const target = zone.records.ptr.get(ip);
    if (target === undefined) return reply('NXDOMAIN', { authorities: [soa] });
    if (question.type !== 'PTR') return reply('NOERROR', { authorities: [soa] });
    return reply('NOERROR', { answers: [{ type: 'PTR', name: question.name, ttl: TTL, data: target }] });
  }
  if (!isWithin(name, zone)) return { type: 'forward', query, question, maxBytes };
  const aliases = question.type === 'CNAME' ? aliasesOf(name, zone).slice(0, 1) : aliasesOf(name, zone);
  const last = aliases.at(-1)?.data ?? name;
  if (question.type !== 'CNAME' && !isWithin(last, zone)) {
    const beyond: Question = { type: question.type, name: last };
    const sent = encode({ type: 'query', id: packet.id ?? 0, flags: RECURSION_DESIRED, questions: [beyond] });
    return { type: 'forward', query: sent, question: beyond, maxBytes, alias: { question, answers: aliases } };
  }
  if (aliases.length === 0 && !zone.names.has(name)) return reply('NXDOMAIN', { authorities: [soa] });
  const rest = lookUp(last, aliases.length === 0 ? question : { ...question, name: last }, zone, turn);
  const found = { ...rest, answers: [...aliases, ...rest.answers] };
  if (found.answers.length === 0) return reply('NOERROR', { authorities: [soa] });
  return reply('NOERROR', found);
}

const ownOptions: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: MAX_UDP_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** Records of the asked type; none is an answer too. */
function lookUp(
  name: string,
  { type, name: asked }: Question,
  zone: Zone,
  turn: number,
): { readonly answers: Answer[]; readonly additionals: Answer[] } {
  // What is no IPv4 address would be written down as another one.
  const usable = (of: string) => (zone.records.a.get(of) ?? []).filter((ip) => parseIPv4(ip) !== undefined);
  const addresses = (owner: string, of: string): Answer[] =>
    rotated(usable(of), turn).map((data) => ({ type: 'A', name: owner, ttl: TTL, data }));
  if (type === 'A') return { answers: addresses(asked, name), additionals: [] };
  if (type === 'SRV') {
    const targets = zone.records.srv.get(name) ?? [];
    const answers = rotated(targets, turn).map(
      ({ port, target }): Answer => ({
        type: 'SRV',
        name: asked,
        ttl: TTL,
        data: { priority: 0, weight: 100, port, target },
      }),
    );
    return { answers, additionals: [...new Set(targets.map(({ target }) => target))].flatMap((t) => addresses(t, t)) };
  }
  if (type === 'SOA' && name === zone.domain) return { answers: [startOfAuthority(zone)], additionals: [] };
  if (type === 'NS' && name === zone.domain) {
    return { answers: [{ type: 'NS', name: asked, ttl: TTL, data: `ns.dns.${zone.domain}` }], additionals: [] };
  }
  return { answers: [], additionals: [] };
}

/** With its last field the time for which "there is no such name" may be kept. */
function startOfAuthority({ domain }: Zone): SoaAnswer & { readonly type: 'SOA' } {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7_200,
    retry: 1_800,
    expire: 86_400,
    minimum: TTL,
  };
  return { type: 'SOA', name: domain, ttl: TTL, data };
}

/** The names that stand for a name, one after the other. One that comes again, or cannot be written down, ends it. */
function aliasesOf(name: string, { records }: Zone): readonly (Answer & { readonly type: 'CNAME' })[] {
  const found: (Answer & { readonly type: 'CNAME' })[] = [];
  for (let at = name; found.length < MAX_ALIASES; ) {
    const target = records.cname.get(at);
    if (target === undefined || !isWritable(target) || found.some((alias) => alias.data === target)) break;
    found.push({ type: 'CNAME', name: at, ttl: TTL, data: target });
    at = target;
  }
  return found;
}

/** Source: RFC 1035, 3.1: labels of 1 to 63 bytes, and 255 in all with their lengths. */
function isWritable(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => label.length >= 1 && label.length <= 63);
}

function isWithin(name: string, { domain }: Zone): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** The address that a name turns round, if it is one of the cluster. */
function ownReverseAddress(name: string, { ranges }: Zone): string | undefined {
  if (!name.endsWith('.in-addr.arpa')) return undefined;
  const ip = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
  return ranges.some((range) => cidrContains(range, ip)) ? ip : undefined;
}

function rotated<T>(items: readonly T[], turn: number): readonly T[] {
  const first = items.length < 2 ? 0 : turn % items.length;
  return first === 0 ? items : [...items.slice(first), ...items.slice(0, first)];
}

/** dns-packet throws on anything malformed. */
function decoded(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

function bare(query: Buffer, rcode: Rcode): Decision {
  return { type: 'answer', bytes: failureAnswer(query, rcode) };
}
