/** Amounts of resources by name, exact. Pure. */
import {
  addQuantities,
  type Container,
  compareQuantities,
  formatQuantity,
  type PodSpec,
  parseQuantity,
  type Quantity,
} from '#api';

export type Amounts = ReadonlyMap<string, Quantity>;
type Sums = Map<string, Quantity>;

export const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' };

export function countOf(count: number): Quantity {
  return { nanos: BigInt(count) * 1_000_000_000n, format: 'DecimalSI' };
}

/** What is no quantity was refused when it was sent: it counts as nothing. */
export function amountsOf(quantities: Readonly<Record<string, string | number>> | undefined): Sums {
  return new Map(Object.entries(quantities ?? {}).map(([name, text]) => [name, parseQuantity(text) ?? ZERO]));
}

/**
 * What a pod requests, or is limited to. Containers and sidecars run together; init containers run one by one, each
 * beside the sidecars started before it. Source: kubernetes component-helpers resource/helpers.go, PodRequests (v1.32).
 */
export function podAmounts(spec: PodSpec, side: 'requests' | 'limits'): Sums {
  const of = ({ resources }: Container) => amountsOf(resources?.[side]);
  const running: Sums = new Map();
  const starting: Sums = new Map();
  const sidecars: Sums = new Map();
  for (const container of spec.containers) addTo(running, of(container));
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      addTo(running, of(container));
      addTo(sidecars, of(container));
      raiseTo(starting, sidecars);
    } else {
      const together = new Map(sidecars);
      addTo(together, of(container));
      raiseTo(starting, together);
    }
  }
  raiseTo(running, starting);
  return running;
}

/** The same with what running it costs besides; that is limited only where the pod is. */
export function podAmountsWithOverhead(spec: PodSpec, side: 'requests' | 'limits'): Sums {
  const amounts = podAmounts(spec, side);
  const overhead = amountsOf(spec.overhead);
  if (side === 'limits') for (const name of overhead.keys()) if (!amounts.has(name)) overhead.delete(name);
  addTo(amounts, overhead);
  return amounts;
}

export function addTo(sums: Sums, more: Amounts): void {
  for (const [name, amount] of more) sums.set(name, addQuantities(sums.get(name) ?? ZERO, amount));
}

function raiseTo(floor: Sums, other: Amounts): void {
  for (const [name, amount] of other) {
    const before = floor.get(name);
    if (before === undefined || compareQuantities(amount, before) > 0) floor.set(name, amount);
  }
}

/** `cpu=1,pods=2`: amounts as messages tell them, by name. */
export function told(amounts: Amounts): string {
  const names = [...amounts.keys()].sort();
  return names.map((name) => `${name}=${formatQuantity(amounts.get(name) ?? ZERO)}`).join(',');
}
