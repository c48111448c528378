import type { Pod, ServicePort } from '#api';

/** The pod's port behind a Service's; undefined where it names one that the pod does not have. Source: kubernetes pkg/api/v1/pod/util.go, FindPort (v1.32). */
export function targetPort(
  { targetPort: target, port, protocol = 'TCP' }: ServicePort,
  { spec }: Pick<Pod, 'spec'>,
): number | undefined {
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
