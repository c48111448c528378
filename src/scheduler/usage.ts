import type { HostPort, PodDemand } from './demand.ts';

/** The amounts of one resource, by a node's slot. */
interface Column {
  readonly allocatable: Float64Array;
  readonly used: Float64Array;
}

/**
 * How full every node is, as typed arrays by slot: the scan over all nodes is the scheduler's inner loop.
 * `fork` gives a copy to plan on that shares what it does not change.
 */
export class Usage {
  readonly #columns: Map<string, Column>;
  /** With the small amounts that scoring assumes for pods that ask for nothing. */
  scoredCpu: Float64Array;
  scoredMemory: Float64Array;
  readonly #ports: Map<number, readonly HostPort[]>;
  readonly #base: Usage | undefined;
  #capacity: number;

  private constructor(capacity: number, base?: Usage) {
    this.#capacity = capacity;
    this.#base = base;
    this.#columns = new Map();
    for (const [name, { allocatable, used }] of base === undefined ? [] : base.#columns) {
      this.#columns.set(name, { allocatable, used: used.slice() });
    }
    this.scoredCpu = base === undefined ? new Float64Array(capacity) : base.scoredCpu.slice();
    this.scoredMemory = base === undefined ? new Float64Array(capacity) : base.scoredMemory.slice();
    this.#ports = new Map();
  }

  static empty(capacity: number): Usage {
    return new Usage(capacity);
  }

  /** Changes of the copy are not seen here. The original must not change while the copy is in use. */
  fork(): Usage {
    return new Usage(this.#capacity, this);
  }

  get capacity(): number {
    return this.#capacity;
  }

  grow(capacity: number): void {
    const wider = (array: Float64Array) => {
      const copy = new Float64Array(capacity);
      copy.set(array);
      return copy;
    };
    for (const [name, { allocatable, used }] of this.#columns) {
      this.#columns.set(name, { allocatable: wider(allocatable), used: wider(used) });
    }
    this.scoredCpu = wider(this.scoredCpu);
    this.scoredMemory = wider(this.scoredMemory);
    this.#capacity = capacity;
  }

  /** Says what a node has; what it does not name is 0. */
  setAllocatable(slot: number, allocatable: ReadonlyMap<string, number>): void {
    for (const resource of allocatable.keys()) this.#columnFor(resource);
    for (const [resource, column] of this.#columns) column.allocatable[slot] = allocatable.get(resource) ?? 0;
  }

  /** Empties a slot for its next node. */
  clear(slot: number): void {
    for (const column of this.#columns.values()) {
      column.allocatable[slot] = 0;
      column.used[slot] = 0;
    }
    this.scoredCpu[slot] = 0;
    this.scoredMemory[slot] = 0;
    this.#ports.delete(slot);
  }

  add(slot: number, demand: PodDemand): void {
    this.#shift(slot, demand, 1);
    if (demand.hostPorts.length > 0) this.#ports.set(slot, [...this.portsAt(slot), ...demand.hostPorts]);
  }

  remove(slot: number, demand: PodDemand): void {
    this.#shift(slot, demand, -1);
    if (demand.hostPorts.length === 0) return;
    const left = [...this.portsAt(slot)];
    for (const port of demand.hostPorts)
      left.splice(
        left.findIndex((each) => samePort(each, port)),
        1,
      );
    this.#ports.set(slot, left);
  }

  column(resource: string): Column | undefined {
    return this.#columns.get(resource);
  }

  hasRoom(slot: number, resource: string, amount: number): boolean {
    const column = this.#columns.get(resource);
    return column !== undefined && (column.used[slot] as number) + amount <= (column.allocatable[slot] as number);
  }

  portsAt(slot: number): readonly HostPort[] {
    return this.#ports.get(slot) ?? this.#base?.portsAt(slot) ?? [];
  }

  #shift(slot: number, demand: PodDemand, sign: 1 | -1): void {
    for (const [resource, amount] of demand.amounts) {
      const { used } = this.#columnFor(resource);
      used[slot] = (used[slot] ?? 0) + sign * amount;
    }
    this.scoredCpu[slot] = (this.scoredCpu[slot] ?? 0) + sign * demand.scoredCpu;
    this.scoredMemory[slot] = (this.scoredMemory[slot] ?? 0) + sign * demand.scoredMemory;
  }

  #columnFor(resource: string): Column {
    const existing = this.#columns.get(resource);
    if (existing !== undefined) return existing;
    const column = { allocatable: new Float64Array(this.#capacity), used: new Float64Array(this.#capacity) };
    this.#columns.set(resource, column);
    return column;
  }
}

/** Whether two pods cannot both have these ports on one node. */
export function portsClash(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port || left.protocol !== right.protocol) return false;
  return left.ip === right.ip || left.ip === '0.0.0.0' || right.ip === '0.0.0.0';
}

function samePort(left: HostPort, right: HostPort): boolean {
  return left.port === right.port && left.protocol === right.protocol && left.ip === right.ip;
}
