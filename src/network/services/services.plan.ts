import type { Front } from './fronts.plan.ts';
import type { MapName, NftCommand, NftElement } from './nft.types.ts';
import {
  addElements,
  chooserName,
  deleteElements,
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
}

export interface ServicesPlan {
  /** One transaction. Empty: nothing changed. */
  readonly commands: readonly NftCommand[];
  readonly after: TableState;
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

const NOTHING: TableState = { fronts: new Map(), backends: new Map(), choosers: new Set() };

/** Builds the whole table for `fronts`, whatever stands in the kernel. */
export function planFullLoad(fronts: ReadonlyMap<string, Front>, options: RulesetOptions): ServicesPlan {
  const { commands, after, staleFlows } = planChange(NOTHING, fronts);
  return { commands: [...planBase(options), ...commands], after, staleFlows };
}

/** Turns a table that holds `before` into one that holds `fronts`: touches only what differs, removals first. */
export function planChange(before: TableState, fronts: ReadonlyMap<string, Front>): ServicesPlan {
  const removed: PlacedElement[] = [];
  const added: PlacedElement[] = [];
  const staleFlows: StaleFlow[] = [];
  /** Addresses whose number of fronts changes, and by how much. */
  const moved = new Map<string, number>();
  const count = (ip: string, by: number) => moved.set(ip, (moved.get(ip) ?? 0) + by);
  const choosers = new Set(before.choosers);
  const chooserCommands: NftCommand[] = [];
  const change = (old: Front | undefined, next: Front | undefined) => {
    if (old === next || (old !== undefined && next !== undefined && sameBackends(old, next))) return;
    const [gone, come] = differing(old, next);
    removed.push(...gone);
    added.push(...come);
    staleFlows.push(...stale(old, next));
    for (const ip of distinctAddresses(next)) count(ip, 1);
    for (const ip of distinctAddresses(old)) count(ip, -1);
    if (next === undefined) return;
    const chooser = chooserName(next.kind, next.backends.length);
    if (choosers.has(chooser)) return;
    choosers.add(chooser);
    chooserCommands.push(...planChooser(next.kind, next.backends.length));
  };
  for (const [id, old] of before.fronts) if (!fronts.has(id)) change(old, undefined);
  for (const [id, next] of fronts) change(before.fronts.get(id), next);
  const backends = new Map(before.backends);
  for (const [ip, by] of moved) {
    const had = before.backends.get(ip) ?? 0;
    if (had === 0 && by > 0) added.push(hairpin(ip));
    if (had > 0 && had + by === 0) removed.push(hairpin(ip));
    if (had + by === 0) backends.delete(ip);
    else backends.set(ip, had + by);
  }
  const commands = [
    ...chooserCommands,
    ...grouped(removed).map(([map, elements]) => deleteElements(map, elements)),
    ...grouped(added).map(([map, elements]) => addElements(map, elements)),
  ];
  return { commands, after: { fronts, backends, choosers }, staleFlows };
}

/** A front's elements: which chooser it goes to, and for each slot the backend's address and port. */
export function frontElements(front: Front): readonly PlacedElement[] {
  const { kind, protocol, ip, port, backends } = front;
  const key = kind === 'cluster' ? [ip, protocol, port] : [protocol, port];
  const elements: PlacedElement[] = [
    {
      map: kind === 'cluster' ? 'services' : 'node-ports',
      key,
      data: { goto: { target: chooserName(kind, backends.length) } },
    },
  ];
  for (const [slot, backend] of backends.entries()) {
    const slotKey = [...key, slotMark(slot)];
    elements.push({ map: kind === 'cluster' ? 'backend-ip' : 'node-ip', key: slotKey, data: backend.ip });
    elements.push({ map: kind === 'cluster' ? 'backend-port' : 'node-port', key: slotKey, data: backend.port });
  }
  return elements;
}

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

function sameBackends(a: Front, b: Front): boolean {
  return (
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
