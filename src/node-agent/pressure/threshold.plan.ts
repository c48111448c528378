import { formatQuantity, parseQuantity } from '#api';

/** What may run short. Source: kubelet eviction/api/types.go (v1.32). */
export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

export const SIGNALS: readonly Signal[] = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
];

export type PressureType = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** The resource that is told of, and asked for by pods. Source: kubelet eviction/helpers.go, signalToResource (v1.32). */
export type Starved = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

interface SignalFacts {
  readonly pressure: PressureType;
  readonly resource: Starved;
}

const FACTS: Readonly<Record<Signal, SignalFacts>> = {
  'memory.available': { pressure: 'MemoryPressure', resource: 'memory' },
  'nodefs.available': { pressure: 'DiskPressure', resource: 'ephemeral-storage' },
  'nodefs.inodesFree': { pressure: 'DiskPressure', resource: 'inodes' },
  'imagefs.available': { pressure: 'DiskPressure', resource: 'ephemeral-storage' },
  'imagefs.inodesFree': { pressure: 'DiskPressure', resource: 'inodes' },
  'pid.available': { pressure: 'PIDPressure', resource: 'pids' },
};

export const factsOf = (signal: Signal): SignalFacts => FACTS[signal];

/** An amount, or a part of all there is. */
export type Amount = { readonly quantity: string } | { readonly share: number };

/** Pods go when less than this is left. */
export interface Threshold {
  readonly signal: Signal;
  readonly limit: Amount;
  /** How long it must be crossed first, in ms; 0: at once, and then pods get no time of their own either. */
  readonly graceMs: number;
  /** So much more than the limit must be free before it is over. */
  readonly minReclaim: Amount | undefined;
}

/** What was seen: what is left, and of how much. In bytes, inodes or processes. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

/** The amount, where all there is is `capacity`. */
export function amountOf(amount: Amount, capacity: number): number {
  if ('share' in amount) return Math.floor(capacity * amount.share);
  const quantity = parseQuantity(amount.quantity);
  return quantity === undefined ? 0 : Number(quantity.nanos / 1_000_000_000n);
}

/** `100Mi`, `12536420Ki`: as Kubernetes writes an amount that was measured. */
export const bytesText = (bytes: number): string =>
  formatQuantity({ nanos: BigInt(Math.floor(bytes)) * 1_000_000_000n, format: 'BinarySI' });

/** As the person wrote it, or what the part of all comes to. Source: kubelet eviction/helpers.go, GetThresholdQuantity. */
export const amountText = (amount: Amount, capacity: number): string =>
  'quantity' in amount ? amount.quantity : bytesText(amountOf(amount, capacity));

/**
 * Whether a threshold is crossed; with `enforceMinReclaim`, whether it is not over yet. What was not seen is not crossed.
 * Source: kubelet eviction/helpers.go, thresholdsMet (v1.32).
 */
export function isMet(threshold: Threshold, observations: Observations, enforceMinReclaim: boolean): boolean {
  const seen = observations.get(threshold.signal);
  if (seen === undefined) return false;
  return seen.available < neededOf(threshold, seen.capacity, enforceMinReclaim);
}

function neededOf({ limit, minReclaim }: Threshold, capacity: number, enforceMinReclaim: boolean): number {
  const more = enforceMinReclaim && minReclaim !== undefined ? amountOf(minReclaim, capacity) : 0;
  return amountOf(limit, capacity) + more;
}
