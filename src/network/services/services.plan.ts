import {
  type AffinityObjects,
  endsOf,
  isAffine,
  planEnd,
  planEndSet,
  planForget,
  planStay,
  stayChain,
} from './affinity.plan.ts';
import type { Front, FrontKind } from './fronts.plan.ts';
import type { MapName, NftCommand, NftElement } from './nft.types.ts';
import {
  addElements,
  chooserName,
  deleteElements,
  hasAddress,
  planBase,
  planChooser,
  type RulesetOptions,
  slotMark,
} from './ruleset.plan.ts';

/** What the kernel's table holds, as we wrote it. */
export interface TableState {
  readonly fronts: ReadonlyMap<string, Front>;
  /** Addresses of backends with the number of fronts that name them. */
  readonly backends: ReadonlyMap<string, number>;
  /** Chooser chains that stand. They are kept when unused: an empty visit costs nothing. */
  readonly choosers: ReadonlySet<string>;
  /** Chains and sets of backends that clients stay with, with the number of fronts that lead there. */
  readonly ends: ReadonlyMap<string, number>;
}

export interface ServicesPlan {
  /** One transaction. Empty: nothing changed. */
  readonly commands: readonly NftCommand[];
  readonly after: TableState;
  /** Whether chains or rules change, not only elements. */
  readonly changesRules: boolean;
  /** Backends that UDP flows may still be tied to though they are no longer the front's. */
  readonly staleFlows: readonly StaleFlow[];
}

export interface StaleFlow {
  readonly front: Front;
  /** Undefined: flows that were tied to no backend, from before the front had one. */
  readonly backendIP: string | undefined;
}

/** One element and the map it lies in. */
export interface PlacedElement extends NftElement {
  readonly map: MapName;
}

const NOTHING: TableState = { fronts: new Map(), backends: new Map(), choosers: new Set(), ends: new Map() };
const NONE: AffinityObjects = { chains: [], sets: [] };

/**
 * Builds the whole table for `fronts`, whatever stands in the kernel. `standing`: what is there for affinity; which client
 * goes where stays remembered.
 */
export function planFullLoad(
  fronts: ReadonlyMap<string, Front>,
  options: RulesetOptions,
  standing: AffinityObjects = NONE,
): ServicesPlan {
  const { commands, after, staleFlows } = change(NOTHING, fronts, new Set(standing.sets));
  const chains = new Set([...fronts.values()].filter(isAffine).map(stayChain));
  const forgotten = planForget({
    chains: standing.chains.filter((name) => !chains.has(name) && !after.ends.has(name)),
    sets: standing.sets.filter((name) => !after.ends.has(name)),
  });
  return { commands: [...planBase(options), ...commands, ...forgotten], after, changesRules: true, staleFlows };
}

/** Turns a table that holds `before` into one that holds `fronts`: touches only what differs, removals first. */
export function planChange(before: TableState, fronts: ReadonlyMap<string, Front>): ServicesPlan {
  return change(before, fronts, new Set());
}

function change(
  before: TableState,
  fronts: ReadonlyMap<string, Front>,
  standingSets: ReadonlySet<string>,
): ServicesPlan {
  const removed: PlacedElement[] = [];
  const added: PlacedElement[] = [];
  const staleFlows: StaleFlow[] = [];
  /** Addresses whose number of fronts changes, and by how much. */
  const moved = new Map<string, number>();
  const count = (ip: string, by: number) => moved.set(ip, (moved.get(ip) ?? 0) + by);
  const choosers = new Set(before.choosers);
  const chooserCommands: NftCommand[] = [];
  const affinity = new AffinityChange(before.ends, standingSets);
  const turn = (old: Front | undefined, next: Front | undefined) => {
    if (old === next || (old !== undefined && next !== undefined && sameTargets(old, next))) return;
    const [gone, come] = differing(old, next);
    removed.push(...gone);
    added.push(...come);
    staleFlows.push(...stale(old, next));
    for (const ip of distinctAddresses(next)) count(ip, 1);
    for (const ip of distinctAddresses(old)) count(ip, -1);
    affinity.turn(old, next);
    if (next === undefined || isAffine(next)) return;
    const chooser = chooserName(next.kind, next.backends.length);
    if (choosers.has(chooser)) return;
    choosers.add(chooser);
    chooserCommands.push(...planChooser(next.kind, next.backends.length));
  };
  for (const [id, old] of before.fronts) if (!fronts.has(id)) turn(old, undefined);
  for (const [id, next] of fronts) turn(before.fronts.get(id), next);
  const backends = new Map(before.backends);
  for (const [ip, by] of moved) {
    const had = before.backends.get(ip) ?? 0;
    if (had === 0 && by > 0) added.push(hairpin(ip));
    if (had > 0 && had + by === 0) removed.push(hairpin(ip));
    if (had + by === 0) backends.delete(ip);
    else backends.set(ip, had + by);
  }
  const { ends, made, forgotten } = affinity.plan();
  const commands = [
    ...chooserCommands,
    ...made,
    ...grouped(removed).map(([map, elements]) => deleteElements(map, elements)),
    ...grouped(added).map(([map, elements]) => addElements(map, elements)),
    ...forgotten,
  ];
  const changesRules = chooserCommands.length + made.length + forgotten.length > 0;
  return { commands, after: { fronts, backends, choosers, ends }, changesRules, staleFlows };
}

/** What becomes of the chains and sets by which clients stay with their backends, gathered front by front. */
class AffinityChange {
  readonly #before: ReadonlyMap<string, number>;
  readonly #standingSets: ReadonlySet<string>;
  /** Ends whose number of fronts changes, and by how much. */
  readonly #moved = new Map<string, number>();
  readonly #ends = new Map<string, readonly NftCommand[]>();
  readonly #sets = new Map<string, NftCommand>();
  readonly #choosers: NftCommand[] = [];
  readonly #goneChoosers: string[] = [];

  constructor(before: ReadonlyMap<string, number>, standingSets: ReadonlySet<string>) {
    this.#before = before;
    this.#standingSets = standingSets;
  }

  turn(old: Front | undefined, next: Front | undefined): void {
    for (const [name, { front, backend }] of endsOf(next)) {
      this.#moved.set(name, (this.#moved.get(name) ?? 0) + 1);
      this.#sets.set(name, planEndSet(name, front.affinity));
      this.#ends.set(name, planEnd(name, front, backend));
    }
    for (const name of endsOf(old).keys()) this.#moved.set(name, (this.#moved.get(name) ?? 0) - 1);
    if (isAffine(next)) this.#choosers.push(...planStay(next));
    else if (isAffine(old)) this.#goneChoosers.push(stayChain(old));
  }

  plan(): Pick<TableState, 'ends'> & {
    readonly made: readonly NftCommand[];
    readonly forgotten: readonly NftCommand[];
  } {
    const ends = new Map(this.#before);
    const made: NftCommand[] = [];
    const gone: string[] = [];
    for (const [name, by] of this.#moved) {
      const had = this.#before.get(name) ?? 0;
      if (had + by === 0) ends.delete(name);
      else ends.set(name, had + by);
      if (had > 0 && had + by === 0) gone.push(name);
      if (had > 0 || by <= 0) continue;
      const set = this.#sets.get(name);
      if (set !== undefined && !this.#standingSets.has(name)) made.push(set);
      made.push(...(this.#ends.get(name) ?? []));
    }
    const forgotten = planForget({ chains: [...this.#goneChoosers, ...gone], sets: gone });
    return { ends, made: [...made, ...this.#choosers], forgotten };
  }
}

/** A front's elements: which chooser it goes to, and for each slot the backend's address and port. */
export function frontElements(front: Front): readonly PlacedElement[] {
  const { kind, protocol, ip, port, backends } = front;
  const key = hasAddress(kind) ? [ip, protocol, port] : [protocol, port];
  const target = isAffine(front) ? stayChain(front) : chooserName(kind, backends.length);
  const elements: PlacedElement[] = [{ map: DISPATCH[kind], key, data: { goto: { target } } }];
  if (isAffine(front)) return elements;
  for (const [slot, backend] of backends.entries()) {
    const slotKey = [...key, slotMark(slot)];
    elements.push({ map: hasAddress(kind) ? 'backend-ip' : 'node-ip', key: slotKey, data: backend.ip });
    elements.push({ map: hasAddress(kind) ? 'backend-port' : 'node-port', key: slotKey, data: backend.port });
  }
  return elements;
}

/** The map that leads to a front. */
const DISPATCH: Readonly<Record<FrontKind, MapName>> = {
  cluster: 'services',
  node: 'node-ports',
  host: 'host-ports',
};

/** Elements of `old` that must go and of `next` that must come; those with equal key and data stay. */
function differing(old: Front | undefined, next: Front | undefined): [PlacedElement[], PlacedElement[]] {
  const text = ({ map, key, data }: PlacedElement) => JSON.stringify([map, key, data]);
  const had = new Map((old === undefined ? [] : frontElements(old)).map((element) => [text(element), element]));
  const come: PlacedElement[] = [];
  for (const element of next === undefined ? [] : frontElements(next)) {
    if (!had.delete(text(element))) come.push(element);
  }
  return [[...had.values()], come];
}

function stale(old: Front | undefined, next: Front | undefined): StaleFlow[] {
  const front = old ?? next;
  if (front?.protocol !== 'udp') return [];
  if (old === undefined) return [{ front, backendIP: undefined }];
  const kept = new Set(distinctAddresses(next));
  return distinctAddresses(old)
    .filter((ip) => !kept.has(ip))
    .map((backendIP) => ({ front: old, backendIP }));
}

function distinctAddresses(front: Front | undefined): string[] {
  return front === undefined ? [] : [...new Set(front.backends.map(({ ip }) => ip))];
}

function sameAffinity({ affinity: a }: Front, { affinity: b }: Front): boolean {
  return a?.key === b?.key && a?.seconds === b?.seconds;
}

function sameTargets(a: Front, b: Front): boolean {
  return (
    sameAffinity(a, b) &&
    a.backends.length === b.backends.length &&
    a.backends.every(({ ip, port }, index) => b.backends[index]?.ip === ip && b.backends[index]?.port === port)
  );
}

function hairpin(ip: string): PlacedElement {
  return { map: 'hairpin', key: [ip, ip] };
}

function grouped(elements: readonly PlacedElement[]): [MapName, NftElement[]][] {
  const groups = new Map<MapName, NftElement[]>();
  for (const { map, ...element } of elements) {
    const group = groups.get(map);
    if (group === undefined) groups.set(map, [element]);
    else group.push(element);
  }
  return [...groups];
}
