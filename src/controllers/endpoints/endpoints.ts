import { ENDPOINTS, type Endpoints, hasLabels, type Pod, type Service } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { isSameEndpoint, servicesOf } from '../shared/service-pods.ts';
import { planEndpoints } from './endpoints.plan.ts';

export interface EndpointsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly endpoints: Informer<Endpoints>;
}

export interface EndpointsOptions {
  /** Addresses that one object may hold. Source: kubernetes pkg/controller/endpoint/endpoints_controller.go, maxCapacity (v1.32). */
  readonly limit: number;
}

export const endpointsDefaults: EndpointsOptions = { limit: 1_000 };

/** Marks an object that is a lock and no list of addresses. Source: client-go resourcelock LeaderElectionRecordAnnotationKey. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader';

/**
 * Keeps the Endpoints of each Service that selects pods, for programs that read them instead of EndpointSlices; takes
 * them away with the Service, whoever wrote them.
 */
export function createEndpointsController(deps: EndpointsDeps, options = endpointsDefaults): Controller {
  const { client, clock, services, pods, endpoints } = deps;
  const expectations = new Expectations(clock);

  return {
    name: 'endpoints',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const service = services.get(key);
      const existing = endpoints.get(key);
      if (service === undefined) {
        if (existing !== undefined && existing.metadata.annotations?.[LEADER] === undefined)
          await remove(key, existing);
        return {};
      }
      if (service.metadata.deletionTimestamp !== undefined) return {};
      const selector = service.spec.selector ?? {};
      const selected = pods.list(service.metadata.namespace).filter((pod) => hasLabels(pod.metadata.labels, selector));
      const plan = planEndpoints({ service, pods: selected, existing, limit: options.limit });
      if (plan.create !== undefined) expectations.wrote(key, endpoints, await client.create(ENDPOINTS, plan.create));
      if (plan.update !== undefined) expectations.wrote(key, endpoints, await client.update(ENDPOINTS, plan.update));
      return {};
    },
  };

  async function remove(key: string, existing: Endpoints): Promise<void> {
    const preconditions = { uid: existing.metadata.uid };
    expectations.removed(
      key,
      endpoints,
      existing,
      await client.delete(ENDPOINTS, existing.metadata, { preconditions }),
    );
  }
}

/**
 * Which Services a change concerns: the Service itself, its Endpoints', and those that select the pod or did. Endpoints
 * without a Service are looked at when the controller starts, for Services that went while it did not run; one that is
 * made before its Service is left alone.
 */
export function endpointsSources({
  services,
  pods,
  endpoints,
}: Pick<EndpointsDeps, 'services' | 'pods' | 'endpoints'>): KeySource[] {
  const ofKnown = (object: Endpoints): Iterable<string> =>
    services.get(keyOf(object)) === undefined ? [] : [keyOf(object)];
  return [
    keysFrom(services),
    { ...keysFrom(endpoints, { toKeys: ofKnown }), keys: keysFrom(endpoints).keys },
    keysFrom(pods, { toKeys: servicesOf(services), when: (before, now) => !isSameEndpoint(before, now) }),
  ];
}
