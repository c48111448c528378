/** Pod addresses, Service routing and DNS on this host. */

/** One backend: where a connection to a Service may end. */
export interface ServiceBackend {
  readonly ip: string;
  readonly port: number;
}

/** One port of one Service, with its ready backends. Order of backends carries no meaning. */
export interface ServicePortRoute {
  /** `namespace/name:port` for people. */
  readonly service: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort?: number;
  readonly backends: readonly ServiceBackend[];
}

/** A pod's place in the network, kept across agent restarts by the caller. */
export interface PodAttachment {
  /** Stable id of the pod (its uid). */
  readonly id: string;
  readonly ip: string;
  /** Host pid of the sandbox's first process, whose network namespace gets the interface. */
  readonly pid: number;
}

/** What DNS answers: only names inside the cluster domain; all else is forwarded. */
export interface DnsRecords {
  /** Fully qualified, lower case, without trailing dot, → IPv4 addresses. An empty list answers NODATA. */
  readonly a: ReadonlyMap<string, readonly string[]>;
  readonly srv: ReadonlyMap<string, readonly { readonly port: number; readonly target: string }[]>;
}

/** Whether the kernel's tables can be touched here, and if not, what a person can do. */
export type NetworkSupport =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

export interface NetworkOptions {
  /** The node's range, such as `10.244.1.0/24`. */
  readonly podCidr: string;
  /** The whole cluster's pod range. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** The address pods use as nameserver (the cluster DNS Service's IP); queries to it end at our server. */
  readonly dnsIP: string;
  /** `cluster.local`. */
  readonly clusterDomain: string;
}

export interface Network {
  /** Checks rights and tools; changes nothing. */
  support(): Promise<NetworkSupport>;
  /** Makes routes, tables, DNS and relays stand; keeps them standing (re-asserts at least every 5 s). */
  start(signal: AbortSignal): Promise<void>;
  /** Gives the pod its interface, address and default route. Idempotent; answers within 100 ms. */
  attachPod(pod: PodAttachment): Promise<void>;
  detachPod(id: string): Promise<void>;
  /** Makes kernel rules and NodePort relays on 127.0.0.1 equal to exactly these routes, atomically. */
  setServices(routes: readonly ServicePortRoute[]): Promise<void>;
  setDnsRecords(records: DnsRecords): void;
  /** Removes every rule, route and interface of ours. */
  remove(): Promise<void>;
  /** Stops listening and timers; kernel rules stay, so that Services go on answering. */
  close(): Promise<void>;
}
