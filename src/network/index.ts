/** The network of this host's pods: addresses, Service VIPs and NodePorts in the kernel, cluster DNS. */

export type { NetworkOwner } from './claim.plan.ts';
export type { NetworkErrorCode } from './errors.ts';
export { NetworkError } from './errors.ts';
export type { FakeNetwork } from './fake-network.ts';
export { createFakeNetwork } from './fake-network.ts';
export type { PodPort } from './linux/dial-pod.ts';
export { dialPod } from './linux/dial-pod.ts';
export type { LinuxNetworkDeps } from './linux/linux-network.ts';
export { createLinuxNetwork } from './linux/linux-network.ts';
export { takePodNetwork } from './linux/network-claim.ts';
export { processStartTime } from './linux/process.ts';
export type {
  DnsRecords,
  HostPortRoute,
  Network,
  NetworkOptions,
  NetworkSupport,
  NodePortProblem,
  PodAttachment,
  ServiceBackend,
  ServicePortRoute,
} from './network.ts';
