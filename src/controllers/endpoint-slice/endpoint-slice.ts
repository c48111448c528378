import { ENDPOINT_SLICES, type EndpointSlice, hasLabels, isApiError, type Pod, type Service } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';
import { isSameEndpoint, servicesOf } from '../shared/service-pods.ts';
import { MANAGED_BY, OURS, planEndpointSlices, SERVICE_NAME } from './endpoint-slice.plan.ts';

export interface EndpointSliceDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly slices: Informer<EndpointSlice>;
}

export interface EndpointSliceOptions {
  /** Endpoints a slice may hold. Source: kube-controller-manager's flag --max-endpoints-per-slice (v1.32). */
  readonly limit: number;
}

export const endpointSliceDefaults: EndpointSliceOptions = { limit: 100 };

const BY_SERVICE = 'service';

/** Keeps a Service's EndpointSlices equal to the pods it selects. Sole writer of the slices that say so. */
export function createEndpointSliceController(deps: EndpointSliceDeps, options = endpointSliceDefaults): Controller {
  const { client, clock, services, pods, slices } = deps;
  const expectations = new Expectations(clock);
  slices.addIndex(BY_SERVICE, serviceOfSlice);

  return {
    name: 'endpoint-slice',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const service = services.get(key);
      if (service === undefined) return {}; // The garbage collector takes the slices.
      const selector = service.spec.selector ?? {};
      const selected = pods.list(service.metadata.namespace).filter((pod) => hasLabels(pod.metadata.labels, selector));
      const existing = slices.byIndex(BY_SERVICE, key);
      const plan = planEndpointSlices({ service, pods: selected, slices: existing, limit: options.limit });
      // First what adds, so that no endpoint is nowhere for a moment.
      for (const slice of plan.create) expectations.wrote(key, slices, await client.create(ENDPOINT_SLICES, slice));
      for (const slice of plan.update) await update(key, slice);
      for (const slice of plan.delete) {
        expectations.removed(key, slices, slice, await client.delete(ENDPOINT_SLICES, slice.metadata));
      }
      return {};
    },
  };

  async function update(key: string, slice: EndpointSlice): Promise<void> {
    try {
      expectations.wrote(key, slices, await client.update(ENDPOINT_SLICES, slice));
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
}

/** Which Services a change concerns: the Service itself, its slices', and those that select the pod or did. */
export function endpointSliceSources({
  services,
  pods,
  slices,
}: Pick<EndpointSliceDeps, 'services' | 'pods' | 'slices'>): KeySource[] {
  return [
    keysFrom(services),
    keysFrom(slices, { toKeys: serviceOfSlice }),
    // An endpoint that appears or disappears is waited for.
    keysFrom(pods, {
      toKeys: servicesOf(services),
      when: (previous, current) => !isSameEndpoint(previous, current),
      priority: 'high',
    }),
  ];
}

function serviceOfSlice({ metadata }: EndpointSlice): readonly string[] {
  const name = metadata.labels?.[SERVICE_NAME];
  return name === undefined || metadata.labels?.[MANAGED_BY] !== OURS ? [] : [`${metadata.namespace}/${name}`];
}
