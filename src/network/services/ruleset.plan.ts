import { LINK_PREFIX, parseCidr } from '../address.plan.ts';
import type { NetworkOptions, ServiceBackend } from '../network.types.ts';
import type { FrontKind } from './fronts.plan.ts';
import type { MapName, NftCommand, NftElement, NftStatement, NftValue } from './nft.types.ts';

/** Our table in the `ip` family. No other program's rules are touched. */
export const TABLE = 'plumbline';

/**
 * The slot of the chosen backend travels in the packet's mark from the choice to two map lookups, and is taken off right
 * after. High bits make it ours, so that nobody's routing by mark is disturbed.
 */
const MARK_BASE = 0x504c_0000;
const MARK_MASK = 0xffff_0000;

/**
 * Before Docker's address translation, which stands at −100 and 100, and its filters at 0. The kernel runs all chains of
 * type nat, in the order of their priorities, at −100: what is to follow them stands after that.
 */
const PRIORITY = { dispatch: -110, unmark: -95, refuse: -10, masquerade: 90 } as const;

const meta = (key: string): NftValue => ({ meta: { key } });
const field = (protocol: string, name: string): NftValue => ({ payload: { protocol, field: name } });
const concat = (...parts: readonly NftValue[]): NftValue => ({ concat: parts });
/** A statement that holds where `left` is `right`. */
export const match = (left: NftValue, right: NftValue, op = '=='): NftStatement => ({ match: { op, left, right } });

const MARK = meta('mark');
const L4 = meta('l4proto');
const SOURCE = field('ip', 'saddr');
/** Who opens a connection, as seen before any translation. */
export const CLIENT = SOURCE;
const TARGET = field('ip', 'daddr');
const TARGET_PORT = field('th', 'dport');
const IN_DNAT = match({ ct: { key: 'status' } }, 'dnat', 'in');

const MAPS: Readonly<Record<MapName, { readonly type: readonly string[]; readonly map?: string }>> = {
  services: { type: ['ipv4_addr', 'inet_proto', 'inet_service'], map: 'verdict' },
  'backend-ip': { type: ['ipv4_addr', 'inet_proto', 'inet_service', 'mark'], map: 'ipv4_addr' },
  'backend-port': { type: ['ipv4_addr', 'inet_proto', 'inet_service', 'mark'], map: 'inet_service' },
  'node-ports': { type: ['inet_proto', 'inet_service'], map: 'verdict' },
  'host-ports': { type: ['ipv4_addr', 'inet_proto', 'inet_service'], map: 'verdict' },
  'node-ip': { type: ['inet_proto', 'inet_service', 'mark'], map: 'ipv4_addr' },
  'node-port': { type: ['inet_proto', 'inet_service', 'mark'], map: 'inet_service' },
  hairpin: { type: ['ipv4_addr', 'ipv4_addr'] },
};

const BASE_CHAINS: readonly (readonly [name: string, type: string, hook: string, priority: number])[] = [
  ['prerouting', 'nat', 'prerouting', PRIORITY.dispatch],
  ['output', 'nat', 'output', PRIORITY.dispatch],
  ['unmark-prerouting', 'filter', 'prerouting', PRIORITY.unmark],
  ['refuse-prerouting', 'filter', 'prerouting', PRIORITY.refuse],
  ['unmark-output', 'filter', 'output', PRIORITY.unmark],
  ['refuse-forward', 'filter', 'forward', PRIORITY.refuse],
  ['refuse-output', 'filter', 'output', PRIORITY.refuse],
  ['postrouting', 'nat', 'postrouting', PRIORITY.masquerade],
];

export type RulesetOptions = Pick<NetworkOptions, 'podCidr' | 'clusterCidr' | 'serviceCidr' | 'dnsIP'>;

/** The packet mark that stands for a backend's slot. */
export function slotMark(slot: number): number {
  return MARK_BASE + slot;
}

/** Chain that chooses one of `backends` of a front. One chain serves all fronts of that size that are found alike. */
export function chooserName(kind: FrontKind, backends: number): string {
  return `${hasAddress(kind) ? 'cluster' : 'node'}-${backends}`;
}

/** Whether a front of this kind is found by its address too, or by its port alone. */
export function hasAddress(kind: FrontKind): boolean {
  return kind !== 'node';
}

/** Makes the table and all that does not depend on Services stand, empty of elements, whatever stood there before. */
export function planBase(options: RulesetOptions): NftCommand[] {
  return [
    { add: { table: { family: 'ip', name: TABLE } } },
    ...Object.keys(MAPS).map((name) => addMap(name as MapName)),
    ...BASE_CHAINS.map(([name, type, hook, prio]) => addChain(name, { type, hook, prio, policy: 'accept' })),
    addChain('dispatch'),
    // Rules of all chains go, then elements; the chains stay, so that the hooks never leave the kernel.
    { flush: { table: { family: 'ip', name: TABLE } } },
    ...Object.keys(MAPS).map((name) => flushMap(name as MapName)),
    ...baseRules(options),
  ];
}

/** Takes away everything of ours. Works whether the table stands or not. */
export function planRemoval(): NftCommand[] {
  const table = { family: 'ip', name: TABLE };
  return [{ add: { table } }, { delete: { table } }];
}

/** The chain that chooses among `backends`, with its two rules. */
export function planChooser(kind: FrontKind, backends: number): NftCommand[] {
  const name = chooserName(kind, backends);
  const key = hasAddress(kind) ? [TARGET, L4, TARGET_PORT, MARK] : [L4, TARGET_PORT, MARK];
  const from = (map: MapName): NftValue => ({ map: { key: concat(...key), data: `@${map}` } });
  const addr = from(hasAddress(kind) ? 'backend-ip' : 'node-ip');
  const port = from(hasAddress(kind) ? 'backend-port' : 'node-port');
  const slot = { numgen: { mode: 'random', mod: backends, offset: MARK_BASE } };
  return [
    addChain(name),
    addRule(name, { mangle: { key: MARK, value: slot } }),
    // A port to translate to needs a transport protocol to be known.
    addRule(name, match(L4, { set: ['tcp', 'udp'] }), { dnat: { family: 'ip', addr, port } }),
  ];
}

/** Sends a connection of this protocol to one backend. */
export function dnatTo(protocol: 'tcp' | 'udp', { ip: addr, port }: ServiceBackend): readonly NftStatement[] {
  return [match(L4, protocol), { dnat: { family: 'ip', addr, port } }];
}

export function addElements(map: MapName, elements: readonly NftElement[]): NftCommand {
  const elem = elements.map(({ key, data }) => (data === undefined ? concat(...key) : [concat(...key), data]));
  return { add: { element: { family: 'ip', table: TABLE, name: map, elem } } };
}

export function deleteElements(map: MapName, elements: readonly NftElement[]): NftCommand {
  const elem = elements.map(({ key }) => concat(...key));
  return { delete: { element: { family: 'ip', table: TABLE, name: map, elem } } };
}

function baseRules({ podCidr, clusterCidr, serviceCidr, dnsIP }: RulesetOptions): NftCommand[] {
  const toServices = match(TARGET, prefix(serviceCidr));
  const notOurs = match(TARGET, dnsIP, '!=');
  const toHost = match({ fib: { result: 'type', flags: ['daddr'] } }, 'local');
  const refusals = ['refuse-forward', 'refuse-output'].flatMap((chain) => [
    addRule(chain, toServices, notOurs, match(L4, 'tcp'), { reject: { type: 'tcp reset' } }),
    addRule(chain, toServices, notOurs, { reject: { type: 'icmp', expr: 'port-unreachable' } }),
  ]);
  // Pods have routes of their own: what the route of their range leads to loopback is for one that is gone.
  const toNobody = match(TARGET, prefix(podCidr));
  const nobody = [
    ['refuse-forward', match(meta('oifname'), 'lo')],
    ['refuse-prerouting', match(meta('iifname'), 'lo')],
  ] as const;
  const gone = nobody.flatMap(([chain, byLoopback]) => [
    addRule(chain, byLoopback, toNobody, match(L4, 'tcp'), { reject: { type: 'tcp reset' } }),
    addRule(chain, byLoopback, toNobody, { reject: { type: 'icmp', expr: 'host-unreachable' } }),
  ]);
  const unmark = [match({ '&': [MARK, MARK_MASK] }, MARK_BASE), { mangle: { key: MARK, value: 0 } }];
  return [
    addRule('prerouting', { jump: { target: 'dispatch' } }),
    addRule('output', { jump: { target: 'dispatch' } }),
    addRule('dispatch', { vmap: { key: concat(TARGET, L4, TARGET_PORT), data: '@services' } }),
    // The kernel does not route from loopback to a pod; a relay in user space takes these.
    addRule('dispatch', match(TARGET, prefix('127.0.0.0/8')), { return: null }),
    // It is an address of this host, and nobody's but the cluster DNS's.
    addRule('dispatch', match(TARGET, dnsIP), { return: null }),
    addRule('dispatch', toHost, { vmap: { key: concat(L4, TARGET_PORT), data: '@node-ports' } }),
    addRule('dispatch', toHost, { vmap: { key: concat(TARGET, L4, TARGET_PORT), data: '@host-ports' } }),
    addRule('unmark-prerouting', ...unmark),
    addRule('unmark-output', ...unmark),
    // What is left for a Service's address has no backend: said at once, so that nobody waits.
    ...refusals,
    ...gone,
    // A pod that reached itself through a Service would answer itself past the translation.
    addRule('postrouting', IN_DNAT, match(concat(SOURCE, TARGET), '@hairpin'), { masquerade: null }),
    // Whoever is not a pod, and was sent to one of another node, must get the answer through here. From a pod of this
    // node it comes through here anyway: that one sees who asks.
    addRule(
      'postrouting',
      IN_DNAT,
      match(TARGET, prefix(clusterCidr)),
      match(TARGET, prefix(podCidr), '!='),
      match(SOURCE, prefix(clusterCidr), '!='),
      { masquerade: null },
    ),
    // Pods leave the cluster with this host's address.
    addRule(
      'postrouting',
      match(SOURCE, prefix(podCidr)),
      match(TARGET, prefix(clusterCidr), '!='),
      match(meta('oifname'), `${LINK_PREFIX}*`, '!='),
      { masquerade: null },
    ),
  ];
}

function prefix(range: string): NftValue {
  const { address, length } = parseCidr(range) ?? { address: range, length: 32 };
  return { prefix: { addr: address, len: length } };
}

function addMap(name: MapName): NftCommand {
  const { type, map } = MAPS[name];
  const common = { family: 'ip', table: TABLE, name, type };
  return { add: map === undefined ? { set: common } : { map: { ...common, map } } };
}

function flushMap(name: MapName): NftCommand {
  const target = { family: 'ip', table: TABLE, name };
  return { flush: MAPS[name].map === undefined ? { set: target } : { map: target } };
}

export function addChain(name: string, hook: NftStatement = {}): NftCommand {
  return { add: { chain: { family: 'ip', table: TABLE, name, ...hook } } };
}

export function flushChain(name: string): NftCommand {
  return { flush: { chain: { family: 'ip', table: TABLE, name } } };
}

export function deleteChain(name: string): NftCommand {
  return { delete: { chain: { family: 'ip', table: TABLE, name } } };
}

export function addRule(chain: string, ...expr: readonly NftStatement[]): NftCommand {
  return { add: { rule: { family: 'ip', table: TABLE, chain, expr } } };
}
