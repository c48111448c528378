/** Inside the pod. */
export const POD_INTERFACE = 'eth0';
/** Every pod's gateway: nothing answers there, for its link-layer address is known beforehand. Source: Calico's scheme. */
const GATEWAY = '169.254.1.1';
/** Link-layer address of every host end; fixed, so that no pod ever has to ask for it. */
const GATEWAY_MAC = '02:00:00:00:00:01';

export interface PodLink {
  /** Name of the host's end. */
  readonly link: string;
  readonly ip: string;
  /** The pod's network namespace, as a path that `ip` and `nsenter` can open. */
  readonly namespace: string;
  /** The largest packet of the host's way out, in bytes. */
  readonly mtu: number;
}

export interface PodLinkPlan {
  /** Lines for `ip -batch -` on the host. */
  readonly host: readonly string[];
  /** Lines for `ip -batch -` in the pod's namespace, after the host's. */
  readonly pod: readonly string[];
}

/** A pair of interfaces with the pod's address on the inner end, and one route each way. No bridge, no ARP. */
export function planPodLink({ link, ip, namespace, mtu }: PodLink): PodLinkPlan {
  const peer = `peer name ${POD_INTERFACE} mtu ${mtu} netns ${namespace}`;
  return {
    host: [
      `link add ${link} address ${GATEWAY_MAC} mtu ${mtu} type veth ${peer}`,
      `link set ${link} up`,
      `route replace ${ip}/32 dev ${link}`,
    ],
    pod: [
      `addr add ${ip}/32 dev ${POD_INTERFACE}`,
      'link set lo up',
      `link set ${POD_INTERFACE} up`,
      `route add ${GATEWAY} dev ${POD_INTERFACE} scope link`,
      `neigh add ${GATEWAY} lladdr ${GATEWAY_MAC} dev ${POD_INTERFACE} nud permanent`,
      `route add default via ${GATEWAY} dev ${POD_INTERFACE}`,
    ],
  };
}
