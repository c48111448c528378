/** The network of this host's pods: addresses, Service VIPs and NodePorts in the kernel, cluster DNS. */
export type { NetworkErrorCode } from './errors.ts';
export { NetworkError } from './errors.ts';
export type { FakeNetwork } from './fake-network.ts';
export { createFakeNetwork } from './fake-network.ts';
export type { LinuxNetworkDeps } from './linux/linux-network.ts';
export { createLinuxNetwork } from './linux/linux-network.ts';
export { processStartTime } from './linux/pod-links.ts';
export type {
  DnsRecords,
  Network,
  NetworkOptions,
  NetworkSupport,
  NodePortProblem,
  PodAttachment,
  ServiceBackend,
  ServicePortRoute,
} from './network.ts';
