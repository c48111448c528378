import type { Endpoint, EndpointPort, Pod, Service } from '#api';
import { isFinished, isReady } from '../shared/pods.plan.ts';
import { targetPort } from '../shared/target-port.plan.ts';

/** What one pod offers of a Service. */
export interface PodEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: readonly EndpointPort[];
}

/** Undefined for a pod that has no address yet, or has ended. Source: kubernetes endpointslice util/controller_utils.go (v0.32). */
export function endpointOf(service: Service, pod: Pod): PodEndpoint | undefined {
  const address = pod.status?.podIP;
  if (address === undefined || address === '' || isFinished(pod)) return undefined;
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const anyway = service.spec.publishNotReadyAddresses === true;
  const { hostname, subdomain, nodeName } = pod.spec;
  const named = hostname !== undefined && hostname !== '' && subdomain === service.metadata.name;
  const endpoint: Endpoint = {
    addresses: [address],
    conditions: { ready: anyway || (serving && !terminating), serving, terminating },
    ...(named ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: {
      kind: 'Pod',
      name: pod.metadata.name,
      ...(pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace }),
      uid: pod.metadata.uid,
    },
  };
  return { endpoint, ports: portsOf(service, pod) };
}

/** A port that the pod does not name is left out. */
function portsOf({ spec }: Service, pod: Pod): EndpointPort[] {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPort(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
