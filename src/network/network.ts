/** Pod addresses, Service routing and DNS on this host. */
import type { DnsRecords, HostPortRoute, NodePortProblem, ServicePortRoute } from './network.types.ts';

export type {
  DnsRecords,
  HostPortRoute,
  NetworkOptions,
  NodePortProblem,
  ServiceBackend,
  ServicePortRoute,
} from './network.types.ts';

/** A pod's place in the network, kept across agent restarts by the caller. */
export interface PodAttachment {
  /** Stable id of the pod (its uid). */
  readonly id: string;
  readonly ip: string;
  /** Host pid of the sandbox's first process, whose network namespace gets the interface. */
  readonly pid: number;
  /**
   * When that process started: field 22 of /proc/<pid>/stat. Given, a process that took over the number is refused with
   * `SandboxGone`.
   */
  readonly startTime?: number;
}

/** Whether the kernel's tables can be touched here, and if not, what a person can do. */
export type NetworkSupport =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** `tools`: pod networks may have been made here before the programs went. */
      readonly lacks: 'system' | 'rights' | 'tools' | 'kernel';
      readonly reason: string;
      readonly remedy: string;
    };

export interface Network {
  /** Checks rights and tools; changes nothing. */
  support(): Promise<NetworkSupport>;
  /**
   * Makes routes, tables, DNS and relays stand; keeps them standing (re-asserts at least every 5 s). Throws `NetworkHeld`,
   * having touched nothing, where another installation has the pod network of this host.
   */
  start(signal: AbortSignal): Promise<void>;
  /** Gives the pod its interface, address and default route. Idempotent; answers within 100 ms. */
  attachPod(pod: PodAttachment): Promise<void>;
  detachPod(id: string): Promise<void>;
  /** Makes kernel rules and relays on loopback equal to exactly these routes, atomically. */
  setServices(routes: readonly ServicePortRoute[]): Promise<void>;
  /** Makes exactly these ports of the host lead to its pods; a NodePort of the same number goes first. */
  setHostPorts(routes: readonly HostPortRoute[]): Promise<void>;
  setDnsRecords(records: DnsRecords): void;
  /** Calls back with all ports that cannot be had on loopback, whenever they change. One listener. */
  onNodePortProblems(listener: (problems: readonly NodePortProblem[]) => void): void;
  /** Removes every rule, route and interface of this installation; nothing of another's. */
  remove(): Promise<void>;
  /** Stops listening and timers; kernel rules stay, so that Services go on answering. */
  close(): Promise<void>;
}
