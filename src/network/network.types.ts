/** Plain data of the network contract, for plans as well. */
import type { NetworkOwner } from './claim.plan.ts';

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
  /** Set: a client stays with the backend it met until it has made no connection for so many seconds. */
  readonly affinitySeconds?: number;
}

/** A port of this host that leads to one of its pods. */
export interface HostPortRoute {
  /** `namespace/name` of the pod, for people. */
  readonly pod: string;
  readonly protocol: 'TCP' | 'UDP';
  /** The address of the host that it is taken at; every one when absent. */
  readonly hostIP?: string;
  readonly hostPort: number;
  readonly backend: ServiceBackend;
}

/** A port that does not answer on loopback, because it cannot be had there. It is tried again every few seconds. */
export interface NodePortProblem {
  /** `127.0.0.1`, or the loopback address that a pod names as its `hostIP`. */
  readonly address: string;
  readonly port: number;
  /** The system's word for it: `EADDRINUSE` when another program holds the port. */
  readonly reason: string;
}

/** What DNS answers: only names inside the cluster domain; all else is forwarded. */
export interface DnsRecords {
  /** Fully qualified, lower case, without trailing dot, → IPv4 addresses. An empty list answers NODATA. */
  readonly a: ReadonlyMap<string, readonly string[]>;
  readonly srv: ReadonlyMap<string, readonly { readonly port: number; readonly target: string }[]>;
  /** Names, as above, → the name that stands for them, of the cluster or not. */
  readonly cname: ReadonlyMap<string, string>;
  /** IPv4 addresses → the name of each. */
  readonly ptr: ReadonlyMap<string, string>;
}

export interface NetworkOptions {
  /** The installation whose pods these are. One of them carries the pod network of a host. */
  readonly owner: NetworkOwner;
  /** The node's range, such as `10.244.1.0/24`. */
  readonly podCidr: string;
  /** The whole cluster's pod range. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** The address pods use as nameserver (the cluster DNS Service's IP); queries to it end at our server. */
  readonly dnsIP: string;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** Where connections to the API's Service go: to the API as this node itself reaches it. Absent: to its endpoints, like any other's. */
  readonly api?: ApiAccess;
}

export interface ApiAccess {
  /** The address of Service `default/kubernetes`. */
  readonly serviceIP: string;
  readonly host: string;
  readonly port: number;
}
