import { ENDPOINT_SLICES, type EndpointSlice, type Endpoints, type Service } from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';
import { MANAGED_BY, SERVICE_NAME } from '../endpoint-slice/endpoint-slice.plan.ts';
import { MIRRORED, planMirroring } from './mirroring.plan.ts';

export interface MirroringDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly services: Informer<Service>;
  readonly endpoints: Informer<Endpoints>;
  readonly slices: Informer<EndpointSlice>;
}

export interface MirroringOptions {
  /** Addresses of one subset that are mirrored. Source: kube-controller-manager's --mirroring-max-endpoints-per-subset (v1.32). */
  readonly limit: number;
}

export const mirroringDefaults: MirroringOptions = { limit: 1_000 };

const BY_ENDPOINTS = 'mirrored-endpoints';

/** Mirrors Endpoints that somebody wrote for a Service without a selector into EndpointSlices. Sole writer of those. */
export function createEndpointSliceMirroringController(deps: MirroringDeps, options = mirroringDefaults): Controller {
  const { client, clock, services, endpoints, slices } = deps;
  const expectations = new Expectations(clock);
  slices.addIndex(BY_ENDPOINTS, endpointsOfSlice);

  return {
    name: 'endpoint-slice-mirroring',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const existing = slices.byIndex(BY_ENDPOINTS, key);
      const plan = planMirroring({
        endpoints: endpoints.get(key),
        service: services.get(key),
        slices: existing,
        limit: options.limit,
      });
      // First what adds, so that no endpoint is nowhere for a moment.
      for (const slice of plan.create) expectations.wrote(key, slices, await client.create(ENDPOINT_SLICES, slice));
      for (const slice of plan.update) expectations.wrote(key, slices, await client.update(ENDPOINT_SLICES, slice));
      for (const slice of plan.delete) {
        expectations.removed(key, slices, slice, await client.delete(ENDPOINT_SLICES, slice.metadata));
      }
      return {};
    },
  };
}

/** Which Endpoints a change concerns: themselves, their Service's, and those that a slice mirrors. */
export function endpointSliceMirroringSources({
  services,
  endpoints,
  slices,
}: Pick<MirroringDeps, 'services' | 'endpoints' | 'slices'>): KeySource[] {
  return [keysFrom(endpoints), keysFrom(services), keysFrom(slices, { toKeys: endpointsOfSlice })];
}

function endpointsOfSlice({ metadata }: EndpointSlice): readonly string[] {
  const name = metadata.labels?.[SERVICE_NAME];
  return name === undefined || metadata.labels?.[MANAGED_BY] !== MIRRORED ? [] : [`${metadata.namespace}/${name}`];
}
