import { isSidecar } from '../pod/containers.plan.ts';
import type { Pod } from '../pod/pod.types.ts';
import type { HostPortRoute } from '../services/services.types.ts';

/**
 * The ports of the node that lead to a pod at this address: those of its containers and sidecars. In the node's own network
 * a pod has its ports already. SCTP is carried by nobody here.
 * Source: kubelet kuberuntime_sandbox.go, generatePodSandboxConfig (v1.32); sidecars as the scheduler counts them.
 */
export function planHostPorts({ metadata, spec }: Pod, podIP: string | undefined): readonly HostPortRoute[] {
  if (podIP === undefined || spec.hostNetwork === true) return [];
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
  const routes = containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort = 0, hostIP = '', containerPort, protocol = 'TCP' }): readonly HostPortRoute[] => {
      if (hostPort === 0 || (protocol !== 'TCP' && protocol !== 'UDP')) return [];
      const pod = `${metadata.namespace ?? ''}/${metadata.name}`;
      const backend = { ip: podIP, port: containerPort };
      return [{ pod, protocol, hostPort, backend, ...(hostIP === '' ? {} : { hostIP }) }];
    }),
  );
  return routes;
}
