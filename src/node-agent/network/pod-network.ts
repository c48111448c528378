import type { Network } from '#network';
import type { Pod } from '../pod/pod.types.ts';
import { AddressPool } from './address-pool.ts';
import type { HostPorts } from './host-ports.ts';

/** Gives pods their addresses and their place in the network. */
export interface PodNetwork {
  /** The pod's address: the node's in the node's own network, one of the node's range otherwise; none without rights. */
  addressOf(pod: Pod): string | undefined;
  /** Remembers the address of a pod that was running before. */
  adopt(podUid: string, address: string): void;
  attach(pod: Pod, address: string, pid: number): Promise<void>;
  /** Takes the interface away; the address stays the pod's until `release`. */
  detach(podUid: string): Promise<void>;
  release(podUid: string): void;
  /** Leads the host ports of the pod to its address; nowhere while it has none. */
  forward(pod: Pod, address: string | undefined): void;
  /** Of what an earlier run led to pods, only these pods' ports stay. */
  forwardOnly(podUids: ReadonlySet<string>): void;
}

export interface PodNetworkDeps {
  readonly hostPorts: Pick<HostPorts, 'set' | 'keepOnly'>;
  readonly network: Pick<Network, 'attachPod' | 'detachPod'>;
  /** Absent while the node has no range, or may not touch the network. */
  readonly podCidr: string | undefined;
  readonly hostIP: string;
}

export function createPodNetwork({ network, hostPorts, podCidr, hostIP }: PodNetworkDeps): PodNetwork {
  const pool = podCidr === undefined ? undefined : new AddressPool(podCidr);
  const isHost = ({ spec }: Pod) => spec.hostNetwork === true;
  return {
    addressOf: (pod) => (isHost(pod) ? hostIP : pool?.take(pod.metadata.uid)),
    adopt: (podUid, address) => void pool?.adopt(podUid, address),
    async attach(pod, address, pid) {
      if (isHost(pod) || pool === undefined) return;
      await network.attachPod({ id: pod.metadata.uid, ip: address, pid });
    },
    async detach(podUid) {
      if (pool !== undefined) await network.detachPod(podUid);
    },
    release: (podUid) => pool?.release(podUid),
    forward: (pod, address) => hostPorts.set(pod, pool === undefined ? undefined : address),
    forwardOnly: (podUids) => hostPorts.keepOnly(podUids),
  };
}
