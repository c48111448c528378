import { shortHash } from '#base';
import type { ServiceBackend } from '../network.types.ts';
import type { Affinity, Front } from './fronts.plan.ts';
import type { NftCommand, NftStatement } from './nft.types.ts';
import { addChain, addRule, CLIENT, deleteChain, dnatTo, flushChain, match, TABLE } from './ruleset.plan.ts';

/**
 * Clients remembered for one backend of a Service. One more is sent on without being remembered. Source: nftables' own
 * size of a set that packets fill, when none is given.
 */
export const CLIENTS_REMEMBERED = 65_535;

/** Chains that choose for a front whose clients stay; and, for each backend, the chain that ends there with its set of clients. */
const CHOOSER_PREFIX = 'stay-';
const END_PREFIX = 'to-';

/** A front whose clients stay where they were. */
export type AffineFront = Front & { readonly affinity: Affinity };

export function isAffine(front: Front | undefined): front is AffineFront {
  return front?.affinity !== undefined;
}

/** What of ours for affinity a table holds, by the names of its chains and sets. */
export interface AffinityObjects {
  readonly chains: readonly string[];
  readonly sets: readonly string[];
}

/** Those of a table's objects that this file names. */
export function affinityObjects(names: AffinityObjects): AffinityObjects {
  const isEnd = (name: string) => name.startsWith(END_PREFIX);
  const chains = names.chains.filter((name) => name.startsWith(CHOOSER_PREFIX) || isEnd(name));
  return { chains, sets: names.sets.filter(isEnd) };
}

/** The chain that chooses among the backends of one front. */
export function stayChain({ id }: Front): string {
  return `${CHOOSER_PREFIX}${shortHash(id)}`;
}

/**
 * The chain, and the set, of a backend. Its name says all that its definition depends on: whoever meets the name finds
 * what it would make.
 */
export function endName({ key, seconds }: Affinity, { ip, port }: ServiceBackend): string {
  return `${END_PREFIX}${shortHash(`${key} ${seconds} ${ip}:${port}`)}`;
}

/** By name, the backends that a front's clients may stay with. */
export function endsOf(front: Front | undefined): ReadonlyMap<string, { front: AffineFront; backend: ServiceBackend }> {
  if (!isAffine(front)) return new Map();
  return new Map(front.backends.map((backend) => [endName(front.affinity, backend), { front, backend }]));
}

/** Makes the set of a backend's clients, unless it stands. */
export function planEndSet(name: string, { seconds }: Affinity): NftCommand {
  const type = 'ipv4_addr';
  const flags = ['timeout'];
  return {
    add: { set: { family: 'ip', table: TABLE, name, type, flags, timeout: seconds, size: CLIENTS_REMEMBERED } },
  };
}

/** Makes the chain that remembers the client and sends it to the backend. */
export function planEnd(name: string, { protocol }: Front, backend: ServiceBackend): readonly NftCommand[] {
  return [
    addChain(name),
    flushChain(name),
    // In a rule of its own: a set that is full ends the rule, and the connection goes on.
    addRule(name, remember(name)),
    addRule(name, ...dnatTo(protocol, backend)),
  ];
}

function remember(set: string): NftStatement {
  return { set: { op: 'update', elem: CLIENT, set: `@${set}` } };
}

/** Who is remembered goes where he was; everybody else anywhere. */
export function planStay(front: AffineFront): readonly NftCommand[] {
  const chain = stayChain(front);
  const ends = front.backends.map((backend) => endName(front.affinity, backend));
  const any = { numgen: { mode: 'random', mod: ends.length, offset: 0 } };
  return [
    addChain(chain),
    flushChain(chain),
    ...ends.map((end) => addRule(chain, match(CLIENT, `@${end}`), { goto: { target: end } })),
    addRule(chain, { vmap: { key: any, data: { set: ends.map((target, slot) => [slot, { goto: { target } }]) } } }),
  ];
}

/** Takes chains away, then sets. Nothing may lead to the chains but each other. */
export function planForget({ chains, sets }: AffinityObjects): readonly NftCommand[] {
  return [
    ...chains.map(flushChain),
    ...chains.map(deleteChain),
    ...sets.map((name): NftCommand => ({ delete: { set: { family: 'ip', table: TABLE, name } } })),
  ];
}
