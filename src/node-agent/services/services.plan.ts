import { serviceKey, slicesByService, targetsOf } from './endpoints.plan.ts';
import type { ServicePortRoute, ServicesSnapshot } from './services.types.ts';

/** Three hours. Source: core/v1 DefaultClientIPServiceAffinitySeconds. */
const DEFAULT_AFFINITY_SECONDS = 10_800;

/** What the kernel's tables must say: every port of every Service that has an address of its own. */
export function planRoutes({ services, slices }: ServicesSnapshot): readonly ServicePortRoute[] {
  const byService = slicesByService(slices);
  const routes = services.flatMap((service): readonly ServicePortRoute[] => {
    const { clusterIP, type, ports, sessionAffinity, sessionAffinityConfig } = service.spec;
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || type === 'ExternalName') return [];
    const affinitySeconds =
      sessionAffinity === 'ClientIP'
        ? (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS)
        : undefined;
    const own = byService.get(serviceKey(service)) ?? [];
    return (ports ?? []).flatMap(({ name = '', protocol = 'TCP', port, nodePort }) => {
      if (protocol !== 'TCP' && protocol !== 'UDP') return [];
      return {
        service: `${serviceKey(service)}:${name === '' ? port : name}`,
        protocol,
        clusterIP,
        port,
        ...(nodePort === undefined || nodePort === 0 ? {} : { nodePort }),
        backends: targetsOf(own, name).map((target) => ({ ip: target.ip, port: target.port })),
        ...(affinitySeconds === undefined ? {} : { affinitySeconds }),
      };
    });
  });
  return routes.sort((left, right) => (left.service < right.service ? -1 : left.service > right.service ? 1 : 0));
}
