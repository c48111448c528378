import type { Endpoint, EndpointPort, Pod, Service, ServicePort } from '#api';
import { isFinished, isReady } from '../shared/pods.plan.ts';

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

/** Source: kubernetes pkg/api/v1/pod/util.go, FindPort (v1.32). */
function targetPort({ targetPort: target, port, protocol = 'TCP' }: ServicePort, { spec }: Pod): number | undefined {
  if (target === undefined || target === '') return port;
  if (typeof target === 'number') return target === 0 ? port : target;
  const containers = [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always'),
  ];
  for (const { ports = [] } of containers) {
    const found = ports.find((each) => each.name === target && (each.protocol ?? 'TCP') === protocol);
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
