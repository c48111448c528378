/** The network of this host's pods: addresses, Service VIPs and NodePorts in the kernel, cluster DNS. */
export type {
  DnsRecords,
  Network,
  NetworkOptions,
  NetworkSupport,
  PodAttachment,
  ServiceBackend,
  ServicePortRoute,
} from './network.ts';
