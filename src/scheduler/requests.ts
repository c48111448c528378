import type { Container, Pod } from '#api';
import { quantityToMillis, quantityToNumber } from '#api';

/** What a pod asks of a node. */
export interface PodRequests {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
}

/** The scores' stand-in for containers that ask for nothing, so that they spread too. Source: kube-scheduler util/pod_resources.go. */
export const UNASKED_CPU_MILLIS = 100;
export const UNASKED_MEMORY_BYTES = 200 * 1024 * 1024;

const NOTHING: PodRequests = { cpuMillis: 0, memoryBytes: 0, ephemeralBytes: 0 };

function containerRequests(container: Container): PodRequests {
  const requests: Readonly<Record<string, string | number | undefined>> = container.resources?.requests ?? {};
  const amount = (name: string) => (requests[name] === undefined ? 0 : quantityToNumber(requests[name]));
  return {
    cpuMillis: requests['cpu'] === undefined ? 0 : quantityToMillis(requests['cpu']),
    memoryBytes: amount('memory'),
    ephemeralBytes: amount('ephemeral-storage'),
  };
}

const add = (a: PodRequests, b: PodRequests): PodRequests => ({
  cpuMillis: a.cpuMillis + b.cpuMillis,
  memoryBytes: a.memoryBytes + b.memoryBytes,
  ephemeralBytes: a.ephemeralBytes + b.ephemeralBytes,
});

const larger = (a: PodRequests, b: PodRequests): PodRequests => ({
  cpuMillis: Math.max(a.cpuMillis, b.cpuMillis),
  memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
  ephemeralBytes: Math.max(a.ephemeralBytes, b.ephemeralBytes),
});

/**
 * The containers together, or the hungriest init container beside the sidecars that run by then, whichever is more.
 * Source: component-helpers resource/helpers.go, PodRequests (v0.32).
 */
export function podRequests({ spec }: Pick<Pod, 'spec'>): PodRequests {
  let running = spec.containers.map(containerRequests).reduce(add, NOTHING);
  let sidecars = NOTHING;
  let peak = NOTHING;
  for (const container of spec.initContainers ?? []) {
    const requests = containerRequests(container);
    if (container.restartPolicy === 'Always') {
      sidecars = add(sidecars, requests);
      running = add(running, requests);
      peak = larger(peak, sidecars);
    } else {
      peak = larger(peak, add(sidecars, requests));
    }
  }
  return larger(running, peak);
}
